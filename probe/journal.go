package probe

import (
	"context"
	"time"
)

// Journal is the durable log of events and the one door for facts.
type Journal interface {
	// Append numbers the events, in their order, and returns once they are
	// durable. Concurrent calls share one commit. It never waits for followers,
	// so a follower may call it.
	Append(context.Context, ...Event) error

	// Follow calls f with every event whose number is at least from, in order,
	// each once: first those that are there, then those to come. An event of a kind
	// that this version does not know has no Fact. It returns f's error, or the
	// context's when that ends.
	Follow(ctx context.Context, from Seq, f func(Event) error) error

	// State tells how far the journal has come.
	State() JournalState
}

// JournalState is how far a journal has come.
type JournalState struct {
	Began time.Time // when the journal was made
	Last  Seq       // the newest durable event; 0: there is none
}
