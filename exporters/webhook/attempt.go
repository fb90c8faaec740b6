package webhook

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	attemptTime = 10 * time.Second // for one attempt
	worthTrying = time.Hour        // for how long it is tried to tell something
	firstWait   = time.Second      // between the first two attempts; then it doubles
	longestWait = 5 * time.Minute
)

// Failure is an attempt that failed.
type Failure struct {
	Again   bool          // another one makes sense
	After   time.Duration // it is not wanted sooner; 0: the receiver did not say
	Status  int           // of HTTP; 0: there was no answer
	Problem string        // in words, without any secret
}

// Error implements error.
func (f *Failure) Error() string { return f.Problem }

// bring tries to deliver a parcel until it is there or given up. False says that it was left
// for the next process.
func (c *Courier) bring(p Parcel) bool {
	for {
		if !c.pause() {
			return false
		}
		err := c.attempt(p)
		if err == nil {
			c.failed, c.next = 0, time.Time{}
			c.finish(func(s *Stats) { s.Delivered++ })
			return true
		}
		again := c.judge(err)
		c.count(func(s *Stats) { s.Failed++ })
		switch {
		case c.ctx.Err() != nil:
			return false
		case again && c.closing():
			if c.failed == 1 {
				c.cfg.Log.Warn("a receiver cannot be told", "receiver", c.cfg.Name, "event", p.Seq(), "error", err)
			}
			return false
		case !again, c.next.After(p.until):
			c.cfg.Log.Error("a receiver was not told: given up", "receiver", c.cfg.Name, "event", p.Seq(), "error", err)
			c.finish(func(s *Stats) { s.GivenUp++ })
			return true
		case c.failed == 1:
			c.cfg.Log.Warn("a receiver cannot be told; it is tried again", "receiver", c.cfg.Name, "event", p.Seq(), "until", p.until, "error", err)
		}
	}
}

// judge decides when the next attempt is, and whether it may be of the same parcel.
func (c *Courier) judge(err error) (again bool) {
	f := &Failure{Again: true}
	errors.As(err, &f)
	now := c.cfg.Clock.Now()
	if !f.Again {
		c.failed, c.next = 0, time.Time{}
		return false
	}
	c.failed++
	c.next = now.Add(backOff(c.failed))
	if c.barred = now.Add(min(f.After, worthTrying)); c.barred.After(c.next) {
		c.next = c.barred
	}
	return true
}

// backOff is the wait after so many failures: it doubles, and half of it is chance, so that
// many who wait for one receiver do not come together.
func backOff(failed int) time.Duration {
	wait := longestWait
	if failed < 10 {
		wait = min(firstWait<<(failed-1), longestWait)
	}
	return wait/2 + rand.N(wait/2+1)
}

// pause waits until another attempt may be made. At the end it waits no longer; false says
// that the receiver asked for more time than there is.
func (c *Courier) pause() bool {
	timer := time.NewTimer(c.cfg.Clock.Until(c.next))
	defer timer.Stop()
	select {
	case <-timer.C:
		return c.ctx.Err() == nil
	case <-c.open.Done():
		return c.ctx.Err() == nil && !c.barred.After(c.cfg.Clock.Now())
	}
}

// attempt makes one attempt. What panics has failed for good.
func (c *Courier) attempt(p Parcel) (err error) {
	ctx, cancel := context.WithTimeout(c.ctx, attemptTime)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = &Failure{Problem: fmt.Sprintf("telling a receiver: panic: %v", r)}
		}
	}()
	return c.cfg.Deliver(ctx, p)
}

// finish is done with the first parcel.
func (c *Courier) finish(count func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	count(&c.stats)
	c.queue.done()
	c.queue.settle()
}
