package probe

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// enqueue has a message whose attempt has ended tried again, if it was refused for now
// and its route has tries left.
func (t *Tracker) enqueue(e Event, fl *flight) {
	a := fl.attempt
	if a.Result != Refused || a.Reply == nil || !a.Reply.Temporary() || fl.tries > len(fl.Retry) || fl.orphaned {
		return
	}
	fl.again = e.At.Add(fl.Retry[fl.tries-1])
	t.queue[fl.ID] = fl
}

// retrying takes in that a message is being handed over once more: nobody knows how
// that ends until it has.
func (t *Tracker) retrying(e Event, f Retrying) []Change {
	fl := t.queue[f.ID]
	if fl == nil || f.Try != fl.tries+1 {
		return nil
	}
	fl.attempt, fl.again = nil, time.Time{}
	delete(t.queue, f.ID)
	m := t.mailbox(fl.Mailbox)
	m.stale, m.retried = true, true
	return []Change{TriedAgain{Origin: e.Origin(), Message: fl.Sending, Try: f.Try}}
}

// gaveUp ends a message that was to be tried again.
func (t *Tracker) gaveUp(e Event, id ID) []Change {
	fl := t.queue[id]
	if fl == nil {
		return nil
	}
	fl.again = time.Time{}
	return []Change{t.settle(e, fl, Outcome{Status: Deferred})}
}

// retry is a message to be tried again.
type retry struct {
	message Sending
	sent    time.Time // of its Sending event
	first   time.Time // its first attempt began then
	try     int
	at      time.Time
}

// retries gives the messages that are to be tried again, the next first.
func (t *Tracker) retries() []retry {
	var all []retry
	for _, fl := range slices.SortedFunc(maps.Values(t.queue), func(a, b *flight) int {
		return cmp.Or(a.again.Compare(b.again), bySending(a, b))
	}) {
		all = append(all, retry{message: fl.Sending, sent: fl.at, first: fl.began(), try: fl.tries + 1, at: fl.again})
	}
	return all
}

// message is what is known of a message in flight.
func (t *Tracker) message(id ID) (Sending, bool) {
	if fl := t.flights[id]; fl != nil {
		return fl.Sending, true
	}
	return Sending{}, false
}
