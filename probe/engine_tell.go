package probe

import (
	"context"
	"errors"
	"sync"
	"time"
)

// tell journals facts. Without an error those who follow the journal get them, even
// if the disk does not; that is said once, and again when it is over. What has been
// gathered goes before.
func (e *Engine) tell(ctx context.Context, events ...Event) error {
	e.telling.RLock()
	defer e.telling.RUnlock()
	gathered := e.gathered.take()
	if len(gathered)+len(events) == 0 {
		return nil
	}
	err := e.cfg.Journal.Append(ctx, append(gathered, events...)...)
	switch {
	case errors.Is(err, ErrNotDurable):
		if !e.undurable.Swap(true) {
			e.cfg.Log.Error("monitoring goes on from memory: free the disk before a restart, or what happens now is forgotten", "error", err)
		}
		return nil
	case err == nil && e.undurable.Swap(false):
		e.cfg.Log.Info("the journal can be written again; nothing is missing in it")
	case err != nil:
		if e.gathered.giveBack(gathered); ctx.Err() != nil { // the teller's time is over, not the journal's
			time.AfterFunc(gathering, e.tellGathered)
		} else {
			e.cfg.Log.Error("facts cannot be journaled", "error", err, "events", len(events))
		}
	}
	return err
}

// gathering is how long a fact that is in no hurry waits for one that is: each commit
// of the journal costs two waits for the disk, and an arrival mostly follows soon.
const gathering = 50 * time.Millisecond

// tellSoon journals a fact with the next one that is told, or after a moment.
func (e *Engine) tellSoon(ev Event) {
	if e.gathered.add(ev) {
		time.AfterFunc(gathering, e.tellGathered)
	}
}

func (e *Engine) tellGathered() { _ = e.tell(context.Background()) }

// tellAll tells what has been gathered, whoever was going to, and returns when all
// that anybody tells is in the journal.
func (e *Engine) tellAll(ctx context.Context) error {
	err := e.tell(ctx)
	e.telling.Lock()
	defer e.telling.Unlock()
	return err
}

// gathered is the facts that wait to be told with others.
type gathered struct {
	mu     sync.Mutex
	events []Event
}

// add adds a fact; first says that none waited.
func (g *gathered) add(ev Event) (first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events = append(g.events, ev)
	return len(g.events) == 1
}

func (g *gathered) take() []Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	events := g.events
	g.events = nil
	return events
}

// giveBack puts back what could not be told.
func (g *gathered) giveBack(events []Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events = append(events, g.events...)
}
