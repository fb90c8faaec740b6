package main

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stuckFor is how long the others are measured.
const stuckFor = 90 * time.Second

// BenchmarkStuck measures what a route whose server takes connections and says
// nothing does to the others: their schedule and their deliveries, without it and
// with it, over 20 mailboxes with 5 routes each.
func BenchmarkStuck(b *testing.B) {
	program, world := binary(b), compiled(b, "../../lab/world/worldlab")
	for _, silent := range []string{"-silent=false", "-silent=true"} {
		b.Run(strings.TrimPrefix(silent, "-"), func(b *testing.B) {
			for b.Loop() {
				w := startCrowd(b, world, "-mailboxes", "20", "-routes", "5", "-every", "5s", silent)
				c := startBeside(w, program, 20)
				m := beginMeasuring(c)
				c.waitLong(2*stuckFor, "to work for a while", func() bool { return time.Since(m.began.at) > stuckFor })
				m.end()
				m.outcomes = slices.DeleteFunc(m.outcomes, func(l outcomeLine) bool { return l.Route == "silent" })
				m.reportDeliveries(b)
				m.reportLatency(b)
				for metric, unit := range map[string]string{"mailpath_schedule_slots_missed_total": "slots-missed", "mailpath_slo_misses_total": "slo-misses"} {
					b.ReportMetric(c.metric(metric, "")-c.metric(metric, `route="silent"`), unit)
				}
				c.end(syscall.SIGTERM)
				w.end()
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// reportLatency reports how long deliveries took.
func (m *measuring) reportLatency(b *testing.B) {
	b.Helper()
	var latency milliseconds
	for _, l := range m.outcomes {
		latency.add(seconds(l.Latency))
	}
	latency.report(b, "delivery", 0.5, 0.99)
}
