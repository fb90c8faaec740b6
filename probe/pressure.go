package probe

import "time"

// Back-pressure. What is sent along a route that delivers nothing piles up in somebody's
// queue, and all of it arrives at once when that is mended. An outage of three quarters
// of an hour at the usual interval of 30 s stays below.
const (
	mostInFlight = 100
	slowed       = time.Minute // between messages while so many are in flight
)

// pressure is by how much a probe is slowed down.
type pressure struct {
	spacing time.Duration // at least, between messages; zero: it is not slowed down
	last    time.Time     // the last slot that was sent
}

// admits tells whether a slot is sent while so many messages of its route are in flight.
// From half as many on the probe gets faster again, by steps, each one message: those
// who mend a gateway are not helped by a flood.
func (p *pressure) admits(slot time.Time, every time.Duration, inFlight int) bool {
	if inFlight >= mostInFlight {
		p.spacing = slowed
	}
	if p.spacing > every && slot.Sub(p.last) < p.spacing {
		return false
	}
	p.last = slot
	if inFlight < mostInFlight/2 {
		if p.spacing /= 2; p.spacing <= every {
			p.spacing = 0
		}
	}
	return true
}
