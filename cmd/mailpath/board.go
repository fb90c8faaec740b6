package main

import (
	"slices"
	"sync"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// board keeps what a person wants to know of each route. It is an exporter that
// can be read at any time.
type board struct {
	mu    sync.Mutex
	names []string // in the order of the configuration
	rows  map[string]*row

	verdicts   []diagnosis.Diagnosed
	recoveries []diagnosis.Recovered
}

// row is one route's part of the board.
type row struct {
	direction  probe.Direction
	mailbox    string
	blind      string // why the mailbox cannot be watched; empty while it can
	health     probe.Health
	changes    []probe.HealthChanged
	sent       int
	missed     int    // deadlines missed of messages that were accepted
	unanswered int    // deadlines missed of messages nobody knows to be accepted
	why        string // what went wrong last
	outcomes   map[probe.Status]int
	latencies  []time.Duration // of the messages that arrived
	last       probe.Outcome
	unsettled  int
	late       time.Duration // the longest latency of a late message
	bad, vague int           // outcomes that violate the expectation, or say nothing
}

func newBoard(probes []probe.Probe) *board {
	b := &board{rows: make(map[string]*row)}
	for _, r := range routesOf(probes) {
		b.names = append(b.names, r.Name)
		b.rows[r.Name] = &row{direction: r.Direction, mailbox: r.Mailbox, health: probe.HealthUnknown, outcomes: make(map[probe.Status]int)}
	}
	return b
}

// Export implements probe.Exporter.
func (b *board) Export(c probe.Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch c := c.(type) {
	case probe.Sent:
		b.row(c.Message.Route).sent++
		b.row(c.Message.Route).unsettled++
	case probe.DeadlineMissed:
		if c.Certain {
			b.row(c.Message.Route).missed++
		} else {
			b.row(c.Message.Route).unanswered++
		}
	case probe.Answered:
		if c.Attempt.Problem != "" {
			b.row(c.Message.Route).why = c.Attempt.Problem
		}
	case probe.MailboxBlind:
		for _, r := range b.rows {
			if r.mailbox == c.Mailbox {
				r.blind = c.Problem
			}
		}
	case probe.MailboxLooked:
		for _, r := range b.rows {
			if r.mailbox == c.Mailbox {
				r.blind = ""
			}
		}
	case probe.Settled:
		b.row(c.Message.Route).settle(c)
	case diagnosis.Diagnosed:
		b.verdicts = append(b.verdicts, c)
	case diagnosis.Recovered:
		b.recoveries = append(b.recoveries, c)
	case probe.HealthChanged:
		r := b.row(c.Route)
		r.health = c.To
		r.changes = append(r.changes, c)
	}
}

// row is a route's row; a route that is not configured gets one that nobody sees.
func (b *board) row(route string) *row {
	if r := b.rows[route]; r != nil {
		return r
	}
	return &row{outcomes: make(map[probe.Status]int)}
}

func (r *row) settle(c probe.Settled) {
	o := c.Outcome
	r.outcomes[o.Status]++
	r.last = o
	if !o.Adopted {
		r.unsettled--
	}
	if o.Status.Arrived() {
		r.latencies = append(r.latencies, o.Observed)
	}
	if o.Status == probe.Late {
		r.late = max(r.late, o.Observed)
	}
	switch c.Message.Expect.Judge(o) {
	case probe.Violated:
		r.bad++
	case probe.Inconclusive:
		r.vague++
	}
}

// each calls f with every route's row, one after the other.
func (b *board) each(f func(route string, r *row)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range b.names {
		f(name, b.rows[name])
	}
}

// told gives what has been said of components so far.
func (b *board) told() ([]diagnosis.Diagnosed, []diagnosis.Recovered) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.verdicts), slices.Clone(b.recoveries)
}

// all tells whether a condition holds for every route.
func (b *board) all(condition func(route string, r *row) bool) bool {
	holds := true
	b.each(func(route string, r *row) { holds = holds && condition(route, r) })
	return holds
}

// median of the latencies; 0 if there are none.
func (r *row) median() time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.latencies))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
