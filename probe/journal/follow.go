package journal

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/mailpath/mailpath/probe"
)

// batch is how many events are read in one transaction. The follower's function
// runs outside of it: a transaction held open keeps pages from being used again, and
// a function that appends would wait for ever.
const batch = 1000

// Follow implements probe.Journal. An event that cannot be read is given without
// its Fact. Events that were dropped, see Losses, are missing for those who come too
// late for them.
func (j *File) Follow(ctx context.Context, from probe.Seq, f func(probe.Event) error) error {
	r := reader{j: j, batch: batch, decoder: newDecoder()}
	defer r.end()
	for {
		news := j.news.Told()
		events, next, err := r.next(from)
		if err != nil {
			return fmt.Errorf("following the journal: %w", err)
		}
		for _, e := range events {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := f(e); err != nil {
				return err
			}
		}
		if next > from {
			from = next
			continue
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// reader reads a journal for one follower.
type reader struct {
	j       *File
	batch   int // events of one transaction
	decoder *coder
	events  []probe.Event // the batch from the disk, used again
	mapped  int           // batches since the last release
}

// next gives some events from a number on, and the number to go on from: the same
// when there is nothing more. The events are good until the next call.
func (r *reader) next(from probe.Seq) ([]probe.Event, probe.Seq, error) {
	recent, first := r.j.tail.since(from)
	if from < first {
		return r.read(from, first)
	}
	r.end()
	return recent, from + probe.Seq(len(recent)), nil
}

// read gives a batch from the disk, of numbers below before.
func (r *reader) read(from, before probe.Seq) ([]probe.Event, probe.Seq, error) {
	r.events = r.events[:0]
	next := before
	err := r.j.store.view(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketEvents)
		if bucket == nil {
			return nil
		}
		c := bucket.Cursor()
		for k, v := c.Seek(keyOf(from)); k != nil; k, v = c.Next() {
			seq, ok := seqOf(k)
			if !ok || seq == 0 {
				r.j.unreadable.Add(1)
				continue
			}
			if seq >= before {
				break
			}
			if len(r.events) == r.batch {
				next = seq
				break
			}
			r.events = append(r.events, r.decode(seq, v))
		}
		return nil
	})
	if r.mapped++; r.mapped == maxMapped {
		r.end()
	}
	return r.events, next, err
}

func (r *reader) decode(seq probe.Seq, raw []byte) probe.Event {
	e, err := r.decoder.decode(raw)
	if err != nil && !errors.Is(err, errUnknownKind) {
		r.j.unreadable.Add(1)
	}
	e.Seq = seq
	return e
}

// maxMapped is how many batches are read before the memory that stands for them is
// given back.
const maxMapped = 100

// end gives memory back that has been read through.
func (r *reader) end() {
	if r.mapped > 0 {
		r.mapped = 0
		r.j.store.release()
	}
}
