// Package api serves what a running mailpath knows, and does what it is asked to, as
// HTTP under /api/v1. The commands that look into a mailpath speak to it; when none
// runs they call the same functions on the journal's file.
//
// Reading is a pass over the journal: each event that the query wants is written as
// one line. Whatever changes something is a POST and is taken from this machine
// only, until there is authentication.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// Config is what the API is made of.
type Config struct {
	Journal   probe.Journal
	Totals    func() []probe.Totals // of the days that are not over
	Clock     probe.Clock
	Mailboxes []Mailbox // those that can be cleaned
	// Announcing is how people are told something; without Announce nobody is.
	Announcing Announcing
	Board      *situation.Board // what works and what does not; nil: nobody knows
}

// Handler answers under /api/v1.
func Handler(cfg Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/journal", cfg.journal)
	mux.HandleFunc("GET /api/v1/totals", cfg.totals)
	mux.HandleFunc("POST /api/v1/clean", fromHere(cfg.clean))
	if cfg.Announcing.Announce != nil {
		mux.HandleFunc("POST /api/v1/announce", fromHere(cfg.announce))
	}
	if cfg.Board != nil {
		mux.HandleFunc("GET /api/v1/status", cfg.status)
		mux.HandleFunc("GET /api/v1/incidents", cfg.incidents)
		mux.HandleFunc("GET /api/v1/incidents/{id}", cfg.incident)
		mux.HandleFunc("GET /api/v1/recent", cfg.recent)
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

// fromHere lets requests through that come from this machine and from no browser and
// no proxy, which speak for others.
func fromHere(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		ip := net.ParseIP(host)
		switch {
		case err != nil || ip == nil || !ip.IsLoopback():
			http.Error(w, "this is done for callers on the same machine only: call it there", http.StatusForbidden)
		case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
			http.Error(w, "this is not done for browsers: use the command line", http.StatusForbidden)
		case r.Header.Get("Forwarded") != "" || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("X-Real-IP") != "" || r.Header.Get("Via") != "":
			http.Error(w, "this is not done through a proxy: call mailpath itself", http.StatusForbidden)
		case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
			http.Error(w, "want Content-Type: application/json", http.StatusUnsupportedMediaType)
		default:
			next(w, r)
		}
	}
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
