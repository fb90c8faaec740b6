package probe

import (
	"time"
)

// Tracker knows every message that is in flight, and the recent ones that are
// not. It has no clock, no goroutine and no I/O: it is what the events make it,
// so a replay of the journal rebuilds it. It is not safe for concurrent use.
//
// Its law: sent + adopted = settled + in flight.
type Tracker struct {
	began     time.Time        // the journal's beginning
	probes    map[string]Probe // by route and payload, for adoption
	flights   map[ID]*flight   // in flight
	inFlight  map[string]int   // of flights, by route: those that should be delivered
	mailboxes map[string]*mailboxState
	settled   map[ID]*ended
	arrived   []ID // of settled, in the order in which they are forgotten
	absent    []ID // the same, of those that did not arrive
	adopted   map[ID]time.Time
	queue     map[ID]*flight         // to be tried again
	newest    map[string]lastArrival // by route
}

// NewTracker makes the tracker of a journal that was begun at a time; it adopts
// unknown messages of the probes given.
func NewTracker(began time.Time, probes []Probe) *Tracker {
	t := &Tracker{
		began:     began,
		probes:    make(map[string]Probe, len(probes)),
		flights:   make(map[ID]*flight),
		inFlight:  make(map[string]int),
		mailboxes: make(map[string]*mailboxState),
		settled:   make(map[ID]*ended),
		adopted:   make(map[ID]time.Time),
		queue:     make(map[ID]*flight),
		newest:    make(map[string]lastArrival),
	}
	for _, p := range probes {
		t.probes[p.Route.Name+" "+p.Payload.Name()] = p
	}
	return t
}

// Apply takes in one event and returns what it changed. An event that has been
// applied before changes nothing.
func (t *Tracker) Apply(e Event) []Change {
	switch f := e.Fact.(type) {
	case Sending:
		return t.sending(e, f)
	case Attempted:
		return t.attempted(e, f)
	case Retrying:
		return t.retrying(e, f)
	case GaveUp:
		return t.gaveUp(e, f.ID)
	case Reported:
		return t.reported(e, f)
	case Seen:
		return t.seen(e, f)
	case Orphaned:
		return t.orphaned(e, f.ID)
	case MissedDeadline:
		return t.missedDeadline(e, f.ID)
	case Expired:
		return t.expired(e, f.ID)
	case Looked:
		m := t.mailbox(f.Mailbox)
		m.looked, m.blind = f.Began, false
		return []Change{MailboxLooked{Origin: e.Origin(), Mailbox: f.Mailbox, Looks: f.Looks}}
	case Blind:
		t.mailbox(f.Mailbox).blind = true
		return []Change{MailboxBlind{Origin: e.Origin(), Mailbox: f.Mailbox, Problem: f.Problem}}
	case SlotsMissed:
		return []Change{Missed{Origin: e.Origin(), SlotsMissed: f}}
	case SlotsSkipped:
		return []Change{Skipped{Origin: e.Origin(), SlotsSkipped: f}}
	case Suspected:
		return []Change{Suspicion{Origin: e.Origin(), Suspected: f}}
	case FindingChanged:
		return []Change{Found{Origin: e.Origin(), Finding: Finding(f)}}
	case ClockStepped:
		if f.Between {
			t.move(f.By)
		}
		return []Change{ClockMoved{Origin: e.Origin(), ClockStepped: f}}
	case Note:
		return []Change{Noted{Origin: e.Origin(), Note: f}}
	case Maintenance:
		return []Change{MaintenanceTold{Origin: e.Origin(), Maintenance: f}}
	case IncidentChanged:
		return []Change{IncidentTold{Origin: e.Origin(), IncidentChanged: f}}
	case Totals:
		return []Change{DayTold{Origin: e.Origin(), Totals: f}}
	}
	return nil
}

func (t *Tracker) mailbox(name string) *mailboxState {
	m := t.mailboxes[name]
	if m == nil {
		m = new(mailboxState)
		t.mailboxes[name] = m
	}
	return m
}

func (t *Tracker) sending(e Event, f Sending) []Change {
	if t.knows(f.ID) {
		return nil
	}
	fl := &flight{Sending: f, at: e.At}
	t.flights[f.ID] = fl
	t.pile(f, 1)
	t.mailbox(f.Mailbox).add(fl)
	return []Change{Sent{Origin: e.Origin(), Message: f}}
}

// pile counts a message in flight that should be delivered. What should be stopped on
// its way stays in flight for hours and piles up nowhere.
func (t *Tracker) pile(m Sending, n int) {
	if m.Expect == ExpectDelivered {
		t.inFlight[m.Route] += n
	}
}

func (t *Tracker) knows(id ID) bool {
	_, settled := t.settled[id]
	return settled || t.flights[id] != nil
}

// holds tells whether the events about a message are needed: it is in flight, or it
// has not arrived and may be found yet.
func (t *Tracker) holds(id ID) bool {
	old := t.settled[id]
	return t.flights[id] != nil || old != nil && !old.status.Arrived()
}

func (t *Tracker) attempted(e Event, f Attempted) []Change {
	fl := t.flights[f.ID]
	if fl == nil || fl.attempt != nil {
		return nil
	}
	fl.ended(f)
	t.mailbox(fl.Mailbox).stale = true
	if fl.seen == nil {
		t.enqueue(e, fl)
	}
	changes := []Change{Answered{Origin: e.Origin(), Message: fl.Sending, Attempt: f, Tries: fl.tries, Again: fl.again}}
	if end, ended := fl.end(); ended {
		changes = append(changes, t.settle(e, fl, end))
	}
	return changes
}

func (t *Tracker) orphaned(e Event, id ID) []Change {
	fl := t.flights[id]
	if fl == nil || fl.orphaned {
		return nil
	}
	fl.orphaned = true
	t.mailbox(fl.Mailbox).stale = true
	changes := []Change{AttemptLost{Origin: e.Origin(), Message: fl.Sending}}
	switch {
	case fl.seen != nil:
		changes = append(changes, t.arrive(e, fl))
	case fl.report != nil:
		changes = append(changes, t.settle(e, fl, Outcome{Status: Bounced, Report: fl.report}))
	}
	return changes
}

func (t *Tracker) seen(e Event, f Seen) []Change {
	if f.Place == "" {
		f.Place = PlaceOf(f.Ref.Folder)
	}
	if !t.News(f, e.At) {
		return nil
	}
	fl := t.flights[f.ID]
	if fl == nil {
		if old, settled := t.settled[f.ID]; settled {
			return t.seenAgain(e, f, old)
		}
		return t.adopt(e, f)
	}
	fl.copies.add(f)
	if fl.seen != nil {
		return []Change{Duplicated{Origin: e.Origin(), Message: fl.Sending, Folder: f.Ref.Folder}}
	}
	// The look that found it may be journaled before the attempt's end: what earlier
	// looks say of its absence is taken now.
	if looked := t.mailbox(f.Mailbox).looked; f.Absent.IsZero() || looked.After(f.Absent) && looked.Before(f.Present) {
		f.Absent = looked
	}
	fl.seen = &f
	t.mailbox(fl.Mailbox).stale = true
	if fl.attempt == nil && !fl.orphaned {
		return nil // the look was faster than the reply
	}
	return []Change{t.arrive(e, fl)}
}

// seenAgain takes in a copy of a settled message that was not known before.
func (t *Tracker) seenAgain(e Event, f Seen, old *ended) []Change {
	first := len(old.copies) == 0
	old.copies.add(f)
	if first && !old.status.Arrived() {
		return []Change{Contradicted{Origin: e.Origin(), Message: old.message, Told: old.status, Place: f.Place}}
	}
	// What a filter kept back and somebody let go comes once more, and is the same.
	if old.kept && f.Place != Quarantine {
		old.kept = false
		return nil
	}
	return []Change{Duplicated{Origin: e.Origin(), Message: old.message, Folder: f.Ref.Folder}}
}

func (t *Tracker) missedDeadline(e Event, id ID) []Change {
	fl := t.flights[id]
	if fl == nil || fl.missed || fl.seen != nil {
		return nil
	}
	fl.missed = true
	t.mailbox(fl.Mailbox).stale = true
	missed := DeadlineMissed{Origin: e.Origin(), Message: fl.Sending}
	if a := fl.attempt; a != nil && !fl.orphaned {
		missed.Certain = a.Result == Accepted
		missed.Cut = a.Result == Unknown && !a.Ours
		missed.Deferred = a.Result == Refused
	}
	fl.counted = missed.Certain || missed.Deferred
	return []Change{missed}
}

func (t *Tracker) expired(e Event, id ID) []Change {
	fl := t.flights[id]
	if fl == nil || fl.seen != nil {
		return nil
	}
	if a := fl.attempt; a != nil && !fl.orphaned {
		switch a.Result {
		case Accepted:
			return []Change{t.settle(e, fl, Outcome{Status: Lost})}
		case Refused:
			return []Change{t.settle(e, fl, Outcome{Status: Deferred})}
		}
	}
	return []Change{t.settle(e, fl, Outcome{Status: Uncertain})}
}

// arrive settles a message that was seen.
func (t *Tracker) arrive(e Event, fl *flight) Change {
	return t.settle(e, fl, arrival(fl))
}

// settle ends a message.
func (t *Tracker) settle(e Event, fl *flight, o Outcome) Settled {
	o.Missed, o.Counted, o.Orphaned, o.Attempt, o.Tries = fl.missed, fl.counted, fl.orphaned, fl.attempt, fl.tries
	if fl.tries > 1 && fl.attempt != nil {
		o.Deferred = fl.attempt.Began.Sub(fl.first)
	}
	if o.Status.Arrived() && !o.Adopted {
		o.Reordered = t.reordered(fl)
	}
	if t.flights[fl.ID] != nil { // not one that is adopted
		t.pile(fl.Sending, -1)
	}
	delete(t.flights, fl.ID)
	delete(t.queue, fl.ID)
	t.mailbox(fl.Mailbox).remove(fl)
	t.remember(&ended{message: fl.Sending, status: o.Status, kept: o.Place == Quarantine, at: e.At, copies: fl.copies, reports: fl.reports})
	return Settled{Origin: e.Origin(), Message: fl.Sending, Outcome: o}
}
