package main

import "testing"

// measuring is a stretch of a process's work.
type measuring struct {
	child        *child
	skip         int // outcomes before it
	began, ended spent
	looks        float64
	outcomes     []outcomeLine // in it
}

func beginMeasuring(c *child) *measuring {
	c.t.Helper()
	return &measuring{child: c, looks: c.metric("mailpath_mailbox_looks_total", ""), skip: len(c.outcomes()), began: c.spent()}
}

func (m *measuring) end() {
	m.child.t.Helper()
	m.outcomes, m.ended = m.child.outcomes()[m.skip:], m.child.spent()
	m.looks = m.child.metric("mailpath_mailbox_looks_total", "") - m.looks
}

// lines are the outcomes of messages that were sent in it, too, so far.
func (m *measuring) lines() []outcomeLine {
	var lines []outcomeLine
	for _, l := range m.child.outcomes()[m.skip:] {
		if l.Sent.After(m.began.at) {
			lines = append(lines, l)
		}
	}
	return lines
}

// report reports what it cost.
func (m *measuring) report(b *testing.B) {
	each := float64(len(m.outcomes))
	b.ReportMetric((m.ended.cpu-m.began.cpu).Seconds()*1000/each, "cpu-ms/message")
	b.ReportMetric(m.looks/each, "looks/message")
	b.ReportMetric(m.ended.resident, "resident-MiB")
	b.ReportMetric(m.ended.peak, "peak-MiB")
}
