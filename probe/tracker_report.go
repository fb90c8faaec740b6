package probe

import "slices"

// reports are the reports about one message that are accounted for, by their sums.
type reports []uint64

// maxReports bounds how many reports about one message count. A loop of answers would
// have no end.
const maxReports = 32

// add takes a report in, and tells whether it is new.
func (r *reports) add(f Reported) bool {
	if !r.isNews(f) {
		return false
	}
	*r = append(*r, f.Sum)
	return true
}

func (r *reports) isNews(f Reported) bool {
	return len(*r) < maxReports && !slices.Contains(*r, f.Sum)
}

// reportsOn are the reports about a message, and whether the message is known.
func (t *Tracker) reportsOn(id ID) (*reports, bool) {
	if fl := t.flights[id]; fl != nil {
		return &fl.reports, true
	}
	if old := t.settled[id]; old != nil {
		return &old.reports, true
	}
	return nil, false
}

// NewsReport tells whether a report would change anything: it does not if it is
// accounted for, or if nobody knows the message any more.
func (t *Tracker) NewsReport(f Reported) bool {
	r, known := t.reportsOn(f.ID)
	return known && r.isNews(f)
}

// reported takes in a report. It ends a message that is in flight if it says that this
// was given up. One that has ended stays what was told: that it was lost is no less
// true when a queue gives it up days later.
func (t *Tracker) reported(e Event, f Reported) []Change {
	r, known := t.reportsOn(f.ID)
	if !known || !r.add(f) {
		return nil
	}
	seen := ReportSeen{Origin: e.Origin(), Report: f.Report, Mailbox: f.Mailbox}
	if old := t.settled[f.ID]; old != nil {
		seen.Message, seen.Told = old.message, old.status
		return []Change{seen}
	}
	fl := t.flights[f.ID]
	seen.Message = fl.Sending
	changes := []Change{seen}
	switch {
	case f.Report.Kind != ReportFailed, fl.seen != nil:
	case fl.attempt == nil && !fl.orphaned:
		fl.report = &f.Report // the report was faster than the reply
	case fl.again.IsZero():
		changes = append(changes, t.settle(e, fl, Outcome{Status: Bounced, Report: &f.Report}))
	}
	return changes
}
