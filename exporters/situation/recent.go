package situation

import (
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// Of so many messages the end is kept, and of each so many hops: their number comes from mail.
const (
	maxRecent = 200
	maxHops   = 30
)

// recent is the last messages that ended: a ring.
type recent struct {
	ring  []Outcome
	newer int // where the next one goes once it is full
}

func (r *recent) settled(c probe.Settled) {
	o := Outcome{
		At: c.At, ID: c.Message.ID.String(), Route: c.Message.Route, Purpose: string(c.Message.Purpose), Status: c.Outcome.Status,
		Place: string(c.Outcome.Place), Reason: CleanLine(reasonOf(c.Outcome), maxReason),
	}
	if c.Outcome.Status.Arrived() {
		o.Latency = c.Outcome.Observed.Seconds()
	}
	if len(r.ring) < maxRecent {
		r.ring = append(r.ring, o)
		return
	}
	r.ring[r.newer] = o
	r.newer = (r.newer + 1) % maxRecent
}

// reasonOf is what was said about a message that did not arrive in time.
func reasonOf(o probe.Outcome) string {
	a := o.Attempt
	switch {
	case o.Status == probe.Delivered:
		return ""
	case o.Report != nil && o.Report.Said() != "":
		return o.Report.Said()
	case a == nil:
		return ""
	case a.Problem != "":
		return a.Problem
	case a.Reply != nil:
		return a.Reply.String()
	}
	return ""
}

// traced takes in the way of a message, which follows its end.
func (r *recent) traced(c trace.Traced) {
	id := c.Message.ID.String()
	for n := range len(r.ring) {
		o := &r.ring[(r.newer+len(r.ring)-1-n)%len(r.ring)]
		if o.ID != id {
			continue
		}
		o.Hops = hopsOf(c.Steps)
		return
	}
}

// hopsOf are the servers that had a message. The first step is ours, and none.
func hopsOf(steps []trace.Step) []Hop {
	var hops []Hop
	for _, s := range steps {
		if s.Component == "" && s.Host == "" || len(hops) == maxHops {
			continue
		}
		hops = append(hops, Hop{
			Host: CleanLine(s.Host, maxName), Component: s.Component, Least: s.Took.Min.Seconds(), Most: s.Took.Max.Seconds(),
		})
	}
	return hops
}

func (r *recent) newestFirst() []Outcome {
	all := make([]Outcome, 0, len(r.ring))
	for n := range len(r.ring) {
		all = append(all, r.ring[(r.newer+len(r.ring)-1-n)%len(r.ring)])
	}
	return all
}
