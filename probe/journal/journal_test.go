package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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
	began := first.State().Began
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, path)
	state := second.State()
	if int(state.Last) != len(probetest.Facts()) || !state.Began.Equal(began) {
		t.Errorf("got %+v, want %d events and the beginning %v", state, len(probetest.Facts()), began)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600: the journal is nobody else's business", info.Mode(), err)
	}
}

func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	open(t, path)
	_, err := journal.Open(path, probe.NewClock())
	want := "opening journal " + path + ": the journal is in use by another process: is another mailpath running? Stop it, or give this one a --journal of its own"
	if !errors.Is(err, journal.ErrInUse) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
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
	text := filepath.Join(dir, "notes.txt")
	long := filepath.Join(dir, "long.txt")
	for path, content := range map[string]string{text: "milk, eggs\n", long: strings.Repeat("milk, eggs\n", 5000)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{database, text, long, dir} {
		before, _ := os.ReadFile(path)
		if _, err := journal.Open(path, probe.NewClock()); !errors.Is(err, journal.ErrForeign) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %v with its path", path, err, journal.ErrForeign)
		}
		if after, _ := os.ReadFile(path); !slices.Equal(before, after) {
			t.Errorf("%s was changed", path)
		}
	}
}

// A file that was cut short is told in words.
func TestADamagedFileIsTold(t *testing.T) {
	for _, size := range []int64{20_000, 8192, 4096, 100} {
		path := filepath.Join(t.TempDir(), "journal.db")
		j := open(t, path)
		for range 200 {
			if err := j.Append(t.Context(), probe.Event{At: time.Unix(1, 0), Fact: probetest.Facts()[1]}); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(j.Close(), os.Truncate(path, size)); err != nil {
			t.Fatal(err)
		}
		if j, err := journal.Open(path, probe.NewClock()); err == nil {
			t.Errorf("cut to %d bytes: got no error", size)
			j.Close()
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("cut to %d bytes: got %v, want its path", size, err)
		}
	}
}

func TestAppendAfterClose(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "journal.db"))
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), probe.Event{Fact: probe.Expired{ID: 1}}); err == nil {
		t.Error("appending to a closed journal: got no error")
	}
}

func BenchmarkAppend(b *testing.B) {
	j := open(b, filepath.Join(b.TempDir(), "journal.db"))
	event := probe.Event{At: time.Unix(1, 0), Fact: probetest.Facts()[1]}
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := j.Append(context.Background(), event); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
