package diagnosis

import (
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// givenUp is how old what is still in flight must be for a trouble to be called over.
const givenUp = time.Hour

// trouble is a stretch of time with a broken route, until what was sent in it is
// accounted for.
type trouble struct {
	since    time.Time // the first message that failed
	from     time.Time // the first one since it broke again, or since
	involved []int     // the routes that were broken, in the order in which they were
	open     map[int]bool

	until    time.Time // no route is broken since; zero: one is
	repaired time.Time
	left     map[probe.ID]bool // of the messages sent before until: still in flight
	bySlot   []flight          // the same, and some that have ended

	told     told
	judged   time.Time
	news     bool     // since judged
	suspects []string // of the verdict that was told last
	blamed   []string // those that were suspects when a route became well again
}

// during tells whether a message was sent in the trouble.
func (t *trouble) during(slot time.Time) bool {
	return !slot.Before(t.since) && (t.until.IsZero() || slot.Before(t.until))
}

// blame keeps the present suspects: what was broken until now has been repaired.
func (t *trouble) blame() {
	for _, c := range t.suspects {
		if !slices.Contains(t.blamed, c) {
			t.blamed = append(t.blamed, c)
		}
	}
}

// repair begins the wait for what is still in flight.
func (t *trouble) repair(records []record, at time.Time) {
	t.until, t.repaired = at, at
	t.left, t.bySlot = make(map[probe.ID]bool), nil
	var first time.Time
	for _, i := range t.involved {
		r := &records[i]
		if r.goodAt.After(first) {
			first = r.goodAt
		}
		for _, f := range r.flights {
			if t.during(f.slot) && !f.untold && f.counted != asTold {
				t.left[f.id] = true
				if !f.cut { // else it may never end
					t.bySlot = append(t.bySlot, f)
				}
			}
		}
	}
	if !first.IsZero() {
		t.repaired = first
	}
	slices.SortStableFunc(t.bySlot, func(a, b flight) int { return a.slot.Compare(b.slot) })
}

// drained tells whether nothing is left that is worth waiting for.
func (t *trouble) drained(now time.Time) bool {
	for n := len(t.bySlot); n > 0 && !t.left[t.bySlot[n-1].id]; n = len(t.bySlot) {
		t.bySlot = t.bySlot[:n-1]
	}
	return len(t.bySlot) == 0 || now.Sub(t.bySlot[len(t.bySlot)-1].slot) > givenUp
}

// told is what of a verdict makes another one worth telling.
type told struct {
	leader string
	likely []string // the suspects that are more likely broken than not
	step   int      // of the leader's confidence
}

// steps are the confidences of the leader at which a verdict is told again; slack
// keeps one that hovers there from being told again and again. A suspect must lead
// by lead to take the place of the one that was told.
var steps = [...]float64{0.5, 0.8, 0.95}

const (
	slack = 0.02
	lead  = 0.05
)

// after is what would be told of a verdict after this was.
func (before told) after(p *paths, v verdict) told {
	var now told
	leads := 0.0
	for _, s := range v.suspects {
		key := strings.Join(p.names(s.components), " ")
		if now.leader == "" || key == before.leader && s.confidence > leads-lead {
			now.leader, leads = key, s.confidence
		}
		if s.confidence >= likely || s.confidence >= likely-slack && slices.Contains(before.likely, key) {
			now.likely = append(now.likely, key)
		}
	}
	slices.Sort(now.likely)
	if now.step = step(leads); now.leader == before.leader {
		now.step = max(step(leads-slack), min(step(leads+slack), before.step))
	}
	return now
}

// step counts the steps that a confidence has reached.
func step(confidence float64) int {
	n := 0
	for _, s := range steps {
		if confidence >= s {
			n++
		}
	}
	return n
}

func (before told) same(now told) bool {
	return before.leader == now.leader && before.step == now.step && slices.Equal(before.likely, now.likely)
}
