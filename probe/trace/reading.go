package trace

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

const (
	// far is more than any clock is off by: one that has lost its battery stands at 1970.
	// Four times far fits into a duration.
	far = 70 * 365 * 24 * time.Hour
	// coarsest is the coarsest stamp that is used.
	coarsest = 24 * time.Hour
)

// sample is what one message says of a clock.
type sample struct {
	// offset is what the clock showed beyond ours; an end at far is not known.
	offset   probe.Interval
	from, to moment // the stamp was made between them
}

// reading is what is known of one clock that runs on without being set.
type reading struct {
	low, high edge // of its offset; low of the offset's negative
	seen      moment
	own       int32 // messages that can be of this one only, of those reckoned with
	trusted   bool  // it is what the clock was when that was certain last
}

// learn takes in a sample that fits. It tells whether a bound was given up.
func (r *reading) learn(s sample) (givenUp bool) {
	r.seen = max(r.seen, s.to)
	// What is bounded from one side only is an estimate and not certain. It must not
	// follow a delay, as a bound that was loosened during a pause would.
	still := s.offset.Min <= -far || s.offset.Max >= far
	if s.offset.Min > -far {
		givenUp = r.low.learn(-s.offset.Min, s.from, still)
	}
	if s.offset.Max < far {
		givenUp = r.high.learn(s.offset.Max, s.from, still) || givenUp
	}
	return givenUp
}

// bounds is what the clock can be off by between two times, the later of which is not
// before what was learned last.
func (r *reading) bounds(from, to moment) probe.Interval {
	known := probe.Interval{Min: -far, Max: far}
	margin := func(e edge) time.Duration { return wander + loosening(time.Duration(max(to-e.at, to-from))) }
	if r.low.known {
		known.Min = max(known.Min, -r.low.by-margin(r.low))
	}
	if r.high.known {
		known.Max = min(known.Max, r.high.by+margin(r.high))
	}
	return known
}

// unite takes in another reading of the same clock, of which nothing tells which is right.
func (r *reading) unite(o reading) {
	r.low, r.high = looser(r.low, o.low), looser(r.high, o.high)
	r.seen, r.own, r.trusted = max(r.seen, o.seen), r.own+o.own, r.trusted || o.trusted
}

// fits tells whether a sample can be of this clock.
func (r *reading) fits(s sample) bool {
	return gap(r.bounds(s.from, s.to), s.offset) <= 0
}

// gap is how far two intervals are apart, at least; negative if they overlap.
func gap(a, b probe.Interval) time.Duration { return max(a.Min-b.Max, b.Min-a.Max) }

// hull is the interval around two.
func hull(a, b probe.Interval) probe.Interval {
	return probe.Interval{Min: min(a.Min, b.Min), Max: max(a.Max, b.Max)}
}
