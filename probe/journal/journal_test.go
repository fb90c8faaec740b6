package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
	"github.com/mailpath/mailpath/probe/probetest"
)

func open(t testing.TB, path string) *journal.File {
	t.Helper()
	j, err := journal.Open(path, probe.NewClock())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// reopen closes a journal and opens it again.
func reopen(t *testing.T, j *journal.File, path string) *journal.File {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

func note(n int) probe.Event {
	return probe.Event{At: time.Unix(int64(n), 0), Fact: probe.Expired{ID: probe.ID(n)}}
}

// ids gives what the notes of a journal say, in their order, and holds that their
// numbers rise.
func ids(t *testing.T, j probe.Journal) []probe.ID {
	t.Helper()
	last := j.State().Last
	if last == 0 {
		return nil
	}
	var all []probe.ID
	var before probe.Seq
	err := j.Follow(t.Context(), 0, func(e probe.Event) error {
		if e.Seq <= before {
			t.Errorf("got number %d behind %d", e.Seq, before)
		}
		before = e.Seq
		if f, ok := e.Fact.(probe.Expired); ok {
			all = append(all, f.ID)
		}
		if e.Seq == last {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return all
}

// eventually waits for something that another goroutine does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited 30 s that %s", what)
		}
	}
}

func TestFileConforms(t *testing.T) {
	probetest.Journal(t, func(t *testing.T) probe.Journal { return open(t, filepath.Join(t.TempDir(), "journal.db")) })
}

func TestMemoryConforms(t *testing.T) {
	probetest.Journal(t, func(*testing.T) probe.Journal { return journal.NewMemory(probe.NewClock()) })
}

func TestFileOutlivesItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	first := open(t, path)
	for _, f := range probetest.Facts() {
		if err := first.Append(t.Context(), probe.Event{At: time.Unix(1, 0), Fact: f}); err != nil {
			t.Fatal(err)
		}
	}
	first.SetCursor("log", 3) // not awaited
	began := first.State().Began
	second := reopen(t, first, path)
	state := second.State()
	if int(state.Last) != len(probetest.Facts()) || !state.Began.Equal(began) {
		t.Errorf("got %+v, want %d events and the beginning %v", state, len(probetest.Facts()), began)
	}
	i := 0
	err := second.Follow(t.Context(), 0, func(e probe.Event) error {
		if want := probetest.Facts()[i]; !reflect.DeepEqual(e.Fact, want) || !e.At.Equal(time.Unix(1, 0)) {
			t.Errorf("got %+v at %v, want %+v", e.Fact, e.At, want)
		}
		if i++; e.Seq == state.Last {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Error(err)
	}
	if seq, known := second.Cursor("log"); !known || seq != 3 {
		t.Errorf("got cursor %d, %v, want 3", seq, known)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600: the journal is nobody else's business", info.Mode(), err)
	}
}

func TestNumbersAreNeverUsedTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path)
	used := make(map[probe.Seq]bool)
	for round := range 3 {
		if err := j.Append(t.Context(), note(round), note(round)); err != nil {
			t.Fatal(err)
		}
		last := j.State().Last
		if used[last] || used[last-1] {
			t.Errorf("round %d: got numbers %d and %d again", round, last-1, last)
		}
		used[last], used[last-1] = true, true
		if removed, err := j.Prune(t.Context(), last+1, func(probe.Event) bool { return false }); removed != 2 || err != nil {
			t.Fatalf("got %d removed, %v, want 2", removed, err)
		}
		j = reopen(t, j, path)
		if last := j.State().Last; last != 0 {
			t.Errorf("got newest number %d of none", last)
		}
	}
}

// A cursor does not wait for an event to be written with.
func TestCursorsAreDurableByThemselves(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	j := open(t, path)
	if err := j.Append(t.Context(), note(1)); err != nil {
		t.Fatal(err)
	}
	j.SetCursor("webhook", 1)
	eventually(t, "the cursor is in the file", func() bool {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		then := filepath.Join(dir, "copy.db")
		if err := os.WriteFile(then, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := journal.OpenReadOnly(then)
		if err != nil {
			return false // copied while it was being written
		}
		defer c.Close()
		seq, known := c.Cursor("webhook")
		return known && seq == 1
	})
}

func TestFileInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path)
	_, err := journal.Open(path, probe.NewClock())
	want := "opening journal " + path + ": the journal is in use by another process: is another mailpath running? Stop it, or give this one a --journal of its own"
	if !errors.Is(err, journal.ErrInUse) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = journal.OpenReadOnly(path)
	want = "opening journal " + path + ": the journal is in use by another process: ask that one, by --url"
	if !errors.Is(err, journal.ErrInUse) || err.Error() != want {
		t.Errorf("reading: got %v, want %s", err, want)
	}
	if err := j.Append(t.Context(), note(1)); err != nil {
		t.Errorf("who has it: got %v", err)
	}
}

func TestReadOnlyJournals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	if _, err := journal.OpenReadOnly(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: got %v, want %v", err, fs.ErrNotExist)
	}
	j := open(t, path)
	fill(t, j, 3000)
	last, began := j.State().Last, j.State().Began
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	for range 2 { // at once
		r, err := journal.OpenReadOnly(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if s := r.State(); s.Last != last || !s.Began.Equal(began) {
			t.Errorf("got %+v, want %d events since %v", s, last, began)
		}
		if got := replay(t, r, last); got != int(last) {
			t.Errorf("got %d events, want %d", got, last)
		}
		if err := r.Append(t.Context(), note(1)); err == nil {
			t.Error("appending: got no error")
		}
		if n, err := r.Prune(t.Context(), last, func(probe.Event) bool { return false }); err == nil || n != 0 {
			t.Errorf("pruning: got %d removed, %v", n, err)
		}
	}
	if after, _ := os.ReadFile(path); !slices.Equal(before, after) {
		t.Error("the file was changed")
	}
}

func TestForeignFilesAreRefusedAndLeftAlone(t *testing.T) {
	dir := t.TempDir()
	database := filepath.Join(dir, "other.db")
	db, err := bbolt.Open(database, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("accounts")); return err })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	cut, text, long, prose := filepath.Join(dir, "cut.db"), filepath.Join(dir, "notes.txt"), filepath.Join(dir, "long.txt"), filepath.Join(dir, "prose.txt")
	for path, content := range map[string]string{
		text:  "milk, eggs\n",
		long:  strings.Repeat("milk, eggs\n", 5000),
		prose: strings.Repeat("its format is: mailpath journal 1\n", 1000),
		cut:   string(raw[:len(raw)-8192]),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{database, text, long, prose, cut, dir} {
		before, _ := os.ReadFile(path)
		if _, err := journal.Open(path, probe.NewClock()); !errors.Is(err, journal.ErrForeign) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %v with its path", path, err, journal.ErrForeign)
		}
		if after, _ := os.ReadFile(path); !slices.Equal(before, after) {
			t.Errorf("%s was changed", path)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 5 {
		t.Errorf("got %v, %v, want the 5 files that were there", entries, err)
	}
}

func TestMistakesOfTheOperator(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "none", "journal.db"):      "make the directory first",
		filepath.Join("/dev/null", "a", "journal.db"): "not a directory",
	} {
		if _, err := journal.Open(path, probe.NewClock()); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want its path and %q", path, err, want)
		}
	}
}

func TestAClosedJournal(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "journal.db"))
	fill(t, j, 5000)
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), note(1)); err == nil {
		t.Error("appending: got no error")
	}
	if err := j.Follow(t.Context(), 0, func(probe.Event) error { return nil }); err == nil {
		t.Error("following: got no error, and not all events")
	}
	if _, err := j.Prune(t.Context(), 5, func(probe.Event) bool { return false }); err == nil {
		t.Error("pruning: got no error")
	}
	j.SetCursor("log", 1)
}

// What is pruned from memory is free for other things.
func TestPrunedMemoryIsGivenBack(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	j := journal.NewMemory(probe.NewClock())
	empty := heap()
	fill(t, j, 20_000)
	full := heap() - empty
	if _, err := j.Prune(t.Context(), j.State().Last-100, func(e probe.Event) bool { return e.Seq%1000 == 0 }); err != nil {
		t.Fatal(err)
	}
	if left := heap() - empty; left > full/20 {
		t.Errorf("got %d bytes in use after pruning, of %d before, want almost none", left, full)
	}
	runtime.KeepAlive(j)
}
