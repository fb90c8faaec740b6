package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// everyRoute is the routes of the mail world, on which each component can be told apart.
func everyRoute() []string {
	return []string{inbound, "past-av-to-hq", "inside-hq", "inside-branch", "hq-to-branch", "hq-to-outside"}
}

// blamed is the components of the last verdict that are more likely broken than not.
func (s *stage) blamed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, c := range s.changes {
		d, ok := c.(diagnosis.Diagnosed)
		if !ok {
			continue
		}
		names = nil
		for _, one := range d.Diagnoses {
			if one.Confidence >= worthSaying {
				names = append(names, strings.Join(one.Components, " or "))
			}
		}
	}
	slices.Sort(names)
	return names
}

// namedWithin waits until exactly these components are blamed, and gives how long that
// took.
func (s *stage) namedWithin(limit time.Duration, components ...string) time.Duration {
	s.t.Helper()
	began := s.clock.Now()
	for s.clock.Since(began) < limit {
		if slices.Equal(s.blamed(), components) {
			return s.clock.Since(began)
		}
		s.wait(100 * time.Millisecond)
	}
	s.t.Errorf("%v after the fault got %q blamed, want %q; the log says\n%s", limit, s.blamed(), components, s.log.String())
	return limit
}

// well lets the world run until all routes are known to be ok, and holds that nothing
// has been blamed.
func (s *stage) well() {
	s.t.Helper()
	s.wait(15 * time.Minute)
	for _, route := range everyRoute() {
		if got := s.healths(route); got != "ok" {
			s.t.Fatalf("%s: got health %q before anything broke, want ok", route, got)
		}
	}
	if got := count(s, func(diagnosis.Diagnosed) bool { return true }); got != 0 {
		s.t.Fatalf("got %d verdicts before anything broke", got)
	}
}

// everyVerdict is the variable that has all faults tried at all components.
const everyVerdict = "MAILPATH_VERDICTS"

// Whatever breaks, in whatever way, is named, alone, and its repair is told. One message
// every 30 s along each route.
func TestTheComponentThatBrokeIsNamed(t *testing.T) {
	for _, c := range []struct {
		says   string
		fault  world.Fault
		within time.Duration
	}{
		{"holds the mail", world.Hold{}, time.Minute},
		{"crash-loops, and lets some through", world.CrashLoop{Through: 0.3}, 5 * time.Minute},
		{"loses the mail", world.Drop{}, time.Minute},
		{"refuses for now", world.Refuse{Code: 421, Enhanced: [3]int{4, 4, 7}, Text: "unable to process message at this time"}, 2 * time.Minute},
	} {
		for _, component := range world.Components() {
			if os.Getenv(everyVerdict) == "" && component != "gateway-in" && c.fault != (world.Hold{}) {
				continue
			}
			t.Run(component+" "+c.says, func(t *testing.T) {
				t.Parallel()
				perform(t, func(s *stage) {
					engine := s.begin(30*time.Second, time.Minute, 4*time.Hour, everyRoute()...)
					s.well()
					s.breaks(component, c.fault)
					took := s.namedWithin(c.within, component)
					s.wait(10 * time.Minute)
					if got := s.blamed(); !slices.Equal(got, []string{component}) {
						t.Errorf("ten minutes later got %q blamed, want %s still, and alone", got, component)
					}
					s.repairs(component)
					s.wait(2 * time.Hour)
					recoveries := count(s, func(r diagnosis.Recovered) bool { return slices.Contains(r.Components, component) })
					if got := s.blamed(); recoveries != 1 || len(got) != 0 {
						t.Errorf("after the repair got %d recoveries and %q blamed, want one, and nothing", recoveries, got)
					}
					s.conserved(engine)
					t.Logf("named %v after it broke", took.Round(time.Second))
				})
			})
		}
	}
}

func TestTwoFaultsAtOnceAreBothNamed(t *testing.T) {
	perform(t, func(s *stage) {
		s.begin(30*time.Second, time.Minute, 4*time.Hour, everyRoute()...)
		s.well()
		s.breaks("gateway-in", world.CrashLoop{})
		s.breaks("link-branch", world.Hold{})
		s.namedWithin(2*time.Minute, "gateway-in", "link-branch")
	})
}

// While nobody can look nothing is broken, and nothing is blamed.
func TestABlindObserverBlamesNobody(t *testing.T) {
	for _, mode := range []world.Blindness{world.Refusing, world.Hanging} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			perform(t, func(s *stage) {
				s.begin(30*time.Second, time.Minute, 4*time.Hour, everyRoute()...)
				s.well()
				if err := s.world.Blind("hq", mode); err != nil {
					t.Fatal(err)
				}
				s.wait(20 * time.Minute)
				if got := s.healths(inbound); got != "ok blind" {
					t.Errorf("got health %q, want ok, then blind", got)
				}
				if got := count(s, func(diagnosis.Diagnosed) bool { return true }); got != 0 {
					t.Errorf("got %d verdicts while nobody could look", got)
				}
				if err := s.world.Unblind("hq"); err != nil {
					t.Fatal(err)
				}
				s.wait(20 * time.Minute)
				if got := s.healths(inbound); got != "ok blind ok" {
					t.Errorf("got health %q, want ok again: all the mail is there", got)
				}
			})
		})
	}
}

// An outage of three quarters of an hour at one message every 5 s: the probe slows down
// and says so, everything arrives late, and it goes on at the usual pace.
func TestABacklogSlowsTheProbeDown(t *testing.T) {
	perform(t, func(s *stage) {
		engine := s.begin(5*time.Second, time.Minute, 4*time.Hour, inbound)
		s.wait(10 * time.Minute)
		s.breaks("gateway-in", world.CrashLoop{})
		s.wait(45 * time.Minute)
		held := engine.InFlight()
		if held < 100 || held > 150 {
			t.Errorf("got %d messages in flight after 45 minutes, want a hundred, and one a minute since", held)
		}
		s.repairs("gateway-in")
		s.wait(10 * time.Minute)
		skipped := 0
		count(s, func(c probe.Skipped) bool { skipped += c.Slots; return true })
		scheduled := count(s, func(c probe.Sent) bool { return c.Message.Purpose == probe.Scheduled })
		if slots := 65 * 60 / 5; scheduled+skipped < slots-1 || scheduled+skipped > slots+1 {
			t.Errorf("got %d messages sent and %d slots skipped, want %d together", scheduled, skipped, slots)
		}
		if late := count(s, func(c probe.Settled) bool { return c.Outcome.Status == probe.Late }); late < held-15 {
			t.Errorf("got %d late messages of %d that were held", late, held)
		}
		if got := s.healths(inbound); got != "ok broken ok" {
			t.Errorf("got health %q, want ok again", got)
		}
		s.conserved(engine)
	})
}
