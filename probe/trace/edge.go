package trace

import "time"

const (
	// steadiness is the drift that is allowed for, as one part in so many: 20 ppm,
	// 1.7 s a day, which is what clocks lose that nobody sets.
	steadiness = 50_000
	// wander is by how much a clock that is kept right moves to and fro.
	wander = 50 * time.Millisecond
	// apart is from which difference on two readings of a clock tell of more than
	// truncated seconds.
	apart = 2 * time.Second
	// A bound that nothing has come near to, in so many messages over so long, is
	// given up. Queues hold mail back for hours, and over a weekend sometimes.
	outlived   = 4
	outlivedBy = 72 * time.Hour
)

// moment is a time by our clock, in nanoseconds since 1970.
type moment = int64

// edge is a bound from above: something is no more than by. What it bounds may drift, so
// that the bound is worth less with time; of all that were learned, the one is kept that
// is worth most. This is the minimum over a window, in constant memory: the window is
// as long as something comes near the bound.
type edge struct {
	known bool
	by    time.Duration
	at    moment // by held at this time
	// What came since that was clearly higher, one after the other.
	above      int
	since      moment
	lowest     time.Duration
	lowestSeen moment
}

// loosening is by how much a bound is worth less after a time.
func loosening(age time.Duration) time.Duration { return age / steadiness }

// looser is the one of two bounds that is worth less.
func looser(a, b edge) edge {
	if !a.known || b.known && a.by-b.by >= loosening(time.Duration(a.at-b.at)) {
		return a
	}
	return b
}

// learn takes in that what is bounded was no more than by at a time. It tells whether
// the old bound was given up, as nothing had come near it for long. If still is true,
// the bound is not loosened.
func (e *edge) learn(by time.Duration, at moment, still bool) (givenUp bool) {
	later := func(t moment) time.Duration {
		if still {
			return 0
		}
		return loosening(time.Duration(at - t))
	}
	limit := e.by + later(e.at)
	switch {
	case !e.known || by <= limit:
		*e = edge{known: true, by: by, at: at}
		return false
	case by <= limit+apart:
		e.above = 0
		return false
	}
	if e.above == 0 {
		e.since = at
	}
	if e.above == 0 || by <= e.lowest+later(e.lowestSeen) {
		e.lowest, e.lowestSeen = by, at
	}
	e.above++
	if e.above < outlived || time.Duration(at-e.since) < outlivedBy {
		return false
	}
	*e = edge{known: true, by: e.lowest, at: e.lowestSeen}
	return true
}
