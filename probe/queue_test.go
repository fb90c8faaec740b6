package probe_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// runQueue runs an engine with one probe, which has a queue, for a while.
func runQueue(t *testing.T, clock probe.Clock, j probe.Journal, s probe.Sender, p probe.Probe, during time.Duration) *record {
	t.Helper()
	told := new(record)
	e := probe.NewEngine(probe.EngineConfig{
		Clock: clock, Keys: keyring(t, "hq-1", 1), Journal: j, Probes: []probe.Probe{p},
		Senders: map[string]probe.Sender{"outside": s}, Watchers: map[string]probe.Watcher{"hq": idle{}},
		Exporters: []probe.Exporter{told}, Assessor: noAssessor{}, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	if err := e.Run(ctx); err != nil && !errors.Is(err, errBroken) {
		t.Errorf("Run: %v", err)
	}
	return told
}

// greylister takes each message at the third try, and remembers what it was given.
type greylister struct {
	clock probe.Clock
	given []string
	times []time.Time
}

func (g *greylister) Send(_ context.Context, m *probe.Message) probe.Attempt {
	g.given, g.times = append(g.given, string(m.Raw)), append(g.times, g.clock.Now())
	a := probe.Attempt{Result: probe.Refused, Began: g.clock.Now(), Reply: &probe.Reply{Code: 451, Enhanced: "4.7.1", Text: "Greylisted"}}
	if len(g.given) == 3 {
		a.Result, a.Reply = probe.Accepted, nil
	}
	return a
}

// The same message is tried again by the schedule, also by the next process.
func TestTheQueueOutlivesTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		g := &greylister{clock: clock}
		j := journal.NewMemory(clock)
		p := plainProbe("in")
		p.Every, p.Route.Retry = 24*time.Hour, []time.Duration{5 * minute, 15 * minute}
		run := func(during time.Duration) { runQueue(t, clock, j, g, p, during) }
		run(24*time.Hour + 7*minute) // the first slot lies somewhere in the first day
		first := len(g.given)
		for range 3 {
			run(10 * minute)
		}
		if first == 0 || len(g.given) < 3 {
			t.Fatalf("got %d tries, %d of them of the first process, want 3 and some of each", len(g.given), first)
		}
		for i, raw := range g.given[:3] {
			if raw != g.given[0] {
				t.Errorf("try %d: got another message than the first:\n%s", i+1, raw)
			}
		}
		if got := g.times[1].Sub(g.times[0]); got != 5*minute {
			t.Errorf("got the second try after %v, want 5 min", got)
		}
		if got := g.times[2].Sub(g.times[1]); got != 15*minute {
			t.Errorf("got the third try after %v, want 15 min", got)
		}
	})
}

// What waited in the queue for longer than it counts as lost is not sent any more.
func TestAQueueThatNobodyWatchedIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		j := journal.NewMemory(clock)
		p := plainProbe("in")
		p.Every = 24 * time.Hour
		waiting := queued()
		waiting.Slot, waiting.LostAfter = clock.Now(), time.Hour
		refused := attempted(probe.Refused, 451)
		refused.Began = clock.Now()
		if err := j.Append(t.Context(), probe.Event{At: clock.Now(), Fact: waiting}, probe.Event{At: clock.Now(), Fact: refused}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour) // simulated
		told := runQueue(t, clock, j, takes(clock), p, time.Minute)
		again := told.count(func(c probe.Change) bool { a, ok := c.(probe.TriedAgain); return ok && a.Message.ID == waiting.ID })
		ended := told.count(func(c probe.Change) bool {
			s, ok := c.(probe.Settled)
			return ok && s.Message.ID == waiting.ID && s.Outcome.Status == probe.Deferred
		})
		if again != 0 || ended != 1 {
			t.Errorf("got %d further tries and %d ends as deferred, want no try and one end", again, ended)
		}
	})
}

// errBroken is what a journal says that takes nothing any more.
var errBroken = errors.New("broken")

// brokenLater is a journal that takes no further try, and counts what it is asked.
type brokenLater struct {
	*journal.Memory
	asked atomic.Int64
}

func (b *brokenLater) Append(ctx context.Context, events ...probe.Event) error {
	for _, e := range events {
		if _, ok := e.Fact.(probe.Retrying); ok {
			b.asked.Add(1)
			return errBroken
		}
	}
	return b.Memory.Append(ctx, events...)
}

func TestAJournalThatTakesNoTryIsNotAskedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		j := &brokenLater{Memory: journal.NewMemory(clock)}
		p := plainProbe("in")
		p.Every, p.Route.Retry = time.Minute, []time.Duration{30 * time.Second}
		runQueue(t, clock, j, &greylister{clock: clock}, p, 2*time.Minute)
		if n := j.asked.Load(); n == 0 || n > 1000 {
			t.Errorf("got %d tries to write in two minutes, want a few a second", n)
		}
	})
}

// After an outage all of the queue is due: as many are tried at a time as may be.
func TestTheQueueIsPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		j := journal.NewMemory(clock)
		p := plainProbe("in")
		p.Every, p.Route.Retry = 10*time.Second, []time.Duration{time.Hour}
		runQueue(t, clock, j, refusing(clock), p, 10*time.Minute)
		time.Sleep(time.Hour) // simulated
		p.Every = 24 * time.Hour
		var now, most, all atomic.Int64
		slow := probe.SenderFunc(func(context.Context, *probe.Message) probe.Attempt {
			began := clock.Now()
			most.Store(max(most.Load(), now.Add(1)))
			all.Add(1)
			time.Sleep(time.Second) // simulated
			now.Add(-1)
			return probe.Attempt{Result: probe.Accepted, Began: began}
		})
		runQueue(t, clock, j, slow, p, 5*time.Minute)
		if most.Load() > 8 || all.Load() < 55 {
			t.Errorf("got %d tries, %d at a time, want some 60, and 8 at a time at most", all.Load(), most.Load())
		}
	})
}

func refusing(clock probe.Clock) probe.SenderFunc {
	return func(context.Context, *probe.Message) probe.Attempt {
		return probe.Attempt{Result: probe.Refused, Began: clock.Now(), Reply: &probe.Reply{Code: 451}}
	}
}
