// Package health says what the arrivals and absences of test messages tell about
// each route: ok, slow, broken, blind or not yet known.
//
// A Monitor is given every change, in order. What a change says comes from
// probe.Weigh, so that health, objective and metrics never differ about one
// message; what the signs of a route add up to, a sequential test decides. From Due
// it suspects routes whose mail is overdue, and says what to send at once to be
// sure. A mailbox that cannot be watched makes its routes blind; their health
// underneath goes on being computed; so it is while a new route meets with nothing but
// 4xx replies. Whenever the state that is shown becomes another one, or stays unknown
// for that reason or no longer for it, a probe.HealthChanged comes out. docs/health.md
// tells it in full.
package health

import "github.com/mailpath/mailpath/probe"

// Monitor is the probe.Assessor. It has no clock, no goroutine and no I/O: the same
// changes always give the same health. It is not safe for concurrent use. A change
// costs as much as there are routes into its mailbox, at most.
type Monitor struct {
	byName    map[string]*route
	byMailbox map[string][]*route // in the order in which they are configured
	flights   map[probe.ID]*flight
	paths     *paths
}

// New makes a monitor of the probed routes, each of which counts once; of its
// probes, the one that expects delivery soonest says what is late before enough
// arrivals are known. Changes of other routes, which an old journal may hold, are
// ignored.
func New(probes []probe.Probe) *Monitor {
	m := &Monitor{
		byName: make(map[string]*route), byMailbox: make(map[string][]*route),
		flights: make(map[probe.ID]*flight), paths: newPaths(),
	}
	for _, p := range probes {
		r := m.byName[p.Route.Name]
		if r == nil {
			r = newRoute(p.Route)
			m.byName[r.name] = r
			m.byMailbox[r.mailbox] = append(m.byMailbox[r.mailbox], r)
			r.path = m.paths.add(r, p.Route.Path)
		}
		if p.Expect == probe.ExpectDelivered && (r.lateAfter == 0 || p.LateAfter < r.lateAfter) {
			r.lateAfter = p.LateAfter
		}
	}
	return m
}

// Apply takes in one change and returns the HealthChanged that follow from it, one
// per route at most, in the order of the configuration.
func (m *Monitor) Apply(c probe.Change) []probe.Change {
	switch c := c.(type) {
	case probe.Sent:
		m.sent(c)
	case probe.Answered:
		return m.answered(c)
	case probe.TriedAgain:
		if f := m.flights[c.Message.ID]; f != nil {
			f.triedAgain(c.At)
		}
	case probe.AttemptLost:
		if r := m.routeOf(c.Message); r != nil {
			r.decided(m.flights[c.Message.ID], fate{at: c.At, sign: probe.NoSign})
			return r.show(c.Origin)
		}
	case probe.DeadlineMissed:
		if r := m.routeOf(c.Message); r != nil {
			f := m.flights[c.Message.ID]
			r.decided(f, fate{
				at: c.At, sign: probe.Weigh(c).Sign, scheduled: c.Message.Purpose == probe.Scheduled, failure: failureAtDeadline(c, f),
			})
			return r.show(c.Origin)
		}
	case probe.Settled:
		return m.settled(c)
	case probe.Suspicion:
		return m.suspicion(c)
	case probe.MailboxBlind:
		return m.watched(c.Origin, c.Mailbox, func(r *route) {
			r.blind, r.problem = true, c.Problem
		})
	case probe.MailboxLooked:
		return m.watched(c.Origin, c.Mailbox, func(r *route) { r.blind = false })
	case probe.ClockMoved:
		if c.Between {
			m.move(c)
		}
	}
	return nil
}

// routeOf is the route that a message says something about; nil: none that is
// watched.
func (m *Monitor) routeOf(c probe.Sending) *route {
	if c.Expect != probe.ExpectDelivered || c.Purpose != probe.Scheduled && c.Purpose != probe.Confirm {
		return nil
	}
	return m.byName[c.Route]
}

func (m *Monitor) sent(c probe.Sent) {
	r := m.routeOf(c.Message)
	if r == nil {
		return
	}
	f := newFlight(c)
	m.flights[c.Message.ID] = f
	r.newcomer.sent(c.At)
	if f.scheduled {
		r.awaited = append(r.awaited, f)
		return
	}
	r.confirming++
	r.reserved = max(0, r.reserved-1)
}

// answered takes in the end of an attempt. Trouble of our own says that nothing is to
// be expected of the message; a refusal is told by its end, which follows, or by its
// deadline, if it waits in our queue until then. One that the server cut off may arrive
// yet.
func (m *Monitor) answered(c probe.Answered) []probe.Change {
	r, f := m.routeOf(c.Message), m.flights[c.Message.ID]
	if r == nil || f == nil {
		return nil
	}
	f.began, f.queued = c.Attempt.Began, !c.Again.IsZero()
	switch a := c.Attempt; {
	case a.Ours:
		r.decided(f, fate{at: c.At, sign: probe.NoSign})
	case a.Result == probe.Refused && a.Reply != nil && a.Reply.Temporary():
		f.said = a.Reply.String()
		r.newcomer.said = f.said
	}
	return r.show(c.Origin)
}

// settled takes in the end of a message.
func (m *Monitor) settled(c probe.Settled) []probe.Change {
	r, f, o := m.routeOf(c.Message), m.flights[c.Message.ID], c.Outcome
	delete(m.flights, c.Message.ID)
	if r == nil {
		return nil
	}
	scheduled := c.Message.Purpose == probe.Scheduled
	if o.Status.Arrived() {
		r.arrives(c.At)
	}
	r.decided(f, fate{at: c.At, sign: probe.Weigh(c).Sign, scheduled: scheduled, failure: failureOf(o)})
	if a := o.Attempt; o.Status == probe.Unsent && a != nil && a.Ours && scheduled {
		r.unable(a.Problem)
	}
	if c.Measured() && o.Status == probe.Delivered && o.Source == probe.ByLook {
		r.took(o.Observed, c.At)
	}
	return r.show(c.Origin)
}

// watched changes all routes of a mailbox.
func (m *Monitor) watched(o probe.Origin, mailbox string, change func(*route)) []probe.Change {
	var changes []probe.Change
	for _, r := range m.byMailbox[mailbox] {
		change(r)
		changes = append(changes, r.show(o)...)
	}
	return changes
}

// move moves all times that are remembered: from here on times go by a wall clock
// that was moved.
func (m *Monitor) move(c probe.ClockMoved) {
	for _, f := range m.flights {
		f.move(c.By)
	}
	for _, r := range m.byName {
		r.recovery.move(c.By)
		r.newcomer.move(c.By)
		r.lag.since, r.over = moved(r.lag.since, c.By), moved(r.over, c.By)
		r.reservedUntil = moved(r.reservedUntil, c.By)
	}
}
