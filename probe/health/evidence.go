package health

import (
	"math"
	"time"
)

// The sequential test (Wald 1945) between two rates of misses: the one that is normal
// for the route, and that of a route that does not carry mail reliably. Being kept at 0
// when all is well, it begins anew with each miss (Page 1954).
const (
	alpha        = 1e-5 // of the test: how often it calls a route broken that is not
	beta         = 0.05 // how often it calls a route well that is not
	brokenMisses = 0.5  // the rate of misses of a broken route
	leastMisses  = 0.01 // the normal rate is taken to be this at least: two misses are not yet a habit,
	mostMisses   = 0.1  // and this at most: a route that loses one in ten is not to be trained to call it normal
	habitSigns   = 200  // the normal rate is that of so many messages
)

// Where the test decides: about 11.5 and -3.0.
var (
	breaks = math.Log((1 - beta) / alpha)
	mends  = math.Log(beta / (1 - alpha))
)

// weights are what a miss and an arrival say: logarithms of how much likelier each is
// on a broken route.
type weights struct{ miss, arrival float64 }

// habit is how often messages miss while the route is well.
type habit struct {
	missed [habitSigns]bool // the last ones, in a ring
	next   int
	misses int
}

func (h *habit) note(missed bool) {
	if h.missed[h.next] {
		h.misses--
	}
	if missed {
		h.misses++
	}
	h.missed[h.next] = missed
	h.next = (h.next + 1) % habitSigns
}

// rate is the normal rate of misses.
func (h *habit) rate() float64 {
	return min(max(leastMisses, (float64(h.misses)+0.5)/habitSigns), mostMisses)
}

func (h *habit) weights() weights {
	p := h.rate()
	return weights{miss: math.Log(brokenMisses / p), arrival: math.Log((1 - brokenMisses) / (1 - p))}
}

// evidence is the test for broken, and what it was given since it was last at 0.
type evidence struct {
	score         float64 // 0 or more
	signs, misses int
	// Of these, the scheduled ones. Confirmations are sent when something is wrong
	// already, so they say nothing of what is normal.
	scheduled, scheduledMisses int
	failures                   failures
}

func (e *evidence) missed(w weights, f failure, scheduled bool) {
	e.score += w.miss
	e.signs++
	e.misses++
	if scheduled {
		e.scheduled++
		e.scheduledMisses++
	}
	e.failures.add(f)
}

func (e *evidence) arrived(w weights, scheduled bool) {
	e.score = max(0, e.score+w.arrival)
	e.signs++
	if scheduled {
		e.scheduled++
	}
}

// recovery is the same test the other way: it decides that a route carries mail.
type recovery struct {
	score           float64 // 0 or less
	signs, arrivals int     // since it was last at 0
	first, newest   time.Time
}

// arrived takes in the arrival of a message that was sent at a time.
func (r *recovery) arrived(w weights, sent time.Time) {
	if r.signs == 0 {
		r.first, r.newest = sent, sent
	}
	if sent.After(r.newest) {
		r.newest = sent
	}
	r.score += w.arrival
	r.signs++
	r.arrivals++
}

// missed takes in that a message, sent at a time, did not come through. One that was
// sent before the first of those that arrived tells of the time before: misses become
// known late, and those of a backlog must not keep a repaired route broken.
func (r *recovery) missed(w weights, sent time.Time) {
	if r.older(sent) {
		return
	}
	r.signs++
	if r.score += w.miss; r.score >= 0 {
		*r = recovery{}
	}
}

// older tells whether a message was sent before all that the test goes by.
func (r *recovery) older(sent time.Time) bool { return r.signs > 0 && sent.Before(r.first) }

func (r *recovery) move(by time.Duration) {
	r.first, r.newest = moved(r.first, by), moved(r.newest, by)
}
