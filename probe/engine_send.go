package probe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// attemptTimeout bounds one attempt. RFC 5321 section 4.5.3.2 lets a server
	// take minutes; a gateway that needs more than this is not delivering mail.
	attemptTimeout = 2 * time.Minute
	// farewell is what attempts under way are given when the engine ends.
	farewell = 10 * time.Second
	// maxSending bounds the attempts of one probe that run at the same time; a
	// slot that finds so many is missed, and counted.
	maxSending = 8
)

// sends are the attempts under way.
type sends struct {
	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup
}

// newSends makes attempts outlive the context by farewell.
func newSends(ctx context.Context) *sends {
	s := new(sends)
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return s
}

func (s *sends) start(send func(context.Context)) {
	s.all.Go(func() { send(s.ctx) })
}

// await waits for the attempts under way, or for the context's end.
func (s *sends) await(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		s.all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// end waits for the attempts under way, and cuts them off after farewell.
func (s *sends) end() {
	cut := time.AfterFunc(farewell, s.cancel)
	s.all.Wait()
	cut.Stop()
	s.cancel()
}

// send journals, sends and journals one message.
func (e *Engine) send(ctx context.Context, p Probe, purpose Purpose, slot time.Time) {
	now := e.cfg.Clock.Now()
	tag := NewTag(e.cfg.Keys.Prober(), p, purpose, slot, now)
	message := Compose(p, e.cfg.Keys, tag)
	sending := describe(p, tag)
	sending.Maintenance = e.inMaintenance(p.Route.Name, now, p.LateAfter)
	if e.tell(ctx, Event{At: now, Fact: sending}) != nil {
		return
	}
	e.handOver(ctx, p, message)
}

// handOver sends a message of which the journal knows, and journals how that ended.
func (e *Engine) handOver(ctx context.Context, p Probe, m *Message) {
	attempt := e.attempt(ctx, p, m)
	fact := Attempted{
		ID: m.Tag.ID, Result: attempt.Result, Ours: errors.Is(attempt.Err, ErrOurs),
		Began: attempt.Began, Phases: attempt.Phases, Reply: attempt.Reply,
	}
	if attempt.Err != nil {
		fact.Problem = attempt.Err.Error()
	}
	e.answered(p.Route.Mailbox, m.Tag.ID)
	e.tellSoon(Event{At: e.cfg.Clock.Now(), Fact: fact})
}

// answered notes that the attempt for a message has ended: looking for it need not
// wait until the journal has it.
func (e *Engine) answered(mailbox string, id ID) {
	e.mu.Lock()
	if e.tracker.flights[id] != nil {
		e.done[id] = true
	}
	e.mu.Unlock()
	e.wake(mailbox)
}

// attempt calls the sender; a sender that panics has failed, not the engine.
func (e *Engine) attempt(ctx context.Context, p Probe, m *Message) (a Attempt) {
	began := e.cfg.Clock.Now()
	defer func() {
		if r := recover(); r != nil {
			a = Attempt{Result: Unknown, Began: began, Err: fmt.Errorf("sending along %s: %w: panic: %v", p.Route.Name, ErrOurs, r)}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	return e.cfg.Senders[p.Route.Sender].Send(ctx, m)
}
