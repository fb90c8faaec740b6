package diagnosis

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// returned is a message that came back, or that somebody holds, by the last report about it.
type returned struct {
	id   probe.ID
	slot time.Time
	BounceEvidence
}

// reported takes in a report about a message that has not arrived.
func (m *Monitor) reported(c trace.Reported) {
	r := m.record(c.Message)
	if r == nil || c.Told.Arrived() {
		return
	}
	one := returned{c.Message.ID, c.Message.Slot, BounceEvidence{
		Route: c.Message.Route, Reporting: c.Reporting, Remote: c.Remote,
		Status: c.Report.Status, Text: c.Report.Said(), Delayed: c.Report.Kind == probe.ReportDelayed,
	}}
	if f := r.flight(one.id); f != nil { // the clock may have been moved since it was sent
		one.slot = f.slot
	}
	r.keep(one)
	if m.trouble != nil {
		m.trouble.news = true
	}
}

// keep keeps a report in the order of the messages' sending, those about as many messages
// as count. That a message was given up stays true whatever is told of it later.
func (r *record) keep(one returned) {
	if i := slices.IndexFunc(r.returned, func(known returned) bool { return known.id == one.id }); i >= 0 {
		if one.Delayed && !r.returned[i].Delayed {
			return
		}
		r.returned = slices.Delete(r.returned, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(r.returned, one.slot, func(known returned, slot time.Time) int {
		return min(1, 2*known.slot.Compare(slot)+1) // behind those of the same time
	})
	r.returned = slices.Insert(r.returned, i, one)
	if len(r.returned) > window {
		r.returned = slices.Delete(r.returned, 0, 1)
	}
}

// forget drops what was reported of a message that has arrived.
func (r *record) forget(id probe.ID) {
	r.returned = slices.DeleteFunc(r.returned, func(known returned) bool { return known.id == id })
}

// bounces is what the reports about the messages sent since a time say. Of several that
// say the same of the same, the words of the last one are kept.
func (r *record) bounces(since time.Time) []BounceEvidence {
	var all []BounceEvidence
	for _, one := range r.returned {
		if one.slot.Before(since) {
			continue
		}
		said := one.BounceEvidence
		i := slices.IndexFunc(all, func(known BounceEvidence) bool {
			known.Text, known.Messages = said.Text, said.Messages
			return known == said
		})
		if i < 0 {
			i, all = len(all), append(all, said)
		}
		all[i].Text = said.Text
		all[i].Messages++
	}
	return all
}

// reportedNext tells whether a message ends by the report about it: what that tells
// belongs to what follows from the end.
func reportedNext(c probe.Change) bool {
	r, ok := c.(trace.Reported)
	return ok && r.Report.Kind == probe.ReportFailed && r.Told == ""
}
