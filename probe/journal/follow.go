package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/mailpath/mailpath/probe"
)

// batch is how many events are read in one transaction. The follower's function
// runs outside of it: a transaction held open keeps pages from being used again.
const batch = 1000

// Follow implements probe.Journal.
func (j *File) Follow(ctx context.Context, from probe.Seq, f func(probe.Event) error) error {
	for {
		news := j.news.Told()
		events, next, err := j.read(from)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := errors.Join(ctx.Err(), f(e)); err != nil {
				return err
			}
		}
		if next != from {
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

// Prune implements probe.Journal.
func (j *File) Prune(ctx context.Context, before probe.Seq, keep func(probe.Event) bool) (removed int, err error) {
	for from, more := probe.Seq(0), true; more; {
		if err := ctx.Err(); err != nil {
			return removed, fmt.Errorf("pruning the journal: %w", err)
		}
		n := 0
		from, n, more, err = j.prune(from, before, keep)
		removed += n
		if err != nil {
			return removed, fmt.Errorf("pruning the journal: %w", err)
		}
	}
	return removed, nil
}

// prune does one part of Prune in one transaction, and gives the number to go on from.
func (j *File) prune(from, before probe.Seq, keep func(probe.Event) bool) (next probe.Seq, removed int, more bool, err error) {
	err = j.db.Update(func(tx *bbolt.Tx) error {
		var gone [][]byte
		c := tx.Bucket(bucketEvents).Cursor()
		k, v := c.Seek(binary.BigEndian.AppendUint64(nil, uint64(from)))
		for n := 0; k != nil && n < batch && probe.Seq(binary.BigEndian.Uint64(k)) < before; n++ {
			e, err := decode(v)
			e.Seq = probe.Seq(binary.BigEndian.Uint64(k))
			if err != nil || !keep(e) {
				gone = append(gone, k)
			}
			next, more = e.Seq+1, n == batch-1
			k, v = c.Next()
		}
		removed = len(gone)
		for _, k := range gone {
			if err := tx.Bucket(bucketEvents).Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
	return next, removed, more, err
}

// read gives the next batch from a number on, and the number to go on from.
func (j *File) read(from probe.Seq) (events []probe.Event, next probe.Seq, err error) {
	next = from
	err = j.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketEvents).Cursor()
		k, v := c.Seek(binary.BigEndian.AppendUint64(nil, uint64(from)))
		for ; k != nil && len(events) < batch; k, v = c.Next() {
			seq := probe.Seq(binary.BigEndian.Uint64(k))
			next = seq + 1
			e, err := decode(v)
			if err != nil && !errors.Is(err, errUnknownKind) {
				return fmt.Errorf("reading event %d of the journal: %w", seq, err)
			}
			e.Seq = seq
			events = append(events, e)
		}
		return nil
	})
	return events, next, err
}
