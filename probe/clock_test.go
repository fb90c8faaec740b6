package probe_test

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// wallClock is a machine's clock and uptime, over the time of a bubble.
type wallClock struct{ ahead atomic.Int64 }

func (w *wallClock) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *wallClock) uptime() (string, time.Duration) { return "boot-1", time.Since(time.Unix(0, 0)) }

// process runs an engine of one probe for a while by a clock made now.
func (w *wallClock) process(t *testing.T, j probe.Journal, uptime func() (string, time.Duration), during time.Duration, while func()) *record {
	t.Helper()
	clock := probe.NewClockOver(w.now)
	p := plainProbe("in")
	p.Every, p.LateAfter, p.LostAfter = time.Minute, 10*time.Minute, 30*time.Minute
	r := new(record)
	e := probe.NewEngine(probe.EngineConfig{
		Clock: clock, Keys: keyring(t, "hq-1", 1), Journal: j, Probes: []probe.Probe{p},
		Senders:   map[string]probe.Sender{"outside": takes(clock)},
		Watchers:  map[string]probe.Watcher{"hq": emptyMailbox{clock: clock}},
		Exporters: []probe.Exporter{r}, Assessor: noAssessor{}, Log: slog.New(slog.DiscardHandler), Uptime: uptime,
	})
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	go while()
	if err := e.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	return r
}

// emptyMailbox is a watcher that looks whenever it is told to, or every so often, and
// never finds anything.
type emptyMailbox struct {
	clock probe.Clock
	every time.Duration
}

func (w emptyMailbox) Watch(ctx context.Context, pace probe.Pace, look func(probe.Look) error) error {
	for ctx.Err() == nil {
		now := w.clock.Now()
		if err := look(probe.Look{Began: now, Ended: now}); err != nil {
			return err
		}
		changed, next := pace.Changed(), pace.Next()
		if w.every > 0 {
			changed, next = nil, now.Add(w.every)
		} else if next.IsZero() {
			next = now.Add(time.Minute)
		}
		timer := time.NewTimer(max(time.Millisecond, w.clock.Until(next)))
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

func moves(r *record) (moved []probe.ClockStepped) {
	r.count(func(c probe.Change) bool {
		if m, ok := c.(probe.ClockMoved); ok {
			moved = append(moved, m.ClockStepped)
		}
		return false
	})
	return moved
}

func deadlines(r *record) int {
	return r.count(func(c probe.Change) bool { _, ok := c.(probe.DeadlineMissed); return ok })
}

// A clock that is moved while a process runs is an event, and changes nothing else:
// slots and deadlines go by the process's own.
func TestAClockThatIsMovedWhileAProcessRuns(t *testing.T) {
	for name, by := range map[string]time.Duration{"forward": time.Hour, "back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := new(wallClock)
				r := w.process(t, journal.NewMemory(probe.NewClock()), w.uptime, 8*time.Minute, func() {
					time.Sleep(3*time.Minute + time.Second)
					w.ahead.Add(int64(by))
				})
				if got := moves(r); !slices.Equal(got, []probe.ClockStepped{{By: by}}) {
					t.Errorf("got %+v, want one step of %v", got, by)
				}
				sent := r.count(func(c probe.Change) bool { _, ok := c.(probe.Sent); return ok })
				if sent != 8 || len(r.missed()) != 0 || deadlines(r) != 0 {
					t.Errorf("got %d messages in eight minutes, slots missed %v, %d deadlines missed; want one a minute and nothing missed", sent, r.missed(), deadlines(r))
				}
			})
		})
	}
}

// A clock that is moved between two processes makes nothing late, nothing lost and
// no slot missed that was not: the machine's uptime tells the truth.
func TestAClockThatIsMovedBetweenProcesses(t *testing.T) {
	unknown := func() (string, time.Duration) { return "", 0 }
	for name, tt := range map[string]struct {
		by     time.Duration
		uptime bool
		want   []probe.ClockStepped
	}{
		"back":                                 {-time.Hour, true, []probe.ClockStepped{{By: -time.Hour, Between: true}}},
		"forward":                              {time.Hour, true, []probe.ClockStepped{{By: time.Hour, Between: true}}},
		"not at all":                           {0, true, nil},
		"a little":                             {800 * time.Millisecond, true, nil},
		"back, on a machine without an uptime": {-time.Hour, false, nil}, // by the journal: an hour less the time it was down
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := new(wallClock)
				uptime := w.uptime
				if !tt.uptime {
					uptime = unknown
				}
				j := journal.NewMemory(probe.NewClock())
				w.process(t, j, uptime, 3*time.Minute, func() {})
				time.Sleep(3 * time.Minute) // three slots pass
				w.ahead.Store(int64(tt.by))
				r := w.process(t, j, uptime, 3*time.Minute, func() {})
				got := moves(r)
				if tt.uptime && !slices.Equal(got, tt.want) || !tt.uptime && (len(got) != 1 || got[0].By > -56*time.Minute || got[0].By < -time.Hour) {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
				if n := deadlines(r); n != 0 {
					t.Errorf("got %d deadlines missed of messages at most nine minutes old, want none before ten", n)
				}
				if n := r.missed()["no process was running"]; tt.uptime && (n < 2 || n > 3) {
					t.Errorf("got %d slots missed, want the three minutes: %v", n, r.missed())
				}
			})
		})
	}
}
