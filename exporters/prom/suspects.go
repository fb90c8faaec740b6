package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// suspects are how likely each component is to be broken.
type suspects struct{ suspect *prometheus.GaugeVec }

func newSuspects(m maker) *suspects {
	return &suspects{suspect: m.gauge("suspect",
		"How likely the component is to be broken, from 0 to 1, while mail does not come through on some route; 0 otherwise. From 0.8 on, look there first.", "component")}
}

// begin makes the series of a configured probe.
func (s *suspects) begin(p probe.Probe) {
	for _, component := range p.Route.Path {
		s.suspect.WithLabelValues(component)
	}
}

// apply takes in one change.
func (s *suspects) apply(c probe.Change) {
	if d, ok := c.(diagnosis.Diagnosed); ok {
		for _, score := range d.Scores {
			s.suspect.WithLabelValues(score.Component).Set(score.Probability)
		}
	}
}
