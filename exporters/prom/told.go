package prom

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/probe"
)

// told is what people are told: incidents, notes and maintenance.
type told struct {
	open, last, next prometheus.Gauge

	mu   sync.Mutex
	book incident.Book
}

func newTold(m maker) *told {
	return &told{
		open: m.gauge("incident_open",
			"How many incidents are open. Above 0, people want to know: tell them with `mailpath announce`.").WithLabelValues(),
		last: m.gauge("incident_last_update_timestamp_seconds",
			"When something was last told about an open incident, by mailpath or by an operator, as Unix time; 0 if none is open.").WithLabelValues(),
		next: m.gauge("incident_next_update_timestamp_seconds",
			"When people were promised the next update on an open incident, as Unix time, the earliest if there are several; 0 if none is promised. When it has passed, they are waiting.").WithLabelValues(),
	}
}

// apply takes in one change.
func (t *told) apply(c probe.Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.book.Apply(c) {
		return
	}
	var last, next time.Time
	open := t.book.Open()
	for _, i := range open {
		if i.Changed.After(last) {
			last = i.Changed
		}
		if promised := i.NextUpdate(); next.IsZero() || !promised.IsZero() && promised.Before(next) {
			next = promised
		}
	}
	t.open.Set(float64(len(open)))
	t.last.Set(unixOrZero(last))
	t.next.Set(unixOrZero(next))
}

func unixOrZero(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// maintenance is which routes may fail on purpose now.
func (t *told) maintenance(r *routes, clock probe.Clock) section {
	return gauge("maintenance",
		"1 while the route is in announced maintenance: it may fail on purpose, nobody is to be paged for it, and its messages do not count in slo_events_total.",
		func(p *page) {
			now := clock.Now()
			t.mu.Lock()
			windows := t.book.Windows.Between(now, now.Add(1))
			t.mu.Unlock()
			for _, x := range r.all {
				value := 0.0
				for _, w := range windows {
					value = max(value, oneIf(w.Over(x.name.GetValue(), now, now.Add(1))))
				}
				p.add(value, r.prober, x.name, r.site)
			}
		})
}
