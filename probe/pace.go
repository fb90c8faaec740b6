package probe

import (
	"sync"
	"time"
)

// cadence is the fixed policy for looking: often while a message is young, seldom
// when it is old, never when nothing is in flight.
var cadence = [...]struct{ age, step time.Duration }{
	{2 * time.Second, 50 * time.Millisecond},
	{time.Minute, time.Second},
	{1<<63 - 1, 30 * time.Second},
}

// mailboxPace tells the watcher of one mailbox when to look.
type mailboxPace struct {
	engine  *Engine
	mailbox string
	signal  Signal

	mu     sync.Mutex
	looked time.Time // the last look began then
}

// Changed implements Pace.
func (p *mailboxPace) Changed() <-chan struct{} { return p.signal.Told() }

// Next implements Pace: the next step of the cadence for the youngest message that
// the mailbox is waited for, or the next deadline if that comes first.
func (p *mailboxPace) Next() time.Time {
	w := p.engine.waiting(p.mailbox)
	if w.Messages == 0 {
		return time.Time{}
	}
	p.mu.Lock()
	looked := p.looked
	p.mu.Unlock()
	next := looked.Add(step(p.engine.cfg.Clock.Since(w.Youngest)))
	if !w.Deadline.IsZero() && w.Deadline.Before(next) {
		next = w.Deadline
	}
	return next
}

func step(age time.Duration) time.Duration {
	for _, c := range cadence {
		if age < c.age {
			return c.step
		}
	}
	return cadence[len(cadence)-1].step
}

// lookBegan notes when the last look began.
func (p *mailboxPace) lookBegan(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looked = t
}
