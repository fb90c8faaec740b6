package diagnosis

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// Monitor is the probe.Assessor. It stands behind health, and is given every change
// in order. It has no clock, no goroutine and no I/O: the same changes always give
// the same verdicts. While no route is broken a message costs it the same, however
// many routes there are. It is not safe for concurrent use.
type Monitor struct {
	paths    *paths
	records  []record // by route
	findings []probe.Finding
	trouble  *trouble // nil: there is none
	pause    time.Duration
	ended    flight // the message that ended last
}

// Of more than maxPrompt routes, the verdict is reconsidered only after a pause, which
// grows with their number: what a verdict costs does, too. It is then reconsidered with
// the next change after the pause, since nothing else tells the time here: that many
// routes have a change at least every second.
const (
	maxPrompt     = 100
	pausePerRoute = time.Millisecond
)

// enough is how many arrivals of a route that is ok are news.
const enough = 5

// New makes a monitor. Changes of routes that are not in the topology are ignored.
func New(t Topology) *Monitor {
	p := newPaths(t)
	m := &Monitor{paths: p, records: make([]record, len(p.routes))}
	if n := len(p.routes); n > maxPrompt {
		m.pause = time.Duration(n) * pausePerRoute
	}
	return m
}

// Due implements probe.Assessor: a diagnosis makes no facts.
func (m *Monitor) Due(time.Time, string, time.Time) []probe.Event { return nil }

// Apply takes in a change and returns the Diagnosed and Recovered that follow.
func (m *Monitor) Apply(c probe.Change) []probe.Change {
	switch c := c.(type) {
	case probe.Sent:
		m.sent(c)
	case probe.Answered:
		m.answered(c)
	case probe.AttemptLost:
		if r := m.record(c.Message); r != nil {
			m.untold(r, c.Message.ID)
		}
	case probe.DeadlineMissed:
		m.overdue(c)
	case probe.Settled:
		m.settled(c)
	case trace.Traced:
		m.traced(c)
	case trace.Reported:
		m.reported(c)
	case probe.Contradicted:
		m.contradicted(c)
	case probe.HealthChanged:
		m.healthChanged(c)
	case probe.Found:
		m.found(c.Finding)
	case probe.ClockMoved:
		if c.Between {
			m.move(c.By)
		}
	}
	if m.trouble == nil || ofSight(c) || tracedNext(c) || reportedNext(c) {
		return nil
	}
	seq, at := c.Cause()
	return m.reconsider(probe.Origin{Seq: seq, At: at})
}

// ofSight tells whether a change only says that a route can or cannot be seen. It has
// brothers for the other routes of the mailbox: what follows is judged after them.
func ofSight(c probe.Change) bool {
	h, ok := c.(probe.HealthChanged)
	return ok && (h.From == probe.HealthBlind || h.To == probe.HealthBlind)
}

// tracedNext tells whether the way of a message that came late follows: what it tells
// belongs to what follows from its arrival.
func tracedNext(c probe.Change) bool {
	s, ok := c.(probe.Settled)
	return ok && s.Outcome.Status == probe.Late && len(s.Outcome.Trail.Hops) > 0
}

// record is the record of a message's route; nil if the message says nothing of it.
func (m *Monitor) record(s probe.Sending) *record {
	i, ok := m.paths.route[s.Route]
	if !ok || s.Expect != probe.ExpectDelivered || s.Purpose != probe.Scheduled && s.Purpose != probe.Confirm {
		return nil
	}
	return &m.records[i]
}

func (m *Monitor) sent(c probe.Sent) {
	r := m.record(c.Message)
	if r == nil {
		return
	}
	f := r.sent(c.Message)
	if r.involved {
		m.trouble.enter(r, f)
	}
}

func (m *Monitor) answered(c probe.Answered) {
	r := m.record(c.Message)
	if r == nil {
		return
	}
	r.answered(c.Message, c.Attempt, !c.Again.IsZero())
	if c.Attempt.Ours && c.Attempt.Result == probe.Unknown {
		m.untold(r, c.Message.ID)
	}
}

// untold takes in that nobody can tell whether a message was taken: it is neither
// waited for nor a sign.
func (m *Monitor) untold(r *record, id probe.ID) {
	f := r.flight(id)
	if f == nil {
		return
	}
	f.untold, f.cut = true, false
	if m.trouble != nil {
		delete(m.trouble.left, id)
		m.trouble.put(r, f, asNotKnown)
	}
}

func (m *Monitor) overdue(c probe.DeadlineMissed) {
	r := m.record(c.Message)
	if r == nil {
		return
	}
	s := sign{id: c.Message.ID, slot: c.Message.Slot, atEntry: c.Cut || c.Deferred}
	f := r.flight(s.id)
	if f != nil {
		s.slot = f.slot
	}
	if m.weighed(r, c, s) && f != nil {
		f.missed = true
		m.trouble.put(r, f, asOverdue)
	}
}

func (m *Monitor) settled(c probe.Settled) {
	r := m.record(c.Message)
	if r == nil {
		return
	}
	f, status := r.ended(c.Message.ID, c.Message.Slot), c.Outcome.Status
	m.ended = f
	if status.Arrived() {
		r.forget(f.id)
	}
	if m.trouble != nil {
		delete(m.trouble.left, f.id)
	}
	s := sign{id: f.id, slot: f.slot, end: endOf(c.Outcome, f.cut), took: c.Outcome.Observed}
	s.atEntry = status == probe.Rejected || status == probe.Deferred || status == probe.Unsent
	if m.trouble.put(r, &f, s.end) {
		r.tally.delayed(s)
	}
	s.counted = f.counted != asNothing
	if !m.weighed(r, c, s) {
		r.end(s)
	}
}

// weighed takes in what a change says of a message, and tells whether it says anything.
func (m *Monitor) weighed(r *record, c probe.Change, s sign) bool {
	_, at := c.Cause()
	weight := probe.Weigh(c).Sign
	if !r.weighed(weight, s, at) {
		return false
	}
	if t := m.trouble; t != nil {
		if weight != probe.Arrival || r.health != probe.HealthOK || r.counts(t.from).arrivals <= enough {
			t.news = true
		}
	}
	return true
}

// contradicted takes in a message that was told lost and is found after all.
func (m *Monitor) contradicted(c probe.Contradicted) {
	r := m.record(c.Message)
	if r == nil || !r.involved || !m.trouble.during(c.Message.Slot) {
		return
	}
	told := map[probe.Status]account{probe.Lost: asLost, probe.Bounced: asBounced}[c.Told]
	if t := &r.tally; told == asLost && t.Lost > t.Bounced || told == asBounced && t.Bounced > 0 {
		t.add(told, -1)
		t.add(asLate, 1)
		t.Longest = max(t.Longest, c.At.Sub(c.Message.Slot))
	}
}

// found takes in the answer to a check. One that says nothing is no evidence.
func (m *Monitor) found(f probe.Finding) {
	if m.trouble != nil {
		m.trouble.news = true
	}
	m.findings = slices.DeleteFunc(m.findings, func(known probe.Finding) bool {
		return known.Check == f.Check && known.Target == f.Target && known.Component == f.Component
	})
	if f.State != probe.FindingUnknown {
		m.findings = append(m.findings, f)
	}
}

func (m *Monitor) healthChanged(c probe.HealthChanged) {
	i, ok := m.paths.route[c.Route]
	if !ok {
		return
	}
	r := &m.records[i]
	r.health = c.To
	switch c.To {
	case probe.HealthBroken:
		m.broke(i, r, c.At)
	case probe.HealthOK, probe.HealthSlow:
		m.mended(i, r, c.At)
	}
	if m.trouble != nil {
		m.trouble.news = true
	}
}

func (m *Monitor) broke(i int, r *record, at time.Time) {
	if m.trouble != nil && m.trouble.open[i] {
		return // it was blind meanwhile
	}
	r.from = r.began(at)
	switch t := m.trouble; {
	case t == nil:
		m.trouble = &trouble{since: r.from, from: r.from, open: make(map[int]bool)}
	case !t.until.IsZero(): // again, before it was over
		t.from, t.until, t.told = r.from, time.Time{}, told{}
		m.recount()
	case r.from.Before(t.from): // it began before what was known
		t.from = r.from
		if t.from.Before(t.since) {
			t.since = t.from
			m.recount()
		}
	}
	m.trouble.open[i] = true
	m.trouble.involve(i, r)
	m.trouble.count(r)
}

// recount counts what now belongs to the trouble and did not before.
func (m *Monitor) recount() {
	for _, i := range m.trouble.involved {
		m.trouble.count(&m.records[i])
	}
}

func (m *Monitor) mended(i int, r *record, at time.Time) {
	t := m.trouble
	if t == nil || !t.open[i] {
		return
	}
	delete(t.open, i)
	t.blame()
	if r.arrivals > 0 {
		r.from = r.good
	}
	if len(t.open) == 0 {
		t.repair(m.records, at)
	}
}
