package probe

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Recorder makes facts of what follows from the changes, as incidents are. It is one of
// the Assessors, from which it has the changes. Like them it has no clock, no goroutine and
// no I/O.
type Recorder interface {
	// Record returns the facts that are to be journaled by now. It gives the same ones
	// again until they are applied, also to the next process.
	Record(now time.Time) []Event
}

// recordEvery is how often the recorder is asked when nothing happens.
const recordEvery = 10 * time.Second

// record journals what the recorder makes of the changes, until the context ends.
func (e *Engine) record(ctx context.Context) {
	for {
		told := e.recordable.Told()
		now := e.cfg.Clock.Now()
		e.mu.Lock()
		due := e.cfg.Recorder.Record(now)
		e.mu.Unlock()
		if len(due) > 0 && e.tell(ctx, due...) == nil {
			e.awaitAll(ctx)
			continue
		}
		timer := time.NewTimer(recordEvery)
		select {
		case <-told:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// ErrNotReady says that an engine does not run, or has not replayed its journal yet.
var ErrNotReady = errors.New("the engine is not ready")

// Announce journals a Note or a Maintenance, and returns once it is durable and all who
// follow have been told. ErrNotDurable says that they have, and that it may be forgotten at
// a restart. It is safe for concurrent use, while Run runs.
func (e *Engine) Announce(ctx context.Context, f Fact) error {
	switch f.(type) {
	case Note, Maintenance:
	default:
		return fmt.Errorf("announcing: got a fact of type %T, want a Note or a Maintenance", f)
	}
	select {
	case <-e.ready:
	default:
		return ErrNotReady
	}
	e.telling.RLock()
	err := e.cfg.Journal.Append(ctx, Event{At: e.cfg.Clock.Now(), Fact: f})
	e.telling.RUnlock()
	if err != nil && !errors.Is(err, ErrNotDurable) {
		return fmt.Errorf("announcing: %w", err)
	}
	if !e.awaitAll(ctx) {
		return fmt.Errorf("announcing: it is in the journal, and not told yet: %w", ctx.Err())
	}
	return err
}
