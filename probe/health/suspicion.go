package health

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

const (
	// overdueFactor times the 99th percentile of the latencies is overdue, a second at
	// least: of quick mail looks and scheduling make the tail.
	overdueFactor = 3
	overdueLeast  = time.Second
	// burstOwn messages go to the suspected route, one to each of at most burstOthers
	// others.
	burstOwn    = 3
	burstOthers = 20
	// reservedFor is how long a burst that was asked for is reckoned with before its
	// messages are sent.
	reservedFor = time.Minute
)

// suspicion is what a route's suspicion goes by.
type suspicion struct {
	awaited   flights
	suspected bool
	startled  *failure // a scheduled message has missed, and nobody was told to suspect

	mark    *mark    // of the messages whose miss may be taken back; nil: there are none
	without evidence // what the evidence is without that miss

	confirming    int // confirmations in flight
	reserved      int // asked for and not yet sent
	reservedUntil time.Time
}

// close notes that something is decided about a message.
func (r *route) close(f *flight) {
	if f.awaited && !f.scheduled {
		r.confirming--
	}
	f.awaited = false
	r.awaited.trim()
}

// marked is what a message says when it is, or is not, one of several that count as
// one miss.
func (r *route) marked(f *flight, n fate) probe.Sign {
	k := f.mark
	f.mark = nil
	if k == nil || k.state == markWithdrawn {
		return n.sign
	}
	k.pending--
	switch {
	case n.sign == probe.Absence:
		if k == r.mark {
			r.evidence.failures.restate(n.failure)
			r.stand()
		}
		return probe.NoSign
	case k == r.mark && (n.sign == probe.Arrival || k.pending == 0): // or none of them says anything
		k.state, r.mark = markWithdrawn, nil
		r.evidence = r.without
		if n.sign != probe.Arrival {
			r.calm()
		}
	}
	return n.sign
}

// stand makes the miss of the marked messages final.
func (r *route) stand() {
	if r.mark != nil {
		r.mark.state, r.mark = markStands, nil
	}
	r.without = r.evidence
}

// relax ends a suspicion that has come to nothing.
func (r *route) relax(at time.Time) {
	if r.suspected && r.working() && r.evidence.score == 0 && r.overdue(at) == nil {
		r.suspected = false
		r.stand()
	}
}

// within is the age from which on a message is overdue.
func (r *route) within() time.Duration {
	if !r.normal.known() {
		return r.lateAfter
	}
	return min(r.lateAfter, max(overdueFactor*r.normal.quantile(0.99), overdueLeast))
}

// overdue is the oldest scheduled message if a look that began at a time should have
// found it; else nil. One whose attempt goes on is overdue like any other: a server
// that hangs is a symptom.
func (r *route) overdue(looked time.Time) *flight {
	if f := r.awaited.oldest(); f != nil && looked.After(f.start().Add(r.within())) {
		return f
	}
	return nil
}

// Due implements probe.Assessor: it gives one Suspected for each route into the
// mailbox that should have carried a message by now and has not, or whose last one
// has missed.
func (m *Monitor) Due(now time.Time, mailbox string, looked time.Time) []probe.Event {
	var events []probe.Event
	var planned map[*route]int // messages that are asked for already
	for _, r := range m.byMailbox[mailbox] {
		if !r.working() || !r.able() || r.suspected {
			continue
		}
		f := r.overdue(looked)
		if f == nil && r.startled == nil {
			continue
		}
		if planned == nil {
			planned = make(map[*route]int)
		}
		events = append(events, probe.Event{At: now, Fact: probe.Suspected{
			Route: r.name, Reason: r.suspicious(f, looked), Confirm: m.burst(r, now, planned),
		}})
	}
	return events
}

// burst is what to send to confirm a suspicion: what is on its way already, or
// planned for another suspicion, is not sent again.
func (m *Monitor) burst(suspect *route, now time.Time, planned map[*route]int) []probe.Confirmation {
	var burst []probe.Confirmation
	ask := func(r *route, messages int) {
		if n := messages - r.expected(now) - planned[r]; n > 0 {
			planned[r] += n
			burst = append(burst, probe.Confirmation{Route: r.name, Messages: n, Within: r.within()})
		}
	}
	ask(suspect, burstOwn)
	others := 0
	for _, r := range m.paths.near(suspect.path) {
		if r == suspect || !r.able() {
			continue
		}
		if others++; others > burstOthers {
			break
		}
		ask(r, 1)
	}
	return burst
}

// expected counts the confirmations that are in flight or will soon be.
func (r *route) expected(now time.Time) int {
	if now.Before(r.reservedUntil) {
		return r.confirming + r.reserved
	}
	return r.confirming
}

// suspicion takes in that a route is suspected: what it has in flight is one miss
// together, unless a miss that was counted is the reason; then it is part of that.
func (m *Monitor) suspicion(c probe.Suspicion) []probe.Change {
	for _, asked := range c.Confirm {
		if r := m.byName[asked.Route]; r != nil {
			if !c.At.Before(r.reservedUntil) {
				r.reserved = 0
			}
			r.reserved += asked.Messages
			r.reservedUntil = c.At.Add(reservedFor)
		}
	}
	r := m.byName[c.Route]
	if r == nil || !r.working() || r.suspected {
		return nil
	}
	r.suspected = true
	switch f := r.overdue(c.At); {
	case r.startled != nil:
		r.awaited.together(markStands)
		r.startled = nil
	case f != nil:
		r.without = r.evidence
		r.mark = r.awaited.together(markOpen)
		r.evidence.missed(r.habit.weights(), failure{how: notInTime}, true)
		r.breakDown()
	}
	r.relax(c.At)
	return r.show(c.Origin)
}
