package diagnosis

import (
	"math"

	"github.com/mailpath/mailpath/probe"
)

// prior is the probability that a component is broken, before anything is known of
// it but that something is. It decides how much more two faults must explain than one.
const prior = 0.01

// beta is a distribution of a probability: as if that many misses and arrivals had
// been seen before.
type beta struct{ misses, arrivals float64 }

// The distributions of how many messages do not arrive.
var (
	// lossWhenBroken is nearly all, but a filter that crashes and comes back lets some
	// through: an arrival says much for a component, and never everything.
	lossWhenBroken = beta{2, 0.25}
	// lossWhenWell is a few in a hundred.
	lossWhenWell = beta{1, 25}
)

// The distributions of how many misses are not even taken at the entry.
var (
	// loudEntry refuses or cannot be reached.
	loudEntry = beta{3, 0.2}
	// quietEntry says 250. A queue that is full because of what is broken behind it
	// makes an entry refuse as well, so it may be all of them, seldom.
	quietEntry = beta{0.2, 3}
	// anyEntry is the misses of a route on which nothing is broken.
	anyEntry = beta{0.5, 1}
)

// loud is how often a broken component that takes mail from us shows it at once. In
// the story the gateway answered 250 while its filter was dead.
const loud = 0.3

// log is the log likelihood of a row of misses and arrivals.
func (b beta) log(misses, arrivals int) float64 {
	return logBeta(b.misses+float64(misses), b.arrivals+float64(arrivals)) - logBeta(b.misses, b.arrivals)
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// leastMisses is what a route that is broken counts as, if it has fewer misses: its
// health was judged by more than the messages that are counted here.
const leastMisses = 3

// odds is how much more likely, as a logarithm, what is known of a route is if a
// component on it is broken than if none is, and how much more so if it is the one
// at its entry. What came back because of the address or the mailbox is left out: that
// says nothing of the components before.
func (c counts) odds() (through, entry float64) {
	if !c.telling() {
		return 0, 0
	}
	misses := c.misses
	if c.broken() {
		misses = max(misses, leastMisses)
	}
	misses -= c.returned
	taken := c.misses - c.atEntry - c.returned
	later := quietEntry.log(c.atEntry, taken)
	through = lossWhenBroken.log(misses, c.arrivals) - lossWhenWell.log(misses, c.arrivals) +
		later - anyEntry.log(c.atEntry, taken)
	at := math.Log((1-loud)*math.Exp(later) + loud*math.Exp(loudEntry.log(c.atEntry, taken)))
	return through, at - later
}

// The log odds that single signs give a component.
const (
	findingFailed  = 3.9  // seen of 1 broken one in 2, and of 1 in 100 that are well
	findingWarning = 0.3  // works, and not well
	findingOK      = -0.5 // a component that is dead inside still answers its door
	bannerSlow     = 1.5
	bounceRemote   = 4.0 // did not take the mail
	bounceAlone    = 2.5 // gave up, and blames nobody
	bounceReports  = 0.7 // gave up, and blames another
	// Lies between the one that reports and the one that it could not reach: nearly as much to
	// blame as that, so that nothing but the routes tells the two apart.
	bounceBetween = 3.0
	// Said that it does not want the message, as a filter with bad rules does; and sometimes
	// what it was handed had become bad before.
	bouncePolicy = 3.0
	// Keeps a mailbox that is full or not known, which says of that mailbox nearly all, and
	// of what keeps it little.
	bounceMailbox = 2.5
	// Had the message and handed it on: that says as much as an arrival after some misses.
	bouncePassed = -3.0
	hopAteAll    = 4.0 // had late mail all of its time; less in proportion
	hopNext      = 2.5 // had it only then: so a wait of nearly all the time, and nothing else, just tells the two apart
)

// signs is what single signs say of each component, as log odds. Several of a kind
// say no more than the strongest: they have one cause.
func (p *paths) signs(e Evidence) []float64 {
	all := make([]float64, len(p.components))
	for _, kind := range []map[int]float64{p.findings(e.Findings), p.banners(e.Attempts), p.bounces(e.Bounces), p.hops(e.Hops)} {
		for c, odds := range kind {
			all[c] += odds
		}
	}
	return all
}

// strongest keeps the highest of what is said of a component.
func (p *paths) strongest(signs map[int]float64, component string, odds float64) {
	c, ok := p.component[component]
	if !ok {
		return
	}
	if known, said := signs[c]; !said || odds > known {
		signs[c] = odds
	}
}

func (p *paths) findings(all []probe.Finding) map[int]float64 {
	signs := make(map[int]float64)
	for _, f := range all {
		switch f.State {
		case probe.FindingFailed:
			p.strongest(signs, f.Component, findingFailed)
		case probe.FindingWarning:
			p.strongest(signs, f.Component, findingWarning)
		case probe.FindingOK:
			p.strongest(signs, f.Component, findingOK)
		}
	}
	return signs
}

func (p *paths) banners(all []AttemptEvidence) map[int]float64 {
	signs := make(map[int]float64)
	for _, a := range all {
		if r, ok := p.route[a.Route]; ok && p.entry[r] != none && a.Banner >= slowBanner {
			signs[p.entry[r]] = bannerSlow
		}
	}
	return signs
}

func (p *paths) hops(all []HopEvidence) map[int]float64 {
	signs := make(map[int]float64)
	for _, h := range all {
		for _, c := range h.Held {
			p.strongest(signs, c, hopAteAll*h.share())
		}
		for _, c := range h.Next {
			p.strongest(signs, c, hopNext*h.share())
		}
	}
	return signs
}
