package journal

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/mailpath/mailpath/probe"
)

// trouble is what stands between a journal and its disk. It is safe for concurrent
// use; its zero value is none.
type trouble struct {
	mu        sync.Mutex
	failures  uint64
	dropped   uint64
	unwritten int
	err       error // nil: none
}

// Trouble tells how often the disk could not be written, how many events wait in
// memory for it, and what is wrong at present; nil: nothing.
func (j *File) Trouble() (failures uint64, unwritten int, err error) {
	t := &j.trouble
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failures, t.unwritten, t.err
}

// Losses counts what this process could not keep: events that were dropped before
// they could be written, because too many waited, and stored events that could not
// be read, each time that they were met.
func (j *File) Losses() (dropped, unreadable uint64) {
	j.trouble.mu.Lock()
	defer j.trouble.mu.Unlock()
	return j.trouble.dropped, j.unreadable.Load()
}

// failed notes a failure and gives it in words, as an ErrNotDurable.
func (t *trouble) failed(path string, cause error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures++
	t.err = fmt.Errorf("%w: %w: %s", probe.ErrNotDurable, cause, remedy(path, cause))
	return t.err
}

func (t *trouble) ended() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = nil
}

func (t *trouble) present() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// count sets how many events wait, and adds those that had to be dropped.
func (t *trouble) count(unwritten, dropped int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unwritten = unwritten
	t.dropped += uint64(dropped)
}

// remedy says what to do about a failure to write. The library keeps the words of
// some errors only.
func remedy(path string, cause error) string {
	switch {
	case errors.Is(cause, syscall.ENOSPC), errors.Is(cause, syscall.EDQUOT):
		return "free space on the disk of " + path
	case errors.Is(cause, syscall.EROFS):
		return "make the file system of " + path + " writable"
	case errors.Is(cause, errDamaged):
		return "start mailpath again, which moves " + path + " aside and begins a new one"
	case errors.Is(cause, ErrInUse), errors.Is(cause, ErrForeign):
		return "see what has taken the place of " + path
	}
	return "free space on the disk of " + path + ", or see why it cannot be written"
}

// passing tells whether an error is the disk's, which may pass, and not a mistake
// of whoever started the process.
func passing(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.EFBIG} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
