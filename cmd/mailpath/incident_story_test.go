package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// book is what people were told, by all changes so far.
func (s *stage) book() *incident.Book {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := new(incident.Book)
	for _, c := range s.changes {
		b.Apply(c)
	}
	return b
}

// incidents is the steps of each incident, in words.
func (s *stage) incidents() string {
	var lines []string
	for _, i := range s.book().Incidents(time.Time{}) {
		var steps []string
		for _, e := range i.Timeline {
			steps = append(steps, string(e.Step))
		}
		lines = append(lines, fmt.Sprintf("%s %v: %s", i.State, i.Components, strings.Join(steps, " ")))
	}
	return strings.Join(lines, "; ")
}

// The story: the filter breaks, people are told, the process is restarted in the middle,
// the filter is repaired, the held mail drains, and it is over.
func TestStoryOfAnIncident(t *testing.T) {
	perform(t, func(s *stage) {
		every := 30 * time.Second
		engine := s.begin(every, time.Minute, 4*time.Hour, everyRoute()...)
		s.well()
		s.breaks("gateway-in", world.CrashLoop{})
		s.namedWithin(5*time.Minute, "gateway-in")
		s.await(func() bool { return len(s.book().Open()) == 1 })
		opened := s.book().Open()[0]
		promised := s.clock.Now().Add(15 * time.Minute).Round(0)
		if err := engine.Announce(s.t.Context(), probe.Note{Incident: opened.ID, Text: "The vendor's patch is being installed", By: "noc", Next: promised}); err != nil {
			t.Fatal(err)
		}
		s.wait(10 * time.Minute)

		before := s.incidents()
		s.end()
		s.changes = nil // all that the next process knows is from the journal
		s.begin(every, time.Minute, 4*time.Hour, everyRoute()...)
		s.wait(time.Second)
		open := s.book().Open()
		if len(open) != 1 || open[0].ID != opened.ID || !open[0].Began.Equal(opened.Began) || len(open[0].Updates) != 1 || !open[0].NextUpdate().Equal(promised) {
			t.Fatalf("after a restart: got %+v, want %s with its note and its promise", open, opened.ID)
		}
		if got := s.incidents(); got != before {
			t.Errorf("after a restart: got %s, want %s as before", got, before)
		}
		s.wait(10 * time.Minute)
		s.repairs("gateway-in")
		s.await(func() bool { return len(s.book().Open()) == 0 })
		if got, want := s.incidents(), "resolved [gateway-in]: opened verdict repaired drained resolved"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		over := s.book().Incidents(time.Time{})[0]
		if f := over.Figures; f.Lost != 0 || f.Overdue != 0 || f.Late < 20 || f.Late != f.Missed || f.Longest < 20*time.Minute {
			t.Errorf("got figures %+v, want all that was missed late, by twenty minutes and more", f)
		}
	})
}

// During maintenance no incident opens and nothing counts in the objective; what is still
// broken when it ends is an incident then.
func TestStoryOfMaintenance(t *testing.T) {
	perform(t, func(s *stage) {
		engine := s.begin(30*time.Second, time.Minute, 4*time.Hour, everyRoute()...)
		s.well()
		counted := func(slo probe.SLO) int {
			return count(s, func(c probe.DeadlineMissed) bool { return probe.Weigh(c).SLO == slo }) + count(s, func(c probe.Settled) bool { return probe.Weigh(c).SLO == slo })
		}
		now := s.clock.Now()
		window := probe.Maintenance{ID: "m-1", From: now, Until: now.Add(30 * time.Minute), Text: "new filter", By: "noc"}
		s.wait(time.Second) // what was on its way before it was announced counts
		if err := engine.Announce(s.t.Context(), window); err != nil {
			t.Fatal(err)
		}
		good := counted(probe.Good)
		s.breaks("gateway-in", world.CrashLoop{})
		s.wait(29 * time.Minute)
		if got := s.healths("outside-to-hq"); !strings.HasSuffix(got, "broken") {
			t.Errorf("got health %s, want it known that the route is broken", got)
		}
		if got := s.incidents(); got != "" || counted(probe.Miss) > 0 || counted(probe.Good)-good > len(everyRoute()) {
			t.Errorf("got %q, %d misses and %d good ones, want none for what was sent in maintenance", got, counted(probe.Miss), counted(probe.Good)-good)
		}
		s.wait(5 * time.Minute)
		if got, want := s.incidents(), "identified [gateway-in]: opened"; got != want || counted(probe.Miss) == 0 {
			t.Errorf("after it: got %q and %d misses, want %q and some", got, counted(probe.Miss), want)
		}
		open := s.book().Open()
		if len(open) != 1 || open[0].Opened.Before(window.Until) {
			t.Errorf("got %+v, want one that opened when the maintenance ended", open)
		}
	})
}
