package main

import (
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// journey keeps all that is learned of one message. It is an exporter.
type journey struct {
	probe   probe.Probe
	results *board
	owners  owners

	mu      sync.Mutex
	traces  map[probe.ID]*trace.Trace // of what was found, by its tag
	message probe.Sending
	attempt *probe.Attempted // the last one that ended
	tries   int
	again   time.Time          // it is to be tried again then; zero: it is not
	reports []probe.ReportSeen // in the order in which they came
	copies  int                // found beside the first one
	blind   string             // why the mailbox cannot be watched
	missed  bool               // it is late
	outcome *probe.Outcome
	traced  *trace.Traced
}

func newJourney(p probe.Probe, results *board) *journey {
	return &journey{probe: p, results: results, traces: make(map[probe.ID]*trace.Trace)}
}

// keeping keeps the whole trace of each message found: what is journaled of it is less.
func (j *journey) keeping(read func(probe.Observation) probe.Trail) func(probe.Observation) probe.Trail {
	return func(o probe.Observation) probe.Trail {
		t := trace.Read(o.Header)
		j.mu.Lock()
		if j.traces[o.Tag.ID] == nil { // a copy that comes later is another matter
			j.traces[o.Tag.ID] = t
		}
		j.mu.Unlock()
		return read(o)
	}
}

// Export implements probe.Exporter.
func (j *journey) Export(c probe.Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch c := c.(type) {
	case probe.Sent:
		j.message = c.Message
	case probe.Answered:
		j.attempt, j.tries, j.again = &c.Attempt, c.Tries, c.Again
	case probe.ReportSeen:
		j.reports = append(j.reports, c)
	case probe.Duplicated:
		j.copies++
	case probe.DeadlineMissed:
		j.missed = true
	case probe.MailboxBlind:
		if c.Mailbox == j.probe.Route.Mailbox {
			j.blind = c.Problem
		}
	case probe.MailboxLooked:
		if c.Mailbox == j.probe.Route.Mailbox {
			j.blind = ""
		}
	case probe.Settled:
		j.outcome = &c.Outcome
	case trace.Traced:
		j.traced = &c
	}
}

// verdict is what the one message showed of its route.
func (j *journey) verdict() roundVerdict {
	var v roundVerdict
	j.results.each(func(_ string, r *row) { v = verdictOf(r) })
	return v
}

// way is the way that the header of the arrived message tells.
func (j *journey) way() way {
	t := j.traces[j.message.ID]
	if t == nil {
		t = &trace.Trace{}
	}
	return readWay(t, j.owners)
}

func (j *journey) arrived() bool { return j.outcome != nil && j.outcome.Status.Arrived() }

// decided tells whether it is known that the message arrived, or is late.
func (j *journey) decided() bool { return j.missed || j.arrived() }

// steps are the parts of the way; none unless the message arrived.
func (j *journey) steps() []trace.Step {
	if j.traced == nil {
		return nil
	}
	return j.traced.Steps
}

// clocks are those of the hosts on the way.
func (j *journey) clocks() []trace.Clock {
	if j.traced == nil {
		return nil
	}
	return j.traced.Clocks
}
