package webhook_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/webhook"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// ourTemplate is the one that docs/hooks.md shows.
func ourTemplate(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "template.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// hostile is what somebody may write.
var hostile = "\ufffe<script>alert(1)</script> <!channel> @channel a@b.example @@here <@U1> [x](http://evil.example/?q=\"1\") ![](http://evil.example/p.png)\x1b[2J\x00\u202egnp.exe\u2066 \"}{{.}} `rm` \u2028end\xff" + strings.Repeat("A", 1<<20)

func changes() map[string]probe.Change {
	return map[string]probe.Change{
		"incident":     judged(),
		"note":         probe.Noted{Origin: probe.Origin{Seq: 18, At: began.Add(5 * time.Minute)}, Note: probe.Note{Incident: "2026-11-24-0841", Text: "Vendor patch is being installed", By: "ada", Next: began.Add(20 * time.Minute)}},
		"announcement": probe.Noted{Origin: probe.Origin{Seq: 19, At: began.Add(6 * time.Minute)}, Note: probe.Note{Text: "The mail servers move on Friday."}},
		"maintenance": probe.MaintenanceTold{Origin: probe.Origin{Seq: 20, At: began.Add(7 * time.Minute)}, Maintenance: probe.Maintenance{
			ID: "m-1", From: began.Add(time.Hour), Until: began.Add(2 * time.Hour), Routes: []string{"outside-to-hq"}, Text: "New filter", By: "ada"}},
		"cancelled": probe.MaintenanceTold{Origin: probe.Origin{Seq: 21, At: began.Add(8 * time.Minute)}, Maintenance: probe.Maintenance{ID: "m-1", From: began, Until: began, Text: "New filter"}},
		"merged": probe.IncidentTold{Origin: probe.Origin{Seq: 22, At: began.Add(9 * time.Minute)}, IncidentChanged: probe.IncidentChanged{
			ID: "2026-11-24-0843", Step: probe.IncidentMerged, State: probe.Resolved, Began: began, Opened: began, Ended: began.Add(9 * time.Minute), Into: "2026-11-24-0841"}},
	}
}

// Each format of each kind of news is as its file says.
func TestFormats(t *testing.T) {
	clock := probe.NewClock()
	for _, format := range []webhook.Format{webhook.Teams, webhook.Generic, webhook.Mattermost, webhook.Template, webhook.Slack} {
		for name, change := range changes() {
			cfg := settings(nil, ourBoard(), ourWords(), clock)
			cfg.Format, cfg.Template = format, ourTemplate(t)
			posts := tell(t, cfg, change)
			if len(posts) != 1 || posts[0].contentType != "application/json" || posts[0].auth != "Bearer "+token {
				t.Fatalf("%s, %s: got %+v, want one post of JSON with the token", format, name, posts)
			}
			golden(t, fmt.Sprintf("%s-%s.json", format, name), indented(t, posts[0].body))
		}
	}
}

func indented(t *testing.T, body string) string {
	t.Helper()
	var b strings.Builder
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("reading %q: %v", body, err)
	}
	raw := json.RawMessage(body)
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// The key is the same in the header and in the JSON, and says who tells what.
func TestIdempotencyKey(t *testing.T) {
	posts := tell(t, settings(nil, ourBoard(), ourWords(), probe.NewClock()), judged(), changes()["announcement"])
	for i, want := range []string{"hq-1/2026-11-24-0841/17", "hq-1/note-20261124T084700Z/19"} {
		var ev webhook.Event
		if err := json.Unmarshal([]byte(posts[i].body), &ev); err != nil || ev.ID != want || posts[i].key != want {
			t.Errorf("got id %q, key %q and error %v, want %q", ev.ID, posts[i].key, err, want)
		}
	}
}

// Steps choose what is told.
func TestSteps(t *testing.T) {
	all := []probe.Change{told(1, probe.IncidentOpened, began), told(2, probe.IncidentProgressed, began), probe.Noted{Origin: probe.Origin{Seq: 3}}, probe.MaintenanceTold{Origin: probe.Origin{Seq: 4}}, told(5, probe.IncidentResolved, began)}
	for _, test := range []struct {
		steps []string
		want  string
	}{
		{[]string{"resolved", "progress"}, "2 5"},
		{nil, "1 3 4 5"},
		{[]string{"note"}, "3"},
	} {
		c := new(cursor)
		cfg := settings(nil, ourBoard(), ourWords(), probe.NewClock())
		cfg.Steps, cfg.Cursor, cfg.Format, cfg.Template = test.steps, c, webhook.Template, "{{.Sequence}}"
		var got []string
		for _, p := range tell(t, cfg, all...) {
			got = append(got, p.body)
		}
		if strings.Join(got, " ") != test.want || c.is() != 5 {
			t.Errorf("steps %v: got %v told and the cursor at %d, want %s and 5", test.steps, got, c.is(), test.want)
		}
	}
}

// Words that fail keep no news back.
func TestWithoutWords(t *testing.T) {
	for _, w := range []said{{err: errors.New("no such template")}, {}} {
		posts := tell(t, settings(nil, ourBoard(), w, probe.NewClock()), judged())
		var ev webhook.Event
		if err := json.Unmarshal([]byte(posts[0].body), &ev); err != nil || ev.Title != "2026-11-24-0841: identified" || ev.Text != judged().Sentence {
			t.Errorf("got title %q, text %q, error %v, want the incident's own", ev.Title, ev.Text, err)
		}
	}
}

// The phrases that are asked for are there in each language that is built in; without them,
// there is English.
func TestPhrases(t *testing.T) {
	t.Parallel()
	languages := make(map[string]*words.Words)
	for _, l := range []string{"en", "de"} {
		w, err := words.Load(words.Config{Language: l})
		if err != nil {
			t.Fatal(err)
		}
		languages[l] = w
	}
	for _, test := range []struct{ language, audience, change, want string }{
		{"de", "management", "merged", "Störung 2026-11-24-0843 → 2026-11-24-0841"},
		{"en", "noc", "merged", "Incident 2026-11-24-0843 → 2026-11-24-0841: Merged into another incident with the same cause"},
		{"de", "noc", "maintenance", "Wartung"},
		{"en", "staff", "announcement", "Announcements: The mail servers move on Friday."},
	} {
		cfg := settings(nil, ourBoard(), languages[test.language], probe.NewClock())
		cfg.Audience, cfg.Format, cfg.Template = words.Audience(test.audience), webhook.Template, "{{.Title}}: {{.Text}}"
		if posts := tell(t, cfg, changes()[test.change]); !strings.HasPrefix(posts[0].body, test.want) {
			t.Errorf("%s in %s: got %q, want it to begin with %q", test.change, test.language, posts[0].body, test.want)
		}
	}
}

// What is wrong is told when it is made.
func TestNew(t *testing.T) {
	for _, test := range []struct {
		format      webhook.Format
		steps       []string
		text, wants string
	}{
		{webhook.Template, nil, `{"a": "{{.Title}}"}`, "got broken JSON"},
		{"xml", nil, "", `got format "xml", want one of`},
		{webhook.Template, nil, "{{.Titel}}", "can't evaluate field Titel"},
		{webhook.Slack, []string{"begun"}, "", `got step "begun", want one of`},
		{webhook.Template, nil, "{{.Title", "reading the template"},
		{webhook.Template, nil, "{{.Incident.State}}", "trying the template on"},
		{webhook.Template, nil, "{{/* nothing */}}", "got nothing, want a body"},
	} {
		cfg := settings(nil, ourBoard(), ourWords(), probe.NewClock())
		cfg.Format, cfg.Template, cfg.Steps = test.format, test.text, test.steps
		if _, err := webhook.New(cfg); err == nil || !strings.Contains(err.Error(), test.wants) || !strings.Contains(err.Error(), "chat") {
			t.Errorf("format %s, template %q: got error %v, want one with %q", test.format, test.text, err, test.wants)
		}
	}
}

// What somebody writes does no harm in any format, and is bounded.
func TestHostileText(t *testing.T) {
	b := ourBoard()
	b.now.Company, b.now.Site = hostile, hostile
	b.incident.Updates = make([]situation.Update, 1000)
	for i := range b.incident.Updates {
		b.incident.Updates[i] = situation.Update{Text: hostile, By: hostile}
	}
	w := said{Message: words.Message{Title: hostile, Text: hostile}}
	bad := judged()
	bad.Sentence, bad.Reasons = hostile, []string{hostile, hostile}
	note := probe.Noted{Origin: probe.Origin{Seq: 18, At: began}, Note: probe.Note{Text: hostile, By: hostile}}
	maintenance := probe.MaintenanceTold{Origin: probe.Origin{Seq: 19, At: began}, Maintenance: probe.Maintenance{ID: hostile, Text: hostile, By: hostile, Routes: []string{hostile}}}
	for _, format := range []webhook.Format{webhook.Slack, webhook.Mattermost, webhook.Teams, webhook.Generic, webhook.Template} {
		cfg := settings(nil, b, w, probe.NewClock())
		cfg.Format, cfg.Template = format, ourTemplate(t)
		posts := tell(t, cfg, bad, note, maintenance)
		if len(posts) != 3 {
			t.Errorf("%s: got %d posts, want 3", format, len(posts))
		}
		for _, p := range posts {
			checkHarmless(t, format, p)
		}
	}
}

func checkHarmless(t *testing.T, format webhook.Format, p post) {
	t.Helper()
	limit := map[webhook.Format]int{webhook.Generic: 200_000, webhook.Template: 40_000, webhook.Teams: 28_000, webhook.Slack: 40_000, webhook.Mattermost: 16_383}[format]
	if !json.Valid([]byte(p.body)) || len(p.body) > limit || len(p.key) > 500 {
		t.Errorf("%s: got %d bytes and a key of %d, want JSON of at most %d", format, len(p.body), len(p.key), limit)
	}
	bad := []string{"\u202e", "\u2066", "\ufffe", "\x1b", "\x00", `\u0000`, `\u001b`}
	switch format {
	case webhook.Slack:
		bad = append(bad, "<!channel>", "<script", "<@U1>", "@channel", "@here")
	case webhook.Mattermost:
		bad = append(bad, "@channel", "@here", "!![](", " ![](", " [x](", "*<script", " `rm`")
	case webhook.Teams:
		bad = append(bad, `"TextBlock"`)
	}
	for _, b := range bad {
		if strings.Contains(strings.ReplaceAll(p.body, `\\`, `\`), b) && !strings.Contains(b, `\u`) || strings.Contains(p.body, b) {
			t.Errorf("%s: got %.300q, want it without %q", format, p.body, b)
		}
	}
}

// picture is the beginning of one in Markdown.
var picture = regexp.MustCompile(`(^|[^\\])!\[|!\[\[?\]\(`)

// FuzzChat holds that no text addresses a channel, or ends the JSON.
func FuzzChat(f *testing.F) {
	f.Add(hostile[:200])
	f.Add("@@@all .@channel é@here\u200b@here x@y.example <!here|x> https://a/@all https://a/![](")
	f.Fuzz(func(t *testing.T, s string) {
		for _, format := range []webhook.Format{webhook.Slack, webhook.Mattermost, webhook.Teams} {
			cfg := settings(nil, board{}, said{}, probe.NewClock())
			cfg.Format = format
			posts := tell(t, cfg, probe.Noted{Origin: probe.Origin{Seq: 1}, Note: probe.Note{Text: s}})
			if len(posts) != 1 {
				t.Fatalf("got %d posts, want 1", len(posts))
			}
			var m struct{ Text string }
			if err := json.Unmarshal([]byte(posts[0].body), &m); err != nil {
				t.Fatalf("reading %q: %v", posts[0].body, err)
			}
			if strings.Contains(m.Text, "<") && format == webhook.Slack || format == webhook.Mattermost && picture.MatchString(m.Text) || strings.Contains(" "+m.Text, " @all") {
				t.Errorf("%s of %q: got %q", format, s, m.Text)
			}
		}
	})
}
