package probe

import (
	"cmp"
	"slices"
	"time"
)

// mailboxState is what the events say about a mailbox.
type mailboxState struct {
	looked  time.Time // the last complete look began then
	blind   bool
	flights []*flight // in the order of their sending

	deadline time.Time // the next one that no look has decided; zero: there is none
	stale    bool      // the deadline must be found anew
	retried  bool      // one of the flights has been tried more than once
}

// bySending orders messages by when they were sent.
func bySending(a, b *flight) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.ID, b.ID)) }

// add takes a message in; nearly always it is the youngest.
func (m *mailboxState) add(fl *flight) {
	i, _ := slices.BinarySearchFunc(m.flights, fl, bySending)
	m.flights = slices.Insert(m.flights, i, fl)
	m.stale = true
}

// remove takes a message out, if it is there.
func (m *mailboxState) remove(fl *flight) {
	if i, found := slices.BinarySearchFunc(m.flights, fl, bySending); found {
		m.flights = slices.Delete(m.flights, i, i+1)
		m.retried = m.retried && len(m.flights) > 0
	}
	m.stale = true
}

// due gives the messages whose deadline the last look has decided, oldest first.
func (m *mailboxState) due() []*flight {
	if next := m.next(); next.IsZero() || m.looked.Before(next) {
		return nil
	}
	var due []*flight
	for _, fl := range m.flights {
		if d := fl.nextDeadline(); !d.IsZero() && !m.looked.Before(d) {
			due = append(due, fl)
		}
	}
	return due
}

// next is the earliest deadline of the messages in flight, decided or not.
func (m *mailboxState) next() time.Time {
	if m.stale {
		m.stale, m.deadline = false, time.Time{}
		for _, fl := range m.flights {
			if d := fl.nextDeadline(); !d.IsZero() && (m.deadline.IsZero() || d.Before(m.deadline)) {
				m.deadline = d
			}
		}
	}
	return m.deadline
}

// undecided is the next deadline that no look has decided.
func (m *mailboxState) undecided() time.Time {
	if next := m.next(); next.IsZero() || m.looked.Before(next) {
		return next
	}
	// Decided ones wait for their event only: it is on its way.
	var undecided time.Time
	for _, fl := range m.flights {
		if d := fl.nextDeadline(); m.looked.Before(d) && (undecided.IsZero() || d.Before(undecided)) {
			undecided = d
		}
	}
	return undecided
}

// unseen calls f with the messages that a mailbox is waited for, the youngest first,
// as long as it wants more.
func (t *Tracker) unseen(mailbox string, f func(*flight) (more bool)) {
	for _, fl := range slices.Backward(t.mailbox(mailbox).flights) {
		if fl.seen == nil && !f(fl) {
			return
		}
	}
}

// OldestUnseen is when the oldest message was sent that a mailbox is waited for; zero:
// none is.
func (e *Engine) OldestUnseen(mailbox string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	if fl := e.tracker.oldestUnseen(mailbox); fl != nil {
		return fl.at
	}
	return time.Time{}
}

// oldestUnseen is the first sent of the messages that a mailbox is waited for; nil: none is.
func (t *Tracker) oldestUnseen(mailbox string) *flight {
	flights := t.mailbox(mailbox).flights
	if i := slices.IndexFunc(flights, func(fl *flight) bool { return fl.seen == nil }); i >= 0 {
		return flights[i]
	}
	return nil
}

// Waited tells whether a mailbox is waited for: a message into it was not seen yet.
func (t *Tracker) Waited(mailbox string) bool {
	waited := false
	t.unseen(mailbox, func(*flight) bool { waited = true; return false })
	return waited
}

// Deadline is the next deadline of the messages into a mailbox that no look has
// decided; zero: there is none.
func (t *Tracker) Deadline(mailbox string) time.Time { return t.mailbox(mailbox).undecided() }

// Decides tells whether a complete look that began then must be journaled: it is
// the first after a deadline of a message in flight, or the first after Blind.
func (t *Tracker) Decides(mailbox string, began time.Time) bool {
	m := t.mailbox(mailbox)
	if m.blind || m.looked.IsZero() {
		return true
	}
	d := m.undecided()
	return !d.IsZero() && !began.Before(d)
}

// Assessed tells whether a mailbox has been looked at, or is known to be blind.
func (t *Tracker) Assessed(mailbox string) bool {
	m := t.mailbox(mailbox)
	return m.blind || !m.looked.IsZero()
}
