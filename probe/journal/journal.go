// Package journal keeps the log of events, in one bbolt file or in memory.
//
// Append hands its events to a loop that writes everything waiting in one
// transaction and syncs it; Follow reads the committed events back, oldest first,
// and waits for more. A follower sees nothing that is not on the disk.
package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/mailpath/mailpath/probe"
)

var (
	bucketEvents = []byte("events")
	bucketMeta   = []byte("mailpath")
	keyFormat    = []byte("format")
	keyBegan     = []byte("began")
)

// format is the version of the file's layout.
const format = "mailpath journal 1"

// ErrInUse says that another process has the journal open.
var ErrInUse = errors.New("the journal is in use by another process")

// ErrForeign says that a file is not a journal of mailpath's; it is left alone.
var ErrForeign = errors.New("not a mailpath journal")

// errClosed is given to those who append to a closed journal.
var errClosed = errors.New("appending to the journal: it has been closed")

// File is a journal in one file. It is safe for concurrent use.
type File struct {
	db     *bbolt.DB
	began  time.Time
	queue  chan *commit
	ending chan struct{} // closed: the loop is to end
	ended  chan struct{} // closed: the loop has ended
	close  sync.Once
	news   probe.Signal
}

// commit is what one Append waits for.
type commit struct {
	events []probe.Event
	done   chan error
}

// Open opens the journal at path, or makes one that begins now, readable by its
// owner only. It waits a moment for another process to let go of it, then gives
// ErrInUse. A file that is no journal gives ErrForeign and is not changed.
func Open(path string, clock probe.Clock) (*File, error) {
	if err := checkRegular(path); err != nil {
		return nil, err
	}
	db, err := openDatabase(path)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("opening journal %s: %w: is another mailpath running? Stop it, or give this one a --journal of its own", path, ErrInUse)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("opening journal %s: %w (%w): give --journal the path of a journal, or of a file that does not exist yet", path, ErrForeign, err)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("opening journal: %w: make the directory first", err)
	case err != nil:
		return nil, fmt.Errorf("opening journal %s: %w", path, err)
	}
	j := &File{db: db, queue: make(chan *commit), ending: make(chan struct{}), ended: make(chan struct{})}
	if err := j.prepare(path, clock.Now()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go j.run()
	return j, nil
}

// openDatabase opens the file. In one that was cut short the library panics, or
// reads memory that no file is behind.
func openDatabase(path string) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file is damaged (%v): move it away to begin a new one", r)
		}
	}()
	return bbolt.Open(path, 0o600, &bbolt.Options{Timeout: 2 * time.Second, FreelistType: bbolt.FreelistMapType})
}

// checkRegular refuses what cannot be a journal before anything is locked.
func checkRegular(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("opening journal: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("opening journal %s: %w: it is no regular file (%s): give --journal the path of a file", path, ErrForeign, info.Mode())
	}
	return nil
}

// prepare checks whose file it is and lays out a new one.
func (j *File) prepare(path string, now time.Time) error {
	return j.db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		if meta == nil {
			if name, _ := tx.Cursor().First(); name != nil {
				return fmt.Errorf("opening journal %s: %w: it is a database with a bucket %q: give --journal another path", path, ErrForeign, name)
			}
			return j.layOut(tx, now)
		}
		if got := string(meta.Get(keyFormat)); got != format {
			return fmt.Errorf("opening journal %s: got format %q, want %q: it was written by another version of mailpath", path, got, format)
		}
		j.began = time.Unix(0, int64(binary.BigEndian.Uint64(meta.Get(keyBegan))))
		_, err := tx.CreateBucketIfNotExists(bucketEvents)
		return err
	})
}

func (j *File) layOut(tx *bbolt.Tx, now time.Time) error {
	j.began = now
	meta, err := tx.CreateBucket(bucketMeta)
	if err != nil {
		return fmt.Errorf("laying out the journal: %w", err)
	}
	_, err = tx.CreateBucket(bucketEvents)
	return errors.Join(err,
		meta.Put(keyFormat, []byte(format)),
		meta.Put(keyBegan, binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano()))))
}

// Append implements probe.Journal.
func (j *File) Append(ctx context.Context, events ...probe.Event) error {
	if len(events) == 0 {
		return nil
	}
	c := &commit{events: events, done: make(chan error, 1)}
	select {
	case j.queue <- c:
	case <-j.ending:
		return errClosed
	case <-ctx.Done():
		return fmt.Errorf("appending to the journal: %w", ctx.Err())
	}
	// From here on the events will be written: to leave now would be to lie.
	return <-c.done
}

// run is the group-commit loop: one transaction for all that waits.
func (j *File) run() {
	defer close(j.ended)
	for {
		select {
		case first := <-j.queue:
			j.commit(j.group(first))
		case <-j.ending:
			return
		}
	}
}

// maxGroup bounds the appends of one transaction, so that its size is bounded too.
const maxGroup = 10_000

// group is a commit and all that wait behind it now.
func (j *File) group(first *commit) []*commit {
	group := []*commit{first}
	for len(group) < maxGroup {
		select {
		case c := <-j.queue:
			group = append(group, c)
		default:
			return group
		}
	}
	return group
}

func (j *File) commit(group []*commit) {
	err := j.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketEvents)
		bucket.FillPercent = 1 // keys only rise
		for _, c := range group {
			if err := put(bucket, c.events); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("writing %d appends to the journal: %w", len(group), err)
	} else {
		j.news.Tell()
	}
	for _, c := range group {
		c.done <- err
	}
}

func put(bucket *bbolt.Bucket, events []probe.Event) error {
	for _, e := range events {
		raw, err := encode(e)
		if err != nil {
			return err
		}
		n, err := bucket.NextSequence()
		if err != nil {
			return err
		}
		if err := bucket.Put(binary.BigEndian.AppendUint64(nil, n), raw); err != nil {
			return err
		}
	}
	return nil
}

// State implements probe.Journal.
func (j *File) State() probe.JournalState {
	state := probe.JournalState{Began: j.began}
	j.db.View(func(tx *bbolt.Tx) error {
		if key, _ := tx.Bucket(bucketEvents).Cursor().Last(); key != nil {
			state.Last = probe.Seq(binary.BigEndian.Uint64(key))
		}
		return nil
	})
	return state
}

// Close lets appends under way end and closes the file. It may be called twice.
func (j *File) Close() error {
	var err error
	j.close.Do(func() {
		close(j.ending)
		<-j.ended
		err = j.db.Close()
	})
	return err
}
