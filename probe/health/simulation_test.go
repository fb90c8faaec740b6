package health_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/health"
)

// A simulation is one route with its schedule, its looks and its confirmations,
// without servers: what becomes of each message is drawn when it is sent.
type simulation struct {
	monitor *health.Monitor
	random  *rand.Rand
	every   time.Duration
	fate    func(s *simulation) (latency time.Duration, lost bool)

	now    time.Duration
	queue  []happening // the next one last
	nextID probe.ID

	state                                    probe.Health
	reasons                                  []string
	broken, slow                             int // how often it became so
	sent, arrived, suspicions, confirmations int
}

// happening is something that will happen to a message, or the next slot.
type happening struct {
	at   time.Duration
	what func()
}

const (
	simLateAfter = time.Minute
	simLostAfter = 4 * time.Hour
)

// simBegan is when simulated time begins.
var simBegan = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func newSimulation(seed uint64, every time.Duration, fate func(*simulation) (time.Duration, bool)) *simulation {
	s := &simulation{
		monitor: health.New([]probe.Probe{{
			Route: probe.Route{Name: "in", Mailbox: "hq", Path: []string{"gateway"}}, LateAfter: simLateAfter, Expect: probe.ExpectDelivered,
		}}),
		random: rand.New(rand.NewPCG(seed, 1)), every: every, fate: fate, state: probe.HealthUnknown,
	}
	s.after(0, s.slot)
	return s
}

func (s *simulation) after(d time.Duration, what func()) {
	at := s.now + d
	i, _ := slices.BinarySearchFunc(s.queue, at, func(h happening, at time.Duration) int { return -min(1, max(-1, int(h.at-at))) })
	s.queue = slices.Insert(s.queue, i, happening{at, what})
}

// run lets time pass until a condition holds, but no longer than a limit.
func (s *simulation) run(limit time.Duration, until func() bool) {
	for end := s.now + limit; !until(); {
		next := s.queue[len(s.queue)-1]
		if next.at > end {
			s.now = end
			return
		}
		s.queue = s.queue[:len(s.queue)-1]
		s.now = next.at
		next.what()
	}
}

func never() bool { return false }

func (s *simulation) origin() probe.Origin { return probe.Origin{At: simBegan.Add(s.now)} }

func (s *simulation) slot() {
	s.send(probe.Scheduled, simLateAfter)
	s.after(s.every, s.slot)
}

// send sends a message. It is looked for when it arrives, when it is overdue, and at
// its deadline.
func (s *simulation) send(purpose probe.Purpose, lateAfter time.Duration) {
	s.nextID++
	m := probe.Sending{
		ID: s.nextID, Route: "in", Purpose: purpose, Mailbox: "hq", LateAfter: lateAfter, LostAfter: simLostAfter, Expect: probe.ExpectDelivered,
	}
	accepted := &probe.Attempted{ID: m.ID, Result: probe.Accepted, Began: simBegan.Add(s.now)}
	s.sent++
	s.apply(probe.Sent{Origin: s.origin(), Message: m})
	s.apply(probe.Answered{Origin: s.origin(), Message: m, Attempt: *accepted})
	latency, lost := s.fate(s)
	missed := lost || latency > lateAfter
	if missed || latency > s.monitor.Within("in") {
		s.after(s.monitor.Within("in")+time.Millisecond, s.look)
	}
	if missed {
		s.after(lateAfter, func() {
			s.apply(probe.DeadlineMissed{Origin: s.origin(), Message: m, Certain: true})
			s.look()
		})
	}
	end := probe.Outcome{Status: probe.Delivered, Observed: latency, Source: probe.ByLook, Place: probe.Inbox, Missed: missed, Counted: missed, Attempt: accepted}
	switch {
	case lost:
		latency, end.Status = simLostAfter, probe.Lost
	case missed:
		end.Status = probe.Late
	}
	s.after(latency, func() {
		if end.Status == probe.Delivered {
			s.arrived++
		}
		s.apply(probe.Settled{Origin: s.origin(), Message: m, Outcome: end})
		s.look()
	})
}

// look ends a look that began a moment ago.
func (s *simulation) look() {
	now := simBegan.Add(s.now)
	for _, e := range s.monitor.Due(now, "hq", now) {
		f := e.Fact.(probe.Suspected)
		s.suspicions++
		s.apply(probe.Suspicion{Origin: s.origin(), Suspected: f})
		for _, c := range f.Confirm {
			for range c.Messages {
				s.confirmations++
				s.send(probe.Confirm, c.Within)
			}
		}
	}
}

func (s *simulation) apply(c probe.Change) {
	for _, follows := range s.monitor.Apply(c) {
		changed := follows.(probe.HealthChanged)
		s.state = changed.To
		s.reasons = append(s.reasons, changed.Reason)
		switch changed.To {
		case probe.HealthBroken:
			s.broken++
		case probe.HealthSlow:
			s.slow++
		}
	}
}

// outlook are the quantiles of how long 7,711 messages took inside Outlook.com, but
// for the least, which is assumed.
var outlook = []struct{ share, seconds float64 }{
	{0, 1}, {0.5, 2.51}, {0.75, 3.50}, {0.90, 5.20}, {0.95, 7.48}, {0.99, 22.7}, {0.999, 192}, {1 - 1.0/7711, 1997},
}

// outlookLatency draws a latency: between the quantiles its logarithm is linear in
// the logarithm of the share that takes longer.
func outlookLatency(random *rand.Rand) time.Duration {
	u := random.Float64()
	for i, high := range outlook[1:] {
		if low := outlook[i]; u < high.share {
			part := math.Log((1-u)/(1-low.share)) / math.Log((1-high.share)/(1-low.share))
			seconds := math.Exp(math.Log(low.seconds) + part*math.Log(high.seconds/low.seconds))
			return time.Duration(seconds * float64(time.Second))
		}
	}
	return time.Duration(outlook[len(outlook)-1].seconds * float64(time.Second))
}

// healthy is mail as Outlook.com delivers it, one in a thousand messages lost.
func healthy(s *simulation) (time.Duration, bool) {
	return outlookLatency(s.random), s.random.Float64() < 0.001
}

// quick is mail of a local system: some 400 ms, the tail as long as any.
func quick(s *simulation) (time.Duration, bool) {
	d, lost := healthy(s)
	return d / 6, lost
}

// upperBound is the 95 % upper bound of a Poisson mean of which n were counted.
func upperBound(n int) float64 {
	low, high := 0.0, 10.0+3*float64(n)
	for range 60 {
		mean := (low + high) / 2
		term, sum := math.Exp(-mean), 0.0
		for i := range n + 1 {
			sum += term
			term *= mean / float64(i+1)
		}
		if sum > 0.05 {
			low = mean
		} else {
			high = mean
		}
	}
	return high
}
