package main

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// A route that is stuck slows no other: a server that takes connections and says
// nothing, for mail or for IMAP, costs its own routes and nobody else anything.
func TestStoryOfAStuckRoute(t *testing.T) {
	others := map[string]time.Duration{"inside-hq": stageDelay, "hq-to-branch": 3 * stageDelay, "inside-branch": stageDelay}
	for name, c := range map[string]struct {
		route string // that is stuck
		stick func(s *stage)
	}{
		"its SMTP server is silent": {inbound, func(s *stage) { s.silence(s.world.SMTP("internet")) }},
		"its IMAP server is silent": {"hq-to-outside", func(s *stage) {
			if err := s.world.Blind("provider", world.Hanging); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			perform(t, func(s *stage) {
				c.stick(s)
				engine := s.begin(5*time.Second, 10*time.Second, time.Hour, "inside-hq", c.route, "inside-branch", "hq-to-branch")
				s.wait(3*time.Minute + 4*time.Second)
				for route, truth := range others {
					s.unslowed(route, 35, truth)
				}
				for _, o := range s.outcomes(c.route) {
					if o.Status.Arrived() {
						t.Errorf("%s: got %+v, want that nothing arrives", c.route, o)
					}
				}
				s.conserved(engine)
			})
		})
	}
}

// silence makes a server take connections and say nothing.
func (s *stage) silence(server string) {
	dial := s.dial
	s.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != server {
			return dial(ctx, network, address)
		}
		near, _ := net.Pipe()
		return near, nil
	}
}

// unslowed holds that messages of a route began in their slots and arrived in time.
func (s *stage) unslowed(route string, atLeast int, truth time.Duration) {
	s.t.Helper()
	outcomes := s.outcomes(route)
	if len(outcomes) < atLeast {
		s.t.Errorf("%s: got %d outcomes, want %d", route, len(outcomes), atLeast)
	}
	s.exact(route, outcomes, truth)
	late := count(s, func(c probe.Answered) bool {
		return c.Message.Route == route && c.Attempt.Began.Sub(c.Message.Slot) >= time.Millisecond // a tag's times are whole milliseconds
	})
	missed := count(s, func(c probe.Missed) bool { return c.Route == route })
	if late > 0 || missed > 0 {
		s.t.Errorf("%s: %d messages were sent later than their slots and %d times slots were missed, want none", route, late, missed)
	}
}
