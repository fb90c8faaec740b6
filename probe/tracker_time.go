package probe

import (
	"cmp"
	"slices"
	"time"
)

// wide is the width of an arrival's interval from which on the server's own stamp,
// which names a second, says more than the look: nobody was looking at the time.
const wide = 2 * time.Second

// began is when a message's latency began.
func (fl *flight) began() time.Time {
	if fl.attempt != nil {
		return fl.attempt.Began
	}
	return fl.at
}

// arrival is the outcome of a message that was seen. looked is the beginning of
// the last journaled look at its mailbox that did not find it.
func arrival(fl *flight, looked time.Time) Outcome {
	absent := fl.seen.Absent
	if absent.IsZero() || (looked.After(absent) && looked.Before(fl.seen.Present)) {
		absent = looked
	}
	began := fl.began()
	o := Outcome{
		Status:  Delivered,
		Latency: Interval{Min: max(0, absent.Sub(began)), Max: fl.seen.Present.Sub(began)},
		Place:   PlaceOf(fl.seen.Ref.Folder),
		Folder:  fl.seen.Ref.Folder,
		Carrier: fl.seen.Carrier,
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

// nextDeadline is the next moment after which a look decides about the message;
// zero while its attempt goes on.
func (fl *flight) nextDeadline() time.Time {
	switch {
	case fl.seen != nil, fl.attempt == nil && !fl.orphaned:
		return time.Time{}
	case fl.missed:
		return fl.began().Add(fl.LostAfter)
	}
	return fl.began().Add(fl.LateAfter)
}

// Due gives the events for the deadlines that have passed: a deadline counts only
// when a complete look, begun after it, has not found the message. They are given
// again until they are applied.
func (t *Tracker) Due(now time.Time) []Event {
	var due []Event
	for _, m := range t.mailboxes {
		for id, fl := range m.flights {
			deadline := fl.nextDeadline()
			if deadline.IsZero() || m.looked.Before(deadline) {
				continue
			}
			if fl.missed {
				due = append(due, Event{At: now, Fact: Expired{id}})
			} else {
				due = append(due, Event{At: now, Fact: MissedDeadline{id}})
			}
		}
	}
	t.inOrder(due)
	return due
}

// inOrder sorts events about messages in flight by when those were sent, whatever
// the order of the map they were found in.
func (t *Tracker) inOrder(events []Event) {
	slices.SortFunc(events, func(a, b Event) int {
		fa, fb := t.flights[idOf(a.Fact)], t.flights[idOf(b.Fact)]
		return cmp.Or(fa.at.Compare(fb.at), cmp.Compare(fa.ID, fb.ID))
	})
}

func idOf(f Fact) ID {
	switch f := f.(type) {
	case MissedDeadline:
		return f.ID
	case Expired:
		return f.ID
	case Orphaned:
		return f.ID
	}
	return 0
}

// Orphans gives the events for messages that an earlier process has left behind
// and that nobody can tell about: the attempt has not ended, or the mailbox is not
// watched any more, in which case they end at once. It is asked when a journal has
// been replayed and before anything is sent.
func (t *Tracker) Orphans(now time.Time, watched func(mailbox string) bool) []Event {
	var orphans, given []Event
	for id, fl := range t.flights {
		if !fl.orphaned && (fl.attempt == nil || !watched(fl.Mailbox)) {
			orphans = append(orphans, Event{At: now, Fact: Orphaned{id}})
		}
		if !watched(fl.Mailbox) {
			given = append(given, Event{At: now, Fact: Expired{id}})
		}
	}
	t.inOrder(orphans)
	t.inOrder(given)
	return append(orphans, given...)
}

// InFlight counts the messages that have no outcome yet.
func (t *Tracker) InFlight() int { return len(t.flights) }

// Waiting is what a mailbox is waited for.
type Waiting struct {
	Messages int
	Youngest time.Time // the last of them was sent then
	Deadline time.Time // the next deadline that no look has decided; zero if none
}

// Waiting says what a mailbox is waited for.
func (t *Tracker) Waiting(mailbox string) Waiting {
	var w Waiting
	m := t.mailbox(mailbox)
	for _, fl := range m.flights {
		if fl.seen != nil {
			continue
		}
		w.Messages++
		if fl.at.After(w.Youngest) {
			w.Youngest = fl.at
		}
		// A deadline that a look has decided waits for its event only.
		if d := fl.nextDeadline(); m.looked.Before(d) && (w.Deadline.IsZero() || d.Before(w.Deadline)) {
			w.Deadline = d
		}
	}
	return w
}

// Decides tells whether a complete look that began then must be journaled: it is
// the first after a deadline of a message in flight, or the first after Blind.
func (t *Tracker) Decides(mailbox string, began time.Time) bool {
	m := t.mailbox(mailbox)
	if m.blind || m.looked.IsZero() {
		return true
	}
	d := t.Waiting(mailbox).Deadline
	return !d.IsZero() && !began.Before(d)
}

// Assessed tells whether a mailbox has been looked at, or is known to be blind.
func (t *Tracker) Assessed(mailbox string) bool {
	m := t.mailbox(mailbox)
	return m.blind || !m.looked.IsZero()
}

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

// News tells whether a sighting would change anything. It would not if that copy is
// accounted for, if nobody can say any more what it is a copy of, or if it is in
// another mailbox than the one the message was sent to: what comes back to a
// sender has not arrived.
func (t *Tracker) News(f Seen, now time.Time) bool {
	if fl := t.flights[f.ID]; fl != nil {
		return fl.Mailbox == f.Mailbox && !slices.Contains(fl.chains, f.Chain)
	}
	if old := t.settled[f.ID]; old != nil {
		return old.message.Mailbox == f.Mailbox && !slices.Contains(old.chains, f.Chain)
	}
	_, adopted := t.adoptable(f, now)
	return adopted
}
