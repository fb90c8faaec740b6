// Package health says what the arrivals and absences of test messages tell about
// each route: ok, slow, broken, blind or not yet known.
//
// A Monitor is given every change, in order. What a change says comes from
// probe.Weigh, so that health, objective and metrics never differ about one
// message; what the signs of a route add up to is a rule of rows: three of a kind,
// one after the other, decide. A mailbox that cannot be watched makes its routes
// blind; their health underneath goes on being computed. Whenever the state that
// is shown becomes another one, a probe.HealthChanged comes out.
package health

import (
	"github.com/mailpath/mailpath/probe"
)

// decisive is how many signs of a kind, one after the other, decide. One lost
// message is noise on most paths; three in a row within one or two minutes is not.
const decisive = 3

// tolerated is how many deferrals in a row are merely slow: a server that greylists
// says 4xx once or twice (RFC 6647 section 2), one that is in trouble goes on.
const tolerated = 2

// Monitor is the probe.Assessor. It has no clock, no goroutine and no I/O: the same
// changes always give the same health. It is not safe for concurrent use.
type Monitor struct {
	byName    map[string]*route
	byMailbox map[string][]*route // in the order in which they are configured
}

// New makes a monitor of the routes; a route given twice counts once. Changes of
// other routes, which an old journal may hold, are ignored.
func New(routes []probe.Route) *Monitor {
	m := &Monitor{byName: make(map[string]*route, len(routes)), byMailbox: make(map[string][]*route)}
	for _, r := range routes {
		if m.byName[r.Name] != nil {
			continue
		}
		watched := newRoute(r)
		m.byName[r.Name] = watched
		m.byMailbox[r.Mailbox] = append(m.byMailbox[r.Mailbox], watched)
	}
	return m
}

// Apply takes in one change and returns the HealthChanged that follow from it, one
// per route at most, in the order of the configuration.
func (m *Monitor) Apply(c probe.Change) []probe.Change {
	switch c := c.(type) {
	case probe.DeadlineMissed:
		return m.weighed(c.Origin, c.Message.Route, probe.Weigh(c).Sign, failure{how: notInTime})
	case probe.Settled:
		if a := c.Outcome.Attempt; c.Outcome.Status == probe.Unsent && a != nil && a.Ours && c.Message.Purpose == probe.Scheduled {
			return m.unable(c.Origin, c.Message.Route, a.Problem)
		}
		return m.weighed(c.Origin, c.Message.Route, probe.Weigh(c).Sign, failureOf(c.Outcome))
	case probe.MailboxBlind:
		return m.watched(c.Origin, c.Mailbox, func(r *route) {
			r.blind, r.problem = true, c.Problem
		})
	case probe.MailboxLooked:
		return m.watched(c.Origin, c.Mailbox, func(r *route) { r.blind = false })
	}
	return nil
}

// unable takes in a scheduled message that the probe could not send.
func (m *Monitor) unable(o probe.Origin, name, trouble string) []probe.Change {
	r := m.byName[name]
	if r == nil {
		return nil
	}
	r.unable(trouble)
	return r.show(o)
}

// weighed takes in one sign of a route. The failure matters only if it is one.
func (m *Monitor) weighed(o probe.Origin, name string, sign probe.Sign, f failure) []probe.Change {
	r := m.byName[name]
	if r == nil || sign == probe.NoSign {
		return nil
	}
	r.own = 0
	switch sign {
	case probe.Arrival:
		r.arrived()
	case probe.Absence:
		r.failed(f, true)
	case probe.Deferral:
		r.deferrals++
		r.failed(f, r.deferrals > tolerated)
	}
	return r.show(o)
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
