package probe

import (
	"sync"
	"time"
)

// The policy for looking. An arrival is known to a fixed fraction of its age, never
// finer than the floor; what has been on its way for long comes when it comes.
const (
	fraction    = 20 // looks are age/fraction apart
	floor       = 25 * time.Millisecond
	ceiling     = 5 * time.Second
	brokenFloor = time.Second            // of a route that is broken: what is sent there will not come soon
	askedFloor  = 250 * time.Millisecond // until the server has answered; the answer wakes the watcher
	oldAge      = 10 * time.Minute
	oldStep     = 30 * time.Second // from oldAge on
	// longestFirst bounds the wait for the first look. Messages that are older are
	// past their first look, so that of them the youngest alone decides.
	longestFirst = 30 * time.Second
)

// The budgets, in looks: each a NOOP and what comes with it.
const (
	perMailbox     = time.Second / 10
	mailboxBurst   = 100
	perProcess     = time.Second / 500
	processBurst   = 1000
	shortestOfLast = 50 // latencies of a route that the first look is timed by
)

// step is the time between looks for a message of an age, least at least.
func step(age, least time.Duration) time.Duration {
	if age >= oldAge {
		return oldStep
	}
	return min(max(age/fraction, least), ceiling)
}

// form is what the pace knows of a route: how fast it was lately, and whether it is
// broken.
type form struct {
	broken    bool
	latencies [shortestOfLast]time.Duration // the last ones, in a ring; 0: none yet
	next      int
}

func (f *form) arrived(latency time.Duration) {
	f.latencies[f.next] = latency
	f.next = (f.next + 1) % len(f.latencies)
}

// least is the least time between looks for a message: a route that is stuck must not
// use up the budget of the others.
func (f *form) least(answered bool) time.Duration {
	switch {
	case f != nil && f.broken:
		return brokenFloor
	case !answered:
		return askedFloor
	}
	return floor
}

// firstLook is the age at which a message is looked for first: just before the
// shortest of the last latencies. Arriving even then, it makes the next first look
// earlier still.
func (f *form) firstLook() time.Duration {
	if f == nil {
		return floor
	}
	shortest := time.Duration(0)
	for _, l := range f.latencies {
		if l > 0 && (shortest == 0 || l < shortest) {
			shortest = l
		}
	}
	first := max(shortest*8/10, floor)
	if f.broken {
		first = max(first, brokenFloor)
	}
	return min(first, longestFirst)
}

// mailboxPace tells the watcher of one mailbox when to look.
type mailboxPace struct {
	engine  *Engine
	mailbox string
	signal  Signal
	own     budget  // of the mailbox
	process *budget // of all mailboxes

	mu     sync.Mutex
	looked time.Time // the last look began then
}

func newPace(e *Engine, mailbox string, process *budget) *mailboxPace {
	return &mailboxPace{
		engine: e, mailbox: mailbox, process: process,
		own: budget{interval: perMailbox, burst: mailboxBurst * perMailbox},
	}
}

// Changed implements Pace.
func (p *mailboxPace) Changed() <-chan struct{} { return p.signal.Told() }

// Next implements Pace: the next look that a message in flight is worth, as the
// budgets allow, or the next deadline if that comes first; a deadline is worth a
// look whatever the budget says.
func (p *mailboxPace) Next() time.Time {
	next, deadline := p.engine.nextLook(p.mailbox, p.lastLook())
	if next.IsZero() {
		return next
	}
	for _, b := range []*budget{&p.own, p.process} {
		if earliest := b.earliest(); earliest.After(next) {
			next = earliest
		}
	}
	if !deadline.IsZero() && deadline.Before(next) {
		next = deadline
	}
	return next
}

// lastLook is when the last look began.
func (p *mailboxPace) lastLook() time.Time {
	if p == nil { // the mailbox is not watched any more
		return time.Time{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.looked
}

// nextLook is the look that the messages in flight into a mailbox are worth next,
// when the last one began at a time, and the next deadline; zero: there is none.
func (e *Engine) nextLook(mailbox string, looked time.Time) (next, deadline time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.cfg.Clock.Now()
	soonest := func(due time.Time) {
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	e.tracker.unseen(mailbox, func(fl *flight) (more bool) {
		soonest(e.lookFor(fl, looked))
		// Only where a message was tried again can an older one be the younger.
		return now.Sub(fl.began()) <= longestFirst || !fl.again.IsZero() || e.tracker.mailbox(mailbox).retried
	})
	if aside := e.asideLook(mailbox, looked); !aside.IsZero() {
		soonest(aside)
	}
	return next, e.tracker.Deadline(mailbox)
}

// lookFor is the look that a message in flight is worth next.
func (e *Engine) lookFor(fl *flight, looked time.Time) time.Time {
	if !fl.again.IsZero() { // nobody has it, as far as is known
		return looked.Add(oldStep)
	}
	route := e.past.forms[fl.Route]
	began := fl.tried()
	due := began.Add(route.firstLook())
	if looked.Before(due) {
		return due
	}
	return looked.Add(step(looked.Sub(began), route.least(fl.attempt != nil || e.done[fl.ID])))
}

// asideLook is the look that messages sent elsewhere are worth next: one when the first
// of them is overdue, since then somebody may have given it up or kept it back, and then
// as for what is old. What comes meanwhile the server announces.
func (e *Engine) asideLook(mailbox string, looked time.Time) (next time.Time) {
	for _, target := range e.cfg.Asides[mailbox] {
		fl := e.tracker.oldestUnseen(target)
		if fl == nil {
			continue
		}
		due := fl.began().Add(fl.LateAfter)
		if !looked.Before(due) {
			due = looked.Add(oldStep)
		}
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	return next
}

// lookBegan notes when the last look began.
func (p *mailboxPace) lookBegan(t time.Time) {
	p.own.spend(t)
	p.process.spend(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looked = t
}
