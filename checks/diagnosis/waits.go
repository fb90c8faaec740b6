package diagnosis

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// wait is where one late message, or several alike, has waited.
type wait struct {
	slot time.Time // of the last of them
	HopEvidence
}

// maxWaits is how many kinds of waits are kept of each route. On its way mail has
// few places to wait at; an odd trace could name many.
const maxWaits = 8

// telling is by how much the share of a wait in the time of its message must grow to
// be news.
const telling = 0.1

// same tells whether two messages have waited at the same place.
func (e HopEvidence) same(other HopEvidence) bool {
	return slices.Equal(e.Held, other.Held) && slices.Equal(e.Next, other.Next)
}

// share is which part of its time the message has waited, 0 to 1.
func (e HopEvidence) share() float64 {
	if e.Took <= 0 || e.Of <= 0 {
		return 0
	}
	return min(1, float64(e.Took)/float64(e.Of))
}

// traced takes in the way of a message. Only one that came late has waited anywhere.
func (m *Monitor) traced(c trace.Traced) {
	r := m.record(c.Message)
	if r == nil || c.Outcome.Status != probe.Late || c.Outcome.Adopted {
		return
	}
	e, found := m.paths.waited(m.paths.route[c.Message.Route], c)
	if !found {
		return
	}
	w := wait{c.Message.Slot, e}
	if m.ended.id == c.Message.ID { // else the clock may have been moved since it was sent
		w.slot = m.ended.slot
	}
	since := w.slot // without a trouble, only the last one counts
	if m.trouble != nil {
		since = r.since(m.trouble.from)
	}
	if r.waited(w, since) && m.trouble != nil {
		m.trouble.news = true
	}
}

// waited keeps a wait, and tells whether it is news. Of the messages sent since a time
// that waited at the same place, the one that waited longest counts.
func (r *record) waited(w wait, since time.Time) bool {
	i := slices.IndexFunc(r.waits, func(known wait) bool { return known.same(w.HopEvidence) })
	if i < 0 {
		if len(r.waits) == maxWaits {
			r.waits = slices.Delete(r.waits, 0, 1)
		}
		r.waits = append(r.waits, w)
		return true
	}
	known := r.waits[i]
	r.waits = slices.Delete(r.waits, i, i+1) // the last one stands at the end
	fresh := !known.slot.Before(since)
	if fresh && known.Took > w.Took {
		w.HopEvidence = known.HopEvidence
	}
	if fresh && known.slot.After(w.slot) {
		w.slot = known.slot
	}
	r.waits = append(r.waits, w)
	return !fresh || w.share() > known.share()+telling
}

// waited finds the step of a message's way that certainly took most of its time, and
// longer than all of it may take, and who had it then: of a message that is hardly late,
// the longest step may be as long as ever. The step before anybody had it is none: what
// happens there, the attempt says. What a host says to have turned the message away for
// (greylisting) was meant so.
func (p *paths) waited(route int, c trace.Traced) (e HopEvidence, found bool) {
	least := max(c.Outcome.Latency.Max/2, c.Message.LateAfter)
	for i, s := range c.Steps {
		if s.Component == "" || s.Negative || c.Outcome.Latency.Max <= 0 || s.Took.Min-s.Greylisted <= least {
			continue
		}
		held, next := p.holders(p.path[route], c.Steps, i)
		if len(held) == 0 {
			return HopEvidence{}, false
		}
		return HopEvidence{Held: p.names(held), Next: p.names(next), Took: s.Middle - s.Greylisted, Of: c.Outcome.Latency.Max}, true
	}
	return HopEvidence{}, false
}

// holders is who had a message during a step, and who had it next, of the components
// of its route. What lies between the two on the path and left no stamp may have had it
// as well. A host that no component claims may belong to the one that had the message
// last before it, to the one that had it next, or to one between. One that another route's
// component claims is none of them, so there is nobody to name. If the one that ends the
// step is none of the path, it may be any of those that left no stamp, so all that is
// known is that it had the message next.
func (p *paths) holders(path []int, steps []trace.Step, i int) (held, next []int) {
	from := none
	for j := i; j >= 0 && from == none; j-- {
		from = p.on(path, steps[j].Component)
	}
	unclaimed := steps[i].Component == trace.Other
	if from == none || !unclaimed && p.on(path, steps[i].Component) == none {
		return nil, nil
	}
	to := p.on(path, steps[i].Next)
	strange := to == none && steps[i].Next != ""
	for j := i; to == none && j < len(steps) && steps[j].Next != ""; j++ {
		to = p.on(path, steps[j].Next)
	}
	end := len(path)
	if to != none {
		end = to
	}
	var silent []int
	for k := from + 1; k < end; k++ {
		if !slices.ContainsFunc(steps, func(s trace.Step) bool { return p.on(path, s.Component) == k || p.on(path, s.Next) == k }) {
			silent = append(silent, path[k])
		}
	}
	held = []int{path[from]}
	switch {
	case unclaimed && to != none && to != from:
		return append(append(held, silent...), path[to]), nil
	case unclaimed:
	case strange:
		return held, silent
	case to != none && to != from:
		next = []int{path[to]}
	}
	return append(held, silent...), next
}

// on is where a component stands on a path, or none.
func (p *paths) on(path []int, component string) int {
	c, known := p.component[component]
	if !known {
		return none
	}
	return slices.Index(path, c)
}

// waitedAt is where all late mail of a trouble has waited that tells of it; nil if it
// tells of several places, or of none.
func (t *trouble) waitedAt(records []record) []string {
	var held []string
	for _, i := range t.involved {
		for _, w := range records[i].waits {
			switch {
			case !t.during(w.slot):
			case held == nil:
				held = w.Held
			case !slices.Equal(held, w.Held):
				return nil
			}
		}
	}
	return held
}
