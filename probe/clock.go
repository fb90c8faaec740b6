package probe

import (
	"context"
	"time"
)

// Clock is the one source of time of a process: the wall clock as it stood when
// the clock was made, plus the monotonic time since. Two readings are therefore
// always as far apart as they were in truth, whatever happens to the machine's
// wall clock meanwhile. Every sender, watcher and exporter is given the same one.
type Clock struct {
	base  time.Time // when the clock was made, for the time that has passed since
	start time.Time // the wall clock then
	wall  *func() time.Time
}

// NewClock starts a clock at the machine's wall clock.
func NewClock() Clock {
	now := time.Now()
	return Clock{base: now, start: now}
}

// NewClockOver starts a clock at another wall clock, which a test can move.
func NewClockOver(wall func() time.Time) Clock {
	return Clock{base: time.Now(), start: wall().Round(0), wall: &wall}
}

// Now is the time by this clock.
func (c Clock) Now() time.Time { return c.start.Add(time.Since(c.base)) }

// Since is the time that has passed since t.
func (c Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Until is the time left until t; negative when t has passed.
func (c Clock) Until(t time.Time) time.Duration { return t.Sub(c.Now()) }

// Offset is by how much the wall clock is ahead of this one: more than a moment only
// if it was moved since this one was made.
func (c Clock) Offset() time.Duration {
	wall := time.Now()
	if c.wall != nil {
		wall = (*c.wall)()
	}
	return wall.Round(0).Sub(c.Now().Round(0))
}

// SleepUntil returns at t, or with the context's error when that ends first. A t
// that has passed returns at once.
func (c Clock) SleepUntil(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(c.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
