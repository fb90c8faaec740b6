package health

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

// newFor is how long a route is new, from the sending of its first message on. A server
// that greylists turns away who it does not know yet, and takes the same message when it
// is tried again some minutes later (RFC 6647 section 2).
const newFor = 10 * time.Minute

// newcomer is what is known of a route along which nothing has arrived yet.
type newcomer struct {
	first    time.Time // its first message was sent then; zero: none was, as far as the events say
	said     string    // the last 4xx reply; empty: there was none
	failed   bool      // a message met with something else
	welcomed time.Time // the first arrival that followed on nothing but 4xx replies
	told     bool      // that it is being turned away
}

// sent takes in that a message was sent.
func (n *newcomer) sent(at time.Time) {
	if n.first.IsZero() {
		n.first = at
	}
}

// turnedAway tells whether the route is new and all it has met with are 4xx replies.
// Whatever these come to stays hidden meanwhile.
func (r *route) turnedAway(now time.Time) bool {
	return !r.carried && !r.newcomer.failed && r.newcomer.said != "" && now.Before(r.newcomer.first.Add(newFor))
}

// arrives takes in that a message has arrived, in time or not. On a new route that was
// turned away until then, this is what the server wanted: all that it put off before is
// forgotten.
func (r *route) arrives(at time.Time) {
	if r.turnedAway(at) {
		r.know(probe.HealthOK, "a message has arrived on this new route; the server had only asked to try again")
		r.evidence, r.without, r.recovery = evidence{}, evidence{}, recovery{}
		r.deferrals, r.newcomer.welcomed = 0, at
	}
	r.carried = true
}

// forgives tells whether a message was put off before the server knew the route.
func (n *newcomer) forgives(f fate) bool {
	return f.sign == probe.Deferral && f.sent.Before(n.welcomed)
}

func (n *newcomer) reason() string {
	return "a new route, and the server says try again later (" + n.said + "): greylisting is likely; judged from " +
		n.first.Add(newFor).UTC().Format("15:04 UTC") + " on"
}

func (n *newcomer) move(by time.Duration) {
	n.first, n.welcomed = moved(n.first, by), moved(n.welcomed, by)
}
