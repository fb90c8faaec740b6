// Package cstate writes incidents as Markdown for static status pages.
//
// An Exporter marks the incident that a change is about; a goroutine of its own writes the
// incident's file as the situation.Board has it, in the form of cstate (a theme for Hugo), into
// a directory such as content/issues. What a replay marks is compared with what is there, so a
// restart writes what is missing, or reads differently now, and nothing else.
package cstate

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

// Board knows the situation; a situation.Board is one.
type Board interface {
	Situation() situation.Situation
	Incident(id string) (situation.Incident, bool)
}

// Words says things; a words.Words is one.
type Words interface {
	Incident(words.Audience, situation.Situation, situation.Incident) (words.Message, error)
}

// Config says where files are written.
type Config struct {
	Dir      string         // of the page's issues; it is made if it is not there
	Audience words.Audience // whose words are used; empty: staff
	// Systems are the names of the page's systems, by direction; one that has none goes by its
	// own name.
	Systems map[probe.Direction]string

	Board Board // is given each change before the Exporter is
	Words Words
	Log   *slog.Logger
	Since probe.Seq // the last event before this process
}

// Exporter is the probe.Exporter that writes files. It is safe for concurrent use.
type Exporter struct {
	cfg   Config
	news  chan struct{} // holds one when there is something to write
	end   chan struct{}
	ended chan struct{}
	once  sync.Once

	mu     sync.Mutex
	marked map[string]bool // incidents whose files are to be written
	fresh  bool            // some were marked since the writer was woken
	live   bool            // the replay is over
	failed bool            // the last writing did, which was told
}

// New makes an exporter. Close ends it.
func New(cfg Config) *Exporter {
	if cfg.Audience == "" {
		cfg.Audience = words.Staff
	}
	e := &Exporter{cfg: cfg, news: make(chan struct{}, 1), end: make(chan struct{}), ended: make(chan struct{}), marked: make(map[string]bool)}
	go e.run()
	return e
}

// Export implements probe.Exporter. It never waits. What a replay marks is written when it is
// over: half of it is not how things stand.
func (e *Exporter) Export(change probe.Change) {
	var ids []string
	seq, _ := change.Cause()
	switch c := change.(type) {
	case probe.IncidentTold:
		ids = []string{c.ID, c.Into}
	case probe.Noted:
		ids = []string{c.Incident}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		if id == "" {
			continue
		}
		e.marked[id], e.fresh = true, true
	}
	if seq <= e.cfg.Since {
		return
	}
	e.live = true
	if !e.fresh {
		return
	}
	e.fresh = false
	select {
	case e.news <- struct{}{}:
	default:
	}
}

const (
	// settling is how long the writer waits for more about an incident, so that a replay writes
	// each file once.
	settling = 100 * time.Millisecond
	// retrying is how long it waits after a failure.
	retrying = time.Minute
)

// Close writes what is marked, unless the replay is not over, and ends; no later than the
// context. It may be called twice.
func (e *Exporter) Close(ctx context.Context) {
	e.once.Do(func() { close(e.end) })
	select {
	case <-e.ended:
	case <-ctx.Done():
	}
}

func (e *Exporter) run() {
	defer close(e.ended)
	var again <-chan time.Time
	for {
		ends := false
		select {
		case <-e.news:
			select {
			case <-time.After(settling):
			case <-e.end:
			}
		case <-again:
		case <-e.end:
			ends = true
		}
		again = nil
		if failed := e.writeMarked(); failed {
			again = time.After(retrying)
		}
		if ends {
			return
		}
	}
}

// take gives what is marked, once it is known how things stand.
func (e *Exporter) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.live {
		return nil
	}
	ids := slices.Sorted(maps.Keys(e.marked))
	clear(e.marked)
	return ids
}

// writeMarked writes the files of all that is marked. What fails stays marked; it is told
// once, and when it is over.
func (e *Exporter) writeMarked() (failed bool) {
	ids := e.take()
	if len(ids) == 0 {
		return false
	}
	var failures []string
	var problem error
	now := e.cfg.Board.Situation()
	for _, id := range ids {
		if err := e.write(now, id); err != nil {
			failures, problem = append(failures, id), err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range failures {
		e.marked[id] = true
	}
	switch {
	case problem != nil && !e.failed:
		e.cfg.Log.Error("incidents cannot be written for the static page; it is tried again every minute", "incidents", len(failures), "error", problem)
	case problem == nil && e.failed:
		e.cfg.Log.Info("incidents can be written for the static page again")
	}
	e.failed = problem != nil
	return e.failed
}

// write writes the file of an incident. One that went into another has none any more.
func (e *Exporter) write(now situation.Situation, id string) error {
	i, known := e.cfg.Board.Incident(id)
	switch {
	case !known:
		return nil // the page knows more than the journal does
	case i.ID != id:
		return remove(e.cfg.Dir, id)
	}
	// Words say as of when they are. As long as nothing was told, that is the same.
	if !i.Changed.IsZero() {
		now.At = i.Changed.In(now.At.Location())
	}
	m, err := e.cfg.Words.Incident(e.cfg.Audience, now, i)
	if err != nil || m.Title == "" {
		m = words.Message{Title: i.ID, Text: i.Sentence}
	}
	return put(e.cfg.Dir, id, page(now, i, m, e.cfg.Systems))
}
