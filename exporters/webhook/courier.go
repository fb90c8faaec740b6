package webhook

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Cursor remembers, beyond the end of a process, how far a receiver has been told.
type Cursor interface {
	// Load gives the number up to which all has been told. Where nothing is remembered, let
	// it be the last event before this process: a new receiver is told what is new.
	Load() probe.Seq
	// Save tells that all events up to this one have been told, were given up, or are not to
	// be told. It returns at once. It is called from any goroutine, one call at a time, with
	// rising numbers, and never after Close has returned.
	Save(probe.Seq)
}

// CourierConfig says what a Courier brings, and where.
type CourierConfig struct {
	Name   string // of the receiver, for the log
	Clock  probe.Clock
	Log    *slog.Logger
	Cursor Cursor
	Since  probe.Seq // the last event before this process
	// Wanted tells whether a change is to be told; nil: all are.
	Wanted func(probe.Change) bool
	// Pack keeps what is known at the moment of a change; nil: nothing. It is called from any
	// goroutine, must return promptly, and must not call the Courier.
	Pack func(probe.Change) any
	// Deliver makes one attempt and obeys the context. Its error says by a *Failure whether
	// another attempt makes sense; after any other error there is one. It is called from one
	// goroutine.
	Deliver func(context.Context, Parcel) error
	// Follow is the journal's: with it, what did not fit into the queue is read again. Without
	// it, that is lost, counted and logged.
	Follow func(ctx context.Context, from probe.Seq, f func(probe.Event) error) error
	// Waiting is how many changes wait at most; 0: 256.
	Waiting int
}

// Parcel is a change on its way to a receiver.
type Parcel struct {
	Change probe.Change // a probe.IncidentTold, Noted or MaintenanceTold
	Packed any          // what Pack gave
	Again  bool         // it happened before this process began: it may have been told already
	until  time.Time    // it is given up then
}

// Seq is the number of the change's event.
func (p Parcel) Seq() probe.Seq {
	seq, _ := p.Change.Cause()
	return seq
}

// Courier is a probe.Exporter that brings changes about incidents, notes and maintenance to
// one receiver: in order, each until it is there or given up, at least once. One goroutine
// delivers; Export only puts into a queue, so that nobody waits for a receiver.
type Courier struct {
	cfg    CourierConfig
	ctx    context.Context // of attempts
	cancel context.CancelFunc
	news   chan struct{}   // holds one when there is something to look at
	open   context.Context // ends when no more changes come
	end    context.CancelFunc
	ended  chan struct{} // closed: the goroutine has ended
	live   chan struct{} // closed: the replay is over
	lived  bool          // it is; of Export alone

	mu    sync.Mutex
	queue queue
	stats Stats

	// Of the goroutine alone.
	failed int       // attempts in a row
	next   time.Time // no attempt before
	barred time.Time // the same, at the receiver's request
}

// Stats are what a courier has come to in this process.
type Stats struct {
	Delivered uint64
	Failed    uint64 // attempts
	GivenUp   uint64 // changes: refused by the receiver, or tried for too long
	Dropped   uint64 // changes that did not fit: progress that newer news stands for
	Lost      uint64 // changes that did not fit, and could not be read again
	TooOld    uint64 // changes that were found too old at the start
	Waiting   int
}

const (
	tooOld   = 24 * time.Hour  // what is found so old at a start is not told any more
	farewell = 5 * time.Second // for what waits at the end
	// usualWaiting is how many changes wait at most, unless it is said otherwise.
	usualWaiting = 256
)

// NewCourier makes a courier that brings what comes after the cursor. Close ends it.
func NewCourier(cfg CourierConfig) *Courier {
	if cfg.Waiting == 0 {
		cfg.Waiting = usualWaiting
	}
	c := &Courier{cfg: cfg, news: make(chan struct{}, 1), ended: make(chan struct{}), live: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.open, c.end = context.WithCancel(c.ctx)
	// A cursor beyond the last event there is knows events that a full disk never got:
	// their numbers are given again. That it begins here is saved at once, so that the next
	// process knows what this one could not tell.
	from := min(cfg.Cursor.Load(), cfg.Since)
	c.queue = queue{limit: cfg.Waiting, save: cfg.Cursor.Save, last: from, saved: from}
	cfg.Cursor.Save(from)
	go c.run()
	return c
}

// Export implements probe.Exporter. It never waits, and is called from one goroutine.
func (c *Courier) Export(change probe.Change) {
	seq, _ := change.Cause()
	if seq > c.cfg.Since && !c.lived {
		c.lived = true
		close(c.live)
	}
	if !about(change) || seq <= c.lastSeq() {
		return
	}
	p, wanted := c.pack(change)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.come(seq)
	if wanted {
		c.put(p)
	}
	c.queue.settle()
	c.wake()
}

// about tells whether a change is one that people are told of.
func about(change probe.Change) bool {
	switch change.(type) {
	case probe.IncidentTold, probe.Noted, probe.MaintenanceTold:
		return true
	}
	return false
}

func (c *Courier) lastSeq() probe.Seq {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.last
}

// pack makes a parcel of a change, if it is to be told.
func (c *Courier) pack(change probe.Change) (Parcel, bool) {
	seq, at := change.Cause()
	if c.cfg.Wanted != nil && !c.cfg.Wanted(change) {
		return Parcel{}, false
	}
	now := c.cfg.Clock.Now()
	if seq <= c.cfg.Since && now.Sub(at) > tooOld {
		c.count(func(s *Stats) { s.TooOld++ })
		c.cfg.Log.Warn("news is too old to be told", "receiver", c.cfg.Name, "event", seq, "at", at)
		return Parcel{}, false
	}
	p := Parcel{Change: change, Again: seq <= c.cfg.Since, until: now.Add(worthTrying)}
	if c.cfg.Pack != nil {
		p.Packed = c.cfg.Pack(change)
	}
	return p, true
}

// put puts a parcel into the queue. The caller holds the lock.
func (c *Courier) put(p Parcel) {
	switch c.queue.add(p) {
	case spared:
		if c.stats.Dropped++; c.stats.Dropped == 1 {
			c.cfg.Log.Warn("progress is not told: too much waits", "receiver", c.cfg.Name, "waiting", c.cfg.Waiting)
		}
	case held:
		if c.queue.heldBack == 1 {
			c.cfg.Log.Warn("too much waits: what comes now is told from the journal later", "receiver", c.cfg.Name, "waiting", c.cfg.Waiting)
		}
	}
}

func (c *Courier) count(f func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.stats)
}

func (c *Courier) wake() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// Stats is what it has come to so far. It is safe for concurrent use.
func (c *Courier) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Waiting = len(c.queue.parcels) + c.queue.heldBack
	return s
}

// Close takes no more changes, and tries once to deliver each that waits, in order, until
// one cannot be delivered, the context ends, or a few seconds have passed. What is left is
// the next process's: the cursor stands before it. It may be called twice.
func (c *Courier) Close(ctx context.Context) {
	c.end()
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-ctx.Done():
	case <-timer.C:
	}
	c.cancel()
	<-c.ended
	c.mu.Lock()
	c.queue.save = nil
	c.mu.Unlock()
	if n := c.Stats().Waiting; n > 0 {
		c.cfg.Log.Warn("news could not be told; the next run tells it", "receiver", c.cfg.Name, "waiting", n)
	}
}

func (c *Courier) closing() bool { return c.open.Err() != nil }

// run delivers until it is closed. It begins when the replay is over: before, nobody knows
// how things stand.
func (c *Courier) run() {
	defer close(c.ended)
	select {
	case <-c.live:
	case <-c.open.Done():
	}
	for {
		p, ok := c.first()
		switch {
		case ok && !c.bring(p):
			return
		case ok:
		case c.queueHolds() && !c.closing():
			c.readAgain()
		case c.closing():
			return
		default:
			select {
			case <-c.news:
			case <-c.open.Done():
			}
		}
	}
}

func (c *Courier) first() (Parcel, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.take()
}

func (c *Courier) queueHolds() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.behind > 0
}
