package probe

import (
	"context"
	"time"
)

const (
	// keptFor and keptMessages bound what the journal keeps of single messages; those
	// in flight are kept beyond. keptTotals is for totals per day.
	keptFor      = 7 * 24 * time.Hour
	keptMessages = 1_000_000
	keptTotals   = 400 * 24 * time.Hour

	pruneEvery = time.Hour
)

// keep prunes the journal from time to time, and writes down what each day came to
// when it is over, until the context ends.
func (e *Engine) keep(ctx context.Context) {
	for {
		now := e.cfg.Clock.Now()
		e.closeDays(ctx, dayOf(now))
		e.prune(ctx, now)
		next := now.Add(pruneEvery)
		if midnight := dayOf(now).Add(24 * time.Hour); midnight.Before(next) {
			next = midnight
		}
		if e.cfg.Clock.SleepUntil(ctx, next) != nil {
			return
		}
	}
}

// Totals is what each route has come to on the days that are not closed yet; the
// journal has the others.
func (e *Engine) Totals() []Totals {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.past.totals.those(func(time.Time, *dayTotal) bool { return true })
}

// closeDays journals the totals of the days that began before a time.
func (e *Engine) closeDays(ctx context.Context, before time.Time) {
	e.mu.Lock()
	totals := e.past.totals.unwritten(before)
	e.mu.Unlock()
	for _, t := range totals {
		if e.tell(ctx, Event{At: e.cfg.Clock.Now(), Fact: t}) != nil {
			return
		}
	}
	e.awaitAll(ctx)
}

// prune removes from the journal what nobody needs any more.
func (e *Engine) prune(ctx context.Context, now time.Time) {
	before, needed := e.prunable(now)
	if !needed {
		return
	}
	// What is pruned has been added up: its day's totals must be there first.
	e.closeDays(ctx, now)
	if e.undurable.Load() {
		return
	}
	removed, err := e.cfg.Journal.Prune(ctx, before.seq, func(ev Event) bool { return e.keeps(ev, now) })
	if err != nil {
		if ctx.Err() == nil {
			e.cfg.Log.Warn("the journal was not pruned; it is tried again", "error", err)
		}
		return
	}
	e.mu.Lock()
	for len(e.past.marks) > 0 && e.past.marks[0].seq < before.seq {
		e.past.marks = e.past.marks[1:]
	}
	e.mu.Unlock()
	e.cfg.Log.Info("pruned the journal", "events", removed, "before", before.at)
}

// prunable is the mark up to which the journal may be pruned. It is needed when
// there is an older one.
func (e *Engine) prunable(now time.Time) (before mark, needed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	marks := e.past.marks
	for i, m := range marks {
		if now.Sub(m.at) <= keptFor && e.past.messages-m.messages <= keptMessages {
			break
		}
		before, needed = m, i > 0
	}
	return before, needed
}

// keeps tells whether an event is kept beyond its time. Kinds that this version does
// not know are: a newer one may need them.
func (e *Engine) keeps(ev Event, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch f := ev.Fact.(type) {
	case Looked, Blind, SlotsMissed, SlotsSkipped, Suspected, FindingChanged:
		return false
	case Started:
		return ev.Seq == e.past.started.Seq
	case IncidentChanged:
		return f.Step != IncidentProgressed || f.Open()
	case Maintenance: // all that was said of one goes together, or what was taken back would be back
		last, known := e.past.windows.last(f.ID)
		return known && now.Sub(last.Until) <= keptTotals
	case ClockStepped:
		return now.Sub(ev.At) <= keptTotals
	case Totals:
		return e.past.totals.last[dayOf(f.Day)] == ev.Seq && now.Sub(f.Day) <= keptTotals
	}
	id, about := MessageOf(ev.Fact)
	return !about || e.tracker.holds(id)
}

// MessageOf is the message that a fact is about, if it is about one.
func MessageOf(f Fact) (ID, bool) {
	switch f := f.(type) {
	case Sending:
		return f.ID, true
	case Attempted:
		return f.ID, true
	case Retrying:
		return f.ID, true
	case GaveUp:
		return f.ID, true
	case Reported:
		return f.ID, true
	case Seen:
		return f.ID, true
	case MissedDeadline:
		return f.ID, true
	case Expired:
		return f.ID, true
	case Orphaned:
		return f.ID, true
	}
	return 0, false
}
