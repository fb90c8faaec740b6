package probe_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// noAssessor knows nothing of health.
type noAssessor struct{}

func (noAssessor) Apply(probe.Change) []probe.Change { return nil }

func (noAssessor) Due(time.Time, string, time.Time) []probe.Event { return nil }

// record is an exporter that keeps changes.
type record struct {
	mu      sync.Mutex
	changes []probe.Change
}

func (r *record) Export(c probe.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = append(r.changes, c)
}

// missed counts the slots that were missed, by reason.
func (r *record) missed() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	missed := make(map[string]int)
	for _, c := range r.changes {
		if m, ok := c.(probe.Missed); ok {
			missed[m.Reason] += m.Slots
		}
	}
	return missed
}

func (r *record) count(is func(probe.Change) bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, c := range r.changes {
		if is(c) {
			n++
		}
	}
	return n
}

// idle is a watcher that sees nothing.
type idle struct{}

func (idle) Watch(ctx context.Context, _ probe.Pace, _ func(probe.Look) error) error {
	<-ctx.Done()
	return nil
}

// runEngine runs an engine with one probe in a bubble, for a while.
func runEngine(t *testing.T, j *journal.Memory, clock probe.Clock, send probe.SenderFunc, every, during time.Duration) (*record, time.Duration) {
	t.Helper()
	p := plainProbe("in")
	p.Every = every
	r := new(record)
	e := probe.NewEngine(probe.EngineConfig{
		Clock: clock, Keys: keyring(t, "hq-1", 1), Journal: j, Probes: []probe.Probe{p},
		Senders:   map[string]probe.Sender{"outside": send},
		Watchers:  map[string]probe.Watcher{"hq": idle{}},
		Exporters: []probe.Exporter{r}, Assessor: noAssessor{}, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	began := clock.Now()
	if err := e.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	return r, clock.Since(began) - during
}

func takes(clock probe.Clock) probe.SenderFunc {
	return func(context.Context, *probe.Message) probe.Attempt {
		return probe.Attempt{Result: probe.Accepted, Began: clock.Now()}
	}
}

// hangs never answers until it is told to stop.
func hangs(clock probe.Clock) probe.SenderFunc {
	return func(ctx context.Context, _ *probe.Message) probe.Attempt {
		began := clock.Now()
		<-ctx.Done()
		return probe.Attempt{Result: probe.NotSent, Began: began, Err: probe.OursOr(ctx, ctx.Err())}
	}
}

func TestEachSlotSendsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		r, over := runEngine(t, journal.NewMemory(clock), clock, takes(clock), time.Minute, time.Hour)
		if got := r.count(func(c probe.Change) bool { _, ok := c.(probe.Sent); return ok }); got != 60 || len(r.missed()) != 0 || over != 0 {
			t.Errorf("got %d messages in an hour, slots missed %v, and an end %v late, want one a minute", got, r.missed(), over)
		}
	})
}

// A stuck sender delays no slot as long as there is room; beyond, slots are missed
// and counted. At the end what is under way gets a farewell, and no more.
func TestStuckSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		r, over := runEngine(t, journal.NewMemory(clock), clock, hangs(clock), time.Second, 20*time.Second)
		sent := r.count(func(c probe.Change) bool { _, ok := c.(probe.Sent); return ok })
		if missed := r.missed()["8 messages of this route are still being handed over"]; sent != 8 || missed != 12 {
			t.Errorf("got %d sent and %d missed of 20 slots, want 8 and 12: %v", sent, missed, r.missed())
		}
		if over != 10*time.Second {
			t.Errorf("the end came %v late, want the farewell of 10 s", over)
		}
		// Cut off by our own end, they say nothing about the path.
		ours := r.count(func(c probe.Change) bool {
			s, ok := c.(probe.Settled)
			return ok && s.Outcome.Status == probe.Unsent && s.Outcome.Attempt.Ours
		})
		if ours != 8 {
			t.Errorf("got %d messages unsent by our own doing, want 8", ours)
		}
	})
}

func TestSlotsMissedWhileNobodyRanAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		j := journal.NewMemory(clock)
		runEngine(t, j, clock, takes(clock), 10*time.Second, time.Minute)
		time.Sleep(10 * time.Minute) // simulated
		r, _ := runEngine(t, j, clock, takes(clock), 10*time.Second, time.Minute)
		if got := r.missed()["no process was running"]; got != 60 {
			t.Errorf("got %d slots missed in ten minutes, want 60: %v", got, r.missed())
		}
	})
}

func TestASlotFromTheFutureStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		j := journal.NewMemory(clock)
		future := probe.Sending{ID: 7, Route: "in", Payload: "plain", Purpose: probe.Scheduled, Slot: clock.Now().Add(24 * time.Hour), Sender: "outside", Mailbox: "hq", LateAfter: time.Minute, LostAfter: time.Hour}
		if err := j.Append(t.Context(), probe.Event{At: clock.Now(), Fact: future}); err != nil {
			t.Fatal(err)
		}
		r, _ := runEngine(t, j, clock, takes(clock), time.Minute, 10*time.Minute)
		if got := r.count(func(c probe.Change) bool { _, ok := c.(probe.Answered); return ok }); got < 9 {
			t.Errorf("got %d messages in ten minutes, want one a minute", got)
		}
	})
}

// An event of a kind that this version does not know is passed over.
func TestAnEventWithoutAFactStopsNothing(t *testing.T) {
	tracker := probe.NewTracker(began, nil)
	if got := tracker.Apply(probe.Event{Seq: 1, At: began}); got != nil {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestASenderThatPanicsIsAFailedMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		r, _ := runEngine(t, journal.NewMemory(clock), clock, func(context.Context, *probe.Message) probe.Attempt { panic("no such thing") }, time.Minute, 5*time.Minute)
		got := r.count(func(c probe.Change) bool {
			a, ok := c.(probe.Answered)
			return ok && a.Attempt.Result == probe.Unknown && a.Attempt.Ours && strings.Contains(a.Attempt.Problem, "no such thing")
		})
		if got != 5 {
			t.Errorf("got %d failed messages in five minutes, want one a minute", got)
		}
	})
}
