package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/mailpath/mailpath/probe"
)

// Memory is a journal that ends with its process: for tests, and for a single
// round that needs no memory of the last one. It is safe for concurrent use.
type Memory struct {
	mu     sync.RWMutex
	state  probe.JournalState
	events []probe.Event
	news   probe.Signal
}

// NewMemory makes an empty journal that begins now.
func NewMemory(clock probe.Clock) *Memory {
	return &Memory{state: probe.JournalState{Began: clock.Now()}}
}

// Append implements probe.Journal. Events are as durable as the process. A fact
// that the file could not store is refused here too.
func (j *Memory) Append(ctx context.Context, events ...probe.Event) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("appending to the journal: %w", err)
	}
	for _, e := range events {
		if _, _, err := kindOf(e.Fact); err != nil {
			return err
		}
	}
	j.mu.Lock()
	for _, e := range events {
		j.state.Last++
		e.Seq = j.state.Last
		j.events = append(j.events, e)
	}
	j.mu.Unlock()
	j.news.Tell()
	return nil
}

// Follow implements probe.Journal.
func (j *Memory) Follow(ctx context.Context, from probe.Seq, f func(probe.Event) error) error {
	next := int(max(from, 1)) - 1
	for {
		news := j.news.Told()
		j.mu.RLock()
		events := j.events[min(next, len(j.events)):]
		j.mu.RUnlock()
		for _, e := range events {
			if err := errors.Join(ctx.Err(), f(e)); err != nil {
				return err
			}
			next++
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// State implements probe.Journal.
func (j *Memory) State() probe.JournalState {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.state
}

// Close does nothing: a memory journal holds nothing but memory.
func (j *Memory) Close() error { return nil }
