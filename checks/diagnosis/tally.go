package diagnosis

import (
	"github.com/mailpath/mailpath/probe"
)

// account is where a message stands in the tally of a trouble: in one at a time.
type account uint8

// The accounts.
const (
	asNothing account = iota // it is not in the tally
	asAwaited                // in flight, and not overdue as far as is known
	asOverdue                // in flight
	asInTime
	asLate
	asRefused
	asLost
	asBounced // one that is lost, and came back
	asCutOff
	asMissing
	asNotKnown
	asTold // in the tally of an earlier trouble, which has been told
)

// add puts messages in an account, or takes them out.
func (r *Tally) add(a account, n int) {
	switch a {
	case asNothing, asTold:
		return
	case asNotKnown:
		r.NotKnown += n
		return
	case asLate:
		r.Late += n
	case asRefused:
		r.Refused += n
	case asLost:
		r.Lost += n
	case asBounced:
		r.Lost += n
		r.Bounced += n
	case asCutOff:
		r.CutOff += n
	case asMissing:
		r.Missing += n
	}
	r.Messages += n
	if a != asAwaited && a != asInTime {
		r.Missed += n
	}
}

// endOf is the account of a message that has ended. One that the probe could not send
// was no message of the trouble.
func endOf(o probe.Outcome, cut bool) account {
	switch o.Status {
	case probe.Delivered:
		return asInTime
	case probe.Late:
		return asLate
	case probe.Lost:
		return asLost
	case probe.Bounced:
		return asBounced
	case probe.Rejected, probe.Deferred:
		return asRefused
	case probe.Unsent:
		if o.Attempt != nil && !o.Attempt.Ours {
			return asRefused
		}
		return asNothing
	}
	if cut {
		return asCutOff
	}
	return asNotKnown
}

// put moves a message that is in its route's tally to another account, and tells whether
// it was in it. In a trouble that is nil there is none.
func (t *trouble) put(r *record, f *flight, to account) bool {
	if t == nil || f.counted == asNothing || f.counted == asTold {
		return false
	}
	r.tally.add(f.counted, -1)
	r.tally.add(to, 1)
	f.counted = to
	return true
}

// enter takes a message in flight into the tally, once, if it was sent in the trouble.
func (t *trouble) enter(r *record, f *flight) {
	if f.counted != asNothing || !t.during(f.slot) {
		return
	}
	switch {
	case f.untold:
		f.counted = asNotKnown
	case f.missed:
		f.counted = asOverdue
	default:
		f.counted = asAwaited
	}
	r.tally.add(f.counted, 1)
}

// involve takes a route in that has become broken.
func (t *trouble) involve(i int, r *record) {
	if !r.involved {
		r.involved = true
		t.involved = append(t.involved, i)
	}
}

// count takes the messages of an involved route into the tally, each once: those in
// flight, and those that have ended.
func (t *trouble) count(r *record) {
	for i := range r.flights {
		t.enter(r, &r.flights[i])
	}
	for i := range r.signs {
		if s := &r.signs[i]; !s.counted && s.end != asNothing && t.during(s.slot) {
			s.counted = true
			r.tally.add(s.end, 1)
			r.tally.delayed(*s)
		}
	}
}

// delayed keeps how long mail was delayed.
func (r *Tally) delayed(s sign) {
	if s.end == asLate {
		r.Longest = max(r.Longest, s.took)
	}
}

func (t *trouble) recovered(o probe.Origin, p *paths, records []record) Recovered {
	t.giveUp(records)
	var r Recovered
	for _, i := range t.involved {
		r.Tally = r.Plus(records[i].tally)
		r.Routes = append(r.Routes, RouteTally{p.routes[i].Name, records[i].tally})
	}
	r.Origin, r.Since, r.RepairedAt, r.DrainedAt = o, t.since, t.repaired, o.At
	r.Components, r.WaitedAt = t.blamed, t.waitedAt(records)
	r.Sentence = r.sentence(p.titled(r.WaitedAt))
	return r
}

// giveUp ends the wait: nobody knows yet what became of what is left, whether its
// deadline was decided or its mailbox could not be watched.
func (t *trouble) giveUp(records []record) {
	for _, i := range t.involved {
		r := &records[i]
		for j := range r.flights {
			f := &r.flights[j]
			switch {
			case !t.left[f.id]:
			case f.cut:
				t.put(r, f, asCutOff)
			case f.queued:
				t.put(r, f, asRefused)
			default:
				t.put(r, f, asMissing)
			}
		}
	}
}

// close forgets what the tally knew of the routes.
func (t *trouble) close(records []record) {
	for _, i := range t.involved {
		records[i].involved, records[i].tally = false, Tally{}
		for j := range records[i].flights {
			if f := &records[i].flights[j]; f.counted != asNothing {
				f.counted = asTold
			}
		}
	}
}
