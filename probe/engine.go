package probe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// EngineConfig is what an engine is made of. All of it is needed, but for Cleaners,
// Accounts, Asides, Checks, Checked, Trace, Compare, Recorder, Calendar, Linger and Uptime.
type EngineConfig struct {
	Clock    Clock
	Keys     *Keyring
	Journal  Journal
	Probes   []Probe
	Senders  map[string]Sender  // by name
	Watchers map[string]Watcher // by mailbox
	// Asides are, by mailbox, the mailboxes whose messages may turn up there instead: kept
	// in quarantine, or as reports to their sender.
	Asides   map[string][]string
	Cleaners map[string]Cleaner // by mailbox; where there is one, test messages are deleted when they have settled
	Accounts map[string]Account // by sender; those not there are bounded by nobody but us
	Checks   []Checker          // asked every minute, and when a route is suspected
	Checked  func(Checked)      // is told every answer, from several goroutines; nil: nobody is
	// Trace reads what the servers on the way wrote into the header of a message. It is
	// called from several goroutines, once per message found. Nil: nobody reads it.
	Trace func(Observation) Trail
	// Compare says what was altered in a message found, given how it was sent. Like Trace
	// it is called once per message, from several goroutines. Nil: nobody looks.
	Compare   func(sent *Message, found Observation) []Alteration
	Assessor  Assessor
	Recorder  Recorder // one of the Assessor's; nil: nothing is recorded
	Calendar  Calendar // the maintenance that is planned; nil: none is
	Exporters []Exporter
	Log       *slog.Logger
	// Linger is for how long Once goes on, from when it sends, for messages that have
	// missed their deadline or cannot be looked for. What is not longer than their
	// LateAfter changes nothing.
	Linger time.Duration
	// Uptime is MachineUptime; nil: unknown.
	Uptime func() (boot string, up time.Duration)
}

// Engine sends, watches and settles. Every fact goes into the journal; one
// goroutine follows the journal, applies each event to the tracker and hands the
// changes to the exporters.
type Engine struct {
	cfg       EngineConfig
	paces     map[string]*mailboxPace
	cleanings map[string]*cleaning
	aside     map[string][]string // the mailboxes beside each, of cfg.Asides
	ready     chan struct{}
	over      chan struct{} // closed when nobody follows the journal any more

	probes      map[string]Probe      // by name
	confirmable map[string]Probe      // by route
	allowances  map[string]*allowance // by sender
	inherited   Seq                   // up to here the journal is of earlier processes

	mu      sync.Mutex
	tracker *Tracker
	past    *past
	applied Seq
	done    map[ID]bool // messages in flight whose attempt has ended, and is not journaled yet

	unassessed unassessed
	confirmed  time.Time // the slot of the last confirmation; only assess uses it

	retrying  retrying
	gathered  gathered
	telling   sync.RWMutex // held for reading by whoever hands facts to the journal
	undurable atomic.Bool  // the journal cannot be written

	progress Signal // an event has been applied
	decided  Signal // an event has been applied that may make deadlines due

	assessable Signal // there is something unassessed
	asked      Signal // checks should be made now
	queued     Signal // a message is to be tried again, or one more may be
	recordable Signal // something has changed
}

// NewEngine makes an engine; Run or Once starts it, once.
func NewEngine(cfg EngineConfig) *Engine {
	e := &Engine{
		cfg:       cfg,
		paces:     make(map[string]*mailboxPace, len(cfg.Watchers)),
		cleanings: make(map[string]*cleaning, len(cfg.Cleaners)),
		aside:     make(map[string][]string),
		ready:     make(chan struct{}),
		over:      make(chan struct{}),
		tracker:   NewTracker(cfg.Journal.State().Began, cfg.Probes),
		past:      newPast(),
		done:      make(map[ID]bool),

		probes:      make(map[string]Probe, len(cfg.Probes)),
		confirmable: confirmable(cfg.Probes),
		allowances:  newAllowances(cfg.Senders, cfg.Accounts),
		unassessed:  make(unassessed),
		inherited:   cfg.Journal.State().Last,
	}
	all := &budget{interval: perProcess, burst: processBurst * perProcess}
	for mailbox := range cfg.Watchers {
		e.paces[mailbox] = newPace(e, mailbox, all)
	}
	for mailbox, targets := range cfg.Asides {
		for _, target := range targets {
			e.aside[target] = append(e.aside[target], mailbox)
		}
	}
	for _, p := range cfg.Probes {
		e.probes[probeName(p.Route.Name, p.Payload.Name())] = p
	}
	for mailbox, c := range cfg.Cleaners {
		e.cleanings[mailbox] = &cleaning{cleaner: c, seen: make(map[Ref]ID)}
	}
	return e
}

// Ready is closed when the journal has been replayed and the schedule runs.
func (e *Engine) Ready() <-chan struct{} { return e.ready }

// InFlight counts the messages that have no outcome yet.
func (e *Engine) InFlight() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tracker.InFlight()
}

// Run replays the journal and then probes by the schedule until the context ends.
// Attempts under way are given farewell to finish. Messages in flight stay in the
// journal, for the next run. An error means that the journal cannot be read.
func (e *Engine) Run(ctx context.Context) error {
	return e.during(ctx, func(ctx context.Context, sends *sends) error {
		var chores sync.WaitGroup
		chores.Go(func() { e.watchClock(ctx) })
		chores.Go(func() { e.keep(ctx) })
		chores.Go(func() { e.assess(ctx, sends) })
		if e.cfg.Recorder != nil {
			chores.Go(func() { e.record(ctx) })
		}
		e.forgetChecks(ctx)
		e.planNow(ctx) // before the first message
		for i, c := range e.cfg.Checks {
			first := checkSoonest * time.Duration(i) / time.Duration(len(e.cfg.Checks))
			chores.Go(func() { e.checkAlways(ctx, c, first) })
		}
		for mailbox, c := range e.cleanings {
			chores.Go(func() { e.cleanAlways(ctx, mailbox, c) })
		}
		chores.Go(func() { e.plan(ctx) })
		schedule := e.timetable(ctx)
		close(e.ready)
		e.schedule(ctx, schedule, sends)
		chores.Wait()
		return nil
	})
}

// patience is how long Once waits beyond the longest deadline of its round for a
// look to decide, as long as somebody can look.
const patience = 30 * time.Second

// Once sends one message along each route, for purpose Manual, and returns when
// each of them has arrived or missed its deadline, or nobody could tell; with Linger, when
// each has ended or that time is over. It adopts nothing: what an earlier round sent, that
// round has told of.
func (e *Engine) Once(ctx context.Context) error {
	e.tracker = NewTracker(time.Time{}, nil)
	return e.during(ctx, func(ctx context.Context, sends *sends) error {
		e.awaitFirstLooks(ctx)
		slot := e.cfg.Clock.Now()
		var longest time.Duration
		for _, p := range e.cfg.Probes {
			longest = max(longest, p.LateAfter)
			sends.start(func(sending context.Context) { e.send(sending, p, Manual, slot) })
		}
		close(e.ready)
		sends.await(ctx)
		e.awaitAll(ctx) // what was sent just now is in flight from when the tracker knows it
		e.awaitDecisions(ctx, slot.Add(longest))
		e.awaitEnds(ctx, slot.Add(e.cfg.Linger))
		e.cleanOnce(ctx)
		return nil
	})
}

// awaitDecisions waits until every message has arrived or missed its deadline, the
// last of which is given; beyond it, only looks that can still come are waited for.
func (e *Engine) awaitDecisions(ctx context.Context, deadline time.Time) {
	for _, limit := range []struct {
		until time.Time
		blind bool // messages into blind mailboxes are waited for
	}{{deadline, true}, {deadline.Add(patience), false}} {
		ctx, cancel := context.WithTimeout(ctx, e.cfg.Clock.Until(limit.until))
		decided := e.await(ctx, func() bool { return e.tracker.Undecided(limit.blind) == 0 })
		cancel()
		if decided {
			return
		}
	}
}

// awaitEnds waits until every message has ended, but no longer than until a time.
func (e *Engine) awaitEnds(ctx context.Context, until time.Time) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Clock.Until(until))
	defer cancel()
	e.await(ctx, func() bool { return e.tracker.InFlight() == 0 })
}

// during replays the journal, keeps following, watching and settling while work
// runs, and ends it all. It returns the error of work, or of the follower.
func (e *Engine) during(parent context.Context, work func(context.Context, *sends) error) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	// The follower outlives the rest, so that what is journaled at the end is told.
	following, stopFollowing := context.WithCancel(context.WithoutCancel(ctx))
	var follower sync.WaitGroup
	follower.Go(func() {
		defer stopFollowing()
		defer close(e.over)
		cancel(e.follow(following))
	})
	defer follower.Wait()
	defer stopFollowing()

	if !e.awaitAll(ctx) {
		return endOf(parent, ctx)
	}
	if err := errors.Join(e.markStart(ctx), e.markOrphans(ctx)); err != nil {
		return err
	}
	var rest sync.WaitGroup
	rest.Go(func() { e.settleDeadlines(ctx) })
	for mailbox, w := range e.cfg.Watchers {
		rest.Go(func() { e.watch(ctx, mailbox, w) })
	}
	sends := newSends(ctx)
	stopRetrying := e.retryMeanwhile(ctx, sends)
	err := errors.Join(work(ctx, sends), endOf(parent, ctx))
	stopRetrying()
	sends.end()
	cancel(err)
	rest.Wait()
	// Answers that are known are journaled, even now.
	err = errors.Join(err, e.tellAll(following))
	e.awaitAll(following)
	return err
}

// endOf is why ctx ended: nil if it has not, or if its parent did.
func endOf(parent, ctx context.Context) error {
	if parent.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

// markOrphans tells which messages an earlier process left without an answer.
func (e *Engine) markOrphans(ctx context.Context) error {
	e.mu.Lock()
	orphans := e.tracker.Orphans(e.cfg.Clock.Now(), func(mailbox string) bool { return e.cfg.Watchers[mailbox] != nil })
	inFlight := e.tracker.InFlight()
	e.mu.Unlock()
	if inFlight > 0 {
		e.cfg.Log.Info("taking over messages in flight from an earlier process", "messages", inFlight, "nobody_can_tell_about", len(orphans))
	}
	if err := e.tell(ctx, orphans...); err != nil {
		return fmt.Errorf("noting orphaned messages: %w", err)
	}
	e.awaitAll(ctx)
	return nil
}
