package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/mailpath/mailpath/probe"
)

var (
	bucketEvents  = []byte("events")
	bucketMeta    = []byte("mailpath")
	bucketCursors = []byte("cursors")
	keyFormat     = []byte("format")
	keyBegan      = []byte("began")
)

// format is the version of the file's layout.
const format = "mailpath journal 1"

// errDamaged says that a file is not what was written.
var errDamaged = errors.New("the file is damaged")

// errCut says that a database has lost its end, without which it is nobody's any more.
var errCut = fmt.Errorf("%w: it was cut short", errDamaged)

// errGone says that a file which was open could not be opened again.
var errGone = errors.New("the file cannot be read any more")

// store is the file of a journal. One goroutine at a time may write, open and shut
// it; others may read meanwhile.
type store struct {
	path string
	mu   sync.RWMutex // held by readers, against opening and shutting
	db   *bbolt.DB    // nil: there is no file
	file *os.File     // the file of db
	size atomic.Int64 // the size that file is known to have had
	held bool         // there was one, though db may be nil now
	shut bool         // for ever
	// salvaged is where a damaged file was moved; empty: there was none.
	salvaged string
	// jammed says that a panic of the library left its locks held: another write
	// would wait for ever.
	jammed bool
}

// contents is what a file held when it was opened.
type contents struct {
	began   time.Time // zero: it is new and has to be laid out
	last    probe.Seq // the newest event
	used    probe.Seq // the highest number that was ever given to one
	cursors map[string]probe.Seq
}

// view reads. Where no file could be made yet there is nothing to read.
func (s *store) view(f func(*bbolt.Tx) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.shut:
		return errClosed
	case s.db == nil && s.held:
		return errGone
	case s.db == nil:
		return nil
	}
	if err := s.whole(); err != nil {
		return err
	}
	return guarded(func() error { return s.db.View(f) })
}

// whole sees that the file was not cut short since it was opened: a fault in the
// library might leave its locks held, and all others waiting for ever.
func (s *store) whole() error {
	known := s.size.Load()
	info, err := s.file.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() < known:
		return damage("it was cut from %d bytes to %d", known, info.Size())
	case info.Size() > known:
		s.size.CompareAndSwap(known, info.Size())
	}
	return nil
}

// update writes, all or nothing.
func (s *store) update(f func(*bbolt.Tx) error) error {
	if s.jammed {
		return errDamaged
	}
	if err := s.whole(); err != nil {
		return err
	}
	var tx *bbolt.Tx
	returned := false
	err := guarded(func() error {
		err := s.db.Update(func(t *bbolt.Tx) error {
			tx = t
			return f(t)
		})
		returned = true
		return err
	})
	s.jammed = !returned && (tx == nil || tx.DB() != nil)
	return err
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut = true
	return s.drop()
}

// guarded turns a panic of the library into an error, and so a fault in memory that
// stands for a part of the file that is not there any more.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w (%v)", errDamaged, r)
		}
	}()
	return f()
}

// load says what a file holds, or whose it is if not ours.
func (s *store) load() (c contents, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		meta, events := tx.Bucket(bucketMeta), tx.Bucket(bucketEvents)
		if meta == nil {
			if name, _ := tx.Cursor().First(); name != nil {
				return fmt.Errorf("%w: it is a database with a bucket %q: give --journal another path", ErrForeign, name)
			}
			return nil
		}
		if got := string(meta.Get(keyFormat)); got != format {
			return fmt.Errorf("got format %q, want %q: it was written by another version of mailpath", got, format)
		}
		began := meta.Get(keyBegan)
		if len(began) != 8 || events == nil {
			return fmt.Errorf("%w: got a beginning of %d bytes and events %v", errDamaged, len(began), events != nil)
		}
		c.began = time.Unix(0, int64(binary.BigEndian.Uint64(began)))
		key, _ := events.Cursor().Last()
		c.last, _ = seqOf(key)
		c.used = max(c.last, probe.Seq(events.Sequence()))
		c.cursors = loadCursors(tx.Bucket(bucketCursors))
		return nil
	})
	return c, err
}

func loadCursors(bucket *bbolt.Bucket) map[string]probe.Seq {
	at := make(map[string]probe.Seq)
	if bucket == nil {
		return at
	}
	c := bucket.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if seq, ok := seqOf(v); ok {
			at[string(k)] = seq
		}
	}
	return at
}

// seqOf reads a number as keyOf wrote it.
func seqOf(raw []byte) (probe.Seq, bool) {
	if len(raw) != 8 {
		return 0, false
	}
	return probe.Seq(binary.BigEndian.Uint64(raw)), true
}

func keyOf(seq probe.Seq) []byte { return binary.BigEndian.AppendUint64(nil, uint64(seq)) }

// layOut makes the buckets that are not there yet.
func layOut(tx *bbolt.Tx, began time.Time) error {
	if tx.Bucket(bucketMeta) != nil {
		return nil
	}
	meta, err := tx.CreateBucket(bucketMeta)
	if err != nil {
		return fmt.Errorf("laying out the journal: %w", err)
	}
	_, err = tx.CreateBucket(bucketEvents)
	return errors.Join(err,
		meta.Put(keyFormat, []byte(format)),
		meta.Put(keyBegan, binary.BigEndian.AppendUint64(nil, uint64(began.UnixNano()))))
}
