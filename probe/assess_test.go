package probe_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// suspicious suspects route "in" once, when a look has begun that late after a message
// was sent.
type suspicious struct {
	after   time.Duration
	confirm []probe.Confirmation
	sent    time.Time
	told    bool
}

func (s *suspicious) Apply(c probe.Change) []probe.Change {
	switch c := c.(type) {
	case probe.Sent:
		if s.sent.IsZero() {
			s.sent = c.At
		}
	case probe.Suspicion:
		s.told = true
	}
	return nil
}

func (s *suspicious) Due(now time.Time, mailbox string, looked time.Time) []probe.Event {
	if s.told || s.sent.IsZero() || looked.Before(s.sent.Add(s.after)) || mailbox != "hq" {
		return nil
	}
	return []probe.Event{{At: now, Fact: probe.Suspected{Route: "in", Reason: "nothing comes", Confirm: s.confirm}}}
}

// looker looks when it should and finds nothing.
type looker struct{ clock probe.Clock }

func (l looker) Watch(ctx context.Context, pace probe.Pace, look func(probe.Look) error) error {
	for {
		changed, next := pace.Changed(), pace.Next()
		if next.IsZero() {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := l.clock.SleepUntil(ctx, next); err != nil {
			return err
		}
		if err := look(probe.Look{Began: l.clock.Now(), Ended: l.clock.Now()}); err != nil {
			return err
		}
	}
}

// answers is a check that gives one answer after the other, and the last one for ever.
type answers struct {
	given atomic.Int32
	all   []probe.Finding
}

func (a *answers) Question() probe.Finding {
	return probe.Finding{Check: "smtp", Target: "mx1:25", Component: "gateway"}
}

func (a *answers) Check(context.Context) probe.Checked {
	i := min(int(a.given.Add(1)), len(a.all)) - 1
	if a.all[i].State == "" {
		panic("no such thing")
	}
	return probe.Checked{Finding: a.all[i]}
}

// suspect runs an engine of routes "in" and "out" into mailbox hq for three minutes.
func suspect(t *testing.T, j probe.Journal, clock probe.Clock, s probe.Assessor, change func(*probe.EngineConfig)) *record {
	t.Helper()
	in, out := plainProbe("in"), plainProbe("out")
	in.Every, out.Every = time.Minute, time.Hour
	r := new(record)
	cfg := probe.EngineConfig{
		Clock: clock, Keys: keyring(t, "hq-1", 1), Journal: j, Probes: []probe.Probe{in, out},
		Senders:   map[string]probe.Sender{"outside": takes(clock)},
		Watchers:  map[string]probe.Watcher{"hq": looker{clock}},
		Exporters: []probe.Exporter{r}, Assessor: s, Log: slog.New(slog.DiscardHandler),
	}
	change(&cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if err := probe.NewEngine(cfg).Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	return r
}

// confirmations lists the confirmations sent: route, seconds after the first scheduled
// message, deadline.
func (r *record) confirmations() []string {
	var all []string
	var first time.Time
	for _, c := range r.changes {
		s, ok := c.(probe.Sent)
		switch {
		case ok && s.Message.Purpose == probe.Scheduled && first.IsZero():
			first = s.At
		case ok && s.Message.Purpose == probe.Confirm:
			all = append(all, fmt.Sprint(s.Message.Route, " ", s.At.Sub(first).Round(time.Second), " ", s.Message.LateAfter))
		}
	}
	slices.Sort(all)
	return all
}

func TestASuspicionIsConfirmedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		j := journal.NewMemory(clock)
		confirm := []probe.Confirmation{{Route: "in", Messages: 2, Within: 9 * time.Second}, {Route: "out", Messages: 1, Within: 4 * time.Second}, {Route: "gone", Messages: 1, Within: 1}}
		r := suspect(t, j, clock, &suspicious{after: 9 * time.Second, confirm: confirm}, func(*probe.EngineConfig) {})
		got := r.confirmations()
		if len(got) != 3 || got[0] != "in 9s 9s" || got[1] != "in 9s 9s" || got[2] != "out 9s 4s" {
			t.Errorf("got confirmations %q, want two of in and one of out, 9 s after the first message", got)
		}
		again := suspect(t, j, clock, &suspicious{after: time.Hour}, func(*probe.EngineConfig) {})
		if live := len(again.confirmations()) - len(got); live != 0 {
			t.Errorf("the next process sent %d confirmations of a suspicion that was confirmed before, want none", live)
		}
	})
}

func TestConfirmationsKeepToTheSendersLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		confirm := []probe.Confirmation{{Route: "in", Messages: 5, Within: 9 * time.Second}}
		r := suspect(t, journal.NewMemory(clock), clock, &suspicious{after: time.Second, confirm: confirm}, func(cfg *probe.EngineConfig) {
			cfg.Accounts = map[string]probe.Account{"outside": {Limits: []probe.Limit{{Messages: 3, In: time.Hour}}}}
		})
		skipped := r.count(func(c probe.Change) bool {
			s, ok := c.(probe.Skipped)
			return ok && s.Route == "in" && s.Reason == probe.SenderLimit && s.Slots == 3
		})
		if got := r.confirmations(); len(got) != 2 || skipped != 1 {
			t.Errorf("got confirmations %q and %d notes of three that were left out, want two and one: the schedule has had one of three", got, skipped)
		}
	})
}

// Only news is journaled; a check that panics gives no answer and stops nothing.
func TestChecksAreToldWhenTheirAnswerChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		finding := func(state probe.FindingState, reason string) probe.Finding {
			return probe.Finding{Check: "smtp", Target: "mx1:25", Component: "gateway", State: state, Reason: reason}
		}
		check := &answers{all: []probe.Finding{
			finding(probe.FindingOK, "took 5 ms"), finding(probe.FindingOK, "took 1.2 s"), {}, finding(probe.FindingFailed, "queue 812"), finding(probe.FindingFailed, "queue 1024"),
			finding(probe.FindingFailed, "refused"), finding(probe.FindingOK, "took 6 ms"),
		}}
		var told atomic.Int32
		j := journal.NewMemory(clock)
		run := func(during time.Duration) *record {
			return suspect(t, j, clock, &suspicious{after: during}, func(cfg *probe.EngineConfig) {
				cfg.Checks = []probe.Checker{check}
				cfg.Checked = func(probe.Checked) { told.Add(1) }
			})
		}
		run(time.Hour)
		run(time.Hour)
		r := run(time.Hour)
		var got []string
		for _, c := range r.changes {
			if f, ok := c.(probe.Found); ok {
				got = append(got, string(f.State)+" "+f.Reason)
			}
		}
		want := "[ok took 5 ms failed queue 812 failed refused ok took 6 ms]"
		if fmt.Sprint(got) != want {
			t.Errorf("got %v, want %v", got, want)
		}
		if n := check.given.Load(); told.Load() != n-1 {
			t.Errorf("told %d answers of %d, want all but the one that panicked", told.Load(), n)
		}
	})
}

func TestASuspicionHasTheChecksMadeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		check := &answers{all: []probe.Finding{{Check: "smtp", State: probe.FindingOK}}}
		suspect(t, journal.NewMemory(clock), clock, &suspicious{after: 11 * time.Second}, func(cfg *probe.EngineConfig) { cfg.Checks = []probe.Checker{check} })
		// One at the beginning, one at the suspicion, and then one a minute.
		if n := check.given.Load(); n != 4 {
			t.Errorf("the check was made %d times in three minutes, want 4", n)
		}
	})
}

// What a check found that is not configured any more is taken back at the next start.
func TestAFindingThatNobodyAsksForAnyMoreIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		j := journal.NewMemory(clock)
		failed := probe.Finding{Check: "smtp", Target: "mx1:25", Component: "gateway", State: probe.FindingFailed, Reason: "refused"}
		run := func(checks ...probe.Checker) []string {
			r := suspect(t, j, clock, &suspicious{after: time.Hour}, func(cfg *probe.EngineConfig) { cfg.Checks = checks })
			var states []string
			for _, c := range r.changes {
				if f, ok := c.(probe.Found); ok {
					states = append(states, string(f.State))
				}
			}
			return states
		}
		run(&answers{all: []probe.Finding{failed}})
		run()
		if got := run(); fmt.Sprint(got) != "[failed unknown]" {
			t.Errorf("got findings %v, want failed, then, once, unknown", got)
		}
	})
}

// What earlier processes have sent counts: a restart gives nobody a fresh allowance.
func TestLimitsOutliveTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		j := journal.NewMemory(clock)
		hourly := func(cfg *probe.EngineConfig) {
			cfg.Accounts = map[string]probe.Account{"outside": {Name: "probe", Limits: []probe.Limit{{Messages: 5, In: time.Hour}}}}
		}
		suspect(t, j, clock, &suspicious{after: time.Hour}, hourly) // sends three by the schedule, or four
		confirm := []probe.Confirmation{{Route: "in", Messages: 5, Within: 9 * time.Second}}
		r := suspect(t, j, clock, &suspicious{after: time.Second, confirm: confirm}, hourly)
		if got := r.confirmations(); len(got) > 2 {
			t.Errorf("got %d confirmations, want what an earlier process has left of five in an hour: %q", len(got), got)
		}
	})
}
