// Package webhook tells other programs of what changes about incidents, over HTTP: of each
// step of an incident, of what operators write, and of maintenance.
//
// The engine gives an Exporter every change, in order, behind the situation.Board. What is to
// be told is kept as it is at that moment and put into a queue; a Courier takes it from there
// and makes one request of it, again and again until the receiver has it or an hour has
// passed, and then the next. A cursor in the journal remembers how far the receiver has been
// told: a replay tells nothing twice, and a restart tells what had not been told.
package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
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
	Language() string
	Incident(words.Audience, situation.Situation, situation.Incident) (words.Message, error)
	Say(name string, data any) (string, error)
}

// Config says who is told, and how.
type Config struct {
	Name     string
	URL      func() (string, error) // read at each request, for secrets rotate
	Token    func() (string, error) // of a bearer; nil: none
	Format   Format                 // empty: Generic
	Template string                 // the text of a template, with that format
	Audience words.Audience         // whose words are used; empty: staff
	// Steps are those of incidents that are told, and "note" and "maintenance"; empty: all but
	// progress.
	Steps []string

	Board  Board // is given each change before the Exporter is
	Words  Words
	Clock  probe.Clock
	Log    *slog.Logger
	Cursor Cursor
	Since  probe.Seq // the last event before this process
	// Follow is the journal's, see CourierConfig.
	Follow func(ctx context.Context, from probe.Seq, f func(probe.Event) error) error
	// Waiting is how many changes wait at most; 0: 256.
	Waiting int
	// Transport replaces the network, for tests.
	Transport http.RoundTripper
}

// Exporter is the probe.Exporter that tells one receiver. It is safe for concurrent use.
type Exporter struct {
	*Courier
	cfg    Config
	client *Client
	write  writer
}

// The names that Steps knows beside those of incidents.
const (
	stepNote        = string(KindNote)
	stepMaintenance = string(KindMaintenance)
)

// Steps lists what Config.Steps may name.
func Steps() []string {
	return []string{
		string(probe.IncidentOpened), string(probe.IncidentJudged), string(probe.IncidentWidened), string(probe.IncidentNarrowed),
		string(probe.IncidentProgressed), string(probe.IncidentRepaired), string(probe.IncidentRelapsed), string(probe.IncidentDrained),
		string(probe.IncidentResolved), string(probe.IncidentMerged), string(probe.IncidentMaintained), stepNote, stepMaintenance,
	}
}

// New makes an exporter and tries its template. Close ends it.
func New(cfg Config) (*Exporter, error) {
	write, err := writerOf(cfg.Format, cfg.Template)
	if err != nil {
		return nil, fmt.Errorf("making webhook %s: %w", cfg.Name, err)
	}
	for _, step := range cfg.Steps {
		if !slices.Contains(Steps(), step) {
			return nil, fmt.Errorf("making webhook %s: got step %q, want one of %v", cfg.Name, step, Steps())
		}
	}
	if cfg.Audience == "" {
		cfg.Audience = words.Staff
	}
	e := &Exporter{cfg: cfg, client: NewClient(cfg.Clock, cfg.Transport), write: write}
	e.Courier = NewCourier(CourierConfig{
		Name: cfg.Name, Clock: cfg.Clock, Log: cfg.Log, Cursor: cfg.Cursor, Since: cfg.Since,
		Wanted: e.wanted, Pack: e.keep, Deliver: e.deliver, Follow: cfg.Follow, Waiting: cfg.Waiting,
	})
	return e, nil
}

// wanted tells whether a change is to be told.
func (e *Exporter) wanted(change probe.Change) bool {
	step := stepMaintenance
	switch c := change.(type) {
	case probe.IncidentTold:
		step = string(c.Step)
	case probe.Noted:
		step = stepNote
	}
	if len(e.cfg.Steps) == 0 {
		return step != string(probe.IncidentProgressed)
	}
	return slices.Contains(e.cfg.Steps, step)
}

// keep keeps the incident as it is now: what is told later is still told as it was, so that
// a receiver that was away reads the story in its order.
func (e *Exporter) keep(change probe.Change) any {
	switch c := change.(type) {
	case probe.IncidentTold:
		return e.incidentOf(c)
	case probe.Noted:
		if c.Incident != "" {
			return e.known(c.Incident)
		}
	}
	return nil
}

// known is what the board knows of an incident, without what is not told, for many may wait.
func (e *Exporter) known(id string) situation.Incident {
	i, _ := e.cfg.Board.Incident(id)
	i.Timeline = slices.Clone(i.Timeline[max(0, len(i.Timeline)-listLimit):])
	i.Updates = slices.Clone(i.Updates[max(0, len(i.Updates)-recentLimit):])
	return i
}

// incidentOf is an incident as a change tells it, with what only the board knows.
func (e *Exporter) incidentOf(c probe.IncidentTold) situation.Incident {
	i := e.known(c.ID)
	if i.ID != c.ID { // it is not known, or went into another
		i = situation.Incident{ID: c.ID, Changed: c.At, NextUpdate: c.Next}
		for _, name := range c.Components {
			i.Components = append(i.Components, situation.Named{Name: name, Title: name})
		}
	}
	i.State, i.Began, i.Opened, i.Repaired, i.Drained, i.Ended = c.State, c.Began, c.Opened, c.Repaired, c.Drained, c.Ended
	i.Routes, i.Broken, i.Confidence, i.Sentence, i.Reasons = c.Routes, c.Broken, c.Confidence, c.Sentence, c.Reasons
	f := c.Figures
	i.Figures = situation.Figures{
		Messages: f.Messages, Missed: f.Missed, Overdue: f.Overdue, Held: f.Held, Late: f.Late,
		Refused: f.Refused, Lost: f.Lost, Bounced: f.Bounced, Longest: f.Longest.Round(time.Millisecond).Seconds(),
	}
	return i
}

// deliver makes one attempt.
func (e *Exporter) deliver(ctx context.Context, p Parcel) error {
	ev := e.eventOf(p)
	body, contentType, err := e.write(ev)
	if err != nil {
		return &Failure{Problem: err.Error()}
	}
	_, err = e.client.Do(ctx, Request{
		Method: http.MethodPost, URL: e.cfg.URL, Token: e.cfg.Token,
		Header: map[string]string{"Idempotency-Key": ev.ID}, Type: contentType, Body: body,
	})
	return err
}
