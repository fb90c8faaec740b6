package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

const page = 4096

// used is a journal that has seen some life: it has branches, free pages, a list of
// them, and a cursor.
func used(t *testing.T, path string) []byte {
	t.Helper()
	j := open(t, path)
	fill(t, j, 1200)
	if _, err := j.Prune(t.Context(), 2000, func(e probe.Event) bool { return e.Seq%50 == 0 }); err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		j.SetCursor("log", probe.Seq(n))
		if err := j.Append(t.Context(), note(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A damaged journal is moved aside as it is, and a new one begun.
func TestADamagedJournalIsMovedAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sound := used(t, filepath.Join(dir, "sound.db"))
	zero := func(raw []byte, first, count int) { clear(raw[first*page : (first+count)*page]) }
	for name, spoil := range map[string]func(raw []byte) []byte{
		"cut in the middle":  func(raw []byte) []byte { return raw[:len(raw)/2/page*page] },
		"cut in a page":      func(raw []byte) []byte { return raw[:20_000] },
		"cut to two pages":   func(raw []byte) []byte { return raw[:2*page] },
		"cut to one page":    func(raw []byte) []byte { return raw[:page] },
		"cut to a few bytes": func(raw []byte) []byte { return raw[:100] },
		"nothing but zeros":  func([]byte) []byte { return make([]byte, 3*page) },
		"no meta pages":      func(raw []byte) []byte { zero(raw, 0, 2); return raw },
		"text in the meta pages": func(raw []byte) []byte {
			copy(raw, strings.Repeat("milk, eggs\n", 2*page/11))
			return raw
		},
		"a page in use called free":                callFree,
		"zeros behind the meta pages":              func(raw []byte) []byte { zero(raw, 2, 60); return raw },
		"cut, with nothing of ours before the cut": func(raw []byte) []byte { zero(raw, 2, 5); return raw[:5*page] },
		"pages exchanged": func(raw []byte) []byte {
			half := len(raw) / 2 / page * page
			return append(bytes.Clone(raw[:2*page]), append(bytes.Clone(raw[half:]), raw[2*page:half]...)...)
		},
	} {
		path := filepath.Join(dir, "journal.db")
		bad := spoil(bytes.Clone(sound))
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, path)
		aside := j.Salvaged()
		if !regexp.MustCompile(`^` + regexp.QuoteMeta(path) + `\.damaged-\d{8}T\d{6}Z(-\d+)?$`).MatchString(aside) {
			t.Errorf("%s: got it moved to %q", name, aside)
			continue
		}
		if kept, err := os.ReadFile(aside); err != nil || !bytes.Equal(kept, bad) {
			t.Errorf("%s: what was moved aside is not what was there (%v)", name, err)
		}
		if last := j.State().Last; last != 0 {
			t.Errorf("%s: got newest number %d in the new journal, want none", name, last)
		}
		if err := j.Append(t.Context(), note(5)); err != nil {
			t.Errorf("%s: appending: %v", name, err)
		}
		j = reopen(t, j, path)
		if got := ids(t, j); len(got) != 1 || j.Salvaged() != "" {
			t.Errorf("%s: reopened, got events %v, and %q moved aside, want one and nothing", name, got, j.Salvaged())
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if all, _ := filepath.Glob(filepath.Join(dir, "journal.db.damaged-*")); len(all) != 12 {
		t.Errorf("got %d files moved aside, want 12: none may be overwritten", len(all))
	}
}

// callFree puts a branch, which is in use, into each list of free pages.
func callFree(raw []byte) []byte {
	var branch uint64
	for id := range len(raw) / page {
		header := raw[id*page:]
		if binary.NativeEndian.Uint16(header[8:]) == 1 && binary.NativeEndian.Uint64(header) == uint64(id) {
			branch = uint64(id)
		}
	}
	for id := range len(raw) / page {
		if list := raw[id*page:]; binary.NativeEndian.Uint16(list[8:]) == 0x10 {
			binary.NativeEndian.PutUint64(list[16:], branch)
		}
	}
	return raw
}

// Whatever part of a file is damaged, the process goes on: the file is sound where
// it matters, or moved aside at the start, not found out later.
func TestNoDamageEndsTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sound := used(t, filepath.Join(dir, "sound.db"))
	path := filepath.Join(dir, "journal.db")
	random := rand.New(rand.NewPCG(1, 2))
	pages := len(sound) / page
	for n := range 60 {
		raw := bytes.Clone(sound)
		at := random.IntN(pages) * page
		var what string
		switch n % 3 {
		case 0:
			what = fmt.Sprintf("page %d is empty", at/page)
			clear(raw[at : at+page])
		case 1: // where the library keeps its own numbers
			at += random.IntN(200)
			what = fmt.Sprintf("byte %d is another", at)
			raw[at] ^= byte(1 + random.IntN(255))
		case 2:
			from := random.IntN(pages) * page
			what = fmt.Sprintf("page %d is a copy of page %d", at/page, from/page)
			copy(raw[at:at+page], raw[from:from+page])
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(path, probe.NewClock())
		if err != nil {
			// Only the words that say whose it is can be damaged in this way.
			if !strings.Contains(err.Error(), "another version of mailpath") && !errors.Is(err, journal.ErrForeign) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		live(t, what, j)
		if err := j.Close(); err != nil {
			t.Errorf("%s: closing: %v", what, err)
		}
	}
}

// live does with a journal what is done with one.
func live(t *testing.T, what string, j *journal.File) {
	t.Helper()
	for n := range 3 {
		if err := j.Append(t.Context(), note(n)); err != nil {
			t.Errorf("%s: appending: %v", what, err)
		}
	}
	if _, err := j.Prune(t.Context(), j.State().Last-500, func(probe.Event) bool { return false }); err != nil {
		t.Errorf("%s: pruning: %v", what, err)
	}
	if err := j.Append(t.Context(), note(3)); err != nil {
		t.Errorf("%s: appending: %v", what, err)
	}
	ids(t, j)
}

// An event whose bytes make no sense is passed over; the others count.
func TestAnEventThatCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path)
	if err := errors.Join(j.Append(t.Context(), note(1), note(2), note(3)), j.Close()); err != nil {
		t.Fatal(err)
	}
	change(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("events")).Put([]byte{7: 2}, []byte{1, 7, 0, 0xFF})
	})
	j = open(t, path)
	if got := ids(t, j); len(got) != 2 || got[0] != 1 || got[1] != 3 {
		t.Errorf("got %v, want 1 and 3", got)
	}
	if dropped, unreadable := j.Losses(); dropped != 0 || unreadable != 1 {
		t.Errorf("got %d dropped and %d unreadable, want 0 and 1", dropped, unreadable)
	}
}

func TestAJournalOfANewerVersionIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path)
	if err := errors.Join(j.Append(t.Context(), note(1)), j.Close()); err != nil {
		t.Fatal(err)
	}
	change(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("mailpath")).Put([]byte("format"), []byte("mailpath journal 2"))
	})
	before, _ := os.ReadFile(path)
	_, err := journal.Open(path, probe.NewClock())
	want := "opening journal " + path + `: got format "mailpath journal 2", want "mailpath journal 1": it was written by another version of mailpath`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

func change(t *testing.T, path string, f func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(f), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// A file of no bytes is what a process leaves that is killed at once.
func TestAnEmptyFileIsANewJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, path)
	if err := j.Append(t.Context(), note(1)); err != nil || j.Salvaged() != "" || j.State().Last != 1 {
		t.Errorf("got %v, %q moved aside, and %+v, want a new journal", err, j.Salvaged(), j.State())
	}
}
