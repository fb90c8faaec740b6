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
}

// flight is one message in flight.
type flight struct {
	Sending
	at       time.Time  // of the Sending event
	attempt  *Attempted // nil until it has ended
	orphaned bool       // nobody can tell what became of it
	seen     *Seen      // seen before the attempt's end was known
	missed   bool
	copies   copies
}

// ended is what is remembered of a settled message.
type ended struct {
	message Sending
	status  Status
	at      time.Time
	copies  copies // none: it was never seen
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
	fl.attempt = &f
	t.mailbox(fl.Mailbox).stale = true
	changes := []Change{Answered{Origin: e.Origin(), Message: fl.Sending, Attempt: f}}
	switch {
	case fl.seen != nil:
		changes = append(changes, t.arrive(e, fl))
	case f.Result == Refused && f.Reply != nil && f.Reply.Temporary():
		changes = append(changes, t.settle(e, fl, Outcome{Status: Deferred}))
	case f.Result == Refused:
		changes = append(changes, t.settle(e, fl, Outcome{Status: Rejected}))
	case f.Result == NotSent:
		changes = append(changes, t.settle(e, fl, Outcome{Status: Unsent}))
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
	if fl.seen != nil {
		changes = append(changes, t.arrive(e, fl))
	}
	return changes
}

func (t *Tracker) seen(e Event, f Seen) []Change {
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
		return []Change{Contradicted{Origin: e.Origin(), Message: old.message, Told: old.status, Place: PlaceOf(f.Ref.Folder)}}
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
	}
	return []Change{missed}
}

func (t *Tracker) expired(e Event, id ID) []Change {
	fl := t.flights[id]
	if fl == nil || fl.seen != nil {
		return nil
	}
	if fl.attempt != nil && fl.attempt.Result == Accepted && !fl.orphaned {
		return []Change{t.settle(e, fl, Outcome{Status: Lost})}
	}
	return []Change{t.settle(e, fl, Outcome{Status: Uncertain})}
}

// arrive settles a message that was seen.
func (t *Tracker) arrive(e Event, fl *flight) Change {
	return t.settle(e, fl, arrival(fl))
}

// settle ends a message.
func (t *Tracker) settle(e Event, fl *flight, o Outcome) Settled {
	o.Missed, o.Orphaned, o.Attempt = fl.missed, fl.orphaned, fl.attempt
	if fl.attempt != nil {
		o.Tries = 1
	}
	if t.flights[fl.ID] != nil { // not one that is adopted
		t.pile(fl.Sending, -1)
	}
	delete(t.flights, fl.ID)
	t.mailbox(fl.Mailbox).remove(fl)
	t.remember(&ended{message: fl.Sending, status: o.Status, at: e.At, copies: fl.copies})
	return Settled{Origin: e.Origin(), Message: fl.Sending, Outcome: o}
}

// absentFor is how long a message that did not arrive is remembered: queues keep
// mail for days (RFC 5321 section 4.5.4.1) before they give up.
const absentFor = 7 * 24 * time.Hour

// remember keeps a settled message for as long as another copy of it, or the
// message itself, may still turn up, and forgets older ones. A message forgotten
// is never counted again: it was sent after the journal began.
func (t *Tracker) remember(end *ended) {
	t.settled[end.message.ID] = end
	if end.status.Arrived() {
		t.arrived = append(t.arrived, end.message.ID)
	} else {
		t.absent = append(t.absent, end.message.ID)
	}
	t.arrived = t.forget(t.arrived, end.at, 0)
	t.absent = t.forget(t.absent, end.at, absentFor)
}

// maxRemembered bounds, at each, how many messages that arrived, and that did not,
// are remembered.
const maxRemembered = 100_000

// forget drops the messages at the front that are old enough.
func (t *Tracker) forget(ids []ID, now time.Time, atLeast time.Duration) []ID {
	for len(ids) > 0 {
		oldest := t.settled[ids[0]]
		if len(ids) <= maxRemembered && now.Sub(oldest.at) <= max(oldest.message.LostAfter, atLeast) {
			break
		}
		delete(t.settled, ids[0])
		ids = ids[1:]
	}
	return ids
}
