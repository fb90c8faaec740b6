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
	for id, f := range l.flights {
		f.orphaned = !f.answered
		l.flights[id] = f
		a := &l.accounts[f.account]
		a.adopted++
		a.depart()
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
		l.try(c.Message.ID, true, !c.Again.IsZero())
	case probe.TriedAgain:
		l.try(c.Message.ID, false, false)
	case probe.Settled:
		delete(l.flights, c.Message.ID)
	case probe.ClockMoved:
		if c.Between { // ages stay what they are
			for id, f := range l.flights {
				f.at = f.at.Add(c.By)
				l.flights[id] = f
			}
		}
	}
}

func (l *ledger) depart(o probe.Origin, m probe.Sending) {
	l.flights[m.ID] = flight{account: l.open(m.Route), scheduled: m.Purpose == probe.Scheduled, at: o.At}
}

// try notes whether the last try of a message in flight has ended, and whether there will
// be another one.
func (l *ledger) try(id probe.ID, answered, queued bool) {
	if f, flies := l.flights[id]; flies {
		f.answered, f.queued = answered, queued
		l.flights[id] = f
	}
}

func (a *account) depart() {
	a.inFlight++
	a.flown = true
}

// assess shows a route's health: of the known states one is 1.
func (l *ledger) assess(route string, now probe.Health) {
	a := l.account(route)
	a.health, a.assessed = position(now, probe.Healths[:]), true
}

// count counts a change of this process.
func (l *ledger) count(c probe.Change) {
	switch c := c.(type) {
	case probe.Sent:
		l.load(c.Message.Route, c.Message.Payload).sent[position(c.Message.Purpose, probe.Purposes[:])]++
		l.account(c.Message.Route).depart()
	case probe.Adopted:
		a := l.account(c.Message.Route)
		a.adopted++
		a.depart()
	case probe.Settled:
		l.settled(c.Message, c.Outcome)
	case probe.Contradicted:
		l.account(c.Message.Route).contradicted[position(c.Told, probe.Statuses[:])]++
	case probe.Duplicated:
		l.account(c.Message.Route).duplicates++
	case probe.TriedAgain:
		l.account(c.Message.Route).retries++
	case probe.ReportSeen:
		a := l.account(c.Message.Route)
		a.oddities = a.oddities.with(firstReport + position(c.Report.Kind, probe.ReportKinds[:]))
	case probe.Missed:
		l.account(c.Route).slotsMissed += uint32(c.Slots)
	case probe.Skipped:
		l.account(c.Route).slotsSkipped[position(c.Reason, probe.SkipReasons[:])] += uint32(c.Slots)
	case probe.Suspicion:
		l.account(c.Route).suspicions++
	}
}

func (l *ledger) settled(m probe.Sending, o probe.Outcome) {
	a, d := l.account(m.Route), l.load(m.Route, m.Payload)
	a.inFlight--
	d.outcomes[position(m.Purpose, probe.Purposes[:])][position(o.Status, probe.Statuses[:])]++
	d.verdicts[position(m.Expect.Judge(o), probe.Verdicts[:])]++
	a.waited(o)
	if o.Status.Arrived() {
		a.arrived(o)
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
		a := l.account(route)
		a.sloMisses++
		a.sloEvents++
	case probe.Good:
		l.account(route).sloEvents++
	}
}
