package incident_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/probe"
)

// Whatever happens, in whatever order: what is told of incidents is consistent, and a process
// that begins anew has nothing to add.
func TestWhateverHappensIncidentsAreConsistent(t *testing.T) {
	for seed := range uint64(300) {
		s, random := newScene(t), rand.New(rand.NewPCG(seed, 7))
		for range 80 {
			s.now = s.now.Add(time.Duration(random.IntN(400)) * time.Second)
			s.apply(s.anything(random))
			s.check(seed)
		}
		told := len(s.told)
		s.restart(s.past)
		if s.record(); len(s.told) != told {
			t.Fatalf("seed %d: after a restart: got %+v, want nothing new", seed, s.told[told:])
		}
	}
}

// anything is some change.
func (s *scene) anything(random *rand.Rand) probe.Change {
	route := topology.Routes[random.IntN(len(topology.Routes))].Name
	switch n := random.IntN(10); {
	case n < 6:
		return s.health(route, probe.Healths[random.IntN(len(probe.Healths))])
	case n < 8:
		return s.verdict(random.Float64(), []string{"internet", "gateway", "store", "store-b", "link", "store-c"}[random.IntN(6)])
	case n < 9:
		return probe.MaintenanceTold{Origin: s.origin(), Maintenance: probe.Maintenance{ID: fmt.Sprint(random.IntN(3)), From: s.now, Until: s.now.Add(time.Duration(random.IntN(3000)) * time.Second), Routes: []string{route}}}
	}
	s.tally = diagnosis.Tally{Messages: random.IntN(9), Missed: random.IntN(3), Late: random.IntN(2)}
	return probe.Settled{Origin: s.origin()}
}

// check holds what was told against what must be so.
func (s *scene) check(seed uint64) {
	s.t.Helper()
	last, open := make(map[string]probe.IncidentTold), make(map[string]string)
	for _, c := range s.told {
		before, known := last[c.ID]
		if known != (c.Step != probe.IncidentOpened) || known && c.At.Before(before.At) || known && before.Into != "" {
			s.t.Fatalf("seed %d: got %+v after %+v", seed, c, before)
		}
		if (c.State == probe.Resolved) == c.Open() || c.Open() && (len(c.Broken) == 0) != (c.State == probe.Monitoring) {
			s.t.Fatalf("seed %d: got %+v, whose state does not fit", seed, c)
		}
		for _, name := range c.Broken {
			if !slices.Contains(c.Routes, name) {
				s.t.Fatalf("seed %d: got %+v, with a broken route that is not among its routes", seed, c)
			}
		}
		last[c.ID] = c
	}
	for id, c := range last {
		for _, name := range c.Broken {
			if other, twice := open[name]; c.Open() && twice {
				s.t.Fatalf("seed %d: route %s is broken in %s and in %s", seed, name, id, other)
			}
			if c.Open() {
				open[name] = id
			}
		}
	}
}

// Record is asked after every event: while nothing is up it must cost nothing.
func BenchmarkRecordWhenNothingIsUp(b *testing.B) {
	var routes []diagnosis.Route
	every := make(map[string]time.Duration)
	for n := range 1000 {
		name := fmt.Sprint("route-", n)
		routes, every[name] = append(routes, diagnosis.Route{Name: name, Path: []string{"gateway", "store"}}), time.Minute
	}
	m := incident.New(incident.Config{Topology: diagnosis.Topology{Routes: routes}, Every: every})
	m.Record(morning)
	for b.Loop() {
		m.Apply(probe.Settled{})
		m.Record(morning)
	}
}
