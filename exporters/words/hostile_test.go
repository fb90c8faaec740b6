package words

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mailpath/mailpath/exporters/situation"
)

func FuzzUpdate(f *testing.F) {
	w, de := load(f, "en"), load(f, "de")
	for _, seed := range []string{"", "Vendor patch is being installed.", "\n\nNext update at 23:59.\n", "<b>&amp;</b>", "\u202eabc\u2066\u200f", "\xff\xfe\x00\x1b[2J", "{{.}} {{template \"x\"}}", "| a | b |\n# h", strings.Repeat("a\n", 1000), strings.Repeat("\u0301", 500), "\u2028x\u0085y"} {
		f.Add(seed)
	}
	plain := situationWith("x")
	lines := make(map[Audience]int)
	for _, a := range Audiences {
		m, err := w.Update(a, plain)
		if err != nil {
			f.Fatal(err)
		}
		lines[a] = strings.Count(m.Text, "\n")
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := situationWith("x" + text + "x")
		for _, a := range Audiences {
			m, err := w.Update(a, s)
			if err != nil {
				t.Fatal(err)
			}
			harmless(t, m.Title, 2*maxTitle, 0)
			harmless(t, m.Text, maxText+10, lines[a])
		}
		report, err := de.Report(s, s.Incidents[0])
		if err != nil || strings.Contains(report, "<") && !strings.Contains(report, `\<`) {
			t.Errorf("got %q, %v", report, err)
		}
		said, err := w.Say("update.by", "x"+text)
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, said, 2*maxTitle, 0)
	})
}

// harmless checks that a text has so many newlines, and no character that does anything.
func harmless(t *testing.T, text string, most, newlines int) {
	t.Helper()
	if got := strings.Count(text, "\n"); got != newlines {
		t.Errorf("got %d newlines, want %d: %q", got, newlines, text)
	}
	if len(text) > most || !utf8.ValidString(text) {
		t.Errorf("got %d bytes, want at most %d of UTF-8", len(text), most)
	}
	for _, r := range text {
		if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("got %U in %q", r, text)
		}
	}
}

// situationWith has a text of somebody's wherever there may be one.
func situationWith(text string) situation.Situation {
	s := situationAt(minute(9, 0))
	two(&s)
	s.Company, s.Contact, s.Prober = text, text, text
	for n := range s.Incidents {
		i := &s.Incidents[n]
		i.Updates = []situation.Update{{At: minute(8, 50), Text: text, By: text}}
		i.Components, i.Sentence, i.Reasons, i.Confidence = []situation.Named{{Name: text, Title: text}}, text, []string{text, text}, 0.9
	}
	s.Announcements = []situation.Update{{At: minute(8, 30), Text: text, By: text}}
	maintain(&s, minute(12, 0), minute(13, 0))
	s.Maintenance[0].Text, s.Maintenance[0].By, s.Maintenance[0].Routes = text, text, []string{text}
	s.Directions[0].Routes[0].Reason = text
	s.Components[0].Findings = []situation.Finding{{Check: text, Target: text, Reason: text, Advice: text}}
	return s
}

// A megabyte of text in every place, and hundreds of updates, leave a text that can be read.
func TestMuchIsBounded(t *testing.T) {
	t.Parallel()
	w := load(t, "en")
	s := situationWith(strings.Repeat("x\u202e\n", 250_000))
	for n := range s.Incidents {
		for range 300 {
			s.Incidents[n].Updates = append(s.Incidents[n].Updates, s.Incidents[n].Updates[0])
		}
	}
	for _, a := range Audiences {
		m, err := w.Update(a, s)
		if err != nil || len(m.Text) > maxText+10 || len(m.Title) > 2*maxTitle || !strings.HasPrefix(m.Text, "Since 08:41 mail from outside is not arriving.") {
			t.Errorf("%s: got a title of %d and a text of %d bytes, %v", a, len(m.Title), len(m.Text), err)
		}
	}
	report, err := w.Report(s, s.Incidents[0])
	if err != nil || len(report) > maxReport+10 || !strings.HasPrefix(report, "# Incident 2026-11-24-0841") {
		t.Errorf("got a report of %d bytes, %v", len(report), err)
	}
}

func TestMarkdownIsShownAsItIs(t *testing.T) {
	t.Parallel()
	got := markdown("a *b* _c_ <d> [e](f) `g` | #h & ~i~ \\ !j")
	if want := "a \\*b\\* \\_c\\_ \\<d\\> \\[e\\](f) \\`g\\` \\| \\#h \\& \\~i\\~ \\\\ \\!j"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
