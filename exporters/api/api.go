// Package api serves what a running mailpath knows, and does what it is asked to, as
// HTTP under /api/v1. The commands that look into a mailpath speak to it; when none
// runs they call the same functions on the journal's file.
//
// Reading is a pass over the journal: each event that the query wants is written as
// one line. Whatever changes something is a POST of JSON, and is taken from those who
// may write (web.Access).
package api

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"github.com/mailpath/mailpath/exporters/web"
	"github.com/mailpath/mailpath/probe"
)

// Config is what the API is made of.
type Config struct {
	Journal   probe.Journal
	Totals    func() []probe.Totals // of the days that are not over
	Clock     probe.Clock
	Mailboxes []Mailbox  // those that can be cleaned
	Access    web.Access // who may change something
	// Announcing is how people are told something; without Announce nobody is.
	Announcing Announcing
}

// Handler answers under /api/v1.
func Handler(cfg Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/journal", cfg.journal)
	mux.HandleFunc("GET /api/v1/totals", cfg.totals)
	mux.Handle("POST /api/v1/clean", cfg.written(cfg.clean))
	if cfg.Announcing.Announce != nil {
		mux.Handle("POST /api/v1/announce", cfg.written(cfg.announce))
	}
	return mux
}

func (cfg Config) journal(w http.ResponseWriter, r *http.Request) {
	query, err := ParseQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", query.ContentType())
	// The status has gone out by the time an error comes: it ends the connection, so
	// that half an answer is not taken for a whole one.
	if err := query.Write(r.Context(), w, cfg.Journal); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (cfg Config) totals(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", jsonLines)
	if err := WriteTotals(r.Context(), w, cfg.Journal, cfg.Totals()); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (cfg Config) clean(w http.ResponseWriter, r *http.Request) {
	var order CleanOrder
	if err := readDocument(w, r, &order); err != nil {
		http.Error(w, "reading the order: "+err.Error()+`; want {"mailboxes": ["hq"], "remove": true}`, http.StatusBadRequest)
		return
	}
	mailboxes, err := order.Pick(cfg.Mailboxes)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", jsonLines)
	for _, m := range mailboxes {
		if err := json.NewEncoder(w).Encode(m.Clean(r.Context(), cfg.Clock.Now(), order.Remove)); err != nil {
			return
		}
	}
}

// written lets requests through that may change something: of callers who may, as JSON,
// which no form of a browser sends.
func (cfg Config) written(next http.HandlerFunc) http.Handler {
	return cfg.Access.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			http.Error(w, "want Content-Type: application/json", http.StatusUnsupportedMediaType)
			return
		}
		next(w, r)
	}))
}

// jsonLines is the content type of one JSON value per line.
const jsonLines = "application/x-ndjson"

// follow calls f with the events that are in the journal now.
func follow(ctx context.Context, j probe.Journal, f func(probe.Event) error) error {
	last := j.State().Last
	if last == 0 {
		return nil
	}
	err := j.Follow(ctx, 0, func(e probe.Event) error {
		if e.Seq <= last {
			if err := f(e); err != nil {
				return err
			}
		}
		if e.Seq >= last {
			return errEnd
		}
		return nil
	})
	if errors.Is(err, errEnd) {
		return nil
	}
	return err
}
