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

// schedule sends a message of the probe at each of its slots. It never waits for
// one to end: a stuck message delays no other.
func (e *Engine) schedule(ctx context.Context, p Probe, sends *sends) {
	name := p.Route.Name + " " + p.Payload.Name()
	s := NewSchedule(e.cfg.Keys.Prober()+" "+name, p.Every)
	running := make(chan struct{}, maxSending)
	for next := e.firstSlot(ctx, p, s, name); ; next = s.Next(next) {
		if e.cfg.Clock.SleepUntil(ctx, next) != nil {
			return
		}
		if now := s.Last(e.cfg.Clock.Now()); now.After(next) {
			e.missed(ctx, p, s.Passed(next, now), "the process was stopped or the machine was too busy")
			next = now
		}
		select {
		case running <- struct{}{}:
			sends.start(func(sending context.Context) {
				defer func() { <-running }()
				e.send(sending, p, Scheduled, next)
			})
		default:
			e.missed(ctx, p, 1, fmt.Sprintf("%d messages of this route are still being handed over", maxSending))
		}
	}
}

// firstSlot is the first slot of this process. Those that passed since the last
// one in the journal are counted: nobody sent then.
func (e *Engine) firstSlot(ctx context.Context, p Probe, s Schedule, name string) time.Time {
	e.mu.Lock()
	last := e.slots[name]
	e.mu.Unlock()
	now := e.cfg.Clock.Now()
	switch {
	case last.IsZero():
	case last.After(now.Add(p.Every)):
		e.cfg.Log.Warn("the journal has slots in the future: the clock was wrong then, or is now", "route", p.Route.Name, "last_slot", last)
	case last.After(now):
		return s.Next(last)
	default:
		if n := s.Passed(last, s.Last(now)); n > 0 {
			e.missed(ctx, p, n, "no process was running")
		}
	}
	return s.Next(now)
}

func (e *Engine) missed(ctx context.Context, p Probe, slots int, reason string) {
	e.cfg.Log.Warn("slots missed", "route", p.Route.Name, "slots", slots, "reason", reason)
	e.append(ctx, Event{At: e.cfg.Clock.Now(), Fact: SlotsMissed{
		Route: p.Route.Name, Payload: p.Payload.Name(), Slots: slots, Reason: reason,
	}})
}

// send journals, sends and journals one message.
func (e *Engine) send(ctx context.Context, p Probe, purpose Purpose, slot time.Time) {
	now := e.cfg.Clock.Now()
	tag := NewTag(e.cfg.Keys.Prober(), p, purpose, slot, now)
	message := Compose(p, e.cfg.Keys, tag)
	if !e.append(ctx, Event{At: now, Fact: describe(p, tag)}) {
		return
	}
	attempt := e.attempt(ctx, p, message)
	fact := Attempted{
		ID: tag.ID, Result: attempt.Result, Ours: errors.Is(attempt.Err, ErrOurs),
		Began: attempt.Began, Phases: attempt.Phases, Reply: attempt.Reply,
	}
	if attempt.Err != nil {
		fact.Problem = attempt.Err.Error()
	}
	// The answer is known: it is journaled even when the engine is ending.
	e.append(context.WithoutCancel(ctx), Event{At: e.cfg.Clock.Now(), Fact: fact})
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
