package health

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

const (
	// tolerated is how many deferrals in a row are merely slow: a server that greylists
	// says 4xx once or twice (RFC 6647 section 2), one that is in trouble goes on.
	tolerated = 2
	// unableRow is how many messages in a row the probe cannot send before it says that
	// it knows nothing any more.
	unableRow = 3
)

// route is what is known of one route.
type route struct {
	name, mailbox, sender string
	lateAfter             time.Duration
	path                  *path

	known probe.Health // what the signs say, whether or not we can see now
	why   string       // the reason for known
	shown probe.Health // what was told last

	blind   bool
	problem string // why it is blind

	// Messages in a row that the probe could not send by its own fault. They say
	// nothing about the route, but what was known of it gets old.
	own     int
	trouble string

	carried  bool // a message has arrived, ever
	newcomer newcomer
	over     time.Time // what was sent before that and fails is part of an outage that is over

	// What is normal; frozen unless the route is ok, or not yet known.
	normal baseline
	habit  habit

	evidence  evidence // unless broken
	recovery  recovery // unless ok or slow
	deferrals int      // in a row; only an arrival ends it
	putOff    bool     // slow because of a deferral
	lag       lag

	suspicion
}

// fate is what becomes known of one message.
type fate struct {
	at, sent  time.Time
	sign      probe.Sign
	scheduled bool
	failure   failure // if it is one
}

func newRoute(r probe.Route) *route {
	return &route{
		name: r.Name, mailbox: r.Mailbox, sender: r.Sender,
		known: probe.HealthUnknown, shown: probe.HealthUnknown,
		why: "too few messages have been sent to tell",
	}
}

// able tells whether it is worth while to send along the route and look for it.
func (r *route) able() bool { return !r.blind && r.own < unableRow && r.lateAfter > 0 }

// working tells whether the route is known to carry mail.
func (r *route) working() bool { return r.known == probe.HealthOK || r.known == probe.HealthSlow }

// unable takes in a message that the probe could not send by its own fault.
func (r *route) unable(trouble string) {
	r.own++
	r.trouble = trouble
}

// decided takes in what became of a message, which is nil if nothing is known of its
// being sent.
func (r *route) decided(f *flight, n fate) {
	if n.sign != probe.NoSign {
		r.own = 0
	}
	n.sent = n.at
	if f != nil {
		n.sent = f.sent
		r.close(f)
		n.sign = r.marked(f, n)
	}
	if n.sign != probe.Arrival && n.sent.Before(r.over) || r.newcomer.forgives(n) {
		n.sign = probe.NoSign
	}
	switch n.sign {
	case probe.Arrival:
		r.arrived(n)
	case probe.Absence:
		r.newcomer.failed = true
		r.missed(n)
	case probe.Deferral:
		r.deferred(n)
	}
	r.relax(n.at)
}

func (r *route) arrived(n fate) {
	r.deferrals = 0
	w := r.habit.weights()
	if r.known != probe.HealthBroken {
		r.evidence.arrived(w, n.scheduled)
		r.without.arrived(w, n.scheduled)
		r.calm()
	}
	if !r.working() {
		r.recovery.arrived(w, n.sent)
		r.mend()
	}
	if r.putOff {
		r.putOff = false
		r.know(probe.HealthOK, "a message arrived again")
		if r.lag.slow {
			r.know(probe.HealthSlow, r.slowness())
		}
	}
}

// calm ends an excursion of the test that has come to nothing: what it was given is
// what is normal.
func (r *route) calm() {
	if r.evidence.score > 0 {
		return
	}
	if r.known == probe.HealthOK {
		for i := range r.evidence.scheduled {
			r.habit.note(i < r.evidence.scheduledMisses)
		}
	}
	r.evidence, r.without, r.startled = evidence{}, evidence{}, nil
}

func (r *route) missed(n fate) {
	w := r.habit.weights()
	if r.working() && n.scheduled && !r.suspected {
		r.startled = &n.failure
	}
	if !r.working() {
		r.recovery.missed(w, n.sent)
	}
	if r.known != probe.HealthBroken {
		r.evidence.missed(w, n.failure, n.scheduled)
		r.without.missed(w, n.failure, n.scheduled)
		r.breakDown()
	}
}

// deferred takes in a deferral: up to the tolerated ones in a row it only makes slow.
func (r *route) deferred(n fate) {
	if r.deferrals++; r.deferrals > tolerated {
		r.missed(n)
		return
	}
	if !r.working() {
		r.recovery.missed(r.habit.weights(), n.sent)
	}
	if r.known != probe.HealthBroken { // told if it comes to that, and weighs nothing
		r.evidence.missed(weights{}, n.failure, false)
		r.without.missed(weights{}, n.failure, false)
	}
	if r.working() {
		r.putOff = true
	}
	if r.known == probe.HealthOK {
		r.know(probe.HealthSlow, "the server did not take a message now and asks to try again later"+n.failure.detail())
	}
}

// breakDown makes the route broken if the evidence is enough.
func (r *route) breakDown() {
	if r.evidence.score < breaks {
		return
	}
	r.know(probe.HealthBroken, r.brokenness())
	r.evidence, r.without = evidence{}, evidence{}
	r.recovery, r.lag = recovery{}, lag{}
	r.putOff, r.startled = false, nil
	r.stand()
}

// mend makes the route ok if enough has arrived. Arrivals are known at once, misses
// at their deadlines only: as long as a message is awaited that was sent between
// those that arrived, it is too early to tell.
func (r *route) mend() {
	if r.recovery.score > mends || r.awaited.any(r.recovery.first, r.recovery.newest) {
		return
	}
	r.know(probe.HealthOK, r.recovery.reason())
	r.over = r.recovery.first
	r.awaited.giveUp(r.over)
	r.awaited.trim()
	r.recovery, r.evidence, r.without = recovery{}, evidence{}, evidence{}
	r.suspected = false
}

// took takes in how long a scheduled message took that arrived in time.
func (r *route) took(d time.Duration, at time.Time) {
	if r.working() && r.normal.known() {
		r.lag.arrived(d, &r.normal)
	}
	switch {
	case r.lag.slow:
		r.lag.recent.add(d)
		r.quicken(at)
	case r.lag.sum >= lagLimit:
		r.lag.slow, r.lag.since, r.lag.recent = true, at, new(baseline)
		r.know(probe.HealthSlow, r.slowness())
	case r.known == probe.HealthOK || r.known == probe.HealthUnknown:
		r.normal.add(d)
	}
}

// quicken makes a slow route ok when mail is as quick as normal again, or has been as
// slow as it is for so long that this is what is normal now.
func (r *route) quicken(at time.Time) {
	switch {
	case r.lag.sum == 0:
		r.know(probe.HealthOK, "mail is as quick as it normally is again: "+inWords(r.normal.quantile(0.5)))
		r.lag = lag{}
	case at.Sub(r.lag.since) >= relearnAfter && r.lag.recent.known():
		r.normal = *r.lag.recent
		r.know(probe.HealthOK, "mail has been slow for a day; that it takes "+inWords(r.normal.quantile(0.5))+" counts as normal from now on")
		r.lag = lag{}
	}
}

func (r *route) know(h probe.Health, why string) { r.known, r.why = h, why }

// show tells the state if it is another one than was told last, or unknown for another
// reason.
func (r *route) show(o probe.Origin) []probe.Change {
	to, reason, turned := r.known, r.why, false
	switch {
	case r.blind:
		to, reason = probe.HealthBlind, "mailbox "+r.mailbox+" cannot be watched: "+r.problem
	case r.own >= unableRow:
		to, reason = probe.HealthUnknown, "the probe itself is in trouble and cannot send, so nothing is known of this route: "+r.trouble
	case r.turnedAway(o.At):
		to, reason, turned = probe.HealthUnknown, r.newcomer.reason(), true
	}
	if to == r.shown && turned == r.newcomer.told {
		return nil
	}
	if r.shown == probe.HealthBlind && r.own < unableRow {
		reason = "mailbox " + r.mailbox + " is watched again; what is known of the route: " + reason
	}
	change := probe.HealthChanged{Origin: o, Route: r.name, From: r.shown, To: to, Reason: reason}
	r.shown, r.newcomer.told = to, turned
	return []probe.Change{change}
}
