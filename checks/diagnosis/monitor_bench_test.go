package diagnosis_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/health"
)

// large is a company of many sites behind one gateway.
func large(routes int) diagnosis.Topology {
	var t diagnosis.Topology
	for i := range routes {
		site := fmt.Sprint("store-", i/10)
		r := diagnosis.Route{Name: fmt.Sprint("in-", i), Path: []string{"internet", "gateway-in", "antispam", site}, Mailbox: site}
		if i%2 == 1 {
			r.Name, r.Path = fmt.Sprint("internal-", i), []string{site}
		}
		t.Routes = append(t.Routes, r)
	}
	return t
}

// BenchmarkMonitor is what one change costs.
func BenchmarkMonitor(b *testing.B) {
	for _, tt := range []struct {
		name   string
		routes int
		from   time.Time
	}{{"healthy", 10, clock(100)}, {"healthy", 10000, clock(100)}, {"gateway broken", 100, clock(2)}, {"gateway broken", 10000, clock(2)}} {
		b.Run(fmt.Sprintf("%s/%d", tt.name, tt.routes), func(b *testing.B) {
			topology := large(tt.routes)
			w := &world{routes: topology.Routes}
			w.send(10, gateway(tt.from, clock(100), fate{held: clock(100)}))
			probes := probesOf(w.routes)
			slices.SortStableFunc(w.facts, func(a, b probe.Change) int { return timeOf(a).Compare(timeOf(b)) })
			for b.Loop() {
				chain := probe.Assessors{health.New(probes), diagnosis.New(topology)}
				for _, c := range w.facts {
					chain.Apply(c)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(w.facts)), "ns/change")
		})
	}
}

// BenchmarkCoverage is what config check waits for.
func BenchmarkCoverage(b *testing.B) {
	for _, routes := range []int{40, 400, 10000} {
		topology := large(routes)
		b.Run(fmt.Sprint(routes), func(b *testing.B) {
			for b.Loop() {
				topology.Coverage()
			}
		})
	}
}
