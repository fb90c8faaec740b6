package health

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// flight is one message in flight.
type flight struct {
	sent      time.Time // when that was journaled
	handed    time.Time // the same of the last attempt
	began     time.Time // when that began; zero until it has ended
	queued    bool      // it waits with us to be tried again
	said      string    // the last 4xx reply to it
	scheduled bool
	awaited   bool // nothing is decided yet
	mark      *mark
}

// mark is shared by the messages that were in flight when their route was suspected:
// together they are one miss.
type mark struct {
	state   markState
	pending int // messages about which nothing is decided
}

type markState int

const (
	markOpen      markState = iota // the miss is counted, and may be taken back
	markStands                     // it is final: none of them is a miss of its own
	markWithdrawn                  // each of them counts for itself again
)

// start is what a message's age goes from: how long it waited with us says nothing of
// the path.
func (f *flight) start() time.Time {
	if f.began.IsZero() {
		return f.handed
	}
	return f.began
}

// triedAgain takes in that it is being handed over once more.
func (f *flight) triedAgain(at time.Time) {
	f.handed, f.began, f.queued = at, time.Time{}, false
}

// flights are the scheduled messages of a route that are awaited, in the order of
// sending. Those that are not any more are dropped when they come to the front.
type flights []*flight

// trim drops what is not awaited any more from the front.
func (all *flights) trim() {
	for len(*all) > 0 && !(*all)[0].awaited {
		*all = (*all)[1:]
	}
}

// oldest is the message that has been under way for longest; nil: there is none. One that
// waits with us is not: why it has not arrived is known.
func (all flights) oldest() *flight {
	var oldest *flight
	for _, f := range all {
		if f.awaited && !f.queued && (oldest == nil || f.start().Before(oldest.start())) {
			oldest = f
		}
	}
	return oldest
}

// any tells whether a message is awaited that was sent from one time on and before
// another.
func (all flights) any(from, before time.Time) bool {
	i, _ := slices.BinarySearchFunc(all, from, func(f *flight, t time.Time) int { return f.sent.Compare(t) })
	for _, f := range all[i:] {
		if !f.sent.Before(before) {
			break
		}
		if f.awaited {
			return true
		}
	}
	return false
}

// together puts one mark on all that are under way.
func (all flights) together(state markState) *mark {
	k := &mark{state: state}
	for _, f := range all {
		if f.awaited && !f.queued {
			f.mark = k
			k.pending++
		}
	}
	return k
}

// giveUp stops waiting for what was sent before a time.
func (all flights) giveUp(before time.Time) {
	for _, f := range all {
		if f.sent.Before(before) {
			f.awaited = false
		}
	}
}

func (f *flight) move(by time.Duration) {
	f.sent, f.handed, f.began = moved(f.sent, by), moved(f.handed, by), moved(f.began, by)
}

// moved is a time moved; no time stays none.
func moved(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}

// newFlight is a message that was sent.
func newFlight(c probe.Sent) *flight {
	return &flight{sent: c.At, handed: c.At, scheduled: c.Message.Purpose == probe.Scheduled, awaited: true}
}
