package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

func TestWhatWorksIsAnswered(t *testing.T) {
	clock := probe.NewClockOver(func() time.Time { return start })
	board := situation.NewBoard(situation.Config{Clock: clock, Prober: "hq-1"})
	for i, id := range []string{"2026-11-20-0712", "2026-11-24-0841"} {
		at := start.AddDate(0, 0, 4*(i-1))
		board.Export(probe.IncidentTold{Origin: probe.Origin{Seq: probe.Seq(i + 1), At: at}, IncidentChanged: probe.IncidentChanged{
			ID: id, Step: probe.IncidentResolved, State: probe.Resolved, Opened: at, Ended: at.Add(time.Minute), Sentence: "<b>\u202eThe break"}})
	}
	cfg := api.Config{Journal: journalOf(t), Clock: clock, Board: board}
	for _, c := range []struct {
		path   string
		status int
		has    string
		hasNot string
	}{
		{"/api/v1/incidents?since=2026-11-24", http.StatusOK, "2026-11-24-0841", "2026-11-20-0712"},
		{"/api/v1/incidents/2026-11-20-0712", http.StatusOK, `"state":"resolved"`, "2026-11-24-0841"},
		{"/api/v1/recent", http.StatusOK, `"recent":[`, "null"},
		{"/api/v1/incidents?since=soon", http.StatusBadRequest, `got "soon", want a date`, "{"},
		{"/api/v1/incidents", http.StatusOK, "2026-11-20-0712", "\u202e"},
		{"/api/v1/incidents/2026-11-21-0000", http.StatusNotFound, "want one that /api/v1/incidents lists", "{"},
		{"/api/v1/status", http.StatusOK, `"prober":"hq-1"`, "null"},
	} {
		status, said := ask(t, cfg, http.MethodGet, c.path, "")
		if status != c.status || !strings.Contains(said, c.has) || strings.Contains(said, c.hasNot) {
			t.Errorf("%s: got %d %s, want %d with %q and without %q", c.path, status, said, c.status, c.has, c.hasNot)
		}
		if status == http.StatusOK && !json.Valid([]byte(said)) {
			t.Errorf("%s: got %s, want JSON", c.path, said)
		}
	}
}
