package status

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
)

// listed is how far back incidents are listed unless somebody asks for more.
const listed = 90 * 24 * time.Hour

// The content types.
const (
	typeJSON     = "application/json"
	typeText     = "text/plain; charset=utf-8"
	typeMarkdown = "text/markdown; charset=utf-8"
	typeAtom     = "application/atom+xml; charset=utf-8"
)

// api answers what programs ask; docs/status.md describes it.
func (cfg Config) api(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/status", cfg.apiStatus)
	mux.HandleFunc("GET /api/v1/incidents", cfg.apiIncidents)
	mux.HandleFunc("GET /api/v1/incidents/{id}", cfg.apiIncident)
	mux.HandleFunc("GET /api/v1/incidents/{id}/report", cfg.apiReport)
	mux.HandleFunc("GET /api/v1/update", cfg.apiUpdate)
	mux.HandleFunc("GET /api/v1/recent", cfg.apiRecent)
}

func (cfg Config) apiStatus(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, cfg.Board.Situation())
}

func (cfg Config) apiRecent(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, struct {
		Recent []situation.Outcome `json:"recent"`
	}{cfg.Board.Recent()})
}

func (cfg Config) apiIncidents(w http.ResponseWriter, r *http.Request) {
	since := cfg.Clock.Now().Add(-listed)
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = parseSince(text, cfg.Board.Zone()); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	tagJSON(w, r, struct {
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
	return time.Time{}, fmt.Errorf("since: got %.60q, want a date such as 2026-11-24, or a time such as 2026-11-24T08:41:00Z", text)
}

func (cfg Config) apiIncident(w http.ResponseWriter, r *http.Request) {
	if i, known := cfg.incidentOf(w, r); known {
		tagJSON(w, r, i)
	}
}

// incidentOf is the incident that a request names; if there is none, that is answered.
func (cfg Config) incidentOf(w http.ResponseWriter, r *http.Request) (situation.Incident, bool) {
	i, known := cfg.Board.Incident(r.PathValue("id"))
	if !known {
		http.Error(w, fmt.Sprintf("no incident %.60q is known: /api/v1/incidents lists them", r.PathValue("id")), http.StatusNotFound)
	}
	return i, known
}

func (cfg Config) apiReport(w http.ResponseWriter, r *http.Request) {
	i, known := cfg.incidentOf(w, r)
	if !known {
		return
	}
	text, err := cfg.Words.Report(cfg.Board.Situation(), i)
	if err != nil {
		apiFailed(w, "writing the report", err)
		return
	}
	answerTagged(w, r, typeMarkdown, []byte(text))
}

func (cfg Config) apiUpdate(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	audience, format := words.Audience(query.Get("audience")), query.Get("format")
	if audience == "" {
		audience = words.Staff
	}
	if !slices.Contains(words.Audiences[:], audience) {
		http.Error(w, fmt.Sprintf("audience: got %.60q, want one of %q", audience, words.Audiences), http.StatusBadRequest)
		return
	}
	if format != "" && format != "text" && format != "json" {
		http.Error(w, fmt.Sprintf("format: got %.60q, want text or json", format), http.StatusBadRequest)
		return
	}
	m, err := cfg.Words.Update(audience, cfg.Board.Situation())
	switch {
	case err != nil:
		apiFailed(w, "writing the update", err)
	case format == "text":
		w.Header().Set("Cache-Control", "no-store")
		apiAnswer(w, typeText, []byte(m.Title+"\n\n"+m.Text+"\n"))
	default:
		answerJSON(w, m)
	}
}

// apiFailed says that an answer could not be made: a template of the company's is wrong.
func apiFailed(w http.ResponseWriter, doing string, err error) {
	http.Error(w, fmt.Sprintf("%s: %v", doing, err), http.StatusInternalServerError)
}

// answerJSON answers what is only true now.
func answerJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		apiFailed(w, "writing JSON", err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	apiAnswer(w, typeJSON, append(body, '\n'))
}

// tagJSON answers what stays the same for a while.
func tagJSON(w http.ResponseWriter, r *http.Request, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		apiFailed(w, "writing JSON", err)
		return
	}
	answerTagged(w, r, typeJSON, append(body, '\n'))
}

// answerTagged gives the body an ETag (RFC 9110 section 8.8.3), and does not send it
// again to whoever has it.
func answerTagged(w http.ResponseWriter, r *http.Request, kind string, body []byte) {
	sum := sha256.Sum256(body)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// It answers 304 to If-None-Match; without a time it goes by the tag alone.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func apiAnswer(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(body) // whoever hangs up does not want it
}
