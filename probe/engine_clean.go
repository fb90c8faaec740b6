package probe

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// cleanEvery is how often seen messages are deleted: a few commands for many.
	cleanEvery = 5 * time.Minute
	// cleanWithin bounds the wait for a mailbox to be at rest.
	cleanWithin = 4 * time.Minute
	// lastCleaning is what Once gives to it.
	lastCleaning = 5 * time.Second
)

// cleaning is the messages of one mailbox that have been seen and lie there still.
type cleaning struct {
	cleaner Cleaner
	problem string // why it fails; empty while it does not

	mu   sync.Mutex
	seen map[Ref]ID // nil: the server has no way to delete them
}

// add takes in what was found of the messages that the journal knows. Reports are not
// ours: others wrote them.
func (c *cleaning) add(found []Observation, known func(ID) bool) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range found {
		if c.seen != nil && o.Report == nil && known(o.Tag.ID) {
			c.seen[o.Ref] = o.Tag.ID
		}
	}
}

// giveUp forgets them all, for good.
func (c *cleaning) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = nil
}

// ready gives the messages for which a condition holds.
func (c *cleaning) ready(condition func(ID) bool) []Ref {
	c.mu.Lock()
	defer c.mu.Unlock()
	var refs []Ref
	for ref, id := range c.seen {
		if condition(id) {
			refs = append(refs, ref)
		}
	}
	return refs
}

func (c *cleaning) done(refs []Ref) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range refs {
		delete(c.seen, r)
	}
}

// cleanAlways deletes what was seen in a mailbox from time to time, until the context
// ends or the server turns out to have no way for it.
func (e *Engine) cleanAlways(ctx context.Context, mailbox string, c *cleaning) {
	for e.cfg.Clock.SleepUntil(ctx, e.cfg.Clock.Now().Add(cleanEvery)) == nil {
		ctx, cancel := context.WithTimeout(ctx, cleanWithin)
		err := e.clean(ctx, mailbox, c)
		cancel()
		if errors.Is(err, ErrNoUIDExpunge) {
			c.giveUp()
			return
		}
	}
}

// clean deletes the messages of ours that were seen in a mailbox and have settled.
// While the journal cannot be written nothing is: the mailbox then is what knows.
func (e *Engine) clean(ctx context.Context, mailbox string, c *cleaning) error {
	e.mu.Lock()
	refs := c.ready(func(id ID) bool { return e.tracker.flights[id] == nil })
	e.mu.Unlock()
	if len(refs) == 0 || e.undurable.Load() {
		return nil
	}
	err := c.cleaner.Clean(ctx, refs)
	problem := ""
	switch {
	case err == nil:
		c.done(refs)
	case ctx.Err() != nil: // never at rest, or blind, or at the end: next time
		return err
	default:
		problem = err.Error()
	}
	if problem != "" && problem != c.problem {
		e.cfg.Log.Warn("test messages cannot be deleted: give the mailbox a retention rule, or set clean: false", "mailbox", mailbox, "problem", problem)
	}
	c.problem = problem
	return err
}

// cleanOnce deletes what was seen in all mailboxes, if that does not take long.
func (e *Engine) cleanOnce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastCleaning)
	defer cancel()
	var all sync.WaitGroup
	for mailbox, c := range e.cleanings {
		all.Go(func() { _ = e.clean(ctx, mailbox, c) })
	}
	all.Wait()
}
