package diagnosis

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// window is how many of a route's last messages count: evidence ages, so that a route
// that was repaired speaks for what it passes after that many arrivals at the latest.
const window = 20

// firm is how many arrivals in a row end a row of failures: after them, the next
// failure is the first of another trouble.
const firm = 3

// tolerated is how many deferrals in a row are no misses: greylisting says 4xx once or
// twice (RFC 6647 section 2).
const tolerated = 2

// record is what happened on one route.
type record struct {
	health   probe.Health
	signs    []sign     // the last ones, in the order in which they became known
	flights  []flight   // in flight, in the order of their sending
	waits    []wait     // of late messages, one of a kind, in the order of their last
	returned []returned // the last messages that came back or are held, in the order of their sending
	said     AttemptEvidence
	saidOf   time.Time // the slot of the message it was said to

	from     time.Time // signs of messages sent before do not count any more
	involved bool      // was broken in the present trouble
	tally    Tally     // of that trouble

	// The rows that the signs form, by the slots of their messages.
	failing  time.Time // the first failure of the present or last row of them
	arrivals int       // in a row, up to now
	good     time.Time // the first of these arrivals
	goodAt   time.Time // when it arrived
	last     time.Time // the last arrival
	deferred int       // in a row
}

// sign is what became of one message.
type sign struct {
	id              probe.ID
	slot            time.Time
	missed, atEntry bool
	end             account // asNothing: it is still in flight
	took            time.Duration
	counted         bool // in a trouble's tally
}

// flight is a message in flight.
type flight struct {
	id     probe.ID
	slot   time.Time
	missed bool // its deadline is among the signs
	cut    bool // the server broke off before it said whether it took it: perhaps nobody has it
	untold bool // the same, because of the probe itself
	queued bool // the server put it off, and it waits with us

	counted account // where it stands in a trouble's tally
}

func (r *record) sent(m probe.Sending) *flight {
	r.flights = append(r.flights, flight{id: m.ID, slot: m.Slot})
	return &r.flights[len(r.flights)-1]
}

// flight finds a message in flight; nil if it is not.
func (r *record) flight(id probe.ID) *flight {
	if i := slices.IndexFunc(r.flights, func(f flight) bool { return f.id == id }); i >= 0 {
		return &r.flights[i]
	}
	return nil
}

// ended takes a message out of flight. One that was not in flight counts nowhere.
func (r *record) ended(id probe.ID, slot time.Time) flight {
	f := r.flight(id)
	if f == nil {
		return flight{id: id, slot: slot}
	}
	ended := *f
	r.flights = slices.DeleteFunc(r.flights, func(f flight) bool { return f.id == id })
	return ended
}

func (r *record) add(s sign) {
	if len(r.signs) == window {
		r.signs = slices.Delete(r.signs, 0, 1)
	}
	r.signs = append(r.signs, s)
}

// end notes how a message ended whose deadline was missed before.
func (r *record) end(ended sign) {
	for i := range r.signs {
		if s := &r.signs[i]; s.id == ended.id && s.missed {
			s.end, s.took, s.counted = ended.end, ended.took, ended.counted
		}
	}
}

// arrived takes in an arrival. One sent before the present row of failures says
// nothing about whether that is over.
func (r *record) arrived(slot, at time.Time) {
	r.deferred = 0
	if r.arrivals == 0 && slot.Before(r.failing) {
		return
	}
	if r.arrivals == 0 {
		r.good, r.goodAt = slot, at
	}
	r.arrivals++
	r.last = slot
}

// failed takes in a failure. One that was sent before the present row of arrivals is
// only known late.
func (r *record) failed(slot time.Time) {
	if r.arrivals > 0 && slot.Before(r.good) {
		return
	}
	if r.failing.IsZero() || r.arrivals >= firm {
		r.failing = slot
	}
	r.arrivals = 0
}

// weighed takes in what a change says of a message, and tells whether it says anything.
func (r *record) weighed(weight probe.Sign, s sign, at time.Time) bool {
	switch weight {
	case probe.Arrival:
		r.arrived(s.slot, at)
	case probe.Deferral:
		r.deferred++
		if r.deferred <= tolerated {
			return false
		}
		r.failed(s.slot)
	case probe.Absence:
		r.failed(s.slot)
	default:
		return false
	}
	s.missed = weight != probe.Arrival
	r.add(s)
	return true
}

// began is when the trouble of a route that was just found broken began: with the
// first failure of the row, or with a message before it that is still in flight: as
// far as is known, somebody holds it.
func (r *record) began(now time.Time) time.Time {
	from := r.failing
	for _, f := range r.flights {
		if !f.untold && f.slot.After(r.last) && (from.IsZero() || f.slot.Before(from)) {
			from = f.slot
		}
	}
	if from.IsZero() {
		return now
	}
	return from
}

// since is from when on what is known of the route counts, of what is known since a time.
func (r *record) since(t time.Time) time.Time {
	if r.from.After(t) {
		return r.from
	}
	return t
}

// counts is what became of the messages sent since a time.
func (r *record) counts(since time.Time) counts {
	c := counts{health: r.health}
	since = r.since(since)
	for _, s := range r.signs {
		switch {
		case s.slot.Before(since):
		case !s.missed:
			c.arrivals++
		default:
			c.misses++
			if s.atEntry {
				c.atEntry++
			}
		}
	}
	return c
}

// answered keeps what the server said to a message that it did not take.
func (r *record) answered(m probe.Sending, a probe.Attempted, again bool) {
	if f := r.flight(m.ID); f != nil {
		f.cut, f.queued = a.Result == probe.Unknown && !a.Ours, again
	}
	e := AttemptEvidence{Route: m.Route}
	for _, p := range a.Phases {
		if p.Name == "banner" {
			e.Banner = p.Took
		}
	}
	switch {
	case a.Ours:
		return
	case a.Result == probe.Refused && a.Reply != nil:
		e.Said = a.Reply.String()
	case a.Result != probe.Accepted:
		e.Said = a.Problem
	}
	r.said, r.saidOf = e, m.Slot
}
