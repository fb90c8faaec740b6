package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/exporters/web"
	"github.com/mailpath/mailpath/probe"
)

// teller is an engine that people are told by.
type teller struct {
	facts   []probe.Fact
	open    []string
	windows []probe.Maintenance
	err     error
}

func (x *teller) announcing() api.Announcing {
	return api.Announcing{
		Announce: func(_ context.Context, f probe.Fact) error {
			x.facts = append(x.facts, f)
			return x.err
		},
		Open: func() []string { return x.open }, Windows: func() []probe.Maintenance { return x.windows },
		Routes: []string{"outside-to-hq", "inside-hq"},
	}
}

// announce posts an announcement; the clock stands at start, or nearly so.
func (x *teller) announce(t *testing.T, body string) (int, string) {
	t.Helper()
	clock := probe.NewClockOver(func() time.Time { return start })
	return ask(t, api.Config{Journal: journalOf(t), Clock: clock, Announcing: x.announcing()}, http.MethodPost, "/api/v1/announce", body)
}

// inWords rounds the times of a fact to a minute: the clock of a test goes on.
func inWords(f probe.Fact) string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.UTC().Truncate(time.Minute).Format("01-02 15:04")
	}
	switch f := f.(type) {
	case probe.Note:
		return fmt.Sprintf("note on %q by %q, next %s: %s", f.Incident, f.By, at(f.Next), f.Text)
	case probe.Maintenance:
		id := f.ID
		if strings.HasPrefix(id, "m-2026-11-24-0841-") {
			id = "new"
		}
		return fmt.Sprintf("maintenance %s from %s until %s of %v by %q: %s", id, at(f.From), at(f.Until), f.Routes, f.By, f.Text)
	}
	return fmt.Sprintf("%T", f)
}

func TestAnnounce(t *testing.T) {
	one, two := []string{"2026-11-24-0712"}, []string{"2026-11-24-0712", "2026-11-24-0830"}
	windows := []probe.Maintenance{
		{ID: "planned", From: start.Add(-time.Hour), Until: start.Add(time.Hour), Text: "Updates"},
		{ID: "m-1", From: start.Add(-time.Hour), Until: start.Add(time.Hour), Routes: []string{"inside-hq"}, Text: "Disks", By: "noc"},
		{ID: "m-2", From: start.Add(24 * time.Hour), Until: start.Add(25 * time.Hour), Text: "Firmware", By: "noc"},
	}
	for _, c := range []struct {
		body string
		open []string
		want string // the fact, or a part of the refusal
	}{
		{`{"text": "Patching", "next_seconds": 900}`, one, `note on "2026-11-24-0712" by "", next 11-24 08:56: Patching`},
		{`{"text": "", "next_seconds": 900}`, one, "got a text of 0 characters, want 1 to 2000"},
		{`{"text": "Patching", "next_seconds": 30}`, one, "want it in 1m0s to 24h0m0s"},
		{`{"text": "Patching", "next_seconds": 1e300}`, one, "want it in 1m0s to 24h0m0s"},
		{`{"text": "Patching", "next": "2026-11-24T08:00:00Z"}`, one, "got the next update in -41m0s"},
		{`{"text": "Patching", "next": "2026-11-24T10:12:30+01:00"}`, one, `note on "2026-11-24-0712" by "", next 11-24 09:12: Patching`},
		{`{"text": "Patching", "next": "2026-11-24T09:12:30Z", "next_seconds": 60}`, one, "want one of them"},
		{`{"text": "Open house on Friday"}`, nil, `note on "" by "", next -: Open house on Friday`},
		{`{"text": "Patching"}`, two, "say which one it is about: 2026-11-24-0712, 2026-11-24-0830"},
		{`{"text": "Patching", "incident": "2026-11-24-0830", "by": " Ada\u202e\u0007 Lovelace\n"}`, two, `note on "2026-11-24-0830" by "Ada Lovelace", next -: Patching`},
		{`{"text": "Patching", "incident": "2026-11-20-0000"}`, two, `got incident "2026-11-20-0000", want one that is open: 2026-11-24-0712, 2026-11-24-0830`},
		{`{"text": "Patching", "incident": "2026-11-20-0000"}`, nil, "but none is open"},
		{`{"text": "New disks", "maintenance": {"for_seconds": 7200}}`, two, `maintenance new from 11-24 08:41 until 11-24 10:41 of [] by "operator": New disks`},
		{`{"text": "New disks", "by": "ada", "maintenance": {"from": "2026-11-25T20:00:00Z", "until": "2026-11-25T21:00:00Z", "routes": ["inside-hq"]}}`, nil, `maintenance new from 11-25 20:00 until 11-25 21:00 of [inside-hq] by "ada": New disks`},
		{`{"text": "New disks", "maintenance": {"for_seconds": 7200, "routes": ["inside-hq", "nowhere"]}}`, nil, `got route "nowhere", want one of outside-to-hq, inside-hq`},
		{`{"text": "New disks", "maintenance": {}}`, nil, "want one of them: one without an end"},
		{`{"text": "New disks", "maintenance": {"for_seconds": 10}}`, nil, "got maintenance of 10s, want 1m0s to 30 days"},
		{`{"text": "New disks", "maintenance": {"for_seconds": 1e12}}`, nil, "want 1m0s to 30 days"},
		{`{"text": "New disks", "maintenance": {"until": "2026-11-24T08:00:00Z"}}`, nil, "want 1m0s to 30 days"},
		{`{"text": "New disks", "maintenance": {"from": "2026-11-24T06:00:00Z", "until": "2026-11-24T09:00:00Z"}}`, nil, "begins at most an hour ago"},
		{`{"text": "New disks", "maintenance": {"from": "2036-11-24T06:00:00Z", "for_seconds": 60}}`, nil, "within a year"},
		{`{"text": "New disks", "next_seconds": 900, "maintenance": {"for_seconds": 7200}}`, nil, "one after the other"},
		{`{"maintenance": {"for_seconds": 7200}}`, nil, "got a text of 0 characters"},
		{`{"maintenance": {"end": "m-1"}}`, nil, `maintenance m-1 from 11-24 07:41 until 11-24 08:41 of [inside-hq] by "operator": Disks`},
		{`{"text": "Not needed", "by": "ada", "maintenance": {"end": "m-2"}}`, nil, `maintenance m-2 from 11-24 08:41 until 11-24 08:41 of [] by "ada": Not needed`},
		{`{"maintenance": {"end": "planned"}}`, nil, `maintenance planned from 11-24 07:41 until 11-24 08:41 of [] by "operator": Updates`},
		{`{"maintenance": {"end": "m-9"}}`, nil, `got maintenance "m-9", want one of planned, m-1, m-2`},
		{`{"maintenance": {"end": "m-1", "for_seconds": 60}}`, nil, "want the end alone"},
		{`{"text": "Patching", "colour": "red"}`, one, `unknown field "colour"`},
		{`{"text": "Patching"} {"text": "again"}`, one, "more than one JSON document"},
		{"{\"text\": \"Patch\xffing\"}", one, "no UTF-8"},
		{`text=Patching`, one, `want {"text"`},
	} {
		x := &teller{open: c.open, windows: windows}
		status, said := x.announce(t, c.body)
		got := said
		if len(x.facts) == 1 {
			got = inWords(x.facts[0])
		}
		if told := len(x.facts) == 1; told != (status == http.StatusOK) || !told && status != http.StatusBadRequest || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %d %s\nwant %s", c.body, status, got, c.want)
		}
	}
}

// What became of it is told: whether it lasts, and what was promised.
func TestWhatIsAnsweredToAnAnnouncement(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
		said string
	}{
		{fmt.Errorf("no room: %w", probe.ErrNotDurable), http.StatusOK, "a restart would forget it"},
		{probe.ErrNotReady, http.StatusServiceUnavailable, "not ready"},
		{nil, http.StatusOK, `"incident":"2026-11-24-0712"`},
		{errors.New("the journal is closed"), http.StatusInternalServerError, "the journal is closed"},
	} {
		x := &teller{open: []string{"2026-11-24-0712"}, err: c.err}
		status, said := x.announce(t, `{"text": "Patching", "next_seconds": 900}`)
		var told api.Announced
		if status == http.StatusOK {
			if err := json.Unmarshal([]byte(said), &told); err != nil || told.Durable != (c.err == nil) || told.Next.Sub(start) < 15*time.Minute {
				t.Errorf("%v: got %s, %v", c.err, said, err)
			}
		}
		if status != c.want || !strings.Contains(said, c.said) {
			t.Errorf("%v: got %d %s, want %d and %q", c.err, status, said, c.want, c.said)
		}
	}
}

// Who has proved who they are is named, whatever they say.
func TestTheNameOfWhoAnnounces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(file, []byte("basic_auth_users: {noc: x}"), 0o600); err != nil {
		t.Fatal(err)
	}
	x := new(teller)
	cfg := api.Config{Journal: journalOf(t), Clock: probe.NewClock(), Announcing: x.announcing(), Access: web.NewAccess(file)}
	r := httptest.NewRequest(http.MethodPost, "/api/v1/announce", strings.NewReader(`{"text": "Patching", "by": "the director"}`))
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("noc", "compared before")
	answer := httptest.NewRecorder()
	api.Handler(cfg).ServeHTTP(answer, r)
	if len(x.facts) != 1 || x.facts[0].(probe.Note).By != "noc" {
		t.Errorf("got %d %s and %v, want one by noc", answer.Code, answer.Body, x.facts)
	}
}

// Whatever is posted, what is told is bounded and has no character that acts.
func FuzzAnnounce(f *testing.F) {
	for _, seed := range []string{
		`{"text": "a\r\n\r\n\r\n\r\nb\tc\u0000\u001b[2J\u202etxt.exe", "by": "\u2066x"}`, `{"text": "<script>alert(1)</script>", "next_seconds": 900}`, `{"text": "👩‍🚒 \ud800"}`,
		`{"text": "x", "maintenance": {"for_seconds": 60, "routes": []}}`, `{"maintenance": {"end": "m-1"}}`, `{"text": "` + strings.Repeat("ü", 2001) + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &teller{windows: []probe.Maintenance{{ID: "m-1", Until: start.Add(time.Hour), By: "noc"}}}
		r := httptest.NewRequest(http.MethodPost, "/api/v1/announce", strings.NewReader(string(body)))
		r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost"
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		cfg := api.Config{Clock: probe.NewClockOver(func() time.Time { return start }), Announcing: x.announcing()}
		api.Handler(cfg).ServeHTTP(answer, r)
		var text, by string
		for _, fact := range x.facts {
			switch fact := fact.(type) {
			case probe.Note:
				text, by = fact.Text, fact.By
			case probe.Maintenance:
				if text, by = fact.Text, fact.By; by == "" || fact.ID == "" || fact.Until.Sub(fact.From) > 31*24*time.Hour && fact.ID != "m-1" {
					t.Errorf("got %+v", fact)
				}
			}
		}
		acts := func(r rune) bool {
			return r != '\n' && r != '\u200c' && r != '\u200d' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
		}
		if utf8.RuneCountInString(text) > 2000 || utf8.RuneCountInString(by) > 64 || strings.ContainsFunc(text+by, acts) || strings.Contains(by, "\n") || strings.Contains(text, "\n\n\n") || !utf8.ValidString(text+by) {
			t.Errorf("got %q by %q", text, by)
		}
	})
}
