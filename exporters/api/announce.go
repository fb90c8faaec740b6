package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// Announcing is what an announcement needs to know, and how it is made known.
type Announcing struct {
	Announce func(context.Context, probe.Fact) error // probe.Engine.Announce
	Open     func() []string                         // the incidents that go on, by ID
	Routes   []string                                // all there are, by name
	Windows  func() []probe.Maintenance              // that go on or are to come
}

// Announcement is what somebody tells people: an update on an incident, an announcement
// about none, or maintenance.
type Announcement struct {
	Text        string       `json:"text"`
	Incident    string       `json:"incident,omitempty"`     // its ID; empty: the only one that is open, or none
	Next        time.Time    `json:"next,omitzero"`          // when the next update is promised
	NextSeconds float64      `json:"next_seconds,omitempty"` // the same, from now
	Maintenance *Maintenance `json:"maintenance,omitempty"`
	// By is who tells it, as they say themselves: heeded only if nobody has been asked to
	// prove who they are.
	By string `json:"by,omitempty"`
}

// Maintenance is a stretch of time in which mail may fail, or the end of one.
type Maintenance struct {
	From       time.Time `json:"from,omitzero"` // zero: now
	Until      time.Time `json:"until,omitzero"`
	ForSeconds float64   `json:"for_seconds,omitempty"` // how long it takes, instead of Until
	Routes     []string  `json:"routes,omitempty"`      // by name; empty: all
	End        string    `json:"end,omitempty"`         // the ID of one that is over, or is cancelled
}

// Announced is what an announcement came to.
type Announced struct {
	Incident    string    `json:"incident,omitempty"`    // that it is about
	Maintenance string    `json:"maintenance,omitempty"` // its ID, by which it is ended
	From        time.Time `json:"from,omitzero"`         // of the maintenance
	Until       time.Time `json:"until,omitzero"`        // of the maintenance
	Next        time.Time `json:"next,omitzero"`         // when the next update is promised
	Durable     bool      `json:"durable"`               // a restart will not forget it
	Warning     string    `json:"warning,omitempty"`
}

func (cfg Config) announce(w http.ResponseWriter, r *http.Request) {
	var a Announcement
	if err := readDocument(w, r, &a); err != nil {
		http.Error(w, "reading the announcement: "+err.Error()+`; want {"text": "The vendor's patch is being installed", "next_seconds": 900}`, http.StatusBadRequest)
		return
	}
	if name, _ := cfg.Access.Writer(r); name != "" {
		a.By = name
	}
	now := cfg.Clock.Now()
	fact, told, err := cfg.Announcing.fact(a, now)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	err = cfg.Announcing.Announce(r.Context(), fact)
	switch {
	case errors.Is(err, probe.ErrNotDurable):
		told.Warning = "the journal cannot be written: people are told, and a restart would forget it: free the disk first"
	case errors.Is(err, probe.ErrNotReady):
		w.Header().Set("Retry-After", "5")
		http.Error(w, "not ready: the journal is being replayed; try again in a moment", http.StatusServiceUnavailable)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	told.Durable = err == nil
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(told)
}

// fact is what an announcement makes known, and what is answered. Every error is the
// caller's to mend.
func (x Announcing) fact(a Announcement, now time.Time) (probe.Fact, Announced, error) {
	a.By = situation.CleanLine(a.By, maxBy)
	if a.Maintenance != nil {
		return x.maintenance(a, now)
	}
	text, err := cleanText(a.Text)
	if err != nil {
		return nil, Announced{}, err
	}
	next, err := a.next(now)
	if err != nil {
		return nil, Announced{}, err
	}
	about, err := x.about(a.Incident)
	if err != nil {
		return nil, Announced{}, err
	}
	return probe.Note{Incident: about, Text: text, By: a.By, Next: next}, Announced{Incident: about, Next: next}, nil
}

// The bounds of a promise.
const (
	soonestNext = time.Minute
	latestNext  = 24 * time.Hour
)

// next is when the next update is promised; zero: nothing is promised.
func (a Announcement) next(now time.Time) (time.Time, error) {
	next := a.Next
	switch {
	case a.NextSeconds != 0 && !next.IsZero():
		return next, errors.New("got next and next_seconds: want one of them")
	case a.NextSeconds != 0:
		next = now.Add(seconds(a.NextSeconds))
	case next.IsZero():
		return next, nil
	}
	if in := next.Sub(now); in < soonestNext || in > latestNext {
		return next, fmt.Errorf("got the next update in %v, want it in %v to %v", in.Round(time.Second), soonestNext, latestNext)
	}
	return next, nil
}

// seconds is a number of seconds; one that is out of all bounds is so as a duration, too.
func seconds(n float64) time.Duration {
	const most = 100 * 365 * 24 * 3600
	return time.Duration(max(-most, min(n, most)) * float64(time.Second))
}

// about is the incident that an update is about; empty: none goes on.
func (x Announcing) about(wanted string) (string, error) {
	open := x.Open()
	switch {
	case wanted == "" && len(open) == 0:
		return "", nil
	case wanted == "" && len(open) == 1:
		return open[0], nil
	case wanted == "":
		return "", fmt.Errorf("several incidents are open: say which one it is about: %s", listed(open))
	}
	for _, id := range open {
		if id == wanted {
			return id, nil
		}
	}
	if len(open) == 0 {
		return "", fmt.Errorf("got incident %q, but none is open: leave it out for an announcement", cut(wanted))
	}
	return "", fmt.Errorf("got incident %q, want one that is open: %s", cut(wanted), listed(open))
}
