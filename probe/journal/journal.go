// Package journal keeps the log of events, in one bbolt file or in memory, for
// years: it is pruned while it runs, and goes on when its disk is full, may only be
// read or fails.
//
// Append encodes its events and hands them to a loop, the one goroutine that
// writes. The loop numbers all that waits, writes it in one transaction, syncs it,
// and then publishes it to the tail: the newest events, in memory, from which live
// followers are served. A follower that is further behind reads from the disk until
// it has come to the tail. If the disk fails, events are published all the same and
// wait, numbered, in memory; the loop tries to write them once a second.
//
// Pages of the file are read and checked when it is opened, before the library maps
// them into memory, so that damage is found then and not by a fault later.
package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// errClosed is given to those who use a closed journal.
var errClosed = errors.New("the journal has been closed")

// errReadOnly is given to those who write to a journal of OpenReadOnly.
var errReadOnly = errors.New("the journal was opened for reading only")

// File is a journal in one file. It is safe for concurrent use.
type File struct {
	clock      probe.Clock
	readOnly   bool
	store      store
	tail       tail
	cursors    *cursors
	trouble    trouble
	unreadable atomic.Uint64
	news       probe.Signal

	queue  chan *job
	ending chan struct{} // closed: the loop is to end
	ended  chan struct{} // closed: the loop has ended
	close  sync.Once

	loop
}

// loop is what only the goroutine that writes may touch.
type loop struct {
	next    probe.Seq        // the number of the next event
	waiting []stored         // what is not on the disk yet, in order
	laidOut bool             // the file has its buckets
	rest    <-chan time.Time // tells when to try the disk again; nil: at any time
}

// stored is an event as it stands in the file.
type stored struct {
	seq probe.Seq
	raw []byte
}

func newFile(path string, clock probe.Clock) *File {
	j := &File{
		clock:   clock,
		store:   store{path: path},
		cursors: newCursors(),
		queue:   make(chan *job),
		ending:  make(chan struct{}),
		ended:   make(chan struct{}),
		loop:    loop{next: 1},
	}
	j.tail.begin(probe.JournalState{Began: clock.Now()}, 1)
	return j
}

// Append implements probe.Journal.
func (j *File) Append(ctx context.Context, events ...probe.Event) error {
	if len(events) == 0 {
		return nil
	}
	raw, err := encodeAll(events)
	if err != nil {
		return err
	}
	if err := j.do(ctx, &job{events: events, raw: raw, done: make(chan error, 1)}); err != nil {
		return fmt.Errorf("appending to the journal: %w", err)
	}
	return nil
}

// do hands a job to the loop and waits until it is done. Once the loop has it, it
// will be done: to leave then would be to lie.
func (j *File) do(ctx context.Context, c *job) error {
	if j.readOnly {
		return errReadOnly
	}
	select {
	case j.queue <- c:
		return <-c.done
	case <-j.ending:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// State implements probe.Journal.
func (j *File) State() probe.JournalState { return j.tail.now() }

// Cursor tells how far the reader of that name has come, if it ever said so.
func (j *File) Cursor(name string) (probe.Seq, bool) { return j.cursors.get(name) }

// SetCursor remembers how far the reader of that name has come. It is durable a few
// milliseconds later, never before the events that it has passed.
func (j *File) SetCursor(name string, seq probe.Seq) { j.cursors.set(name, seq) }

// Close lets appends under way end, writes what waits, and closes the file. It may
// be called twice. ErrNotDurable says that events are lost.
func (j *File) Close() error {
	var err error
	j.close.Do(func() {
		close(j.ending)
		<-j.ended
		_, unwritten, trouble := j.Trouble()
		if unwritten > 0 {
			err = fmt.Errorf("closing the journal: %d events are lost: %w", unwritten, trouble)
		}
		err = errors.Join(err, j.store.close())
	})
	return err
}
