package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailpath/mailpath/probe"
)

// checks are the answers to the questions that are asked without mail.
type checks struct{ success, answered, duration, notAfter *prometheus.GaugeVec }

func newChecks(m maker) *checks {
	return &checks{
		success: m.gauge("check_success",
			"1 if the last answer to the check was good, if only just; 0 if not, or if the question could not be asked, which check_answered tells.", "check", "target", "component"),
		answered: m.gauge("check_answered",
			"1 if the question could be asked; at 0 the answer says nothing of the component.", "check", "target", "component"),
		duration: m.gauge("check_duration_seconds",
			"How long the last answer took.", "check", "target", "component"),
		notAfter: m.gauge("tls_certificate_not_after_timestamp_seconds",
			"Until when the certificate that was shown last is valid, as Unix time. Renew it before.", "target"),
	}
}

// Checked takes in the answer to a check. It is safe for concurrent use.
func (e *Exporter) Checked(c probe.Checked) {
	f := c.Finding
	labels := []string{f.Check, f.Target, f.Component}
	e.checks.success.WithLabelValues(labels...).Set(oneIf(f.State == probe.FindingOK || f.State == probe.FindingWarning))
	e.checks.answered.WithLabelValues(labels...).Set(oneIf(f.State != probe.FindingUnknown))
	e.checks.duration.WithLabelValues(labels...).Set(c.Took.Seconds())
	if !c.NotAfter.IsZero() {
		e.checks.notAfter.WithLabelValues(f.Target).Set(float64(c.NotAfter.Unix()))
	}
}
