package probe_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// keeper is a mailbox that has every message but those in stuck, and deletes.
type keeper struct {
	clock probe.Clock
	j     probe.Journal

	mu      sync.Mutex
	lying   []probe.Observation
	sent    int
	stuck   func(n int) bool
	every   time.Duration // between looks; 0: as the pace says
	deleted int
	cannot  error // what Clean gives
}

func (k *keeper) send(_ context.Context, m *probe.Message) probe.Attempt {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sent++
	if k.stuck == nil || !k.stuck(k.sent) {
		k.lying = append(k.lying, probe.Observation{Tag: m.Tag, Carrier: probe.InHeader, Mailbox: "hq", Ref: probe.Ref{Folder: "INBOX", UIDValidity: 1, UID: uint32(k.sent)}})
	}
	return probe.Attempt{Result: probe.Accepted, Began: k.clock.Now()}
}

func (k *keeper) Watch(ctx context.Context, pace probe.Pace, look func(probe.Look) error) error {
	seen := 0
	return emptyMailbox{k.clock, k.every}.Watch(ctx, pace, func(l probe.Look) error {
		k.mu.Lock()
		for _, o := range k.lying {
			if int(o.Ref.UID) > seen {
				l.Found = append(l.Found, o)
			}
		}
		seen = k.sent
		k.mu.Unlock()
		l.Ended = k.clock.Now()
		return look(l)
	})
}

func (k *keeper) Clean(_ context.Context, refs []probe.Ref) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cannot != nil {
		return k.cannot
	}
	before := len(k.lying)
	k.lying = slices.DeleteFunc(k.lying, func(o probe.Observation) bool { return slices.Contains(refs, o.Ref) })
	k.deleted += before - len(k.lying)
	return nil
}

func (k *keeper) run(t *testing.T, every, lost, during time.Duration) *record {
	t.Helper()
	p := plainProbe("in")
	p.Every, p.LateAfter, p.LostAfter = every, time.Minute, lost
	r := new(record)
	e := probe.NewEngine(probe.EngineConfig{
		Clock: k.clock, Keys: keyring(t, "hq-1", 1), Journal: k.j, Probes: []probe.Probe{p},
		Senders:  map[string]probe.Sender{"outside": probe.SenderFunc(k.send)},
		Watchers: map[string]probe.Watcher{"hq": k}, Cleaners: map[string]probe.Cleaner{"hq": k},
		Exporters: []probe.Exporter{r}, Assessor: noAssessor{}, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	if err := e.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	return r
}

// events reads the whole journal.
func events(t *testing.T, j probe.Journal) []probe.Event {
	t.Helper()
	var all []probe.Event
	last := j.State().Last
	done := errors.New("done")
	err := j.Follow(t.Context(), 0, func(e probe.Event) error {
		all = append(all, e)
		if e.Seq >= last {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	return all
}

// In three weeks the journal keeps a week of messages, and the totals of every day;
// what is in flight is kept however old it is.
func TestTheJournalIsPrunedAsItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		k := &keeper{clock: clock, j: journal.NewMemory(clock), stuck: func(n int) bool { return n == 3 }, every: 5 * time.Minute}
		k.run(t, 10*time.Minute, 1000*time.Hour, 21*24*time.Hour)
		old, totals := 0, 0
		var stuck []string
		for _, e := range events(t, k.j) {
			if clock.Since(e.At) <= 7*24*time.Hour+80*time.Minute {
				continue
			}
			switch f := e.Fact.(type) {
			case probe.Totals:
				totals++
			case probe.Sending, probe.Attempted, probe.MissedDeadline:
				stuck = append(stuck, fmt.Sprintf("%T", f))
			case probe.Started:
			default:
				old++
			}
		}
		if want := []string{"probe.Sending", "probe.Attempted", "probe.MissedDeadline"}; !slices.Equal(stuck, want) || old > 0 {
			t.Errorf("older than a week: got %d events, and %v of messages; want those of the one in flight", old, stuck)
		}
		if totals < 13 || totals > 15 {
			t.Errorf("got totals of %d days older than a week, want those of a fortnight", totals)
		}
		// A new process comes to the same.
		r := k.run(t, 10*time.Minute, 1000*time.Hour, time.Hour)
		if n := r.missed()["no process was running"]; n != 0 {
			t.Errorf("got %d slots missed, want none", n)
		}
	})
}

func TestSeenMessagesAreDeletedWhenTheyHaveSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		k := &keeper{clock: clock, j: journal.NewMemory(clock)}
		k.run(t, time.Minute, time.Hour, 4*time.Hour+3*time.Minute)
		if k.deleted < 238 || k.deleted+len(k.lying) != k.sent {
			t.Errorf("got %d of %d messages deleted, and %d lying there; want all but those of the last minutes", k.deleted, k.sent, len(k.lying))
		}
		// What the last process left, the next one finds and deletes.
		left := len(k.lying)
		k.run(t, time.Hour, time.Hour, 11*time.Minute)
		if left == 0 || len(k.lying) > 1 {
			t.Errorf("after a restart: got %d of %d left", len(k.lying), left)
		}
	})
}

// failing is a journal whose disk is full while it is told so.
type failing struct {
	probe.Journal
	mu   sync.Mutex
	full bool
}

func (f *failing) Append(ctx context.Context, events ...probe.Event) error {
	if err := f.Journal.Append(ctx, events...); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		return fmt.Errorf("writing: %w: no space left on device", probe.ErrNotDurable)
	}
	return nil
}

func (f *failing) set(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
}

// With a full disk the monitoring goes on, and nothing is deleted: then the mailbox
// is what remembers.
func TestAFullDiskStopsNeitherSendingNorWatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		j := &failing{Journal: journal.NewMemory(clock)}
		k := &keeper{clock: clock, j: j}
		var deletedWhileFull int
		go func() {
			time.Sleep(time.Hour)
			j.set(true)
			time.Sleep(10 * time.Minute) // what was under way
			k.mu.Lock()
			deletedWhileFull = -k.deleted
			k.mu.Unlock()
			time.Sleep(50 * time.Minute)
			k.mu.Lock()
			deletedWhileFull += k.deleted
			k.mu.Unlock()
			j.set(false)
		}()
		r := k.run(t, time.Minute, time.Hour, 3*time.Hour)
		settled := r.count(func(c probe.Change) bool {
			s, ok := c.(probe.Settled)
			return ok && s.Outcome.Status == probe.Delivered
		})
		if settled < 179 || deletedWhileFull != 0 || k.deleted < 170 {
			t.Errorf("got %d delivered in three hours, %d deleted while the disk was full, %d in all; want one a minute, none, and nearly all in the end", settled, deletedWhileFull, k.deleted)
		}
	})
}

// A server that cannot delete single messages is asked once.
func TestWhereNothingCanBeDeletedNothingIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		k := &keeper{clock: clock, j: journal.NewMemory(clock), cannot: probe.ErrNoUIDExpunge}
		k.run(t, time.Minute, time.Hour, time.Hour)
		if k.deleted != 0 || len(k.lying) != k.sent {
			t.Errorf("got %d deleted, want none", k.deleted)
		}
	})
}
