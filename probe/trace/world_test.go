package trace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// company is a path through three hosts, of which two roles share one.
var company = Config{
	Components: []Component{
		{Name: "store", ReceivedBy: []string{"store.example.com", "STORE-?.example.com."}},
		{Name: "gateway-out", ReceivedBy: []string{"mx*.example.com"}},
		{Name: "gateway-in", ReceivedBy: []string{"mx*.example.com"}},
		{Name: "antispam", ReceivedBy: []string{"filter.example.com"}},
		{Name: "internet"},
	},
	Paths: map[string][]string{
		"in":    {"internet", "gateway-in", "antispam", "store"},
		"out":   {"store", "gateway-out", "internet"},
		"there": {"gateway-out", "store", "gateway-in"},
	},
}

// passed is a stamp of a host so many seconds after the message began, by our clock, and
// by how many seconds its clock is fast.
type passed struct {
	host     string
	at, fast float64
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// arrived is a message that began at a time and was seen after so many seconds; a
// twentieth of them before, it was not there.
func arrived(began time.Time, took float64, hops ...passed) probe.Settled {
	o := probe.Outcome{Status: probe.Delivered, Began: began, Latency: probe.Interval{Min: seconds(took * 0.95), Max: seconds(took)}, Observed: seconds(took), Source: probe.ByLook}
	for _, h := range hops {
		o.Trail.Hops = append(o.Trail.Hops, probe.Hop{By: h.host, At: began.Add(seconds(h.at + h.fast)).Truncate(time.Second), Resolution: time.Second, Source: "received"})
	}
	return probe.Settled{Message: probe.Sending{Route: "in", Purpose: probe.Scheduled}, Outcome: o}
}

// teach makes a monitor that knows clocks that are off by so many seconds, from
// messages that were quick.
func teach(t *testing.T, c Config, off map[string]float64) *Monitor {
	t.Helper()
	m := NewMonitor(c)
	for host, fast := range off {
		for i := range 40 {
			began := epoch.Add(-time.Hour).Add(time.Duration(i) * 10025 * time.Millisecond)
			m.Apply(arrived(began, 0.1, passed{host, 0.05, fast}))
		}
	}
	return m
}

// apply gives what became known of one message.
func apply(t *testing.T, m *Monitor, c probe.Change) (Traced, []ClockChanged) {
	t.Helper()
	changes := m.Apply(c)
	if len(changes) == 0 {
		t.Fatalf("got no change from %+v, want Traced", c)
	}
	var changed []ClockChanged
	for _, c := range changes[1:] {
		changed = append(changed, c.(ClockChanged))
	}
	return changes[0].(Traced), changed
}

// story writes steps as a text, in tenths of a second.
func story(steps []Step) string {
	var lines []string
	for _, s := range steps {
		line := fmt.Sprintf("%s→%s %.1f [%.1f %.1f]", s.Component, s.Next, s.Middle.Seconds(), s.Took.Min.Seconds(), s.Took.Max.Seconds())
		if s.Negative {
			line += " negative"
		}
		if s.Greylisted > 0 {
			line += fmt.Sprintf(" greylisted %v", s.Greylisted)
		}
		lines = append(lines, line)
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), "-0.0", "0.0")
}
