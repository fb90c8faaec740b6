package trace

import "github.com/mailpath/mailpath/probe"

// Reported tells whose hosts a report names that says that a message was given up, or is
// still tried. It follows ReportSeen.
type Reported struct {
	probe.Origin
	Message probe.Sending
	Report  probe.Report
	Told    probe.Status // the end the message had before; empty: it was in flight
	// The components of the hosts that the report names; empty: it names none there.
	Reporting, Remote string
}

// reported finds the components of the hosts that a report names. Of several on the
// route's path that claim the same, as roles of one machine do, whoever answered comes
// behind whoever reports.
func (m *Monitor) reported(c probe.ReportSeen) []probe.Change {
	if k := c.Report.Kind; k != probe.ReportFailed && k != probe.ReportDelayed {
		return nil
	}
	r := Reported{Origin: c.Origin, Message: c.Message, Report: c.Report, Told: c.Told}
	if host := canonical(c.Report.Reporting); host != "" {
		r.Reporting = m.finder.of(host, c.Message.Route, nil)
	}
	if host := canonical(c.Report.Remote); host != "" {
		r.Remote = m.finder.of(host, c.Message.Route, []string{r.Reporting})
	}
	return []probe.Change{r}
}
