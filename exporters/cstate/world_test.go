package cstate_test

import (
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/cstate"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

const id = "2026-11-24-0841"

var (
	zone  = time.FixedZone("CET", 3600)
	began = time.Date(2026, 11, 24, 9, 41, 0, 0, zone)
)

// board knows incidents as a test sets them.
type board struct {
	mu     sync.Mutex
	now    situation.Situation
	all    map[string]situation.Incident
	merged map[string]string // the one that another went into
}

func newBoard() *board {
	routes := []situation.Route{{Name: "outside-to-hq"}, {Name: "past-av-to-hq", Shortcut: true}}
	inside := []situation.Route{{Name: "inside-hq"}, {Name: "inside-branch"}}
	return &board{
		now: situation.Situation{At: began.Add(time.Hour), Company: "Example Ltd", TimeZone: "Europe/Berlin", Condition: situation.MajorOutage, Directions: []situation.Direction{
			{Direction: probe.Inbound, Condition: situation.MajorOutage, Routes: routes}, {Direction: probe.Internal, Condition: situation.Operational, Routes: inside},
		}},
		all: make(map[string]situation.Incident), merged: make(map[string]string),
	}
}

func (b *board) Situation() situation.Situation {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *board) Incident(id string) (situation.Incident, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if into := b.merged[id]; into != "" {
		id = into
	}
	i, known := b.all[id]
	return i, known
}

// set sets an incident, and how late it is.
func (b *board) set(i situation.Incident, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[i.ID], b.now.At = i, now
	b.now.Incidents = slices.Collect(maps.Values(b.all))
}

func (b *board) merge(id, into string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.merged[id] = into
	delete(b.all, id)
}

// incident is one that has come as far as a step of the story.
func incident(step probe.IncidentStep) situation.Incident {
	gateway := []situation.Named{{Name: "gateway-in", Title: "the gateway's inbound filter"}}
	i := situation.Incident{
		ID: id, State: probe.Investigating, Began: began, Opened: began.Add(2 * time.Minute), Changed: began.Add(2 * time.Minute), Directions: []probe.Direction{probe.Inbound},
		Routes: []string{"outside-to-hq"}, Broken: []string{"outside-to-hq"}, NextUpdate: began.Add(22 * time.Minute), Figures: situation.Figures{Messages: 2, Missed: 2, Overdue: 2},
		Timeline: []situation.Entry{{At: began.Add(2 * time.Minute), Step: probe.IncidentOpened, State: probe.Investigating, Routes: []string{"outside-to-hq"}, Sentence: "Mail along outside-to-hq does not arrive."}},
	}
	if step == probe.IncidentOpened {
		return i
	}
	i.State, i.Changed, i.Components, i.Sentence = probe.Identified, began.Add(5*time.Minute), gateway, "Most likely the gateway's inbound filter failed."
	i.Timeline = append(i.Timeline, situation.Entry{At: began.Add(5 * time.Minute), Step: probe.IncidentJudged, State: probe.Identified, Routes: i.Routes, Components: gateway, Sentence: i.Sentence})
	i.Updates = []situation.Update{{At: began.Add(7 * time.Minute), Text: "The vendor's patch is being installed.\n\nSee ticket #4711.", By: "ada"}}
	if step == probe.IncidentJudged {
		return i
	}
	i.State, i.Changed, i.Broken, i.NextUpdate = probe.Resolved, began.Add(50*time.Minute), nil, time.Time{}
	i.Repaired, i.Drained, i.Ended = began.Add(40*time.Minute), began.Add(45*time.Minute), began.Add(50*time.Minute)
	i.Timeline = append(i.Timeline,
		situation.Entry{At: i.Repaired, Step: probe.IncidentRepaired, State: probe.Monitoring, Sentence: "Mail arrives again."},
		situation.Entry{At: i.Ended, Step: probe.IncidentResolved, State: probe.Resolved, Sentence: i.Sentence})
	i.Figures = situation.Figures{Messages: 20, Missed: 12, Late: 12, Longest: 1800}
	return i
}

func told(seq probe.Seq, id string) probe.Change {
	return probe.IncidentTold{Origin: probe.Origin{Seq: seq, At: began}, IncidentChanged: probe.IncidentChanged{ID: id, Began: began}}
}

// text is a log that can be read while it is written.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *text) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *text) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// world is a directory and what is written into it.
type world struct {
	*board
	dir string
	log text
	cfg cstate.Config
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{board: newBoard(), dir: filepath.Join(t.TempDir(), "content", "issues")}
	w.cfg = cstate.Config{Dir: w.dir, Board: w.board, Words: fixed{Title: "Mail is late", Text: "It is."}, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Systems: map[probe.Direction]string{probe.Inbound: "Mail from outside"}}
	return w
}

// english gives a world the words that people are told.
func (w *world) english(t *testing.T) *world {
	t.Helper()
	english, err := words.Load(words.Config{Language: "en", Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	w.cfg.Words = english
	return w
}

// process is one run that is given some changes.
func (w *world) process(t *testing.T, since probe.Seq, changes ...probe.Change) {
	t.Helper()
	w.cfg.Since = since
	e := cstate.New(w.cfg)
	for _, c := range changes {
		e.Export(c)
	}
	e.Close(t.Context())
}

// files are what stands in the directory, by name.
func (w *world) files(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(w.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(w.dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(raw)
	}
	return all
}

// times are when files were written, by name.
func (w *world) times(t *testing.T) map[string]time.Time {
	t.Helper()
	all := make(map[string]time.Time)
	for name := range w.files(t) {
		info, err := os.Stat(filepath.Join(w.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = info.ModTime()
	}
	return all
}
