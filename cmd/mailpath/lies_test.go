package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Whatever the far side of one route does, each of its messages has the outcome that
// the evidence carries, no other route is slowed, and nothing is left over.
func TestStoryOfServersThatLie(t *testing.T) {
	const ranOut = "the time for it ran out: "
	for name, c := range map[string]struct {
		answer  func(net.Conn)
		want    probe.Status
		problem string // part of the attempt's
		health  string
	}{
		"250, and the message is thrown away": {new(talker).answer, probe.Lost, "", "broken"},
		"silence for ever":                    {silent, probe.Unsent, ranOut + "banner: ", "broken"},
		"one byte taken in each second":       {trickling, probe.Unsent, ranOut, "broken"},
		"nothing taken in after DATA": {(&talker{instead: map[string]string{"DATA": "deaf"}}).answer,
			probe.Unsent, ranOut, "broken"},
		"a greeting without an end": {endless, probe.Unsent, "got more than 64 KiB of answers", "broken"},
		"a 250 to the final dot that ends as a 550": {(&talker{instead: map[string]string{".": "250-2.0.0 Ok: queued as\r\n550"}}).answer,
			probe.Uncertain, `reply: got "550" within a reply that began with 250`, "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			perform(t, func(s *stage) {
				l := s.lies(c.answer)
				engine := s.begin(time.Minute, 10*time.Second, 20*time.Minute, inbound, "inside-hq", "hq-to-branch", "hq-to-outside")
				s.wait(45*time.Minute + 30*time.Second)
				all := s.outcomes(inbound)
				if len(all) < 23 {
					t.Errorf("got %d outcomes, want one for each minute of the first 23 at least", len(all))
				}
				for _, o := range all {
					if o.Status != c.want || o.Attempt.Ours || !strings.Contains(o.Attempt.Problem, c.problem) {
						t.Fatalf("got %s after %+v, want %s after %q, and no trouble of ours", o.Status, o.Attempt, c.want, c.problem)
					}
				}
				if got := s.healths(inbound); got != c.health {
					t.Errorf("got health %q, want %q", got, c.health)
				}
				s.undisturbed("inside-hq", "hq-to-branch", "hq-to-outside")
				s.conserved(engine)
				s.end()
				s.wait(time.Second) // as long as the slowest of them is busy with one byte
				if open, served := l.open.Load(), l.served.Load(); open != 0 || served < 45 {
					t.Errorf("%d of %d connections are left open, want none of one for each minute", open, served)
				}
			})
		})
	}
}

// undisturbed holds that routes are well, and that each of their messages was sent in
// its slot.
func (s *stage) undisturbed(routes ...string) {
	s.t.Helper()
	for _, route := range routes {
		if got := s.healths(route); got != "ok" {
			s.t.Errorf("%s: got health %q, want ok", route, got)
		}
		for _, o := range s.outcomes(route) {
			if o.Status != probe.Delivered {
				s.t.Errorf("%s: got %s, want nothing but delivered", route, o.Status)
			}
		}
		late := count(s, func(c probe.Sent) bool {
			return c.Message.Route == route && !c.At.Truncate(time.Millisecond).Equal(c.Message.Slot)
		})
		if missed := count(s, func(c probe.Missed) bool { return c.Route == route }); late != 0 || missed != 0 {
			s.t.Errorf("%s: %d messages were sent after their slot and %d slots missed, want none", route, late, missed)
		}
	}
}

// A server that puts messages off takes later ones. What it has put off is not sent
// again, and the envelope that it may remember is always the same.
func TestStoryOfAServerThatPutsOff(t *testing.T) {
	perform(t, func(s *stage) {
		wary := &talker{instead: map[string]string{"RCPT": "451 4.7.1 greylisted, try again in 60 seconds"}}
		l := s.lies(wary.answer)
		l.honest.Store(true)
		engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound, "inside-hq")
		s.waitUntil(func() bool { return len(s.outcomes(inbound)) == 5 })
		l.honest.Store(false)
		s.waitUntil(func() bool { return len(s.outcomes(inbound)) == 7 })
		l.honest.Store(true)
		s.wait(5 * time.Minute)
		for i, o := range s.outcomes(inbound) {
			want := probe.Delivered
			if i == 5 || i == 6 {
				want = probe.Deferred
			}
			if o.Status != want || o.Tries != 1 {
				t.Errorf("message %d: got %s after %d tries, want %s after one", i+1, o.Status, o.Tries, want)
			}
			if said := o.Attempt.Reply.String(); want == probe.Deferred && said != "451 4.7.1 greylisted, try again in 60 seconds" {
				t.Errorf("message %d: got reply %s, want the one that put it off", i+1, said)
			}
		}
		if got := s.healths(inbound); got != "ok slow ok" {
			t.Errorf("got health %q, want ok slow ok: two in a row are not broken yet", got)
		}
		if got := wary.different(); len(got) != 2 {
			t.Errorf("got the envelopes %q, want one sender and one recipient", got)
		}
		s.undisturbed("inside-hq")
		s.conserved(engine)
	})
}

// An attempt under way when the engine ends is given its farewell, and no more: what
// is not known by then is found out by the next run.
func TestStoryOfAFarewell(t *testing.T) {
	for name, c := range map[string]struct {
		thinks time.Duration // the server, before it answers the final dot
		ended  time.Duration // the engine, after it was told to
		result probe.Result
	}{
		"the answer comes in time":  {5 * time.Second, 5 * time.Second, probe.Accepted},
		"the answer comes too late": {30 * time.Second, 10 * time.Second, probe.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			perform(t, func(s *stage) {
				told := make(chan struct{})
				slow := &talker{took: func(raw []byte) {
					close(told)
					s.wait(c.thinks)
					if err := s.world.Deliver("hq", "INBOX", raw); err != nil {
						t.Error(err)
					}
				}}
				l := s.lies(slow.answer)
				engine := s.begin(time.Hour, time.Minute, 4*time.Hour, inbound)
				<-told
				began := s.clock.Now()
				s.end()
				if took := s.clock.Since(began); took != c.ended {
					t.Errorf("the engine took %v to end, want %v", took, c.ended)
				}
				answered := count(s, func(a probe.Answered) bool {
					return a.Attempt.Result == c.result && a.Attempt.Ours == (c.result != probe.Accepted)
				})
				if answered != 1 || engine.InFlight() != 1 {
					t.Errorf("got %d attempts %v and %d messages in flight, want one of each", answered, c.result, engine.InFlight())
				}
				s.conserved(engine)

				s.wait(30*time.Second - c.ended)
				l.honest.Store(true)
				s.mu.Lock()
				s.changes = nil // the second process tells everything anew, from the journal
				s.mu.Unlock()
				engine = s.begin(time.Hour, time.Minute, 4*time.Hour, inbound)
				s.wait(5 * time.Minute)
				if o := s.first(); o.Status != probe.Delivered || o.Orphaned || o.Attempt.Result != c.result {
					t.Errorf("got %+v, want delivered, after an attempt %v", o, c.result)
				}
				s.conserved(engine)
			})
		})
	}
}
