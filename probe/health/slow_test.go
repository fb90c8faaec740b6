package health_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// deliver sends messages along a route, 30 s apart, that take some seconds each, and
// gives how many it took until the route was in a state; 0: it never was.
func (p *post) deliver(messages int, seconds float64, until probe.Health) int {
	for n := range messages {
		id := p.handOver("in")
		p.now += seconds
		p.arrive(id)
		p.now += 30 - seconds
		if p.state["in"] == until {
			return n + 1
		}
	}
	return 0
}

func TestSlowMail(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	if n := p.deliver(200, 0.5, probe.HealthSlow); n != 0 {
		t.Errorf("mail that takes 0.5 s instead of 0.4 s is slow after %d messages, want ok", n)
	}
	if n := p.deliver(15, 1.5, probe.HealthSlow); n == 0 || n > 15 {
		t.Errorf("mail that takes thrice as long is slow after %d messages, want some, 15 at most", n)
	}
	if want := "mail takes 1.5 s, normally 0.5 s"; p.reason["in"] != want {
		t.Errorf("got reason %q, want %q", p.reason["in"], want)
	}
	if n := p.deliver(500, 1.5, probe.HealthOK); n != 0 {
		t.Errorf("it is ok after %d messages that are as slow, want slow for a day", n)
	}
	if n := p.deliver(15, 0.5, probe.HealthOK); n == 0 || n > 15 {
		t.Errorf("it is ok after %d messages as quick as normally, want some, 15 at most", n)
	}
	if want := "mail is as quick as it normally is again: 0.5 s"; p.reason["in"] != want {
		t.Errorf("got reason %q, want %q", p.reason["in"], want)
	}
}

func TestSlowForADayIsNormal(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	p.deliver(20, 2, probe.HealthSlow)
	p.wants("in", probe.HealthSlow)
	began := p.now
	p.deliver(3000, 2, probe.HealthOK)
	if got, want := time.Duration((p.now-began)*1e9), 24*time.Hour; (got - want).Abs() > time.Minute {
		t.Errorf("it is ok after %v, want %v", got, want)
	}
	if want := "mail has been slow for a day; that it takes 2 s counts as normal from now on"; p.reason["in"] != want {
		t.Errorf("got reason %q, want %q", p.reason["in"], want)
	}
	if n := p.deliver(1000, 2, probe.HealthSlow); n != 0 {
		t.Errorf("it is slow again after %d messages, want ok", n)
	}
}

// A route whose mail is slow does not become ok for the arrival after a deferral, and
// one that breaks and is repaired starts anew.
func TestSlowAndDeferred(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	p.deliver(20, 2, probe.HealthSlow)
	id := p.send("in", probe.Scheduled, time.Minute)
	p.tell(probe.Attempted{ID: id, Result: probe.Refused, Reply: &probe.Reply{Code: 451, Text: "later"}, Began: at(p.now)})
	p.deliver(1, 2, probe.HealthOK)
	p.wants("in", probe.HealthSlow)
	for range 4 {
		p.refuse()
	}
	p.wants("in", probe.HealthBroken)
	p.deliver(7, 2, probe.HealthOK)
	p.wants("in", probe.HealthOK)
	if n := p.deliver(15, 2, probe.HealthSlow); n == 0 {
		t.Errorf("after the repair mail that is as slow is ok, want slow")
	}
}

// Slow mail with tails like any other's does not flap.
func TestSlowDoesNotFlap(t *testing.T) {
	for seed := range uint64(20) {
		s := newSimulation(seed+1, time.Minute, quick)
		s.run(10*time.Hour, never)
		slow := s.slow
		s.fate = func(s *simulation) (time.Duration, bool) {
			d, lost := quick(s)
			return 3 * d, lost
		}
		s.run(12*time.Hour, never)
		if s.slow > slow+2 || s.broken > 0 {
			t.Errorf("seed %d: in 12 hours of mail that takes thrice as long the route was slow %d times and broken %d times, want once: %q",
				seed+1, s.slow-slow, s.broken, s.reasons)
		}
	}
}

// A crash loop that lets some messages through is caught, and in few messages.
func TestPartialDeliveryIsCaught(t *testing.T) {
	for _, tr := range troubles() {
		took, messages, missed := detect(tr, 50)
		most := map[probe.Health]int{probe.HealthBroken: 9, probe.HealthSlow: 15}[tr.want]
		if median := messages[len(messages)/2]; missed > 0 || median > most {
			t.Errorf("%s: found in %d of 50 runs, after %d messages and %v in half of them; want in all, %d messages",
				tr.name, len(took), median, took[len(took)/2], most)
		}
	}
}

// A route that loses one in thirty by habit is not broken for it, and what it says
// names the habit.
func TestHabit(t *testing.T) {
	lossy := func(s *simulation) (time.Duration, bool) { return time.Second, s.random.Float64() < 1.0/30 }
	s := newSimulation(1, time.Minute, lossy)
	s.run(100*time.Hour, never)
	if s.broken > 0 {
		t.Errorf("a route that loses one in thirty is broken %d times in 100 hours: %q", s.broken, s.reasons)
	}
	s.fate = func(*simulation) (time.Duration, bool) { return 0, true }
	s.run(time.Hour, func() bool { return s.state == probe.HealthBroken })
	if !slices.ContainsFunc(s.reasons, func(r string) bool {
		return strings.Contains(r, "did not arrive in time; normally 1 in ")
	}) || s.state != probe.HealthBroken {
		t.Errorf("without mail it is %s, reasons %q, want broken", s.state, s.reasons)
	}
}
