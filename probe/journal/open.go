package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/mailpath/mailpath/probe"
)

// ErrInUse says that another process has the journal open.
var ErrInUse = errors.New("the journal is in use by another process")

// ErrForeign says that a file is not a journal of mailpath's; it is left alone.
var ErrForeign = errors.New("not a mailpath journal")

// How a file is opened. The list of free pages is kept in the file: without it
// appends are hardly faster, but each failure to write would read the whole file.
var (
	forWriting = bbolt.Options{Timeout: 2 * time.Second, FreelistType: bbolt.FreelistMapType, NoStatistics: true}
	// forReading waits only a moment: who has the file keeps it.
	forReading = bbolt.Options{Timeout: 200 * time.Millisecond, ReadOnly: true, NoStatistics: true}
	// forLooking waits as long as forWriting, which follows.
	forLooking = bbolt.Options{Timeout: 2 * time.Second, ReadOnly: true, NoStatistics: true}
)

// Open opens the journal at path, or makes one that begins now, readable by its
// owner only. It waits a moment for another process to let go of it, then gives
// ErrInUse. A file that is no journal gives ErrForeign and is not changed. A journal
// that is damaged is moved aside, see Salvaged, and a new one begun. If the disk is
// full or may only be read, the journal goes on in memory, see Trouble.
func Open(path string, clock probe.Clock) (*File, error) {
	j := newFile(path, clock)
	err := j.connect()
	switch {
	case errors.Is(err, ErrInUse):
		err = fmt.Errorf("%w: is another mailpath running? Stop it, or give this one a --journal of its own", err)
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%w: make the directory first", err)
	case err != nil && passing(err):
		j.fail(err)
		err = nil
	case err == nil && !j.laidOut:
		j.write(nil) // what fails now is tried again
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening journal %s: %w", path, err), j.store.close())
	}
	go j.run()
	return j, nil
}

// OpenReadOnly opens the journal at path for Follow and State, which several
// processes may do at once. If one has it open for writing, that one is not
// disturbed, and ErrInUse given.
func OpenReadOnly(path string) (*File, error) {
	j := newFile(path, probe.Clock{})
	j.readOnly = true
	close(j.ended)
	err := inspect(path, forReading)
	if err == nil {
		err = j.store.replace(forReading)
	}
	if err == nil {
		err = j.load()
	}
	if errors.Is(err, ErrInUse) {
		err = fmt.Errorf("%w: ask that one, by --url", err)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening journal %s: %w", path, err), j.store.close())
	}
	return j, nil
}

// connect opens the file and takes in what it holds. A file that may only be read
// is taken in too, though there is an error then.
func (j *File) connect() error {
	err := j.store.attach(j.clock)
	if j.store.db == nil {
		return err
	}
	if loading := j.load(); loading != nil {
		j.store.mu.Lock()
		defer j.store.mu.Unlock()
		return errors.Join(loading, j.store.drop())
	}
	return err
}

// load takes in what the file holds. Once events have been numbered, it only sees
// whether they can go there.
func (j *File) load() error {
	c, err := j.store.load()
	if err != nil {
		return err
	}
	oldest := j.next
	if len(j.waiting) > 0 {
		oldest = j.waiting[0].seq
	}
	switch j.laidOut = !c.began.IsZero(); {
	case j.next > 1 && c.used >= oldest:
		return fmt.Errorf("%w: it has events where this process had found none: start it again", ErrInUse)
	case j.next == 1 && j.laidOut:
		j.next = c.used + 1
		j.tail.begin(probe.JournalState{Began: c.began, Last: c.last}, j.next)
		j.cursors.load(c.cursors)
	}
	return nil
}

// attach opens the file for writing, or makes it, whichever it needs.
func (s *store) attach(clock probe.Clock) error {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && info.Mode().IsRegular() && info.Size() == 0:
		return s.create()
	case err != nil:
		return err
	}
	switch err := inspect(s.path, forLooking); {
	case errors.Is(err, errDamaged):
		return s.salvage(err, info, clock)
	case err != nil:
		return err
	}
	return s.replace(forWriting)
}

// create makes a new file.
func (s *store) create() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.open(forWriting)
	if err != nil && passing(err) {
		os.Remove(s.path) // half of it may be there
	}
	return err
}

// replace opens the file in the place of what is open now, which is closed first:
// its lock would be in the way. If it may not be written it is opened for reading,
// and there is an error all the same.
func (s *store) replace(options bbolt.Options) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.drop(); err != nil {
		return err
	}
	err := s.open(options)
	if err != nil && passing(err) && !options.ReadOnly {
		return errors.Join(err, s.open(forReading))
	}
	return err
}

// open opens the file where none is open.
func (s *store) open(options bbolt.Options) (err error) {
	options.OpenFile = func(path string, flag int, mode os.FileMode) (file *os.File, err error) {
		s.size.Store(0)
		s.file, err = os.OpenFile(path, flag, mode)
		return s.file, err
	}
	s.db, err = openDatabase(s.path, options)
	s.held = s.held || s.db != nil
	return err
}

// drop closes the file, if one is open.
func (s *store) drop() error {
	db := s.db
	if s.db = nil; db == nil || s.jammed {
		return nil
	}
	return db.Close()
}

// reopen opens for writing what could only be read so far. It is tried often, and
// leaves alone what works already.
func (s *store) reopen() error {
	file, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	file.Close()
	return s.replace(forWriting)
}

func openDatabase(path string, options bbolt.Options) (db *bbolt.DB, err error) {
	err = guarded(func() (err error) {
		db, err = bbolt.Open(path, 0o600, &options)
		return err
	})
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, berrors.ErrTimeout):
		return nil, ErrInUse
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum):
		return nil, fmt.Errorf("%w (%w)", errDamaged, err)
	case errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	return nil, err
}

// inspect reads the whole file while nobody writes it, and gives errDamaged unless
// it is a sound database.
func inspect(path string, options bbolt.Options) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is no regular file (%s): give --journal the path of a file", ErrForeign, info.Mode())
	case info.Size() < smallest:
		return fmt.Errorf("%w: got %d bytes, want %d at least", errDamaged, info.Size(), smallest)
	}
	db, err := openDatabase(path, options)
	if err != nil {
		return err
	}
	defer db.Close()
	return check(path)
}
