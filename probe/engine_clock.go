package probe

import (
	"context"
	"fmt"
	"time"
)

const (
	// clockLook is how often the machine's wall clock is held against ours, and
	// clockStep the difference from which on it has been moved.
	clockLook = 10 * time.Second
	clockStep = time.Second
)

// watchClock tells when the machine's wall clock is moved, until the context ends.
// The times of this process go on as they were.
func (e *Engine) watchClock(ctx context.Context) {
	var told time.Duration
	for e.cfg.Clock.SleepUntil(ctx, e.cfg.Clock.Now().Add(clockLook)) == nil {
		by := e.cfg.Clock.Offset() - told
		if by.Abs() <= clockStep {
			continue
		}
		e.cfg.Log.Warn("the machine's clock was moved; this process goes on by the clock it began with, until it is started again", "by", by)
		if e.tell(ctx, Event{At: e.cfg.Clock.Now(), Fact: ClockStepped{By: by}}) == nil {
			told += by
		}
	}
}

// markStart journals that a process begins. If the wall clock was moved since the
// last one, as the machine's uptime tells, what is in flight moves along, so that
// its age stays what it is: else a clock put forward would make it late, or lost.
func (e *Engine) markStart(ctx context.Context) error {
	now := e.cfg.Clock.Now()
	var boot string
	var up time.Duration
	if e.cfg.Uptime != nil {
		boot, up = e.cfg.Uptime()
	}
	events := []Event{{At: now, Fact: Started{Boot: boot, Uptime: up}}}
	if by := e.movedSince(now, boot, up); by.Abs() > clockStep {
		e.cfg.Log.Warn("the machine's clock was moved while no process ran; messages in flight keep their age", "by", by)
		events = append([]Event{{At: now, Fact: ClockStepped{By: by, Between: true}}}, events...)
	}
	if err := e.tell(ctx, events...); err != nil {
		return fmt.Errorf("noting the start: %w", err)
	}
	e.awaitAll(ctx)
	return nil
}

// movedSince is by how much the wall clock was moved between the last process and
// this one. Without the uptime only a clock that went back behind the journal's
// last event is known to have moved, by that much at least.
func (e *Engine) movedSince(now time.Time, boot string, up time.Duration) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	by := min(0, now.Sub(e.past.at))
	if before, ok := e.past.started.Fact.(Started); ok && boot != "" && before.Boot == boot {
		by = now.Sub(e.past.started.At) - (up - before.Uptime)
	}
	// A machine that was suspended has an uptime that went on while our clock stood
	// still; the step was told when it woke.
	if e.past.stepped.Abs() > by.Abs() {
		by = e.past.stepped
	}
	return by
}
