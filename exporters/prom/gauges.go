package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailpath/mailpath/probe"
)

// gauges show what is so now, whichever process found it out.
type gauges struct {
	mailboxUp, build *prometheus.GaugeVec
	step             prometheus.Gauge
}

func newGauges(m maker) *gauges {
	return &gauges{
		mailboxUp: m.gauge("mailbox_up",
			"1 while the mailbox can be watched, 0 while it cannot or has not been yet. At 0, its routes are blind: repair the access before you judge the mail.",
			"mailbox"),
		build: m.gauge("build_info",
			"Always 1; what this process was built from. Compare it between probers.", "version", "revision", "goversion"),
		step: m.gauge("clock_step_seconds",
			"By how much the machine's wall clock stands ahead of the process's own clock, which is not moved while it runs. "+
				"Not 0: the wall clock was moved, and the times that mailpath tells are off by as much until it is restarted.").WithLabelValues(),
	}
}

// begin makes the series of a configured probe.
func (g *gauges) begin(p probe.Probe) { g.mailboxUp.WithLabelValues(p.Route.Mailbox).Set(0) }

// apply takes in one change.
func (g *gauges) apply(c probe.Change, replayed bool) {
	switch c := c.(type) {
	case probe.MailboxLooked:
		g.mailboxUp.WithLabelValues(c.Mailbox).Set(1)
	case probe.MailboxBlind:
		g.mailboxUp.WithLabelValues(c.Mailbox).Set(0)
	case probe.ClockMoved:
		if !replayed && !c.Between { // the clock of this process began after the others
			g.step.Add(c.By.Seconds())
		}
	}
}
