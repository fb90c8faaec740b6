package webhook

import (
	"errors"
	"slices"

	"github.com/mailpath/mailpath/probe"
)

// queue is what waits for a receiver, in order, and how far it has been told. It is not safe
// for concurrent use.
//
// When it is full, the oldest progress goes: newer news about the incident stands for it. If
// there is none, what comes is left in the journal, and so is all behind it, until the queue
// is empty and the courier reads on there. So the cursor, a single number, is always true:
// nothing beyond the first that waits has been told.
type queue struct {
	limit    int
	save     func(probe.Seq) // nil: the cursor is let go of
	parcels  []Parcel
	busy     bool      // the first is being delivered
	last     probe.Seq // the newest that came
	saved    probe.Seq
	behind   probe.Seq // from here on, what came is only in the journal; 0: nothing is
	heldBack int       // how many came since
}

// addition is what became of a parcel.
type addition int

const (
	queued addition = iota
	spared          // progress was dropped for it, or it was dropped itself
	held            // it is left in the journal
)

func (p Parcel) progress() bool {
	i, ok := p.Change.(probe.IncidentTold)
	return ok && i.Step == probe.IncidentProgressed
}

// come takes note of a change.
func (q *queue) come(seq probe.Seq) { q.last = max(q.last, seq) }

// add puts a new parcel at the end.
func (q *queue) add(p Parcel) addition {
	if q.behind > 0 {
		q.heldBack++
		return held
	}
	became := q.push(p)
	if became == held {
		q.behind, q.heldBack = p.Seq(), 1
	}
	return became
}

// push puts a parcel at the end if there is room, or room can be made.
func (q *queue) push(p Parcel) addition {
	if len(q.parcels) < q.limit {
		q.parcels = append(q.parcels, p)
		return queued
	}
	from := 0
	if q.busy {
		from = 1
	}
	if i := slices.IndexFunc(q.parcels[from:], Parcel.progress); i >= 0 {
		q.parcels = append(slices.Delete(q.parcels, from+i, from+i+1), p)
		return spared
	}
	if p.progress() {
		return spared
	}
	return held
}

// take gives the first parcel. It stays until it is done.
func (q *queue) take() (Parcel, bool) {
	if len(q.parcels) == 0 {
		return Parcel{}, false
	}
	q.busy = true
	return q.parcels[0], true
}

// done is done with the first parcel.
func (q *queue) done() {
	q.parcels, q.busy = slices.Delete(q.parcels, 0, 1), false
}

// settle saves how far all has been told.
func (q *queue) settle() {
	safe := q.last
	if q.behind > 0 {
		safe = q.behind - 1
	}
	if len(q.parcels) > 0 {
		safe = min(safe, q.parcels[0].Seq()-1)
	}
	if safe > q.saved && q.save != nil {
		q.saved = safe
		q.save(safe)
	}
}

// errEnough ends the reading of the journal.
var errEnough = errors.New("enough has been read")

// readAgain takes from the journal what did not fit.
func (c *Courier) readAgain() {
	c.mu.Lock()
	from := c.queue.behind
	c.mu.Unlock()
	err := errEnough
	if c.cfg.Follow == nil {
		c.lose()
	} else {
		err = c.follow(from)
	}
	if !errors.Is(err, errEnough) && c.ctx.Err() == nil && !c.closing() {
		c.cfg.Log.Error("news that did not fit cannot be read from the journal; it is tried again", "receiver", c.cfg.Name, "error", err)
		c.next = c.cfg.Clock.Now().Add(longestWait)
		c.pause()
	}
}

// lose gives up what did not fit.
func (c *Courier) lose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cfg.Log.Error("news did not fit and is lost", "receiver", c.cfg.Name, "changes", c.queue.heldBack)
	c.stats.Lost += uint64(c.queue.heldBack)
	c.queue.behind, c.queue.heldBack = 0, 0
	c.queue.settle()
}

// follow reads the journal until the queue is full, or has all that came.
func (c *Courier) follow(from probe.Seq) error {
	return c.cfg.Follow(c.open, from, func(e probe.Event) error {
		var p Parcel
		change, wanted := changeOf(e)
		if wanted {
			p, wanted = c.pack(change)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.queue.readOn(e.Seq, p, wanted)
	})
}

// readOn takes in an event that was read again.
func (q *queue) readOn(seq probe.Seq, p Parcel, wanted bool) error {
	if seq > q.last { // Export brings it, or has no use for it
		q.behind, q.heldBack = 0, 0
		q.settle()
		return errEnough
	}
	if wanted {
		if len(q.parcels) >= q.limit {
			return errEnough
		}
		q.parcels = append(q.parcels, p)
		q.heldBack = max(0, q.heldBack-1)
	}
	q.behind = seq + 1
	if seq == q.last {
		q.behind, q.heldBack = 0, 0
	}
	q.settle()
	if q.behind == 0 {
		return errEnough
	}
	return nil
}

// changeOf is what the tracker makes of an event that people are told of.
func changeOf(e probe.Event) (probe.Change, bool) {
	switch f := e.Fact.(type) {
	case probe.IncidentChanged:
		return probe.IncidentTold{Origin: e.Origin(), IncidentChanged: f}, true
	case probe.Note:
		return probe.Noted{Origin: e.Origin(), Note: f}, true
	case probe.Maintenance:
		return probe.MaintenanceTold{Origin: e.Origin(), Maintenance: f}, true
	}
	return nil, false
}
