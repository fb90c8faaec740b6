package health_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

const (
	simHours = 1000
	year     = 365 * 24 * time.Hour
	month    = year / 12
)

// alarms are what many healthy hours have come to.
type alarms struct {
	time                                              time.Duration
	messages, broken, slow, suspicions, confirmations int
	reasons                                           []string
}

func (a *alarms) per(n int, span time.Duration) float64 {
	return float64(n) * float64(span) / float64(a.time)
}

// healthyHours lets simHours pass for each of some seeds.
func healthyHours(seeds int, fate func(*simulation) (time.Duration, bool)) *alarms {
	var (
		total   alarms
		mu      sync.Mutex
		workers sync.WaitGroup
		next    = make(chan uint64)
	)
	for range 2 {
		workers.Go(func() {
			for seed := range next {
				s := newSimulation(seed, time.Minute, fate)
				s.run(simHours*time.Hour, never)
				mu.Lock()
				total.time += s.now
				total.messages += s.sent
				total.broken += s.broken
				total.slow += s.slow
				total.suspicions += s.suspicions
				total.confirmations += s.confirmations
				total.reasons = append(total.reasons, s.reasons...)
				mu.Unlock()
			}
		})
	}
	for seed := range seeds {
		next <- uint64(seed + 1)
	}
	close(next)
	workers.Wait()
	return &total
}

// TestFalseAlarms is the short form of BenchmarkHealthyHours.
func TestFalseAlarms(t *testing.T) {
	a := healthyHours(5, healthy)
	if a.messages < 5*simHours*60 {
		t.Fatalf("sent %d messages, want one a minute", a.messages)
	}
	if a.broken > 0 {
		t.Errorf("healthy routes were called broken %d times in %v: %q", a.broken, a.time, a.reasons)
	}
	if got := a.per(a.slow, month); got > 1 {
		t.Errorf("healthy routes were called slow %.2f times per route and month, want at most 1: %q", got, a.reasons)
	}
	if got := a.per(a.confirmations, 24*time.Hour); got > 60 {
		t.Errorf("healthy routes were sent %.1f confirmations a day, want few beside 1440 messages", got)
	}
}

// BenchmarkHealthyHours counts false alarms in 100 times 1,000 healthy hours.
func BenchmarkHealthyHours(b *testing.B) {
	for name, fate := range map[string]func(*simulation) (time.Duration, bool){"outlook": healthy, "quick": quick} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				a := healthyHours(100, fate)
				b.ReportMetric(a.per(a.broken, year), "broken/year")
				b.ReportMetric(upperBound(a.broken)*float64(year)/float64(a.time), "broken/year-at-most")
				b.ReportMetric(a.per(a.slow, month), "slow/month")
				b.ReportMetric(a.per(a.suspicions, 24*time.Hour), "suspicions/day")
				b.ReportMetric(a.per(a.confirmations, 24*time.Hour), "confirmations/day")
				b.ReportMetric(float64(a.messages), "messages")
			}
		})
	}
}

// trouble is a way in which a route fails.
type trouble struct {
	name  string
	every time.Duration
	well  func(*simulation) (time.Duration, bool)
	lets  float64 // the share of messages that come through all the same
	slows float64 // by how much they then take longer; 0: not at all
	want  probe.Health
}

// detect gives how long it took, and how many messages were sent meanwhile, in each of
// some runs, from a random moment on; sorted.
func detect(tr trouble, runs int) (took []time.Duration, messages []int, missed int) {
	for run := range runs {
		s := newSimulation(uint64(run+1), tr.every, tr.well)
		s.run(300*tr.every+time.Duration(s.random.Float64()*float64(tr.every)), never)
		began, sent := s.now, s.sent
		if s.state != probe.HealthOK {
			continue // one of few that happen to be slow
		}
		s.fate = func(s *simulation) (time.Duration, bool) {
			d, lost := tr.well(s)
			if tr.slows > 0 {
				d = time.Duration(float64(d) * tr.slows)
			}
			return d, lost || s.random.Float64() >= tr.lets
		}
		s.run(6*time.Hour, func() bool { return s.state == tr.want })
		if s.state != tr.want {
			missed++
			continue
		}
		took = append(took, s.now-began)
		messages = append(messages, s.sent-sent)
	}
	slices.Sort(took)
	slices.Sort(messages)
	return took, messages, missed
}

func troubles() []trouble {
	var all []trouble
	for _, mail := range []struct {
		name string
		well func(*simulation) (time.Duration, bool)
	}{{"outlook", healthy}, {"quick", quick}} {
		for _, every := range []time.Duration{30 * time.Second, time.Minute} {
			all = append(all,
				trouble{fmt.Sprintf("%s/total/%v", mail.name, every), every, mail.well, 0, 0, probe.HealthBroken},
				trouble{fmt.Sprintf("%s/30%%/%v", mail.name, every), every, mail.well, 0.3, 0, probe.HealthBroken},
				trouble{fmt.Sprintf("%s/thrice/%v", mail.name, every), every, mail.well, 1, 3, probe.HealthSlow},
			)
		}
	}
	return all
}

// BenchmarkDetection measures how long it takes to notice trouble, from the moment on
// at which it begins.
func BenchmarkDetection(b *testing.B) {
	for _, tr := range troubles() {
		b.Run(tr.name, func(b *testing.B) {
			for b.Loop() {
				took, messages, missed := detect(tr, 1000)
				b.ReportMetric(took[len(took)/2].Seconds(), "median-s")
				b.ReportMetric(took[len(took)*95/100].Seconds(), "p95-s")
				b.ReportMetric(float64(messages[len(messages)/2]), "messages")
				b.ReportMetric(float64(missed), "not-in-6h")
			}
		})
	}
}
