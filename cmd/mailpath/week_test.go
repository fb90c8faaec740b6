package main

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// left is what an engine and its mail world hold at a moment.
type left struct {
	goroutines, connections, events, lying int
	heap                                   int64
}

// leftNow counts, when nothing is under way.
func (s *stage) leftNow() left {
	s.t.Helper()
	l := left{goroutines: inBubbles(), events: len(s.events())}
	for _, mailbox := range []string{"hq", "branch", "provider"} {
		n, err := s.world.Connections(mailbox)
		if err != nil {
			s.t.Fatal(err)
		}
		l.connections += n
		for _, folder := range []string{"INBOX", "Junk"} {
			n, err := s.world.Count(mailbox, folder)
			if err != nil {
				s.t.Fatal(err)
			}
			l.lying += n
		}
	}
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	l.heap = int64(memory.HeapAlloc)
	return l
}

// inBubbles counts the goroutines of bubbles of simulated time: others, such as one that
// runs a finalizer for another test, come and go by themselves.
func inBubbles() int {
	all := make([]byte, 1<<20)
	for {
		if n := runtime.Stack(all, true); n < len(all) {
			return bytes.Count(all[:n], []byte("synctest bubble"))
		}
		all = make([]byte, 2*len(all))
	}
}

// events is what the journal holds now.
func (s *stage) events() []probe.Event {
	s.t.Helper()
	var all []probe.Event
	last := s.journal.State().Last
	enough := errors.New("enough")
	err := s.journal.Follow(s.t.Context(), 0, func(e probe.Event) error {
		if all = append(all, e); e.Seq >= last {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		s.t.Fatal(err)
	}
	return all
}

// A week and a half, with an outage in it: what there is after a week there is after
// ten days, and no more. That no goroutine outlives it the bubble holds.
func TestAWeekLeavesNothingOver(t *testing.T) {
	performIn(t, world.Config{Keep: 10}, func(s *stage) {
		s.forget = true
		engine := s.begin(10*time.Minute, time.Minute, 4*time.Hour, inbound, "hq-to-branch", "hq-to-outside")
		s.wait(26 * time.Hour)
		s.breaks("gateway-in", world.Hold{})
		s.wait(5 * time.Hour)
		s.repairs("gateway-in")
		s.wait(7*24*time.Hour - 31*time.Hour + 2*time.Hour + 7*time.Minute)
		week := s.leftNow()
		s.wait(3 * 24 * time.Hour)
		later := s.leftNow()
		if later.goroutines > week.goroutines || week.goroutines == 0 || later.connections != 3 || week.connections != 3 {
			t.Errorf("got %d goroutines and %d connections after ten days, %d and %d after a week; want no more, and one connection for each mailbox", later.goroutines, later.connections, week.goroutines, week.connections)
		}
		if most := week.events + week.events/20; later.events > most {
			t.Errorf("got %d events in the journal after ten days, want at most %d, as after a week", later.events, most)
		}
		if later.lying > 6 {
			t.Errorf("got %d messages lying in the mailboxes, want those of the last minutes at most", later.lying)
		}
		if more := later.heap - week.heap; more > 1<<20 {
			t.Errorf("the heap grew by %d bytes in three days", more)
		}
		if n := engine.InFlight(); n != 0 {
			t.Errorf("got %d messages in flight, want none", n)
		}
	})
}
