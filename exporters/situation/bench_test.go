package situation_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// crowd is a board with so many routes, each of which has sent and received, and 90 days.
func crowd(routes int) *world {
	clock := probe.NewClockOver(func() time.Time { return start })
	var probes []probe.Probe
	day := probe.Totals{}
	for i := range routes {
		p := probesOf()[i%4]
		p.Route.Name = fmt.Sprintf("route-%d", i)
		p.Route.Direction = probe.Directions[i%len(probe.Directions)]
		p.Route.Mailbox = fmt.Sprintf("mailbox-%d", i)
		probes = append(probes, p)
		day.Routes = append(day.Routes, probe.RouteTotals{Route: p.Route.Name, SLOEvents: 2880, SLOMisses: i % 3})
	}
	w := &world{clock: clock, book: new(book)}
	w.Board = situation.NewBoard(situation.Config{
		Clock: clock, Probes: probes, Topology: topologyOf(probes), Prober: "hq-1", Totals: func() []probe.Totals { return []probe.Totals{day} },
	}).With(w.book)
	for i := range 90 {
		day.Day = start.Truncate(24*time.Hour).AddDate(0, 0, i-89)
		w.Export(probe.DayTold{Origin: w.origin(), Totals: day})
	}
	for range 10 {
		w.book.all = append(w.book.all, story())
	}
	for _, p := range probes {
		w.health(p.Route.Name, probe.HealthOK)
		for range 20 {
			w.arrive(w.send(p.Route.Name), probe.Delivered, false)
		}
	}
	return w
}

func BenchmarkSituation(b *testing.B) {
	w := crowd(200)
	b.ReportAllocs()
	for b.Loop() {
		w.Situation()
	}
}

// A message is two changes.
func BenchmarkExportMessage(b *testing.B) {
	w := crowd(200)
	b.ReportAllocs()
	for b.Loop() {
		w.arrive(w.send("route-7"), probe.Delivered, false)
	}
}

func BenchmarkExportHealth(b *testing.B) {
	w := crowd(200)
	healths := []probe.Health{probe.HealthBroken, probe.HealthOK}
	i := 0
	for b.Loop() {
		w.health("route-7", healths[i%2])
		i++
	}
}

func TestManyAskWhileItIsTold(t *testing.T) {
	t.Parallel()
	w := crowd(20)
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range 50 {
				w.Situation()
				w.Recent()
				w.Incidents(start)
				w.Incident("2026-11-23-2340")
				w.Changed()
			}
		})
	}
	for range 500 {
		w.arrive(w.send("route-7"), probe.Delivered, false)
		w.health("route-7", probe.HealthSlow)
		w.window("m", 0, time.Hour, "route-3")
	}
	asking.Wait()
	if d := directionOf(t, w.Situation(), probe.SiteToSite); d.Condition != situation.Degraded {
		t.Errorf("got %s, want what was told last", d.Condition)
	}
}
