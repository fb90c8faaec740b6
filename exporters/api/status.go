package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
)

// listedFor is how far back incidents are listed unless somebody asks for more.
const listedFor = 90 * 24 * time.Hour

func (cfg Config) status(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, cfg.Board.Situation())
}

func (cfg Config) recent(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, struct {
		Recent []situation.Outcome `json:"recent"`
	}{cfg.Board.Recent()})
}

func (cfg Config) incidents(w http.ResponseWriter, r *http.Request) {
	since := cfg.Clock.Now().Add(-listedFor)
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = parseSince(text, cfg.Board.Zone()); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	answerJSON(w, struct {
		Incidents []situation.Incident `json:"incidents"`
	}{cfg.Board.Incidents(since)})
}

// parseSince reads a time, or a date of the site.
func parseSince(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("since: got %q, want a date such as 2026-11-24, or a time such as 2026-11-24T08:41:00Z", cut(text))
}

func (cfg Config) incident(w http.ResponseWriter, r *http.Request) {
	i, known := cfg.Board.Incident(r.PathValue("id"))
	if !known {
		http.Error(w, fmt.Sprintf("got incident %q, want one that /api/v1/incidents lists", cut(r.PathValue("id"))), http.StatusNotFound)
		return
	}
	answerJSON(w, i)
}

// answerJSON answers what is true now.
func answerJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "writing JSON: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(body, '\n'))
}
