package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
	"github.com/mailpath/mailpath/probe/probetest"
)

const perMessage = probetest.TrafficPerMessage

// message gives the events of the n-th message of traffic.
func message(n int) []probe.Event {
	return probetest.Traffic(time.Unix(1_795_423_260, 123_456_789), n)
}

// fill appends the events of so many messages.
func fill(tb testing.TB, j probe.Journal, messages int) {
	tb.Helper()
	var events []probe.Event
	for n := range messages {
		if events = append(events, message(n)...); len(events) >= 8000 || n == messages-1 {
			if err := j.Append(tb.Context(), events...); err != nil {
				tb.Fatal(err)
			}
			events = nil
		}
	}
}

// replay follows a journal until the event with that number.
func replay(tb testing.TB, j probe.Journal, last probe.Seq) (events int) {
	tb.Helper()
	err := j.Follow(tb.Context(), 0, func(e probe.Event) error {
		if events++; e.Seq == last {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		tb.Fatal(err)
	}
	return events
}

var errEnough = errors.New("enough")

// Callers that wait for each of their events, 128 at once.
func BenchmarkAppend(b *testing.B) {
	j := open(b, filepath.Join(b.TempDir(), "journal.db"))
	events := message(1)
	b.SetParallelism(64)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			if err := j.Append(context.Background(), events[n%perMessage]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// One caller, as a probe with one route is.
func BenchmarkAppendAlone(b *testing.B) {
	j := open(b, filepath.Join(b.TempDir(), "journal.db"))
	events := message(1)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if err := j.Append(context.Background(), events[n%perMessage]); err != nil {
			b.Fatal(err)
		}
	}
}

// Open and Follow of a million events.
func BenchmarkReplay(b *testing.B) {
	const events = 1_000_000
	path := filepath.Join(b.TempDir(), "journal.db")
	j := open(b, path)
	fill(b, j, events/perMessage)
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		j, err := journal.Open(path, probe.NewClock())
		if err != nil {
			b.Fatal(err)
		}
		if got := replay(b, j, j.State().Last); got != events {
			b.Fatalf("got %d events, want %d", got, events)
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
}

// What a message takes on the disk.
func BenchmarkSize(b *testing.B) {
	const messages = 50_000
	var size int64
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "journal.db")
		j := open(b, path)
		fill(b, j, messages)
		info, err := os.Stat(path)
		if err := errors.Join(err, j.Close()); err != nil {
			b.Fatal(err)
		}
		size = info.Size()
	}
	b.ReportMetric(float64(size)/messages, "B/message")
	b.ReportMetric(float64(size)/messages/perMessage, "B/event")
}
