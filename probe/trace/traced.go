package trace

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Other is the component of a host that no configured component claims.
const Other = "other"

// Traced tells the way of a message that arrived: how long each had it. It follows
// Settled for every message of any purpose with at least one hop.
type Traced struct {
	probe.Origin
	Message probe.Sending
	Outcome probe.Outcome
	Steps   []Step  // in the order in which mail passed them; all of them together take Outcome.Latency
	Clocks  []Clock // of the hosts of Steps, each once, as they are known now; those of which something is known. What a single odd stamp says is not told
}

// Step is the way from one stamp to the next. The first begins when we begin to send,
// the last ends when the message is seen in the mailbox.
type Step struct {
	Component string // of the host that had the message when the step began; empty: we had it
	Host      string // its name, as it says, or "localhost at" the host before it; empty: we had it, or it has none
	Next      string // component of the host whose stamp ends the step; empty: it is in the mailbox
	NextHost  string
	// Took is how long the step took, by our clock: what is known of the clocks is
	// taken into account. It lies below zero if the stamps are out of order for certain.
	Took probe.Interval
	// Middle is the one value to report, within Took. Those of all steps add up to
	// Outcome.Observed, unless that is the server's stamp (INTERNALDATE) and a host has
	// stamped the message later for certain: then to the first moment after that stamp.
	Middle time.Duration
	// Negative says that the step ended before it began by the clocks as they were
	// known until now, so they were not known well; or else that the hosts stamp in
	// another order than that in which mail passes them.
	Negative bool
	// Greylisted is how much of Took the host that ends the step says to have turned the
	// message away for. What cannot be of this step is not believed: then it is 0.
	Greylisted time.Duration
}

// Longest gives the step that certainly took longest, and tells whether that is most of
// the message's latency. What greylisting took is nobody's delay and does not count.
func (t Traced) Longest() (step Step, most bool) {
	for i, s := range t.Steps {
		if i == 0 || s.Took.Min-s.Greylisted > step.Took.Min-step.Greylisted {
			step = s
		}
	}
	return step, 2*(step.Took.Min-step.Greylisted) > t.Outcome.Latency.Max
}

// Clock is what is known of a host's clock.
type Clock struct {
	Component, Host string
	// Offset is what it shows beyond ours: positive if it is fast.
	Offset probe.Interval
}

// Off tells whether the clock is certainly wrong.
func (c Clock) Off() bool { return c.Offset.Min > 0 || c.Offset.Max < 0 }

// Likely is what the clock is taken to be off by: nothing if it may be right, else the
// middle of what it can be off by.
func (c Clock) Likely() time.Duration { return likely(c.Offset) }

// ClockChanged tells that the clock of a configured component's host is certainly off by
// two seconds or more, was moved by as much, or is right again within as much. If
// the clocks of several machines with one name differ, Offset covers them all, and that
// they take turns is not told.
type ClockChanged struct {
	probe.Origin
	Clock
	Was    probe.Interval // what was known before; 140 years wide if it was nothing
	Jumped bool           // it was moved; else it is newly known
}
