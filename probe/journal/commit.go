package journal

import (
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/mailpath/mailpath/probe"
)

// job is what one Append, or one part of a Prune, waits for.
type job struct {
	events []probe.Event // to be numbered and written
	raw    [][]byte      // the same, encoded
	gone   []probe.Seq   // to be removed; all are on the disk
	done   chan error
}

const (
	maxGroup   = 10_000      // jobs of one transaction, and events of one that catches up
	maxWaiting = 100_000     // events that wait in memory for the disk
	retryAfter = time.Second // the rest of a disk that has failed
	cursorRest = time.Second // how long a cursor waits for an event to be written with
)

// run is the group-commit loop: one transaction for all that waits.
func (j *File) run() {
	defer close(j.ended)
	var cursors <-chan time.Time
	for {
		select {
		case first := <-j.queue:
			j.commit(j.group(first))
		case <-j.rest:
			j.rest = nil
			j.commit(nil)
		case <-j.cursors.news:
			if cursors == nil {
				cursors = time.After(cursorRest)
			}
		case <-cursors:
			cursors = nil
			j.commit(nil)
		case <-j.ending:
			j.rest = nil
			j.commit(nil)
			return
		}
	}
}

// group is a job and all that wait behind it now.
func (j *File) group(first *job) []*job {
	group := []*job{first}
	for len(group) < maxGroup {
		select {
		case next := <-j.queue:
			group = append(group, next)
		default:
			return group
		}
	}
	return group
}

// commit writes what is in the jobs and what waits, publishes the new events
// whether or not that worked, and tells the jobs.
func (j *File) commit(group []*job) {
	events, gone := j.number(group)
	err := j.write(gone)
	dropped := max(0, len(j.waiting)-maxWaiting)
	j.waiting = j.waiting[dropped:]
	j.trouble.count(len(j.waiting), dropped)
	if err == nil && len(gone) > 0 {
		j.tail.forget(slices.Max(gone) + 1)
	}
	if len(events) > 0 {
		j.tail.publish(events, len(j.waiting))
		j.news.Tell()
	}
	for _, c := range group {
		c.done <- err
	}
}

// number gives the events of the jobs their numbers and lines them up for the disk.
func (j *File) number(group []*job) (events []probe.Event, gone []probe.Seq) {
	count := 0
	for _, c := range group {
		count += len(c.events)
	}
	events = make([]probe.Event, 0, count)
	for _, c := range group {
		for i, e := range c.events {
			e.Seq = j.next
			j.next++
			events = append(events, e)
			j.waiting = append(j.waiting, stored{e.Seq, c.raw[i]})
		}
		gone = append(gone, c.gone...)
	}
	return events, gone
}

// write brings everything to the disk that is not there yet: a backlog in parts, so
// that a transaction stays small. While the disk rests it gives the present trouble.
func (j *File) write(gone []probe.Seq) error {
	if j.rest != nil {
		return j.trouble.present()
	}
	if j.idle() && len(gone) == 0 {
		return nil
	}
	for {
		part := j.waiting[:min(len(j.waiting), maxGroup)]
		if err := j.writePart(part, gone); err != nil {
			return j.fail(err)
		}
		j.laidOut = true
		gone = nil
		if j.waiting = j.waiting[len(part):]; len(j.waiting) == 0 {
			j.waiting = nil
			j.trouble.ended()
			return nil
		}
	}
}

// idle tells that there is nothing to write, nor to find out.
func (j *File) idle() bool {
	return len(j.waiting) == 0 && j.laidOut && !j.cursors.pending() && j.trouble.present() == nil
}

// fail lets the disk rest, and gives the failure in words.
func (j *File) fail(err error) error {
	j.rest = time.After(retryAfter)
	return j.trouble.failed(j.store.path, err)
}

// writePart is one transaction. Cursors go with the last events: a cursor is never
// on the disk before the events that it has passed.
func (j *File) writePart(part []stored, gone []probe.Seq) error {
	if err := j.makeWritable(); err != nil {
		return err
	}
	var cursors map[string]probe.Seq
	if len(part) == len(j.waiting) {
		cursors = j.cursors.take()
	}
	began := j.State().Began
	err := j.store.update(func(tx *bbolt.Tx) error {
		if err := layOut(tx, began); err != nil {
			return err
		}
		return errors.Join(put(tx, part), remove(tx, gone), putCursors(tx, cursors))
	})
	if err != nil && cursors != nil {
		j.cursors.giveBack()
	}
	return err
}

// makeWritable opens the file again if it could only be read, or not be made, and
// if the library has lost it.
func (j *File) makeWritable() error {
	switch {
	case j.store.db == nil:
		return j.connect()
	case j.store.db.IsReadOnly(), errors.Is(j.trouble.present(), berrors.ErrInvalidMapping):
		return j.store.reopen()
	}
	return nil
}

func put(tx *bbolt.Tx, events []stored) error {
	if len(events) == 0 {
		return nil
	}
	bucket := tx.Bucket(bucketEvents)
	bucket.FillPercent = 1 // keys only rise
	for _, e := range events {
		if err := bucket.Put(keyOf(e.seq), e.raw); err != nil {
			return err
		}
	}
	return bucket.SetSequence(uint64(events[len(events)-1].seq))
}

func remove(tx *bbolt.Tx, gone []probe.Seq) error {
	bucket := tx.Bucket(bucketEvents)
	for _, seq := range gone {
		if err := bucket.Delete(keyOf(seq)); err != nil {
			return err
		}
	}
	return nil
}

func putCursors(tx *bbolt.Tx, cursors map[string]probe.Seq) error {
	if len(cursors) == 0 {
		return nil
	}
	bucket, err := tx.CreateBucketIfNotExists(bucketCursors)
	if err != nil {
		return err
	}
	for name, seq := range cursors {
		if err := bucket.Put([]byte(name), keyOf(seq)); err != nil {
			return err
		}
	}
	return nil
}
