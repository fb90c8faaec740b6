package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// stage is the whole engine over an in-process mail world, in a bubble of
// simulated time: nothing is replaced but the network and the clock.
type stage struct {
	t       *testing.T
	clock   probe.Clock
	world   *world.World
	dial    dialer
	keys    *probe.Keyring
	journal *journal.Memory
	log     bytes.Buffer

	mu      sync.Mutex
	changes []probe.Change
	forget  bool            // changes are not kept
	retry   []time.Duration // of all routes
	stop    func()
}

// stageDelay is what each component takes for each message.
const stageDelay = 100 * time.Millisecond

// perform tells a story in a bubble.
func perform(t *testing.T, story func(s *stage)) {
	performIn(t, world.Config{}, story)
}

// performIn tells a story in a world of one's own, but for network, clock and delays.
func performIn(t *testing.T, cfg world.Config, story func(s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		network := world.Pipes()
		cfg.Network, cfg.Clock, cfg.StageDelay = network, clock, world.Delays{Min: stageDelay, Max: stageDelay}
		w, err := world.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		key, err := probe.NewKey(bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		keys, err := probe.NewKeyring("story", key)
		if err != nil {
			t.Fatal(err)
		}
		s := &stage{t: t, clock: clock, world: w, dial: network.Dial, keys: keys, journal: journal.NewMemory(clock)}
		defer func() { s.end() }()
		story(s)
	})
}

// Export implements probe.Exporter.
func (s *stage) Export(c probe.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.forget {
		s.changes = append(s.changes, c)
	}
}

// begin runs the engine with the probes of the routes named.
func (s *stage) begin(every, lateAfter, lostAfter time.Duration, routes ...string) *probe.Engine {
	s.t.Helper()
	parts := buildWorld(s.world, s.dial, s.keys, s.clock)
	var probes []probe.Probe
	for _, p := range parts.probes {
		p.Every, p.LateAfter, p.LostAfter = every, lateAfter, lostAfter
		p.Route.Retry = s.retry
		if strings.Contains(" "+strings.Join(routes, " ")+" ", " "+p.Route.Name+" ") {
			probes = append(probes, p)
		}
	}
	if len(probes) != len(routes) {
		s.t.Fatalf("got probes for %d of the routes %v", len(probes), routes)
	}
	parts.probes = probes
	engine := probe.NewEngine(engineConfig(parts, s.keys, s.journal, s.clock, slog.New(slog.NewTextHandler(&s.log, nil)), s))
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	s.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the engine ended: %v", err)
		}
	}
	<-engine.Ready()
	return engine
}

// end stops the engine, if it runs.
func (s *stage) end() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

func (s *stage) wait(d time.Duration) { time.Sleep(d) } // simulated time

// waitUntil waits for a condition, to the millisecond.
func (s *stage) waitUntil(condition func() bool) {
	s.t.Helper()
	for range 10_000_000 {
		if condition() {
			return
		}
		s.wait(time.Millisecond)
	}
	s.t.Fatal("waited in vain")
}

func (s *stage) breaks(component string, f world.Fault) {
	s.t.Helper()
	if err := s.world.Break(component, f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) repairs(component string) {
	s.t.Helper()
	if err := s.world.Repair(component); err != nil {
		s.t.Fatal(err)
	}
}

// outcomes gives the outcomes on a route so far.
func (s *stage) outcomes(route string) []probe.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []probe.Outcome
	for _, c := range s.changes {
		if settled, ok := c.(probe.Settled); ok && settled.Message.Route == route {
			all = append(all, settled.Outcome)
		}
	}
	return all
}

// first is the first outcome on the inbound route.
func (s *stage) first() probe.Outcome {
	s.t.Helper()
	all := s.outcomes(inbound)
	if len(all) == 0 {
		s.t.Fatalf("nothing has settled on %s; the log says\n%s", inbound, s.log.String())
	}
	return all[0]
}

// healths gives the states of health that a route went through.
func (s *stage) healths(route string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var states []string
	for _, c := range s.changes {
		if h, ok := c.(probe.HealthChanged); ok && h.Route == route {
			states = append(states, string(h.To))
		}
	}
	return strings.Join(states, " ")
}

// count tells how many changes of one kind there were on a route.
func count[C probe.Change](s *stage, is func(C) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.changes {
		if c, ok := c.(C); ok && is(c) {
			n++
		}
	}
	return n
}

// conserved holds the law: sent + adopted = settled + in flight.
func (s *stage) conserved(engine *probe.Engine) {
	s.t.Helper()
	sent := count(s, func(probe.Sent) bool { return true })
	adopted := count(s, func(probe.Adopted) bool { return true })
	settled := count(s, func(probe.Settled) bool { return true })
	if sent+adopted != settled+engine.InFlight() {
		s.t.Errorf("sent %d + adopted %d is not settled %d + in flight %d", sent, adopted, settled, engine.InFlight())
	}
	if sent == 0 {
		s.t.Error("nothing was sent")
	}
}

const inbound, pastAV = "outside-to-hq", "past-av-to-hq"

// exact holds messages to when they arrived, which is known exactly: each stage takes
// its delay, and the watcher looks every 25 ms from just before the shortest known on.
func (s *stage) exact(route string, outcomes []probe.Outcome, truth time.Duration) {
	s.t.Helper()
	wide := 0
	for _, o := range outcomes {
		if o.Status != probe.Delivered || o.Place != probe.Inbox || o.Latency.Min > truth || o.Latency.Max < truth || o.Observed != o.Latency.Max || o.Observed > truth+25*time.Millisecond {
			s.t.Errorf("%s: got %s in %s after %+v, observed %v, want delivered after %v, seen within 25 ms", route, o.Status, o.Place, o.Latency, o.Observed, truth)
		}
		if o.Latency.Width() > 25*time.Millisecond {
			wide++
		}
	}
	// One that comes before the first look was expected makes the next earlier.
	if wide > 1 {
		s.t.Errorf("%s: got %d of %d not known to 25 ms, want one at most", route, wide, len(outcomes))
	}
}

func TestStoryOfDeliveredMail(t *testing.T) {
	perform(t, func(s *stage) {
		engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound, "inside-hq", "hq-to-branch", "hq-to-outside")
		s.wait(10*time.Minute + 30*time.Second)
		for route, stages := range map[string]time.Duration{inbound: 4, "inside-hq": 1, "hq-to-branch": 3, "hq-to-outside": 3} {
			all := s.outcomes(route)
			if len(all) < 10 {
				t.Errorf("%s: got %d outcomes in ten minutes at one a minute", route, len(all))
			}
			s.exact(route, all, stages*stageDelay)
			if got := s.healths(route); got != "ok" {
				t.Errorf("%s: got health %q, want ok", route, got)
			}
		}
		s.conserved(engine)
	})
}

func TestStoryOfLateMail(t *testing.T) {
	perform(t, func(s *stage) {
		s.breaks("gateway-in", world.CrashLoop{})
		engine := s.begin(time.Hour, time.Minute, 4*time.Hour, inbound)
		s.waitUntil(func() bool { return count(s, func(probe.Answered) bool { return true }) == 1 })
		s.wait(47*time.Minute - s.clock.Since(s.sentAt(inbound)))
		if got := s.outcomes(inbound); len(got) != 0 {
			t.Fatalf("got %+v while the gateway holds the mail", got)
		}
		if n := count(s, func(c probe.DeadlineMissed) bool { return c.Message.Route == inbound }); n != 1 {
			t.Errorf("got %d missed deadlines, want 1, told long before the mail arrives", n)
		}
		s.repairs("gateway-in")
		s.wait(time.Minute)
		o := s.first()
		truth := 47*time.Minute + 2*stageDelay // after the gateway
		if o.Status != probe.Late || o.Latency.Min > truth+time.Second || o.Latency.Max < truth || o.Observed > truth+31*time.Second {
			t.Errorf("got %s after %+v, observed %v, want late after about %v", o.Status, o.Latency, o.Observed, truth)
		}
		s.conserved(engine)
	})
}

// sentAt is when the first message of a route was sent.
func (s *stage) sentAt(route string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.changes {
		if a, ok := c.(probe.Answered); ok && a.Message.Route == route {
			return a.Attempt.Began
		}
	}
	s.t.Fatalf("nothing was sent on %s", route)
	return time.Time{}
}

func TestStoryOfLostMail(t *testing.T) {
	perform(t, func(s *stage) {
		s.breaks("antispam", world.Drop{})
		engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound, "inside-hq")
		s.wait(2*time.Hour + 30*time.Second)
		o := s.first()
		if o.Status != probe.Lost || !o.Missed {
			t.Errorf("got %+v, want lost, its miss told before", o)
		}
		if got := s.healths(inbound); got != "broken" {
			t.Errorf("got health %q, want broken", got)
		}
		if got := s.healths("inside-hq"); got != "ok" {
			t.Errorf("inside: got health %q, want ok: the store is well", got)
		}
		s.conserved(engine)
	})
}

func TestStoryOfContradictedMail(t *testing.T) {
	perform(t, func(s *stage) {
		s.breaks("antispam", world.Hold{})
		engine := s.begin(10*time.Minute, 10*time.Second, time.Hour, inbound)
		s.wait(90 * time.Minute)
		lost := 0
		for _, o := range s.outcomes(inbound) {
			if o.Status != probe.Lost {
				t.Errorf("got %s, want lost", o.Status)
			}
			lost++
		}
		s.repairs("antispam")
		s.wait(5 * time.Minute)
		got := count(s, func(c probe.Contradicted) bool { return c.Told == probe.Lost && c.Place == probe.Inbox })
		if lost == 0 || got != lost {
			t.Errorf("got %d contradictions, want one for each of the %d that were told lost", got, lost)
		}
		s.conserved(engine)
	})
}

func TestStoryOfRefusedMail(t *testing.T) {
	for name, c := range map[string]struct {
		fault  world.Refuse
		want   probe.Status
		health string
	}{
		"rejected at RCPT":   {world.Refuse{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "not wanted here"}, probe.Rejected, "ok broken"},
		"rejected at DATA":   {world.Refuse{Code: 554, Text: "no", AfterData: true}, probe.Rejected, "ok broken"},
		"deferred":           {world.Refuse{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "greylisted"}, probe.Deferred, "ok slow broken"},
		"deferred at DATA":   {world.Refuse{Code: 452, Enhanced: [3]int{4, 3, 1}, Text: "disk full", AfterData: true}, probe.Deferred, "ok slow broken"},
		"deferred with a 21": {world.Refuse{Code: 421, Text: "too busy"}, probe.Deferred, "ok slow broken"},
	} {
		t.Run(name, func(t *testing.T) {
			perform(t, func(s *stage) {
				engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
				s.wait(5 * time.Minute)
				good := len(s.outcomes(inbound))
				s.breaks("internet", c.fault)
				s.wait(20 * time.Minute)
				o := s.outcomes(inbound)[good]
				if o.Status != c.want || o.Attempt.Reply == nil || o.Attempt.Reply.Code != c.fault.Code || o.Attempt.Reply.Text != c.fault.Text {
					t.Errorf("got %s, reply %+v, want %s with the reply %d %s", o.Status, o.Attempt.Reply, c.want, c.fault.Code, c.fault.Text)
				}
				if got := s.healths(inbound); got != c.health {
					t.Errorf("got health %q, want %q", got, c.health)
				}
				s.conserved(engine)
			})
		})
	}
}

func TestStoryOfUnsentMail(t *testing.T) {
	perform(t, func(s *stage) {
		dial := s.dial
		s.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == s.world.SMTP("internet") {
				return nil, fmt.Errorf("dial %s: connection refused", address)
			}
			return dial(ctx, network, address)
		}
		engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
		s.wait(5 * time.Minute)
		o := s.first()
		if o.Status != probe.Unsent || o.Attempt.Ours || !strings.Contains(o.Attempt.Problem, "connection refused") {
			t.Errorf("got %+v with %+v, want unsent because nobody listens", o, o.Attempt)
		}
		if got := s.healths(inbound); got != "broken" {
			t.Errorf("got health %q, want broken", got)
		}
		s.conserved(engine)
	})
}

func TestStoryOfAnUnknownAnswer(t *testing.T) {
	for name, taken := range map[string]bool{"taken": true, "not taken": false} {
		t.Run(name, func(t *testing.T) {
			perform(t, func(s *stage) {
				s.breaks("internet", world.Cut{Taken: taken})
				engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
				s.wait(2 * time.Hour)
				o := s.first()
				want := probe.Uncertain
				if taken {
					want = probe.Delivered
				}
				if o.Status != want || o.Attempt.Result != probe.Unknown {
					t.Errorf("got %s after %v, want %s after an unknown answer", o.Status, o.Attempt.Result, want)
				}
				s.conserved(engine)
			})
		})
	}
}

// A blind observer is never mistaken for lost mail.
func TestStoryOfABlindObserver(t *testing.T) {
	for name, mode := range map[string]world.Blindness{"refusing connections": world.Refusing, "hanging": world.Hanging} {
		t.Run(name, func(t *testing.T) {
			perform(t, func(s *stage) {
				engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound, "hq-to-branch")
				s.wait(5 * time.Minute)
				if err := s.world.Blind("hq", mode); err != nil {
					t.Fatal(err)
				}
				s.wait(3 * time.Hour)
				if err := s.world.Unblind("hq"); err != nil {
					t.Fatal(err)
				}
				s.wait(5 * time.Minute)
				for _, o := range s.outcomes(inbound) {
					if o.Status != probe.Delivered || o.Observed > 2*time.Second {
						t.Errorf("got %s, observed %v by %s in %+v, want delivered within 2 s", o.Status, o.Observed, o.Source, o.Latency)
					}
				}
				if got := len(s.outcomes(inbound)); got < 185 {
					t.Errorf("got %d outcomes, want one for each minute", got)
				}
				if got := s.healths(inbound); got != "ok blind ok" {
					t.Errorf("got health %q, want ok blind ok", got)
				}
				if got := s.healths("hq-to-branch"); got != "ok" {
					t.Errorf("the other site: got health %q, want ok", got)
				}
				s.conserved(engine)
			})
		})
	}
}

func TestStoryOfJunkedMail(t *testing.T) {
	perform(t, func(s *stage) {
		s.breaks("antispam", world.Junk{})
		engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
		s.wait(5 * time.Minute)
		o := s.first()
		if o.Status != probe.Delivered || o.Place != probe.Junk || probe.ExpectDelivered.Judge(o) != probe.Violated {
			t.Errorf("got %s in %s, want delivered into Junk, which nobody expects", o.Status, o.Place)
		}
		s.conserved(engine)
	})
}

func TestStoryOfDuplicatedMail(t *testing.T) {
	perform(t, func(s *stage) {
		s.breaks("antispam", world.Duplicate{})
		engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
		s.wait(10 * time.Minute)
		delivered := len(s.outcomes(inbound))
		if got := count(s, func(probe.Duplicated) bool { return true }); delivered == 0 || got != delivered {
			t.Errorf("got %d duplicates of %d messages, want one each", got, delivered)
		}
		s.conserved(engine)
	})
}

func TestStoryOfAlteredMail(t *testing.T) {
	for name, c := range map[string]struct {
		fault world.Alter
		want  probe.Carrier
	}{
		"X- fields stripped":               {world.Alter{StripX: true}, probe.InMessageID},
		"and the Message-ID replaced":      {world.Alter{StripX: true, NewMessageID: true, MarkSubject: true}, probe.InSubject},
		"a marked Subject, a body encoded": {world.Alter{MarkSubject: true, ReencodeBody: true}, probe.InHeader},
	} {
		t.Run(name, func(t *testing.T) {
			perform(t, func(s *stage) {
				s.breaks("antispam", c.fault)
				engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
				s.wait(5 * time.Minute)
				if o := s.first(); o.Status != probe.Delivered || o.Carrier != c.want {
					t.Errorf("got %s by its %s, want delivered by its %s", o.Status, o.Carrier, c.want)
				}
				s.conserved(engine)
			})
		})
	}
}

// The mission: the gateway's filter crash-loops while the gateway answers 250.
func TestStoryOfTheGateway(t *testing.T) {
	perform(t, func(s *stage) {
		routes := []string{inbound, "past-av-to-hq", "inside-hq", "inside-branch", "hq-to-branch", "hq-to-outside"}
		engine := s.begin(30*time.Second, time.Minute, 4*time.Hour, routes...)
		s.wait(10 * time.Minute)
		s.breaks("gateway-in", world.CrashLoop{})
		s.wait(47 * time.Minute)
		held := s.world.Held()["gateway-in"]
		s.repairs("gateway-in")
		s.wait(10 * time.Minute)
		late := 0
		var longest time.Duration
		for _, o := range s.outcomes(inbound) {
			switch o.Status {
			case probe.Late:
				late++
				longest = max(longest, o.Observed)
			case probe.Delivered:
			default:
				t.Errorf("got %s, want nothing but delivered and late", o.Status)
			}
		}
		if late < held-3 || late > held || longest < 46*time.Minute || longest > 48*time.Minute {
			t.Errorf("got %d late by up to %v, want the %d that were held, by up to 47 minutes", late, longest, held)
		}
		for _, route := range routes {
			want := "ok"
			if route == inbound {
				want = "ok broken ok"
			}
			if got := s.healths(route); got != want {
				t.Errorf("%s: got health %q, want %q", route, got, want)
			}
		}
		s.conserved(engine)
	})
}

// A restart settles what the last process left, once.
func TestStoryOfARestart(t *testing.T) {
	perform(t, func(s *stage) {
		s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
		s.wait(5 * time.Minute)
		s.breaks("antispam", world.Hold{})
		s.wait(2*time.Minute + 5*time.Second)
		s.end()
		s.wait(time.Minute)
		before := len(s.outcomes(inbound))
		s.repairs("antispam")
		s.wait(time.Minute)
		s.mu.Lock()
		s.changes = nil // the second process tells everything anew, from the journal
		s.mu.Unlock()
		engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
		s.wait(5 * time.Minute)
		settled := make(map[probe.ID]int)
		count(s, func(c probe.Settled) bool { settled[c.Message.ID]++; return true })
		for id, n := range settled {
			if n != 1 {
				t.Errorf("message %v settled %d times", id, n)
			}
		}
		if len(settled) < before+2+4 || engine.InFlight() > 1 {
			t.Errorf("got %d outcomes and %d in flight, want more than the %d before the restart", len(settled), engine.InFlight(), before)
		}
		s.conserved(engine)
	})
}
