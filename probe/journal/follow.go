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
