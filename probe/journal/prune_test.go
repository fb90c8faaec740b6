package journal_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// A journal that is pruned as it grows keeps its size, for years.
func TestTheFileStaysAsLargeAsItMustBe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path)
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	const rounds, each, kept = 30, 10_000, 20_000
	var events []probe.Event
	for n := range each / perMessage {
		events = append(events, message(n)...)
	}
	var settled int64
	for round := range rounds {
		if err := j.Append(t.Context(), events...); err != nil {
			t.Fatal(err)
		}
		if last := j.State().Last; last > kept {
			if _, err := j.Prune(t.Context(), last-kept, func(e probe.Event) bool { return e.Seq%1000 == 0 }); err != nil {
				t.Fatal(err)
			}
		}
		if round == 5 {
			settled = size()
		}
	}
	if got := size(); got > settled*5/4 {
		t.Errorf("got %d bytes after %d rounds, want about the %d of the 6th", got, rounds, settled)
	}
	j = reopen(t, j, path)
	const all = rounds * each
	if got, want := replay(t, j, all), kept+(all-kept)/1000; got != want {
		t.Errorf("got %d events, want the newest %d and one of a thousand others: %d", got, kept, want)
	}
}

// Pruning a journal of a week, and how long an append waits meanwhile.
func BenchmarkPrune(b *testing.B) {
	const messages = 50_000
	var longest time.Duration
	var all time.Duration
	var appends int
	for b.Loop() {
		j := open(b, filepath.Join(b.TempDir(), "journal.db"))
		fill(b, j, messages)
		done := make(chan struct{})
		var writer sync.WaitGroup
		writer.Go(func() {
			for {
				began := time.Now()
				if err := j.Append(b.Context(), note(1)); err != nil {
					b.Error(err)
				}
				longest = max(longest, time.Since(began))
				all += time.Since(began)
				appends++
				select {
				case <-done:
					return
				default:
				}
			}
		})
		prune(b, j)
		close(done)
		writer.Wait()
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N)/messages/perMessage, "µs/event")
	b.ReportMetric(longest.Seconds()*1e3, "ms/longest-append")
	b.ReportMetric(all.Seconds()*1e3/float64(appends), "ms/append")
}

func prune(tb testing.TB, j *journal.File) {
	tb.Helper()
	if _, err := j.Prune(tb.Context(), j.State().Last-1000, func(e probe.Event) bool { return e.Seq%1000 == 0 }); err != nil {
		tb.Fatal(err)
	}
}
