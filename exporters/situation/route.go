package situation

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// route is what is known of one route.
type route struct {
	probe.Route
	every    time.Duration // how often the most frequent probe of it sends
	shortcut bool
	group    *direction

	health   probe.Health
	since    time.Time // it is so
	reason   string
	believed probe.Health // health, or while it is blind the last one before
	arrival  time.Time    // the last one
	inFlight int
	overdue  int
}

// flight is a message that is on its way.
type flight struct {
	route   *route
	overdue bool
	counted bool // as missed, in the direction's latency
}

// newRoutes makes the routes of the probes that expect delivery.
func newRoutes(probes []probe.Probe) map[string]*route {
	all := make(map[string]*route)
	for _, p := range probes {
		if p.Expect != probe.ExpectDelivered {
			continue
		}
		r := all[p.Route.Name]
		if r == nil {
			r = &route{Route: p.Route, every: p.Every, health: probe.HealthUnknown, believed: probe.HealthUnknown}
			all[r.Name] = r
		}
		r.every = min(r.every, p.Every)
	}
	for _, r := range all {
		for _, other := range all {
			r.shortcut = r.shortcut || r.cuts(other)
		}
	}
	return all
}

// cuts tells whether a route enters the path of another one behind its beginning.
func (r *route) cuts(o *route) bool {
	n := len(o.Path) - len(r.Path)
	return n > 0 && r.Direction == o.Direction && r.Mailbox == o.Mailbox && slices.Equal(r.Path, o.Path[n:])
}

// become takes in what is known of the route's health from now on.
func (r *route) become(c probe.HealthChanged) {
	if r.health != c.To {
		r.since = c.At
	}
	r.health, r.reason = c.To, CleanLine(c.Reason, maxReason)
	if c.To != probe.HealthBlind {
		r.believed = c.To
	}
}

// message takes in what a change says about a message.
func (b *Board) message(c probe.Change) {
	switch c := c.(type) {
	case probe.Sent:
		if r := b.routes[c.Message.Route]; r != nil && c.Message.Expect == probe.ExpectDelivered {
			b.flights[c.Message.ID] = &flight{route: r}
			r.inFlight++
		}
	case probe.DeadlineMissed:
		if f := b.flights[c.Message.ID]; f != nil {
			f.missed(c)
		}
	case probe.Settled:
		b.recent.settled(c)
		if f := b.flights[c.Message.ID]; f != nil {
			delete(b.flights, c.Message.ID)
			f.settled(c)
		}
	}
}

func (f *flight) missed(c probe.DeadlineMissed) {
	if f.overdue {
		return
	}
	f.overdue = true
	f.route.overdue++
	if c.Certain || c.Cut || c.Deferred { // else it may never have left us
		f.miss(c.Message)
	}
}

// miss counts a message that was not there in time, once.
func (f *flight) miss(m probe.Sending) {
	if !f.counted && f.measures(m) {
		f.counted = true
		f.route.group.latency.missed(m.Slot)
	}
}

// measures tells whether a message says how mail of the direction fares.
func (f *flight) measures(m probe.Sending) bool {
	return m.Purpose == probe.Scheduled && f.route.counts()
}

func (f *flight) settled(c probe.Settled) {
	r, o := f.route, c.Outcome
	r.inFlight--
	if f.overdue {
		r.overdue--
	}
	if o.Status != probe.Delivered && failed(o) {
		f.miss(c.Message)
	}
	if o.Status.Arrived() {
		f.arrived(c)
	}
}

// failed tells the ends that say a message was not there in time, and whether it was for
// the path's sake.
func failed(o probe.Outcome) bool {
	switch o.Status {
	case probe.Late, probe.Lost, probe.Bounced, probe.Rejected, probe.Deferred:
		return true
	case probe.Unsent:
		return o.Attempt != nil && !o.Attempt.Ours
	}
	return false
}

// arrived takes in an arrival. It was there when its latency says, which is earlier than it
// was found if nobody was looking.
func (f *flight) arrived(c probe.Settled) {
	r, o := f.route, c.Outcome
	at := c.At
	if !o.Began.IsZero() {
		at = o.Began.Add(o.Observed)
	}
	r.arrival = later(r.arrival, at)
	if !r.counts() {
		return
	}
	if o.Status == probe.Delivered {
		r.group.lastGood = later(r.group.lastGood, at)
	}
	if !c.Measured() {
		return
	}
	r.group.latency.arrived(c.Message.Slot, o.Observed.Seconds(), f.counted)
	if o.Status == probe.Delivered && r.health == probe.HealthOK {
		r.group.usual.add(o.Observed.Seconds())
	}
}

// counts tells whether a route has a part in what is said of its direction.
func (r *route) counts() bool { return !r.shortcut }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
