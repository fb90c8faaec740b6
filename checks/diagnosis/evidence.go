package diagnosis

import (
	"cmp"
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Evidence is what is known since the trouble began.
type Evidence struct {
	Routes   []RouteEvidence
	Findings []probe.Finding
	Attempts []AttemptEvidence
	Bounces  []BounceEvidence
	Hops     []HopEvidence
}

// RouteEvidence is what became of the messages of one route that were sent since the
// trouble began. A route that is blind or unknown is no evidence, whatever the counts.
type RouteEvidence struct {
	Route    string
	Health   probe.Health
	Misses   int
	Arrivals int
	AtEntry  int // of the misses: refused, or not handed over
}

// AttemptEvidence is what the server at a route's entry said or did.
type AttemptEvidence struct {
	Route  string
	Said   string        // its reply, or what went wrong instead; empty: it took the mail
	Banner time.Duration // how long it kept us waiting for its greeting
}

// BounceEvidence is what bounces, or notices of delay, say of who gave up on whom (RFC 3464
// section 2). Several that say the same are one. That the messages did not arrive is told
// by RouteEvidence: a bounce that names nobody adds nothing to it.
type BounceEvidence struct {
	Route     string // along which the messages were sent; empty: not known
	Reporting string // the component of the Reporting-MTA; empty or unknown: of none that is known
	Remote    string // the component of the Remote-MTA; empty or unknown: there is none, or none that is known
	Status    string // RFC 3463, such as "5.1.1"; empty: none is given
	Text      string // what was said, such as the Diagnostic-Code
	Delayed   bool   // it was not given up: whoever reports still has it and tries again
	Messages  int    // how many it is said of, one at least
}

// HopEvidence says where a message that arrived late has waited, by the stamps of the
// servers it passed.
type HopEvidence struct {
	// Held is who may have had it meanwhile: the component whose stamp is the last before
	// the wait, and those behind it on the path that left none.
	Held []string
	// Next is who had it next, or may have had it: one that refuses mail, or is down,
	// makes the one before it wait. Empty: it was in the mailbox then, or nobody knows.
	Next []string
	Took time.Duration // how long it waited
	Of   time.Duration // how long it took in all
}

// slowBanner is how long a server that is well does not take to greet. RFC 5321
// section 4.5.3.2.1 lets a client wait five minutes; one that is well takes a second.
const slowBanner = 10 * time.Second

// counts is the evidence of one route, as it is weighed.
type counts struct {
	health                    probe.Health
	misses, arrivals, atEntry int

	returned int // of the misses: came back because of the address or the mailbox,
	store    int // which this component keeps
}

// whole is the same without regard to what the misses came back for.
func (c counts) whole() counts {
	c.returned = 0
	return c
}

// telling tells whether the route is seen and carried, or should have carried, messages.
func (c counts) telling() bool {
	return c.visible() && (c.broken() || c.misses+c.arrivals > 0)
}

func (c counts) visible() bool {
	return c.health == probe.HealthOK || c.health == probe.HealthSlow || c.broken()
}

func (c counts) broken() bool { return c.health == probe.HealthBroken }

// isBad tells whether a route's messages speak for a break on it.
func (c counts) isBad() bool {
	if c.broken() || c.misses == 0 {
		return c.broken()
	}
	through, _ := c.whole().odds()
	return through > 0
}

// add takes in more about the same route; of two states of health the worse counts.
func (c *counts) add(e RouteEvidence) {
	if e.Health == probe.HealthBroken || c.health == "" {
		c.health = e.Health
	}
	c.misses += max(0, e.Misses)
	c.arrivals += max(0, e.Arrivals)
	c.atEntry = min(c.misses, c.atEntry+max(0, e.AtEntry))
}

// countsOf puts the evidence of the routes in the order of the topology. Routes that
// it does not hold are left out.
func (p *paths) countsOf(e []RouteEvidence) []counts {
	all := make([]counts, len(p.routes))
	sorted := slices.SortedStableFunc(slices.Values(e), func(a, b RouteEvidence) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Health, b.Health))
	})
	for _, one := range sorted {
		if r, ok := p.route[one.Route]; ok {
			all[r].add(one)
		}
	}
	return all
}
