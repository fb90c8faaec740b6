package probe

import (
	"maps"
	"slices"
	"time"
)

// wide is the width of an arrival's interval from which on the server's own stamp,
// which names a second, says more than the look: nobody was looking at the time.
const wide = 2 * time.Second

// arrival is the outcome of a message that was seen.
func arrival(fl *flight) Outcome {
	absent := fl.seen.Absent
	began := fl.began()
	o := Outcome{
		Status:  Delivered,
		Began:   began,
		Latency: Interval{Min: max(0, absent.Sub(began)), Max: fl.seen.Present.Sub(began)},
		Place:   fl.seen.Place,
		Folder:  fl.seen.Ref.Folder,
		Mailbox: fl.seen.Mailbox,
		Carrier: fl.seen.Carrier,
		Trail:   fl.seen.Trail,
		Altered: fl.seen.Altered,
		Source:  ByLook,
	}
	o.Observed = o.Latency.Max
	// INTERNALDATE is the second in which the message came: its end, so that
	// the point is never before the arrival.
	if stamp := fl.seen.Internal.Add(time.Second).Sub(began); o.Latency.Width() > wide && !fl.seen.Internal.IsZero() &&
		stamp >= o.Latency.Min && stamp <= o.Latency.Max {
		o.Observed, o.Source = stamp, ByInternalDate
	}
	// A stamp beyond the deadline counts for nothing, being of a foreign clock, but
	// it would be a lie to call such a message delivered in time.
	if fl.missed || o.Source == ByInternalDate && o.Observed-time.Second > fl.LateAfter {
		o.Status = Late
	}
	return o
}

// Due gives the events for the deadlines that have passed: a deadline counts only
// when a complete look, begun after it, has not found the message. They are given
// again until they are applied.
func (t *Tracker) Due(now time.Time) []Event {
	var all []*flight
	for _, m := range t.mailboxes {
		all = append(all, m.due()...)
	}
	slices.SortFunc(all, bySending)
	due := make([]Event, 0, len(all))
	for _, fl := range all {
		if fl.missed {
			due = append(due, Event{At: now, Fact: Expired{fl.ID}})
		} else {
			due = append(due, Event{At: now, Fact: MissedDeadline{fl.ID}})
		}
	}
	return due
}

// Orphans gives the events for messages that an earlier process has left behind
// and that nobody can tell about: the attempt has not ended, or the mailbox is not
// watched any more, in which case they end at once. It is asked when a journal has
// been replayed and before anything is sent.
func (t *Tracker) Orphans(now time.Time, watched func(mailbox string) bool) []Event {
	var orphans, given []Event
	for _, fl := range slices.SortedFunc(maps.Values(t.flights), bySending) {
		if !fl.orphaned && (fl.attempt == nil || !watched(fl.Mailbox)) {
			orphans = append(orphans, Event{At: now, Fact: Orphaned{fl.ID}})
		}
		if !watched(fl.Mailbox) {
			given = append(given, Event{At: now, Fact: Expired{fl.ID}})
		}
	}
	return append(orphans, given...)
}

// InFlight counts the messages that have no outcome yet.
func (t *Tracker) InFlight() int { return len(t.flights) }

// Undecided counts the messages in flight that have neither arrived nor missed
// their deadline; those into mailboxes that cannot be watched only if blind.
func (t *Tracker) Undecided(blind bool) int {
	n := 0
	for _, fl := range t.flights {
		if !fl.missed && (blind || !t.mailbox(fl.Mailbox).blind) {
			n++
		}
	}
	return n
}

// move moves the times of what is in flight: from here on times go by a wall clock
// that was moved by that much.
func (t *Tracker) move(by time.Duration) {
	for _, fl := range t.flights {
		fl.at, fl.first, fl.again = moved(fl.at, by), moved(fl.first, by), moved(fl.again, by)
		if fl.attempt != nil {
			attempt := *fl.attempt
			attempt.Began = moved(attempt.Began, by)
			fl.attempt = &attempt
		}
		if fl.seen != nil {
			seen := *fl.seen
			seen.Absent, seen.Present = moved(seen.Absent, by), moved(seen.Present, by)
			fl.seen = &seen
		}
	}
	for _, m := range t.mailboxes {
		m.looked = moved(m.looked, by)
		m.stale = true
	}
	for _, old := range t.settled {
		old.at = moved(old.at, by)
	}
	for route, last := range t.newest {
		last.began, last.present = moved(last.began, by), moved(last.present, by)
		t.newest[route] = last
	}
}

// moved is a time moved; no time stays none.
func moved(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}
