package main

import (
	"sync"

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
	attempt *probe.Attempted
	blind   string // why the mailbox cannot be watched
	missed  bool   // it is late
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
		j.attempt = &c.Attempt
	case probe.DeadlineMissed:
		j.missed = true
	case probe.MailboxBlind:
		j.blind = c.Problem
	case probe.MailboxLooked:
		j.blind = ""
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

// The documents that trace --output json prints.
type (
	journeyJSON struct {
		Route      string        `json:"route"`
		ID         string        `json:"id"`
		Result     string        `json:"result"` // in words; ok when all is well
		Why        string        `json:"why"`
		ExitStatus int           `json:"exit_status"`
		Status     *probe.Status `json:"status"` // null: it has not ended yet
		Place      *probe.Place  `json:"place"`
		Folder     *string       `json:"folder"`
		Answer     *answerJSON   `json:"answer"` // null: nobody answered
		Phases     []phaseJSON   `json:"phases"`
		Latency    *float64      `json:"latency_seconds"`
		LatencyMin *float64      `json:"latency_min_seconds"`
		LatencyMax *float64      `json:"latency_max_seconds"`
		Steps      []stepJSON    `json:"steps"`
		Clocks     []clockJSON   `json:"clocks"`
		Entries    []entryJSON   `json:"entries"`
		Auth       []authJSON    `json:"auth"`
	}
	answerJSON struct {
		Result  string  `json:"result"`
		Reply   *string `json:"reply"`
		QueueID *string `json:"queue_id"`
		Problem *string `json:"problem"`
	}
	phaseJSON struct {
		Name    string  `json:"name"`
		Seconds float64 `json:"seconds"`
	}
	stepJSON struct {
		Component  *string `json:"component"` // null: we had it
		Host       *string `json:"host"`
		Next       *string `json:"next_component"` // null: it is in the mailbox
		NextHost   *string `json:"next_host"`
		Seconds    float64 `json:"seconds"`
		Min        float64 `json:"min_seconds"`
		Max        float64 `json:"max_seconds"`
		Negative   bool    `json:"negative"`
		Greylisted float64 `json:"greylisted_seconds"`
	}
	clockJSON struct {
		Component string  `json:"component"`
		Host      string  `json:"host"`
		Min       float64 `json:"offset_min_seconds"`
		Max       float64 `json:"offset_max_seconds"`
		Wrong     bool    `json:"wrong"`
	}
	authJSON struct {
		Method string `json:"method"`
		Result string `json:"result"`
	}
)

// document is all that is known, for a machine.
func (j *journey) document(v roundVerdict) journeyJSON {
	d := journeyJSON{
		Route: j.probe.Route.Name, Result: v.result, Why: v.why, ExitStatus: v.status, Entries: j.way().entries(),
		Phases: []phaseJSON{}, Steps: []stepJSON{}, Clocks: []clockJSON{}, Auth: []authJSON{}, // never null
	}
	if j.message.Route != "" {
		d.ID = j.message.ID.String()
	}
	if a := j.attempt; a != nil {
		d.Answer = &answerJSON{Result: a.Result.String(), Problem: orNull(a.Problem)}
		if a.Reply != nil {
			d.Answer.Reply, d.Answer.QueueID = orNull(a.Reply.String()), orNull(a.Reply.QueueID)
		}
		for _, p := range a.Phases {
			d.Phases = append(d.Phases, phaseJSON{p.Name, p.Took.Seconds()})
		}
	}
	for _, s := range j.steps() {
		d.Steps = append(d.Steps, stepJSON{
			orNull(s.Component), orNull(s.Host), orNull(s.Next), orNull(s.NextHost),
			s.Middle.Seconds(), s.Took.Min.Seconds(), s.Took.Max.Seconds(), s.Negative, s.Greylisted.Seconds(),
		})
	}
	for _, c := range j.clocks() {
		d.Clocks = append(d.Clocks, clockJSON{c.Component, c.Host, c.Offset.Min.Seconds(), c.Offset.Max.Seconds(), c.Off()})
	}
	d.end(j.outcome)
	return d
}

// end tells how the message ended, if it has.
func (d *journeyJSON) end(o *probe.Outcome) {
	if o == nil {
		return
	}
	d.Status = &o.Status
	if o.Status.Arrived() {
		latency, shortest, longest := o.Observed.Seconds(), o.Latency.Min.Seconds(), o.Latency.Max.Seconds()
		d.Place, d.Folder, d.Latency, d.LatencyMin, d.LatencyMax = &o.Place, &o.Folder, &latency, &shortest, &longest
	}
	for _, a := range o.Trail.Auth {
		d.Auth = append(d.Auth, authJSON(a))
	}
}
