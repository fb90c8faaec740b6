package probe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"
)

const (
	minBackoff = 500 * time.Millisecond
	maxBackoff = time.Minute
	// lookedEvery bounds how often looks that decide nothing are journaled.
	lookedEvery = 10 * time.Second
)

// watching is the state of one mailbox's watch.
type watching struct {
	mailbox   string
	pace      *mailboxPace
	previous  time.Time // the last complete look began then
	journaled time.Time // the last journaled look began then
	looks     int       // since the last journaled one
	backoff   time.Duration
	problem   string // why it is blind; empty while it is not
}

// watch keeps a mailbox watched until the context ends.
func (e *Engine) watch(ctx context.Context, mailbox string, w Watcher) {
	s := &watching{mailbox: mailbox, pace: e.paces[mailbox], backoff: minBackoff}
	for ctx.Err() == nil {
		err := e.watchOnce(ctx, w, s)
		if ctx.Err() != nil {
			return
		}
		e.blind(ctx, s, err)
		jittered := s.backoff/2 + rand.N(s.backoff)
		s.backoff = min(2*s.backoff, maxBackoff)
		_ = e.cfg.Clock.SleepUntil(ctx, e.cfg.Clock.Now().Add(jittered))
	}
}

// watchOnce watches until blind; a watcher that panics is blind.
func (e *Engine) watchOnce(ctx context.Context, w Watcher, s *watching) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("watching mailbox %s: panic: %v", s.mailbox, r)
		}
	}()
	return w.Watch(ctx, s.pace, func(l Look) error { return e.looked(ctx, s, l) })
}

// ownEnd is our end of a connection, as package net writes it.
var ownEnd = regexp.MustCompile(`\S+->`)

// blind journals that a mailbox cannot be watched, once per reason.
func (e *Engine) blind(ctx context.Context, s *watching, err error) {
	problem := "the watcher gave up without a reason"
	if err != nil {
		// The port of our own end differs each time and says nothing.
		problem = ownEnd.ReplaceAllString(err.Error(), "")
	}
	if problem == s.problem {
		return
	}
	e.cfg.Log.Warn("mailbox cannot be watched", "mailbox", s.mailbox, "problem", problem)
	if e.tell(ctx, Event{At: e.cfg.Clock.Now(), Fact: Blind{Mailbox: s.mailbox, Problem: problem}}) == nil {
		s.problem = problem
	}
}

// looked journals what a look has found, and the look itself when it decides
// something. Its error makes the watcher report the same messages again.
func (e *Engine) looked(ctx context.Context, s *watching, l Look) error {
	if len(l.Found) > 0 && !e.awaitAll(ctx) { // a message may be seen before its Sending is applied
		return ctx.Err()
	}
	now := e.cfg.Clock.Now()
	events := e.news(s, l, now)
	s.looks++
	if e.worthJournaling(s, l) {
		events = append(events, Event{At: now, Fact: Looked{Mailbox: s.mailbox, Began: l.Began, Ended: l.Ended, Looks: s.looks}})
		s.looks, s.journaled = 0, l.Began
	}
	if err := e.tell(ctx, events...); err != nil {
		return fmt.Errorf("journaling a look at mailbox %s: %w", s.mailbox, err)
	}
	if s.problem != "" {
		e.cfg.Log.Info("mailbox is watched again", "mailbox", s.mailbox)
	}
	// What was journaled moves deadlines on, which the pace must know.
	if len(events) > 0 && !e.awaitAll(ctx) {
		return ctx.Err()
	}
	e.mu.Lock()
	e.cleanings[s.mailbox].add(l.Found, e.tracker.knows)
	e.mu.Unlock()
	s.previous, s.problem, s.backoff = l.Began, "", minBackoff
	s.pace.lookBegan(l.Began)
	e.mu.Lock()
	if e.tracker.Waited(s.mailbox) {
		e.reconsider(s.mailbox)
	}
	e.mu.Unlock()
	return nil
}

// worthJournaling tells whether a look is the first of this process, decides
// something, or is the first for a while with messages in flight.
func (e *Engine) worthJournaling(s *watching, l Look) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.journaled.IsZero() || e.tracker.Decides(s.mailbox, l.Began) {
		return true
	}
	return l.Began.Sub(s.journaled) >= lookedEvery && e.tracker.Waited(s.mailbox)
}
