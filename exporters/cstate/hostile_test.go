package cstate_test

import (
	"strings"
	"testing"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// What somebody writes stays text: it ends neither the front matter nor its value, and is
// neither HTML nor a shortcode, link, picture, heading or code.
func TestHostileText(t *testing.T) {
	t.Parallel()
	hostile := "\n---\nseverity: down\n\"}\n# heading\n    code\n```\n{{< figure src=x >}} {{% raw %}} <script>alert(1)</script> [x](javascript:alert(1)) ![](http://evil.example/p.png) &lt;b&gt; <!-- x --> \u202egnp.exe \u2066\u200b \x00\x1b[2J\u2028---\u0085---\ufeff\ufffe \xff `rm` | a | b |\n===\n" + strings.Repeat("A", 1<<20)
	w := newWorld(t)
	w.cfg.Words = fixed{Title: hostile, Text: hostile}
	w.cfg.Systems = map[probe.Direction]string{probe.Inbound: hostile}
	i := incident(probe.IncidentResolved)
	i.ID = "../../../x\ny: z"
	for n := range i.Timeline {
		i.Timeline[n].Sentence = hostile
	}
	i.Updates = make([]situation.Update, 1000)
	for n := range i.Updates {
		i.Updates[n] = situation.Update{At: began, Text: hostile[:200], By: hostile}
	}
	w.set(i, began)
	w.process(t, 0, told(1, i.ID))
	got := w.files(t)
	text := got["_________x_y__z.md"]
	if len(got) != 1 || text == "" || len(text) > 200_000 {
		t.Fatalf("got files %.200v, want one of a harmless name and size", got)
	}
	if f := checkFront(t, text, true); f.Severity != "down" || len(f.Affected) != 1 || !strings.HasPrefix(f.Title, "--- severity: down \"} # heading") {
		t.Errorf("got %.500v, want the title as one line", f)
	}
	_, body, _ := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	body = strings.ReplaceAll(body, "{{< track \"2026-11-24 ", "")
	for _, bad := range []string{"{{", "<script", "<!--", "\n---", "\n# ", "\n    ", "```", "](", "![", "&lt;", "\n===", "\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\ufeff", "\ufffe", " `rm`"} {
		if strings.Contains(body, bad) {
			t.Errorf("got %q in the text, want it harmless: %.700q", bad, body)
		}
	}
}

// FuzzText holds that no text becomes anything else in the front matter.
func FuzzText(f *testing.F) {
	for _, s := range []string{"---\n", "a\u2028b", "\ufffe", "\"\\", "{{<", "\U0010ffff", "\x7f\u0080"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w := newWorld(t)
		w.cfg.Words = fixed{Title: "x" + s, Text: s}
		w.set(incident(probe.IncidentJudged), began)
		w.process(t, 0, told(1, id))
		text := w.files(t)[id+".md"]
		checkFront(t, text, false)
		_, body, _ := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
		if n := strings.Count(body, "{{"); n != 3 {
			t.Errorf("got %d shortcodes in %q, want those of 3 times", n, body)
		}
	})
}
