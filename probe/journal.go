package probe

import (
	"context"
	"errors"
	"time"
)

// Journal is the durable log of events and the one door for facts.
type Journal interface {
	// Append numbers the events, in their order, and returns once they are
	// durable. Concurrent calls share one commit. It never waits for followers,
	// so a follower may call it. ErrNotDurable says that followers get the events
	// and the disk has them not; with any other error nobody gets them.
	Append(context.Context, ...Event) error

	// Follow calls f with every event whose number is at least from, in order,
	// each once: first those that are there, then those to come. An event of a kind
	// that this version does not know has no Fact. It returns f's error, or the
	// context's when that ends.
	Follow(ctx context.Context, from Seq, f func(Event) error) error

	// Prune removes the events whose number is below before, save those that keep
	// wants, and tells how many went. It takes them in small parts, between which
	// appends go on, and ends with the context. keep must not call the journal.
	Prune(ctx context.Context, before Seq, keep func(Event) bool) (removed int, err error)

	// State tells how far the journal has come.
	State() JournalState
}

// ErrNotDurable says that events could not be written to the disk. The journal keeps
// them in memory, and writes them as soon as it can.
var ErrNotDurable = errors.New("the journal cannot be written")

// JournalState is how far a journal has come.
type JournalState struct {
	Began time.Time // when the journal was made
	Last  Seq       // the newest event that followers get; 0: there is none
}
