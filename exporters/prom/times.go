package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailpath/mailpath/probe"
)

// times measure the messages of this process.
type times struct {
	delivery, uncertainty *spread
	delay                 prometheus.Observer // of all routes: it is the prober's own trouble
	phase                 *prometheus.HistogramVec
	looks                 *prometheus.CounterVec
}

func newTimes(m maker) *times {
	return &times{
		delivery: m.spread("delivery_seconds",
			"Time from just before the dial to the arrival, of scheduled test messages that arrived, late ones included, but for those that waited in our queue. "+
				"Says how slow mail is, not whether it arrives: see slo_misses_total for that.",
			[]float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400}, "route"),
		uncertainty: m.spread("delivery_uncertainty_seconds",
			"By how much the time of an arrival is not known: the time between the looks before and after it. "+
				"Differences in delivery_seconds smaller than this mean nothing.",
			[]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 14400}, "mailbox"),
		delay: m.histogram("schedule_delay_seconds",
			"By how much sending began later than its slot, of scheduled test messages on all routes. Not part of delivery_seconds; if it grows, the prober is too busy.",
			[]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}).WithLabelValues(),
		phase: m.histogram("submission_phase_seconds",
			"Time taken by each phase of handing a test message over, the one that failed included. Tells a slow DNS or TLS from a slow mail server.",
			[]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120}, "sender", "phase"),
		looks: m.counter("mailbox_looks_total",
			"Complete looks at the mailbox. Counted every ten seconds at least while messages are in flight; standing still for longer then, nobody is watching.", "mailbox"),
	}
}

// begin makes the series of a configured probe.
func (t *times) begin(p probe.Probe) {
	t.delivery.begin(p.Route.Name)
	t.uncertainty.begin(p.Route.Mailbox)
	t.looks.WithLabelValues(p.Route.Mailbox)
	for _, name := range probe.Phases {
		t.phase.WithLabelValues(p.Route.Sender, name)
	}
}

// apply takes in one change of this process.
func (t *times) apply(c probe.Change) {
	switch c := c.(type) {
	case probe.Answered:
		t.answered(c.Message, c.Attempt, c.Tries)
	case probe.Settled:
		if c.Measured() {
			t.arrived(c)
		}
	case probe.MailboxLooked:
		t.looks.WithLabelValues(c.Mailbox).Add(float64(c.Looks))
	}
}

func (t *times) answered(m probe.Sending, a probe.Attempted, tries int) {
	if m.Purpose == probe.Scheduled && tries <= 1 {
		t.delay.Observe(a.Began.Sub(m.Slot).Seconds())
	}
	for _, p := range a.Phases {
		t.phase.WithLabelValues(m.Sender, label(p.Name, probe.Phases[:])).Observe(p.Took.Seconds())
	}
}

// arrived observes an arrival. The exemplar leads from a slow one to its message.
func (t *times) arrived(c probe.Settled) {
	t.delivery.observe(c.Message.Route, c.Outcome.Observed.Seconds(), &example{id: c.Message.ID, at: c.At})
	t.uncertainty.observe(c.Message.Mailbox, c.Outcome.Latency.Width().Seconds(), nil)
}
