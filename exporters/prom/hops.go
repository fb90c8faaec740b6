package prom

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// hops are what the servers on the way stamped into the messages: how long each
// component had them, and how far off its clocks are.
type hops struct {
	seconds  *spread
	negative *prometheus.CounterVec
	offset   *prometheus.GaugeVec
	known    map[string]clocks // the components on configured paths
}

// clocks are the clocks of one component's hosts.
type clocks map[string]clock

type clock struct {
	offset probe.Interval
	at     time.Time // seen last
}

// Hosts are named by mail, so that there may be any number: of each component so many
// are known, and those not seen for so long are forgotten.
const (
	maxClocks    = 100
	clocksAreOld = 24 * time.Hour
)

func newHops(m maker) *hops {
	h := &hops{
		known: make(map[string]clocks),
		seconds: m.spread("hop_seconds",
			"How long a host of the component had a scheduled test message that arrived: from its stamp (Received field) to the next one, or to the mailbox, by our clock. "+
				"Stamps are whole seconds, so differences of a second or two mean nothing. "+
				"other: hosts of none of the components on the routes.",
			[]float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600}, "component"),
		negative: m.counter("hop_negative_total",
			"Times of hop_seconds that cannot be, because they end before they begin, and are counted here instead; so is a first stamp from before the message was sent. Some while a clock is being learnt, or was moved, are nothing; "+
				"if they go on, a host's clock is not steady: see hop_clock_offset_seconds.", "component"),
		offset: m.gauge("hop_clock_offset_seconds",
			"By how much the clock of the component's host that is most off is ahead of ours; negative: behind. 0 while all may be right, as far as messages tell: a second or two. "+
				"Times are corrected by it, but mend that clock. Absent until a message has passed a host of the component.", "component"),
	}
	h.open(other)
	return h
}

// open makes the series of a component. Those of its clock begin when that is known.
func (h *hops) open(component string) {
	h.seconds.begin(component)
	h.negative.WithLabelValues(component)
}

// begin makes the series of a configured probe.
func (h *hops) begin(p probe.Probe) {
	for _, component := range p.Route.Path {
		if h.known[component] == nil {
			h.known[component] = make(clocks)
			h.open(component)
		}
	}
}

// apply takes in one change.
func (h *hops) apply(c probe.Change, replayed bool) {
	switch c := c.(type) {
	case trace.Traced:
		if !replayed && (probe.Settled{Message: c.Message, Outcome: c.Outcome}).Measured() {
			for _, s := range c.Steps {
				h.step(s, example{id: c.Message.ID, at: c.At})
			}
		}
		for _, known := range c.Clocks {
			h.clock(known, c.At)
		}
	case trace.ClockChanged:
		h.clock(c.Clock, c.At)
	case probe.ClockMoved:
		if c.Between { // what was known was by another clock of ours
			h.offset.Reset()
			for _, all := range h.known {
				clear(all)
			}
		}
	}
}

// step observes how long a component had a message. How long we had it before the first
// stamp is not told here, submission_phase_seconds does; but if by that stamp it left
// before it was sent, the server that wrote it is one to look at.
func (h *hops) step(s trace.Step, about example) {
	switch {
	case s.Negative:
		h.negative.WithLabelValues(h.label(cmp.Or(s.Component, s.Next))).Inc()
	case s.Component != "":
		h.seconds.observe(h.label(s.Component), s.Middle.Seconds(), &about)
	}
}

func (h *hops) label(component string) string {
	if h.known[component] == nil {
		return other
	}
	return component
}

// clock takes in what is known of a host's clock now.
func (h *hops) clock(c trace.Clock, at time.Time) {
	all := h.known[c.Component]
	if all == nil {
		return
	}
	if _, known := all[c.Host]; !known && len(all) == maxClocks {
		all.forget()
	}
	all[c.Host] = clock{c.Offset, at}
	h.offset.WithLabelValues(c.Component).Set(all.mostOff(at).Seconds())
}

// forget makes room for one: the host that was not seen for the longest time.
func (all clocks) forget() {
	var oldest string
	first := true
	for host, c := range all {
		if first || c.at.Before(all[oldest].at) {
			oldest, first = host, false
		}
	}
	delete(all, oldest)
}

// mostOff is by how much the clock is ahead that is most off; 0: none certainly is.
func (all clocks) mostOff(now time.Time) time.Duration {
	var most time.Duration
	for host, c := range all {
		if now.Sub(c.at) > clocksAreOld {
			delete(all, host)
			continue
		}
		likely := trace.Clock{Offset: c.offset}.Likely()
		if likely.Abs() > most.Abs() || likely == -most && likely > 0 {
			most = likely
		}
	}
	return most
}
