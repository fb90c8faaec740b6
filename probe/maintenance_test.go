package probe_test

import (
	"context"
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

// plans is a calendar that a test changes.
type plans struct {
	mu  sync.Mutex
	all []probe.Maintenance
}

func (p *plans) Planned(from, until time.Time) []probe.Maintenance {
	p.mu.Lock()
	defer p.mu.Unlock()
	var some []probe.Maintenance
	for _, m := range p.all {
		if m.From.Before(until) && m.Until.After(from) {
			some = append(some, m)
		}
	}
	return some
}

func (p *plans) set(all ...probe.Maintenance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = all
}

// works is a site under maintenance: an engine that sends once a minute on two routes,
// with a journal that outlives it.
type works struct {
	t       *testing.T
	clock   probe.Clock
	began   time.Time
	journal probe.Journal
	plans   plans
	engine  *probe.Engine
	stop    func()
}

func inWorks(t *testing.T, test func(w *works)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		test(&works{t: t, clock: clock, began: clock.Now(), journal: journal.NewMemory(clock)})
	})
}

func (w *works) start() {
	w.t.Helper()
	in, out := plainProbe("in"), plainProbe("out")
	in.Every, out.Every = time.Minute, time.Minute
	w.engine = probe.NewEngine(probe.EngineConfig{
		Clock: w.clock, Keys: keyring(w.t, "hq-1", 1), Journal: w.journal, Probes: []probe.Probe{in, out},
		Senders:  map[string]probe.Sender{"outside": takes(w.clock)},
		Watchers: map[string]probe.Watcher{"hq": emptyMailbox{w.clock, time.Minute}},
		Assessor: noAssessor{}, Log: slog.New(slog.DiscardHandler), Calendar: &w.plans,
	})
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.engine.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	}
	<-w.engine.Ready()
}

// window is maintenance some minutes after the beginning, until others.
func (w *works) window(id string, from, until int, routes ...string) probe.Maintenance {
	minute := func(n int) time.Time { return w.began.Add(time.Duration(n) * time.Minute) }
	return probe.Maintenance{ID: id, From: minute(from), Until: minute(until), Routes: routes, Text: id}
}

// told is each maintenance in the journal, in its order: when it was told, and from when
// until when it is, in minutes.
func (w *works) told() string {
	w.t.Helper()
	minutes := func(t time.Time) int { return int(t.Sub(w.began) / time.Minute) }
	var all []string
	for _, e := range events(w.t, w.journal) {
		if m, ok := e.Fact.(probe.Maintenance); ok {
			all = append(all, fmt.Sprintf("%d: %s%s %d-%d %v", minutes(e.At), m.By, m.ID, minutes(m.From), minutes(m.Until), m.Routes))
		}
	}
	return fmt.Sprint(all)
}

// maintained are the minutes in which messages were sent on a route that count for no
// objective.
func (w *works) maintained(route string) (minutes []int) {
	w.t.Helper()
	for _, e := range events(w.t, w.journal) {
		if s, ok := e.Fact.(probe.Sending); ok && s.Route == route && s.Maintenance {
			minutes = append(minutes, int(e.At.Sub(w.began)/time.Minute))
		}
	}
	return minutes
}

func (w *works) expect(want string) {
	w.t.Helper()
	if got := w.told(); got != want {
		w.t.Errorf("got  %s\nwant %s", got, want)
	}
}

const week = 7 * 24 * 60 // minutes

func TestPlannedMaintenanceIsToldAWeekAhead(t *testing.T) {
	inWorks(t, func(w *works) {
		w.plans.set(w.window("near", 30, 40), w.window("far", week+25, week+60, "in"), w.window("over", -60, -1))
		w.start()
		time.Sleep(35 * time.Minute)
		w.stop()
		w.expect(fmt.Sprintf("[0: near 30-40 [] 30: far %d-%d [in]]", week+25, week+60))
		// The same again tells nothing.
		w.start()
		w.stop()
		w.expect(fmt.Sprintf("[0: near 30-40 [] 30: far %d-%d [in]]", week+25, week+60))
	})
}

// What the configuration does not hold any more is taken back; what has begun ends now.
func TestMaintenanceThatIsPlannedNoMore(t *testing.T) {
	inWorks(t, func(w *works) {
		w.plans.set(w.window("begun", 5, 60), w.window("ahead", 100, 110), w.window("longer", 200, 210), w.window("routed", 300, 310, "in"), w.window("shorter", 5, 60))
		w.start()
		time.Sleep(15 * time.Minute)
		w.stop()
		w.plans.set(w.window("longer", 200, 290), w.window("routed", 300, 310, "in", "out"), w.window("shorter", 5, 12))
		w.start()
		time.Sleep(15 * time.Minute)
		w.stop()
		want := "[0: begun 5-60 [] 0: ahead 100-110 [] 0: longer 200-210 [] 0: routed 300-310 [in] 0: shorter 5-60 [] " +
			"15: longer 200-290 [] 15: routed 300-310 [in out] 15: begun 5-15 [] 15: shorter 5-15 [] 15: ahead 15-15 []]"
		w.expect(want)
		w.plans.set(w.window("longer", 200, 290), w.window("routed", 300, 310, "in", "out"), w.window("ahead", 100, 110))
		w.start()
		w.stop()
		w.expect(want[:len(want)-1] + " 30: ahead 100-110 []]")
	})
}

// Messages that are on their way at some time of a window are outside of the objective,
// from the first one on: a process that starts in the middle knows of it before it sends.
func TestMessagesOnTheirWayDuringMaintenance(t *testing.T) {
	inWorks(t, func(w *works) {
		w.plans.set(w.window("x", 10, 15, "in"))
		w.start()
		time.Sleep(12*time.Minute + 30*time.Second)
		w.stop()
		w.start()
		time.Sleep(10 * time.Minute)
		w.stop()
		if got, want := w.maintained("in"), []int{9, 10, 11, 12, 13, 14}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v: those that would be late after it had begun, until it was over", got, want)
		}
		if got := w.maintained("out"); len(got) > 0 {
			t.Errorf("got %v on another route, want none", got)
		}
		// A journal that never heard of it.
		w.journal, w.began = journal.NewMemory(w.clock), w.clock.Now()
		w.plans.set(w.window("y", -1, 1))
		w.start()
		time.Sleep(3 * time.Minute)
		w.stop()
		if got := w.maintained("in"); !slices.Equal(got, []int{0}) {
			t.Errorf("got %v, want the first minute alone", got)
		}
	})
}

// The memory of what was planned is bounded, and a replay of it is quick.
func TestOldMaintenanceIsForgotten(t *testing.T) {
	var w probe.Windows
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range 100_000 {
		from := began.Add(time.Duration(n) * time.Hour)
		w.Apply(probe.Maintenance{ID: fmt.Sprint(n), From: from, Until: from.Add(time.Minute)})
	}
	end := began.Add(100_000 * time.Hour)
	if got := len(w.Between(began, end)); got < 400*24 || got > 2*400*24+200 {
		t.Errorf("got %d windows of one an hour, want those of 400 days and not many more", got)
	}
	if w.Over("in", began, began.Add(time.Hour)) || !w.Over("in", end.Add(-time.Hour), end) {
		t.Error("got the first window, or not the last one; want the last one")
	}
}

// What is taken back is forgotten with what it was, years after.
func TestTheJournalKeepsMaintenanceWhole(t *testing.T) {
	inWorks(t, func(w *works) {
		day := 24 * 60
		w.plans.set(w.window("gone", 5*day, 6*day), w.window("kept", 6*day, 6*day+1))
		w.start()
		w.plans.set(w.window("kept", 6*day, 6*day+1))
		time.Sleep(9 * 24 * time.Hour)
		w.stop()
		w.expect(fmt.Sprintf("[0: gone %d-%d [] 0: kept %d-%d [] 10: gone 10-10 []]", 5*day, 6*day, 6*day, 6*day+1))
	})
}
