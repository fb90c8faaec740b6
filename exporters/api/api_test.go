package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
	"github.com/mailpath/mailpath/probe/probetest"
)

var update = flag.Bool("update", false, "rewrite testdata")

var start = time.Date(2026, 11, 24, 8, 41, 0, 0, time.UTC)

// journalOf is a journal in which each fact came a second after the last.
func journalOf(t *testing.T, facts ...probe.Fact) probe.Journal {
	t.Helper()
	j := journal.NewMemory(probe.NewClock())
	for i, f := range facts {
		if err := j.Append(t.Context(), probe.Event{At: start.Add(time.Duration(i) * time.Second), Fact: f}); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// ask sends a request to the API of a journal.
func ask(t *testing.T, cfg api.Config, method, path, body string) (int, string) {
	t.Helper()
	server := httptest.NewServer(api.Handler(cfg))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(said)
}

// Every kind of event, every field filled, as JSON and as text.
func TestEveryFactIsWritten(t *testing.T) {
	local := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = local })
	j := journalOf(t, probetest.Facts()...)
	for _, format := range []string{"json", "text"} {
		status, got := ask(t, api.Config{Journal: j}, http.MethodGet, "/api/v1/journal?format="+format, "")
		path := filepath.Join("testdata", "journal."+format)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if status != http.StatusOK || got != string(want) {
			t.Errorf("%s: got %d\n%s\nwant %s:\n%s", format, status, got, path, want)
		}
		for line := range strings.Lines(got) {
			if format == "json" && !json.Valid([]byte(line)) {
				t.Errorf("got %q, want JSON", line)
			}
		}
	}
	kinds := make(map[string]bool)
	for _, k := range api.Kinds() {
		kinds[k] = true
	}
	if _, got := ask(t, api.Config{Journal: j}, http.MethodGet, "/api/v1/journal?kind=sending&kind=blind&kind=totals", ""); strings.Count(got, "\n") != 3 || !kinds["missed_deadline"] {
		t.Errorf("got kinds %v and\n%s\nwant three events", api.Kinds(), got)
	}
}

func TestQueries(t *testing.T) {
	sending := func(id probe.ID, route string) probe.Fact { return probe.Sending{ID: id, Route: route, Mailbox: "hq"} }
	j := journalOf(t, sending(1, "in"), sending(2, "out"), probe.Attempted{ID: 1, Result: probe.Accepted}, probe.Attempted{ID: 2, Result: probe.Refused},
		probe.Looked{Mailbox: "hq"}, probe.MissedDeadline{ID: 1}, probe.SlotsMissed{Route: "in", Slots: 2})
	for query, want := range map[string]string{
		"":                           "sending sending attempted attempted looked missed_deadline slots_missed",
		"route=in":                   "sending attempted missed_deadline slots_missed",
		"route=in&kind=attempted":    "attempted",
		"id=" + probe.ID(2).String(): "sending attempted",
		"since=2026-11-24T08:41:05Z": "missed_deadline slots_missed",
		"until=2026-11-24T08:41:01Z": "sending",
		"route=nowhere":              "",
		"since=2026-11-24T10:41:03%2B02:00&until=2026-11-24T08:41:04.5Z": "attempted looked",
	} {
		status, got := ask(t, api.Config{Journal: j}, http.MethodGet, "/api/v1/journal?"+query, "")
		var kinds []string
		for line := range strings.Lines(got) {
			var event struct{ Kind string }
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Errorf("%s: %v: %s", query, err, line)
			}
			kinds = append(kinds, event.Kind)
		}
		if strings.Join(kinds, " ") != want || status != http.StatusOK {
			t.Errorf("%s: got %d %v, want %s", query, status, kinds, want)
		}
	}
	for query, want := range map[string]string{
		"kind=sent":     `kind: got "sent", want one of sending, attempted`,
		"id=7":          `reading message id "7": want 13 characters`,
		"since=monday":  `since: got "monday", want a time such as 2026-11-24T08:41:00Z`,
		"format=xml":    `format: got "xml", want json or text`,
		"colour=purple": `got parameter "colour", want route, kind, id, since, until or format`,
	} {
		if status, got := ask(t, api.Config{Journal: j}, http.MethodGet, "/api/v1/journal?"+query, ""); status != http.StatusBadRequest || !strings.Contains(got, want) {
			t.Errorf("%s: got %d %q, want 400 and %q", query, status, got, want)
		}
	}
}

// What happened to a message is found by its id and by its route, whatever names these.
func TestAMessageIsFollowed(t *testing.T) {
	j := journalOf(t,
		probe.Sending{ID: 2, Route: "out"}, probe.Sending{ID: 1, Route: "in"}, probe.Attempted{ID: 1, Result: probe.Refused}, probe.Retrying{ID: 1, Try: 2}, probe.Attempted{ID: 1, Result: probe.Accepted},
		probe.Reported{ID: 2, Mailbox: "hq", Report: probe.Report{Kind: probe.ReportDelayed}}, probe.Reported{ID: 1, Mailbox: "hq", Report: probe.Report{Kind: probe.ReportFailed, Diagnostic: "550 user\u202eunknown"}}, probe.GaveUp{ID: 2})
	for query, want := range map[string]string{
		"route=out":                                "sending reported gave_up",
		"id=" + probe.ID(1).String():               "sending attempted retrying attempted reported",
		"kind=reported&kind=gave_up":               "reported reported gave_up",
		"kind=retrying&route=in":                   "retrying",
		"kind=reported&route=in":                   "reported",
		"kind=gave_up&route=in":                    "",
		"route=in&since=" + "2026-11-24T08:41:03Z": "retrying attempted reported",
	} {
		_, got := ask(t, api.Config{Journal: j}, http.MethodGet, "/api/v1/journal?format=text&"+query, "")
		var kinds []string
		for line := range strings.Lines(got) {
			kinds = append(kinds, strings.Fields(line)[3])
		}
		if strings.Join(kinds, " ") != want {
			t.Errorf("%s: got %v, want %s", query, kinds, want)
		}
		if strings.Contains(got, "\u202e") {
			t.Errorf("%s: got %q, want no character that a terminal would act upon", query, got)
		}
	}
}

// The last totals of a day stand, and those of today come from the engine.
func TestTotals(t *testing.T) {
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	of := func(day time.Time, sent int) probe.Totals {
		return probe.Totals{Day: day, Routes: []probe.RouteTotals{{
			Route: "in", Sent: sent, Ended: []probe.StatusTotal{{Status: probe.Delivered, Messages: sent}}, SLOEvents: sent, Measured: sent, Sum: time.Duration(sent) * time.Second, Longest: time.Minute,
		}}}
	}
	j := journalOf(t, of(monday.Add(24*time.Hour), 10), of(monday, 4), of(monday, 5))
	_, got := ask(t, api.Config{Journal: j, Totals: func() []probe.Totals { return []probe.Totals{of(monday.Add(24*time.Hour), 11)} }}, http.MethodGet, "/api/v1/totals", "")
	want := `{"day":"2026-11-23","route":"in","sent":5,"ended":{"delivered":5},"slo_events":5,"slo_misses":0,"mean_seconds":1,"longest_seconds":60}
{"day":"2026-11-24","route":"in","sent":11,"ended":{"delivered":11},"slo_events":11,"slo_misses":0,"mean_seconds":1,"longest_seconds":60}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// swept is a mailbox with old messages of ours.
type swept struct {
	before  time.Time
	removed bool
	err     error
}

func (s *swept) Sweep(_ context.Context, before time.Time, remove bool) ([]probe.Observation, error) {
	s.before, s.removed = before, remove
	return []probe.Observation{{Ref: probe.Ref{Folder: "INBOX"}}, {Ref: probe.Ref{Folder: "Junk"}}, {Ref: probe.Ref{Folder: "INBOX"}}}, s.err
}

func TestClean(t *testing.T) {
	clock := probe.NewClock()
	hq, branch := new(swept), &swept{err: errors.New("the server offers no UIDPLUS")}
	cfg := api.Config{Journal: journalOf(t), Clock: clock, Mailboxes: []api.Mailbox{{Name: "hq", Sweeper: hq, LostAfter: time.Hour}, {Name: "branch", Sweeper: branch, LostAfter: 4 * time.Hour}}}
	status, got := ask(t, cfg, http.MethodPost, "/api/v1/clean", `{"mailboxes": ["hq"], "remove": true}`)
	var c api.Cleaned
	if err := json.NewDecoder(strings.NewReader(got)).Decode(&c); err != nil || status != http.StatusOK || !c.Removed || c.Messages["INBOX"] != 2 || c.Messages["Junk"] != 1 || c.Mailbox != "hq" {
		t.Errorf("got %d %s, %v, want three messages of hq removed", status, got, err)
	}
	if age := clock.Since(hq.before); age < time.Hour || age > time.Hour+time.Minute || !hq.removed || !branch.before.IsZero() {
		t.Errorf("got messages older than %v, want those older than lost_after, of hq alone", age)
	}
	// What is waited for is left alone, however long it has been.
	cfg.Mailboxes[0].OldestUnseen = func() time.Time { return clock.Now().Add(-24 * time.Hour) }
	ask(t, cfg, http.MethodPost, "/api/v1/clean", `{"mailboxes": ["hq"], "remove": true}`)
	if age := clock.Since(hq.before); age < 24*time.Hour {
		t.Errorf("got messages older than %v, want those older than the one in flight", age)
	}
	if _, got := ask(t, cfg, http.MethodPost, "/api/v1/clean", `{}`); hq.removed || strings.Count(got, `"removed":false`) != 2 || !strings.Contains(got, "no UIDPLUS") {
		t.Errorf("got %s, want both told and nothing removed", got)
	}
	for body, want := range map[string]string{
		`{"mailboxes": ["phone"]}`: `got mailbox "phone", want one of [hq branch]`,
		`{"force": true}`:          `unknown field "force"`,
		`rm -rf`:                   `want {"mailboxes": ["hq"], "remove": true}`,
	} {
		if status, got := ask(t, cfg, http.MethodPost, "/api/v1/clean", body); status != http.StatusBadRequest || !strings.Contains(got, want) {
			t.Errorf("%s: got %d %s, want 400 and %q", body, status, got, want)
		}
	}
}
