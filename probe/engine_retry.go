package probe

import (
	"context"
	"errors"
	"sync"
	"time"
)

// retrying is the tries under way of messages that were refused before.
type retrying struct {
	mu      sync.Mutex
	running map[string]int // by probe
}

// start takes one in, unless its probe has as many under way as it may.
func (r *retrying) start(probe string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[probe] >= maxSending {
		return false
	}
	if r.running == nil {
		r.running = make(map[string]int)
	}
	r.running[probe]++
	return true
}

func (r *retrying) end(probe string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running[probe]--
}

// retryMeanwhile tries messages again until it is stopped; none begins after that.
func (e *Engine) retryMeanwhile(ctx context.Context, sends *sends) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.retry(ctx, sends)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// retry tries messages again that were refused for now, when it is time, until the
// context ends. What an earlier process has left in the queue is among them: it is the
// same message, from the same address.
func (e *Engine) retry(ctx context.Context, sends *sends) {
	for {
		told := e.queued.Told()
		due, next := e.retriesDue()
		acted := false
		var failed error
		for _, r := range due {
			one, err := e.tryAgain(ctx, sends, r)
			acted, failed = acted || one, errors.Join(failed, err)
		}
		switch {
		case failed != nil: // the journal will not have it, which has been said
			next = e.cfg.Clock.Now().Add(minBackoff)
		case acted:
			continue
		case len(due) > 0: // they wait for one of their probe to end, or for their sender's limit
			next = e.cfg.Clock.Now().Add(time.Second)
		}
		var wait <-chan time.Time
		if !next.IsZero() {
			wait = time.After(e.cfg.Clock.Until(next))
		}
		select {
		case <-wait:
		case <-told:
		case <-ctx.Done():
			return
		}
	}
}

// retriesDue gives the messages to be tried again now, and when the next is.
func (e *Engine) retriesDue() (due []retry, next time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.cfg.Clock.Now()
	for _, r := range e.tracker.retries() {
		if r.at.After(now) {
			return due, r.at
		}
		due = append(due, r)
	}
	return due, time.Time{}
}

// tryAgain hands a message over once more, as soon as the journal knows of it, and tells
// whether it began to, or gave the message up: one whose probe is not configured any more,
// or that counts as lost by now, as when nobody ran for long. Otherwise it stays due: as
// many as may be are under way, or its sender has sent enough.
func (e *Engine) tryAgain(ctx context.Context, sends *sends, r retry) (done bool, err error) {
	name, now := probeName(r.message.Route, r.message.Payload), e.cfg.Clock.Now()
	p, configured := e.probes[name]
	if !configured || now.Sub(r.first) >= r.message.LostAfter {
		e.cfg.Log.Warn("a message that was to be tried again is given up: it is too old, or its route or payload is not configured any more",
			"route", r.message.Route, "payload", r.message.Payload, "message", r.message.ID)
		if err := e.tell(ctx, Event{At: now, Fact: GaveUp{r.message.ID}}); err != nil {
			return false, err
		}
		return e.awaitAll(ctx), nil
	}
	if !e.allowances[r.message.Sender].room(now) || !e.retrying.start(name) {
		return false, nil
	}
	if err := e.tell(ctx, Event{At: now, Fact: Retrying{ID: r.message.ID, Try: r.try}}); err != nil {
		e.retrying.end(name)
		return false, err
	}
	// It may have been seen, or ended, before that was journaled.
	if !e.awaitAll(ctx) || !e.isTrying(r) {
		e.retrying.end(name)
		return true, nil
	}
	message := Compose(p, e.cfg.Keys, e.tagOf(r.message, r.sent))
	sends.start(func(sending context.Context) {
		defer e.queued.Tell()
		defer e.retrying.end(name)
		e.handOver(sending, p, message)
	})
	return true, nil
}

// isTrying tells whether the journal waits for the end of a further try.
func (e *Engine) isTrying(r retry) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	fl := e.tracker.flights[r.message.ID]
	return fl != nil && fl.attempt == nil && !fl.orphaned && fl.tries == r.try-1
}

// tagOf is the tag of a message that the journal describes, sent at a time. It is what the
// message was composed with, as long as key, interval and clock are the same.
func (e *Engine) tagOf(s Sending, at time.Time) Tag {
	return Tag{
		ID: s.ID, Full: true, Prober: e.cfg.Keys.Prober(), Route: s.Route, Payload: s.Payload, Purpose: s.Purpose,
		Slot: s.Slot.Truncate(time.Millisecond), Sent: at.Truncate(time.Millisecond), Interval: e.probes[probeName(s.Route, s.Payload)].Every,
	}
}
