package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/mailpath/mailpath/probe"
)

// Memory is a journal that ends with its process: for tests, and for a single
// round that needs no memory of the last one. It is safe for concurrent use.
type Memory struct {
	mu      sync.RWMutex
	state   probe.JournalState
	events  []probe.Event
	news    probe.Signal
	pruning sync.Mutex
	cursors *cursors
}

// NewMemory makes an empty journal that begins now.
func NewMemory(clock probe.Clock) *Memory {
	return &Memory{state: probe.JournalState{Began: clock.Now()}, cursors: newCursors()}
}

// Append implements probe.Journal. Events are as durable as the process. A fact
// that the file could not store is refused here too.
func (j *Memory) Append(ctx context.Context, events ...probe.Event) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("appending to the journal: %w", err)
	}
	if _, err := encodeAll(events); err != nil {
		return fmt.Errorf("appending to the journal: %w", err)
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
	for {
		news := j.news.Told()
		for _, e := range j.from(from) {
			if err := errors.Join(ctx.Err(), f(e)); err != nil {
				return err
			}
			from = e.Seq + 1
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// from gives the events whose number is at least seq.
func (j *Memory) from(seq probe.Seq) []probe.Event {
	j.mu.RLock()
	defer j.mu.RUnlock()
	i, _ := find(j.events, seq)
	return j.events[i:len(j.events):len(j.events)]
}

func find(events []probe.Event, seq probe.Seq) (int, bool) {
	return slices.BinarySearchFunc(events, seq, func(e probe.Event, seq probe.Seq) int { return cmp.Compare(e.Seq, seq) })
}

// Prune implements probe.Journal.
func (j *Memory) Prune(ctx context.Context, before probe.Seq, keep func(probe.Event) bool) (removed int, err error) {
	j.pruning.Lock()
	defer j.pruning.Unlock()
	old := j.from(0)
	n, _ := find(old, before)
	var kept []probe.Event
	for _, e := range old[:n] {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("pruning the journal: %w", err)
		}
		if keep(e) {
			kept = append(kept, e)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	// Followers may be reading the old slice, and its memory is to go: what stays
	// goes into a new one.
	j.events = slices.Concat(kept, j.events[n:])
	return n - len(kept), nil
}

// State implements probe.Journal.
func (j *Memory) State() probe.JournalState {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.state
}

// Cursor tells how far the reader of that name has come, if it ever said so.
func (j *Memory) Cursor(name string) (probe.Seq, bool) { return j.cursors.get(name) }

// SetCursor remembers how far the reader of that name has come.
func (j *Memory) SetCursor(name string, seq probe.Seq) { j.cursors.set(name, seq) }

// Close does nothing: a memory journal holds nothing but memory.
func (j *Memory) Close() error { return nil }
