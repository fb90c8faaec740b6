package journal_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// disk is a small file system of its own.
type disk struct {
	t    *testing.T
	path string
}

func mountDisk(t *testing.T) disk {
	t.Helper()
	d := disk{t, t.TempDir()}
	if err := syscall.Mount("tmpfs", d.path, "tmpfs", 0, "size=2m"); err != nil {
		t.Fatalf("mounting a small file system: %v: these tests need a disk that is really full: run them as root, in a container with CAP_SYS_ADMIN", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.path, 0); err != nil {
			t.Errorf("unmounting %s: %v", d.path, err)
		}
	})
	return d
}

func (d disk) journal() string { return filepath.Join(d.path, "journal.db") }

// fill takes all space that is left.
func (d disk) fill() {
	d.t.Helper()
	file, err := os.Create(filepath.Join(d.path, "filler"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer file.Close()
	for _, size := range []int{1 << 16, 1} { // the last bytes too
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatalf("filling the disk: %v", err)
	}
}

func (d disk) size(name string) int64 {
	d.t.Helper()
	info, err := os.Stat(filepath.Join(d.path, name))
	if err != nil {
		d.t.Fatal(err)
	}
	return info.Size()
}

func (d disk) free() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.path, "filler")); err != nil {
		d.t.Fatal(err)
	}
}

func (d disk) remount(flags uintptr, size string) {
	d.t.Helper()
	if err := syscall.Mount("", d.path, "", syscall.MS_REMOUNT|flags, "size="+size); err != nil {
		d.t.Fatalf("remounting %s: %v", d.path, err)
	}
}

// witness follows a journal as an exporter does.
type witness struct {
	mu   sync.Mutex
	seen []probe.Event
}

func watch(t *testing.T, j probe.Journal) *witness {
	w := &witness{}
	var follower sync.WaitGroup
	follower.Go(func() {
		_ = j.Follow(t.Context(), 0, func(e probe.Event) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.seen = append(w.seen, e)
			return nil
		})
	})
	t.Cleanup(follower.Wait) // the test's context has ended by then
	return w
}

func (w *witness) events() []probe.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

// has waits until the witness has seen the notes below n, each once, in order.
func (w *witness) has(t *testing.T, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("a follower has %d events", n), func() bool { return len(w.events()) >= n })
	for i, e := range w.events() {
		if e.Fact.(probe.Expired).ID != probe.ID(i) {
			t.Fatalf("event %d: a follower got %+v", i, e)
		}
	}
}

// appendUntil appends notes from n on until one is not durable, and gives the number
// of the next note and what was said.
func appendUntil(t *testing.T, j *journal.File, n int) (int, error) {
	t.Helper()
	for {
		err := j.Append(t.Context(), note(n))
		n++
		switch {
		case errors.Is(err, probe.ErrNotDurable):
			return n, err
		case err != nil:
			t.Fatal(err)
		case n > 20_000:
			t.Fatal("appended 20,000 events, want that the disk is full")
		}
	}
}

// recovered waits until the disk has all.
func recovered(t *testing.T, j *journal.File) {
	t.Helper()
	eventually(t, "the journal recovers by itself", func() bool {
		_, unwritten, err := j.Trouble()
		return unwritten == 0 && err == nil
	})
}

// holds wants exactly the notes below n in the file, with the numbers by which a
// follower knew them.
func holds(t *testing.T, j *journal.File, w *witness, n int) {
	t.Helper()
	seen := w.events()
	if last := seen[n-1].Seq; j.State().Last != last {
		t.Errorf("got newest number %d, want %d", j.State().Last, last)
	}
	i := 0
	err := j.Follow(t.Context(), 0, func(e probe.Event) error {
		if e.Seq != seen[i].Seq || e.Fact != seen[i].Fact {
			return fmt.Errorf("event %d: got %+v, want %+v", i, e, seen[i])
		}
		if i++; i == n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Error(err)
	}
}

func TestAFullDisk(t *testing.T) {
	t.Parallel()
	d := mountDisk(t)
	j := open(t, d.journal())
	w := watch(t, j)
	n := 0
	for ; n < 10; n++ {
		if err := j.Append(t.Context(), note(n)); err != nil {
			t.Fatal(err)
		}
	}
	d.fill()
	n, err := appendUntil(t, j, n)
	if want := "no space left on device: free space on the disk of " + d.journal(); !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	w.has(t, n)

	// While the disk is full, an append costs nothing and each event counts.
	failed, unwritten, _ := j.Trouble()
	began := time.Now()
	for end := n + 3000; n < end; n++ {
		if err := j.Append(t.Context(), note(n)); !errors.Is(err, probe.ErrNotDurable) {
			t.Fatalf("got %v, want %v", err, probe.ErrNotDurable)
		}
	}
	failures, now, err := j.Trouble()
	if most := 1 + uint64(time.Since(began)/time.Second); failures-failed > most || now != unwritten+3000 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %d failures, %d events unwritten and %v, want at most one a second, %d and %v", failures-failed, now, err, unwritten+3000, syscall.ENOSPC)
	}
	w.has(t, n)
	if removed, err := j.Prune(t.Context(), 5, func(probe.Event) bool { return false }); removed != 0 || !errors.Is(err, probe.ErrNotDurable) {
		t.Errorf("pruning: got %d removed and %v, want none and %v", removed, err, probe.ErrNotDurable)
	}
	j.SetCursor("log", 7)

	// No append is needed for it to try again, nor to recover.
	eventually(t, "the disk is tried again", func() bool { now, _, _ := j.Trouble(); return now > failures })
	d.free()
	recovered(t, j)
	if err := j.Append(t.Context(), note(n)); err != nil {
		t.Errorf("with space again: %v", err)
	}
	n++
	w.has(t, n)
	j = reopen(t, j, d.journal())
	holds(t, j, w, n)
	if seq, known := j.Cursor("log"); !known || seq != 7 {
		t.Errorf("got cursor %d, %v, want 7", seq, known)
	}
}

// What waits is written when the process ends, or told to be lost.
func TestClosingWithAFullDisk(t *testing.T) {
	t.Parallel()
	d := mountDisk(t)
	j := open(t, d.journal())
	w := watch(t, j)
	d.fill()
	n, _ := appendUntil(t, j, 0)
	w.has(t, n)
	d.free()
	j = reopen(t, j, d.journal())
	holds(t, j, w, n)

	d.fill()
	written := n
	_, _ = appendUntil(t, j, n)
	if err := j.Close(); !errors.Is(err, probe.ErrNotDurable) || !strings.Contains(err.Error(), "are lost") {
		t.Errorf("got %v, want that events are lost", err)
	}
	d.free()
	if got := ids(t, open(t, d.journal())); len(got) < written {
		t.Errorf("got %d events, want the %d that were durable", len(got), written)
	}
}

// A bound holds for what waits. Followers have seen the events that are dropped.
func TestTooManyEventsWait(t *testing.T) {
	t.Parallel()
	const most, more = 100_000, 2500
	d := mountDisk(t)
	j := open(t, d.journal())
	d.fill()
	n, _ := appendUntil(t, j, 0)
	written := n - 1
	for end := n + most + more - 1; n < end; n += 100 {
		var events []probe.Event
		for i := range min(100, end-n) {
			events = append(events, note(n+i))
		}
		if err := j.Append(t.Context(), events...); !errors.Is(err, probe.ErrNotDurable) {
			t.Fatalf("got %v, want %v", err, probe.ErrNotDurable)
		}
	}
	if _, unwritten, _ := j.Trouble(); unwritten != most {
		t.Errorf("got %d events waiting, want %d", unwritten, most)
	}
	if dropped, _ := j.Losses(); dropped != more {
		t.Errorf("got %d dropped, want %d", dropped, more)
	}
	d.remount(0, "64m") // room for all of them
	recovered(t, j)
	got := ids(t, reopen(t, j, d.journal()))
	if len(got) != written+most || got[len(got)-1] != probe.ID(written+most+more-1) || written > 0 && got[written-1] != probe.ID(written-1) {
		t.Errorf("got %d events up to %d, want %d up to %d", len(got), got[len(got)-1], written+most, written+most+more-1)
	}
}

func TestANewJournalOnAFullDisk(t *testing.T) {
	for _, pages := range []int64{0, 5, 1, 3} { // that are left; it takes more to begin
		t.Run(fmt.Sprintf("%d pages left", pages), func(t *testing.T) {
			t.Parallel()
			d := mountDisk(t)
			d.fill()
			if err := os.Truncate(filepath.Join(d.path, "filler"), d.size("filler")-pages*page); err != nil {
				t.Fatal(err)
			}
			beginsLater(t, d)
		})
	}
}

func beginsLater(t *testing.T, d disk) {
	t.Helper()
	j := open(t, d.journal())
	if _, _, err := j.Trouble(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got the trouble %v, want %v", err, syscall.ENOSPC)
	}
	w := watch(t, j)
	for n := range 5 {
		if err := j.Append(t.Context(), note(n)); !errors.Is(err, probe.ErrNotDurable) {
			t.Errorf("got %v, want %v", err, probe.ErrNotDurable)
		}
	}
	w.has(t, 5)
	began := j.State().Began
	eventually(t, "the disk is tried again", func() bool { failures, _, _ := j.Trouble(); return failures > 1 })
	d.free()
	recovered(t, j)
	j = reopen(t, j, d.journal())
	holds(t, j, w, 5)
	if !j.State().Began.Equal(began) {
		t.Errorf("got the beginning %v, want %v", j.State().Began, began)
	}
	if entries, err := os.ReadDir(d.path); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want the journal alone: nothing was moved aside", entries, err)
	}
}

// Events that have numbers already do not go into another journal.
func TestAJournalThatAppearsLater(t *testing.T) {
	t.Parallel()
	d := mountDisk(t)
	other := filepath.Join(d.path, "other.db")
	j := open(t, other)
	if err := errors.Join(j.Append(t.Context(), note(7), note(8)), j.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	d.fill()
	j = open(t, d.journal())
	w := watch(t, j)
	_ = j.Append(t.Context(), note(0))
	if err := os.Rename(other, d.journal()); err != nil {
		t.Fatal(err)
	}
	d.free()
	eventually(t, "the other journal is found", func() bool { _, _, err := j.Trouble(); return errors.Is(err, journal.ErrInUse) })
	if err := j.Append(t.Context(), note(1)); !errors.Is(err, probe.ErrNotDurable) {
		t.Errorf("got %v, want %v", err, probe.ErrNotDurable)
	}
	w.has(t, 2)
	if err := j.Close(); !errors.Is(err, probe.ErrNotDurable) {
		t.Errorf("got %v, want %v", err, probe.ErrNotDurable)
	}
	if after, _ := os.ReadFile(d.journal()); !slices.Equal(before, after) {
		t.Error("the other journal was changed")
	}
}

func TestADiskThatMayOnlyBeRead(t *testing.T) {
	t.Parallel()
	d := mountDisk(t)
	j := open(t, d.journal())
	n := 0
	for ; n < 20; n++ {
		if err := j.Append(t.Context(), note(n)); err != nil {
			t.Fatal(err)
		}
	}
	began := j.State().Began
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	d.remount(syscall.MS_RDONLY, "2m")
	j = open(t, d.journal())
	if s := j.State(); s.Last != 20 || !s.Began.Equal(began) {
		t.Errorf("got %+v, want 20 events since %v", s, began)
	}
	w := watch(t, j)
	err := j.Append(t.Context(), note(n))
	n++
	if want := "read-only file system: make the file system of " + d.journal() + " writable"; !errors.Is(err, probe.ErrNotDurable) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	w.has(t, n)
	d.remount(0, "2m")
	recovered(t, j)
	if err := j.Append(t.Context(), note(n)); err != nil {
		t.Error(err)
	}
	n++
	w.has(t, n)
	holds(t, reopen(t, j, d.journal()), w, n)
}

func TestANewJournalWhereNoneCanBeMade(t *testing.T) {
	t.Parallel()
	d := mountDisk(t)
	d.remount(syscall.MS_RDONLY, "2m")
	j := open(t, d.journal())
	w := watch(t, j)
	if err := j.Append(t.Context(), note(0), note(1)); !errors.Is(err, probe.ErrNotDurable) || !errors.Is(err, syscall.EROFS) {
		t.Errorf("got %v, want %v", err, syscall.EROFS)
	}
	w.has(t, 2)
	d.remount(0, "2m")
	recovered(t, j)
	holds(t, reopen(t, j, d.journal()), w, 2)
}

// A file that may not grow needs no mount: the limit holds for a process of its own,
// which this test starts.
func TestAFileThatMayNotGrow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MAILPATH_TEST_LIMITED="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var n int
	if _, err := fmt.Sscanf(string(out), "appended %d", &n); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	got := ids(t, open(t, path))
	if len(got) != n || got[n-1] != probe.ID(n-1) {
		t.Errorf("got %d events, want all %d", len(got), n)
	}
}

// limited appends until the file may not grow any more, then raises the limit.
func limited(path string, w io.Writer) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	low := syscall.Rlimit{Cur: 40 << 10, Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low); err != nil {
		return err
	}
	j, err := journal.Open(path, probe.NewClock())
	if err != nil {
		return err
	}
	n := 0
	for ; err == nil; n++ {
		err = j.Append(background, note(n))
	}
	if failures, unwritten, _ := j.Trouble(); !errors.Is(err, probe.ErrNotDurable) || failures != 1 || unwritten != 1 {
		return fmt.Errorf("got %w, %d failures and %d events unwritten", err, failures, unwritten)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for _, unwritten, _ := j.Trouble(); unwritten > 0; _, unwritten, _ = j.Trouble() {
		<-time.After(5 * time.Millisecond)
	}
	fmt.Fprintf(w, "appended %d", n)
	return j.Close()
}

// A file that is cut short under a running process does not end that process; it is
// moved aside when the next one starts.
func TestAFileThatIsCutWhileInUse(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, 5 * page, 2 * page, 20 * page} {
		path := filepath.Join(t.TempDir(), "journal.db")
		used(t, path)
		j := open(t, path)
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		watch(t, j)
		first := j.State().Last
		for n := range 50 {
			if err := j.Append(t.Context(), note(n)); err != nil && !errors.Is(err, probe.ErrNotDurable) {
				t.Errorf("cut to %d: got %v, want %v", size, err, probe.ErrNotDurable)
			}
		}
		if last := j.State().Last; last != first+50 {
			t.Errorf("cut to %d: got newest number %d, want %d", size, last, first+50)
		}
		// What can be lost is lost; nothing may hang.
		_, _ = j.Prune(t.Context(), first, func(probe.Event) bool { return false })
		_ = j.Close()
		open(t, path)
	}
}

// A replay reads the whole file, which is mapped into memory; it must not stay there.
func TestAReplayGivesItsMemoryBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path)
	fill(t, j, 25_000)
	last := j.State().Last
	j = reopen(t, j, path)
	before := mapped(t)
	if got := replay(t, j, last); got != int(last) {
		t.Fatalf("got %d events, want %d", got, last)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if grown := mapped(t) - before; grown > info.Size()/4 {
		t.Errorf("got %d more bytes of files in memory after a replay of %d, want next to none", grown, info.Size())
	}
}

// mapped is how many bytes of files this process has in its memory.
func mapped(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	var file, shared int64
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "RssFile: %d kB", &file)
		fmt.Sscanf(line, "RssShmem: %d kB", &shared)
	}
	if file == 0 {
		t.Fatalf("found no RssFile in %s", status)
	}
	return (file + shared) << 10
}
