package prom

import (
	"github.com/mailpath/mailpath/probe"
)

// apply takes in one change.
func (l *ledger) apply(c probe.Change, replayed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !replayed && !l.live {
		l.takeOver()
	}
	l.fly(c)
	if c, ok := c.(probe.HealthChanged); ok {
		l.assess(c.Route, c.To)
	}
	if l.live {
		l.count(c)
		l.weigh(c)
	}
}

// takeOver ends the replay: what is in flight is adopted.
func (l *ledger) takeOver() {
	l.live = true
	for _, f := range l.flights {
		f.orphaned = !f.answered
		l.adopted.add(1, f.route)
		l.inFlight.add(1, f.route)
	}
}

// fly keeps book of what is in flight.
func (l *ledger) fly(c probe.Change) {
	switch c := c.(type) {
	case probe.Sent:
		l.depart(c.Origin, c.Message)
	case probe.Adopted:
		l.depart(c.Origin, c.Message)
	case probe.Answered:
		if f := l.flights[c.Message.ID]; f != nil {
			f.answered = true
		}
	case probe.Settled:
		delete(l.flights, c.Message.ID)
	}
}

func (l *ledger) depart(o probe.Origin, m probe.Sending) {
	l.flights[m.ID] = &flight{route: m.Route, scheduled: m.Purpose == probe.Scheduled, at: o.At}
}

// assess shows a route's health: of the known states one is 1.
func (l *ledger) assess(route string, now probe.Health) {
	for _, h := range probe.Healths {
		shown := 0.0
		if h == now {
			shown = 1
		}
		l.health.set(shown, route, string(h))
	}
}

// count counts a change of this process.
func (l *ledger) count(c probe.Change) {
	switch c := c.(type) {
	case probe.Sent:
		l.sent.add(1, c.Message.Route, c.Message.Payload, label(c.Message.Purpose, probe.Purposes[:]))
		l.inFlight.add(1, c.Message.Route)
	case probe.Adopted:
		l.adopted.add(1, c.Message.Route)
		l.inFlight.add(1, c.Message.Route)
	case probe.Settled:
		l.settled(c.Message, c.Outcome)
	case probe.Contradicted:
		l.contradicted.add(1, c.Message.Route, label(c.Told, probe.Statuses[:]))
	case probe.Duplicated:
		l.duplicate.add(1, c.Message.Route)
	case probe.Missed:
		l.slotsMissed.add(float64(c.Slots), c.Route)
	}
}

func (l *ledger) settled(m probe.Sending, o probe.Outcome) {
	l.inFlight.add(-1, m.Route)
	l.outcomes.add(1, m.Route, m.Payload, label(m.Purpose, probe.Purposes[:]), label(o.Status, probe.Statuses[:]))
	l.expectations.add(1, m.Route, m.Payload, label(m.Expect.Judge(o), probe.Verdicts[:]))
	if o.Status.Arrived() {
		l.arrivals.add(1, m.Route, label(o.Place, probe.Places[:]))
	}
}

// weigh counts what a change means for the objective.
func (l *ledger) weigh(c probe.Change) {
	var route string
	switch c := c.(type) {
	case probe.DeadlineMissed:
		route = c.Message.Route
	case probe.Settled:
		route = c.Message.Route
	}
	switch probe.Weigh(c).SLO {
	case probe.Miss:
		l.sloMisses.add(1, route)
		l.sloEvents.add(1, route)
	case probe.Good:
		l.sloEvents.add(1, route)
	}
}
