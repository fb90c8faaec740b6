package prom

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailpath/mailpath/probe"
)

// gauges show what is so now, whichever process found it out.
type gauges struct {
	info, component, lateAfter, mailboxUp, build *prometheus.GaugeVec

	late map[string]time.Duration // by route
}

func newGauges(m maker) *gauges {
	return &gauges{
		info: m.gauge("route_info",
			"Always 1; the route's direction, sender and mailbox. Join on route to group by them.", "route", "direction", "sender", "mailbox"),
		component: m.gauge("route_component",
			"Always 1; one series for each component that the route passes through. Join on route to see what broken routes have in common.",
			"route", "component"),
		lateAfter: m.gauge("route_late_after_seconds",
			"From when on a message of the route counts as missed; the least, if its payloads differ. Draw it as the threshold over delivery_seconds.", "route"),
		mailboxUp: m.gauge("mailbox_up",
			"1 while the mailbox can be watched, 0 while it cannot or has not been yet. At 0, its routes are blind: repair the access before you judge the mail.",
			"mailbox"),
		build: m.gauge("build_info",
			"Always 1; what this process was built from. Compare it between probers.", "version", "revision", "goversion"),
		late: make(map[string]time.Duration),
	}
}

// begin makes the series of a configured probe.
func (g *gauges) begin(p probe.Probe) {
	r := p.Route
	g.info.WithLabelValues(r.Name, string(r.Direction), r.Sender, r.Mailbox).Set(1)
	for _, component := range r.Path {
		g.component.WithLabelValues(r.Name, component).Set(1)
	}
	g.mailboxUp.WithLabelValues(r.Mailbox).Set(0)
	if least, known := g.late[r.Name]; !known || p.LateAfter < least {
		g.late[r.Name] = p.LateAfter
		g.lateAfter.WithLabelValues(r.Name).Set(p.LateAfter.Seconds())
	}
}

// apply takes in one change, replayed or not.
func (g *gauges) apply(c probe.Change) {
	switch c := c.(type) {
	case probe.MailboxLooked:
		g.mailboxUp.WithLabelValues(c.Mailbox).Set(1)
	case probe.MailboxBlind:
		g.mailboxUp.WithLabelValues(c.Mailbox).Set(0)
	}
}
