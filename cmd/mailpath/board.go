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
	missed     int               // deadlines missed of messages that were accepted
	queued     map[probe.ID]bool // messages that missed their deadlines before they were taken, and are not yet
	unanswered int               // deadlines missed of messages nobody knows to be accepted
	why        string            // what went wrong last
	held       string            // the host that reported last that it still tries to hand a message on; empty: none
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
		b.rows[r.Name] = &row{direction: r.Direction, mailbox: r.Mailbox, health: probe.HealthUnknown, outcomes: make(map[probe.Status]int), queued: make(map[probe.ID]bool)}
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
		b.row(c.Message.Route).missedOne(c)
	case probe.Answered:
		b.row(c.Message.Route).answered(c)
	case probe.ReportSeen:
		b.row(c.Message.Route).reported(c)
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
	return &row{outcomes: make(map[probe.Status]int), queued: make(map[probe.ID]bool)}
}

// answered takes in how handing a message over ended.
func (r *row) answered(c probe.Answered) {
	if c.Attempt.Problem != "" {
		r.why = c.Attempt.Problem
	}
	if r.queued[c.Message.ID] && c.Attempt.Result == probe.Accepted {
		delete(r.queued, c.Message.ID)
		r.missed++
	}
}

// reported takes in a report of a delivery that has not ended: the last one counts.
func (r *row) reported(c probe.ReportSeen) {
	if c.Told != "" || !c.Report.Kind.OfDelivery() {
		return
	}
	r.held = ""
	if c.Report.Kind == probe.ReportDelayed {
		r.held = c.Report.Reporting
	}
}

// missedOne takes in a missed deadline.
func (r *row) missedOne(c probe.DeadlineMissed) {
	switch {
	case c.Certain:
		r.missed++
	case c.Deferred:
		r.queued[c.Message.ID] = true
	default:
		r.unanswered++
	}
}

func (r *row) settle(c probe.Settled) {
	o := c.Outcome
	delete(r.queued, c.Message.ID)
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
