package journal_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

var background = context.Background()

// TestMain also is the processes that tests start, and kill.
func TestMain(m *testing.M) {
	var err error
	if path := os.Getenv("MAILPATH_TEST_APPENDING"); path != "" {
		err = appending(path, os.Stdout)
	} else if path := os.Getenv("MAILPATH_TEST_LIMITED"); path != "" {
		err = limited(path, os.Stdout)
	} else {
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const writers = 4

// appending appends as fast as it can, and prints what each append has made durable:
// multiples of writers, plus the writer's number.
func appending(path string, w io.Writer) error {
	j, err := journal.Open(path, probe.NewClock())
	if err != nil {
		return err
	}
	first := int(j.State().Last) + 1
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for n := first*writers + writer; err == nil; n += writers {
				if err := j.Append(background, note(n)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				fmt.Fprintln(w, n)
			}
		})
	}
	all.Wait()
	return nil
}

// A process is killed at any instant, again and again: what it was told to be
// durable is there, in order, and none twice.
func TestKilledWhileAppending(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	random := rand.New(rand.NewPCG(3, 4))
	var durable []probe.ID
	for range 20 {
		durable = append(durable, killed(t, path, random.IntN(200), 0)...)
		j := open(t, path)
		if j.Salvaged() != "" {
			t.Fatalf("a kill has damaged the journal: %s", j.Salvaged())
		}
		verify(t, j, durable)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(durable) < 1000 {
		t.Errorf("got %d appends in all, want a thousand at least", len(durable))
	}
}

// The same while the journal is being made.
func TestKilledWhileBeginning(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		path := filepath.Join(t.TempDir(), "journal.db")
		durable := killed(t, path, 1_000_000, time.Duration(random.IntN(30_000))*time.Microsecond)
		j := open(t, path)
		verify(t, j, durable)
		if err := j.Append(t.Context(), note(1)); err != nil {
			t.Errorf("appending after the kill: %v", err)
		}
	}
}

// killed starts a process that appends, kills it when it has printed so many lines,
// or after a time if that is not zero, and gives what it has printed.
func killed(t *testing.T, path string, lines int, after time.Duration) (durable []probe.ID) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MAILPATH_TEST_APPENDING="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		defer time.AfterFunc(after, func() { cmd.Process.Kill() }).Stop()
	}
	for printed := bufio.NewScanner(out); printed.Scan(); {
		n, err := strconv.ParseUint(printed.Text(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if durable = append(durable, probe.ID(n)); len(durable) == lines+1 {
			cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("got %v, want that it was killed", cmd.ProcessState)
	}
	return durable
}

// verify wants the notes in the journal, none twice, and those of one writer in the
// order in which it appended them.
func verify(t *testing.T, j probe.Journal, durable []probe.ID) {
	t.Helper()
	there := make(map[probe.ID]bool)
	var newest [writers]probe.ID
	for _, id := range ids(t, j) {
		if there[id] {
			t.Errorf("event %d is there twice", id)
		}
		if id < newest[id%writers] {
			t.Errorf("event %d is behind %d", id, newest[id%writers])
		}
		there[id], newest[id%writers] = true, id
	}
	for _, id := range durable {
		if !there[id] {
			t.Errorf("event %d was durable and is gone", id)
		}
	}
}
