package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/mailpath/mailpath/probe"
)

// Salvaged is where a damaged journal was moved when this one was begun in its
// place; empty: there was none.
func (j *File) Salvaged() string {
	j.store.mu.RLock()
	defer j.store.mu.RUnlock()
	return j.store.salvaged
}

// salvage moves a damaged file of ours aside and begins a new one. info is what the
// damage was found in.
func (s *store) salvage(damage error, info fs.FileInfo, clock probe.Clock) error {
	if mine, err := ours(s.path); err != nil {
		return err
	} else if !mine && !errors.Is(damage, errCut) {
		return fmt.Errorf("%w (%w): give --journal the path of a journal, or of a file that does not exist yet", ErrForeign, damage)
	}
	aside := unused(s.path + ".damaged-" + clock.Now().UTC().Format("20060102T150405Z"))
	// Another process that found the same may already have begun a new one.
	if now, err := os.Stat(s.path); err != nil || !os.SameFile(info, now) {
		return errors.Join(err, ErrInUse)
	}
	if err := os.Rename(s.path, aside); err != nil {
		return fmt.Errorf("moving a damaged journal aside: %w", err)
	}
	s.mu.Lock()
	s.salvaged = aside
	s.mu.Unlock()
	return s.create()
}

// unused is a path that nothing is at: the one given, or one like it.
func unused(path string) string {
	for n, free := 2, path; ; n++ {
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			return free
		}
		free = fmt.Sprintf("%s-%d", path, n)
	}
}

// searched bounds how far a damaged file is searched for a sign of its owner.
const searched = 1 << 30

// ours tells whether a damaged file was a journal: the entry with the format stands
// in it, or a page of events, or it is too short for either and was about to become
// a database.
func ours(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	sign := append(bytes.Clone(keyFormat), format...)
	page := os.Getpagesize()
	window := make([]byte, 256*page)
	for offset := 0; offset < searched; offset += len(window) {
		n, err := io.ReadFull(file, window)
		part := window[:n]
		if bytes.Contains(part, sign) || offset == 0 && n < smallest && unborn(part) {
			return true, nil
		}
		for ; len(part) >= page; part = part[page:] {
			if holdsEvents(part[:page]) {
				return true, nil
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// unborn tells whether a short file is what is left of one that was being made, or
// cut to where nothing can be in it: a page of the kind that begins a database, or
// nothing but zeros.
func unborn(part []byte) bool {
	return len(bytes.Trim(part, "\x00")) == 0 ||
		len(part) >= metaOffset+4 && binary.NativeEndian.Uint32(part[metaOffset:]) == magic
}

// holdsEvents tells whether a page is full of events.
func holdsEvents(page []byte) bool {
	count := int(binary.NativeEndian.Uint16(page[10:]))
	if binary.NativeEndian.Uint16(page[8:]) != flagLeaf || count == 0 || pageHeader+count*elementSize > len(page) {
		return false
	}
	decoder := newDecoder()
	for i := range count {
		key, value, ok := parts(page[pageHeader+i*elementSize:], flagLeaf)
		if !ok || len(key) != 8 {
			return false
		}
		if _, err := decoder.decode(value); err != nil {
			return false
		}
	}
	return true
}
