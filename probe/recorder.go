package probe

import (
	"context"
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
