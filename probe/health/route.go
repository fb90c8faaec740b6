package health

import (
	"fmt"

	"github.com/mailpath/mailpath/probe"
)

// route is what is known of one route.
type route struct {
	name, mailbox string

	known probe.Health // what the signs say, whether or not we can see now
	why   string       // the reason for known
	shown probe.Health // what was told last

	blind   bool
	problem string // why it is blind

	// Messages in a row that the probe could not send by its own fault. They say
	// nothing about the route, but what was known of it gets old.
	own     int
	trouble string

	// The row of signs that are alike, up to now. Only an arrival ends a row of
	// failures: a deferral between two absences is no good news. Every failure ends
	// a row of arrivals.
	arrivals  int
	absences  int // deferrals beyond the tolerated ones included
	deferrals int
	failures  failures
}

func newRoute(r probe.Route) *route {
	return &route{
		name: r.Name, mailbox: r.Mailbox,
		known: probe.HealthUnknown, shown: probe.HealthUnknown,
		why: "too few messages have been sent to tell",
	}
}

// unable takes in a message that the probe could not send by its own fault.
func (r *route) unable(trouble string) {
	r.own++
	r.trouble = trouble
}

// arrived takes in an arrival.
func (r *route) arrived() {
	r.arrivals++
	r.absences, r.deferrals, r.failures = 0, 0, failures{}
	switch {
	case r.known == probe.HealthSlow:
		r.know(probe.HealthOK, "a message arrived again")
	case r.known != probe.HealthOK && r.arrivals >= decisive:
		r.know(probe.HealthOK, "three messages in a row arrived")
	}
}

// failed takes in a failure, which is an absence or only slow.
func (r *route) failed(f failure, absence bool) {
	r.arrivals = 0
	r.failures.add(f)
	if absence {
		r.absences++
	}
	switch {
	case r.known != probe.HealthBroken && r.absences >= decisive:
		r.know(probe.HealthBroken, r.failures.reason())
	case r.known == probe.HealthOK && !absence:
		r.know(probe.HealthSlow, "the server did not take a message now and asks to try again later"+f.detail())
	}
}

func (r *route) know(h probe.Health, why string) { r.known, r.why = h, why }

// show tells the state if it is another one than was told last.
func (r *route) show(o probe.Origin) []probe.Change {
	to, reason := r.known, r.why
	switch {
	case r.blind:
		to, reason = probe.HealthBlind, fmt.Sprintf("mailbox %s cannot be watched: %s", r.mailbox, r.problem)
	case r.own >= decisive:
		to, reason = probe.HealthUnknown, "the probe itself is in trouble and cannot send, so nothing is known of this route: "+r.trouble
	case r.shown == probe.HealthBlind:
		reason = fmt.Sprintf("mailbox %s is watched again; what is known of the route: %s", r.mailbox, r.why)
	}
	if to == r.shown {
		return nil
	}
	change := probe.HealthChanged{Origin: o, Route: r.name, From: r.shown, To: to, Reason: reason}
	r.shown = to
	return []probe.Change{change}
}
