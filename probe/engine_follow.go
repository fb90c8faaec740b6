package probe

import (
	"context"
	"errors"
	"time"
)

// follow applies the journal's events, the old and the new, one by one.
func (e *Engine) follow(ctx context.Context) error {
	err := e.cfg.Journal.Follow(ctx, 0, func(ev Event) error {
		changes := e.apply(ev)
		for _, c := range changes {
			for _, x := range e.cfg.Exporters {
				x.Export(c)
			}
		}
		e.markApplied(ev, changes)
		return nil
	})
	if errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// apply takes one event in and returns all that follows from it.
func (e *Engine) apply(ev Event) []Change {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []Change
	for _, c := range e.tracker.Apply(ev) {
		all = append(append(all, c), e.cfg.Assessor.Apply(c)...)
	}
	e.past.note(ev, all)
	for _, c := range all {
		if m, failed := failure(c); failed {
			e.reconsider(m.Mailbox)
		}
	}
	switch f := ev.Fact.(type) {
	case Attempted:
		delete(e.done, f.ID)
	case Retrying:
		if s, known := e.tracker.message(f.ID); known {
			e.allowances[s.Sender].sent(ev.At)
		}
	case Sending:
		// Confirmations of this process have asked for leave.
		if f.Purpose != Confirm || ev.Seq <= e.inherited {
			e.allowances[f.Sender].sent(ev.At)
		}
	}
	return all
}

// failure is the message that a change says has not come through, if it does.
func failure(c Change) (Sending, bool) {
	switch c := c.(type) {
	case DeadlineMissed:
		return c.Message, true
	case Settled:
		return c.Message, !c.Outcome.Status.Arrived()
	}
	return Sending{}, false
}

// markApplied wakes those who wait for the event, or for what it changed.
func (e *Engine) markApplied(ev Event, changes []Change) {
	e.mu.Lock()
	e.applied = ev.Seq
	e.mu.Unlock()
	e.progress.Tell()
	switch ev.Fact.(type) {
	case Attempted, Looked, Orphaned:
		e.decided.Tell()
	}
	if len(changes) > 0 {
		e.recordable.Tell()
	}
	for _, c := range changes {
		switch c := c.(type) {
		case Sent:
			e.wake(c.Message.Mailbox)
			for _, beside := range e.aside[c.Message.Mailbox] {
				e.wake(beside)
			}
		case Answered:
			e.wake(c.Message.Mailbox)
			if !c.Again.IsZero() {
				e.queued.Tell()
			}
		}
	}
}

// wake tells a mailbox's watcher that there is something new to look for.
func (e *Engine) wake(mailbox string) {
	if p := e.paces[mailbox]; p != nil {
		p.signal.Tell()
	}
}

// await returns true as soon as the condition holds, false when the context ends
// first. The condition is asked under the engine's lock.
func (e *Engine) await(ctx context.Context, condition func() bool) bool {
	for {
		told := e.progress.Told()
		e.mu.Lock()
		holds := condition()
		e.mu.Unlock()
		if holds {
			return true
		}
		select {
		case <-told:
		case <-ctx.Done():
			return false
		}
	}
}

// awaitAll waits until all that is in the journal now has been applied.
func (e *Engine) awaitAll(ctx context.Context) bool {
	last := e.cfg.Journal.State().Last
	return e.await(ctx, func() bool { return e.applied >= last })
}

// firstLooks bounds the wait for the first look at each mailbox.
const firstLooks = 15 * time.Second

// awaitFirstLooks waits until each mailbox has been looked at or is blind.
func (e *Engine) awaitFirstLooks(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, firstLooks)
	defer cancel()
	e.await(ctx, func() bool {
		for mailbox := range e.cfg.Watchers {
			if !e.tracker.Assessed(mailbox) {
				return false
			}
		}
		return true
	})
}

// settleDeadlines journals the deadlines that looks have decided.
func (e *Engine) settleDeadlines(ctx context.Context) {
	for {
		told := e.decided.Told()
		e.mu.Lock()
		due := e.tracker.Due(e.cfg.Clock.Now())
		e.mu.Unlock()
		if len(due) > 0 && e.tell(ctx, due...) == nil {
			// Due gives the same again until they are applied.
			e.awaitAll(ctx)
			continue
		}
		select {
		case <-told:
		case <-ctx.Done():
			return
		}
	}
}
