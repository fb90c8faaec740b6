package trace

import (
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Component is something configured that hosts belong to.
type Component struct {
	Name       string
	ReceivedBy []string // patterns of path.Match for its hosts, without regard to case
}

// Config is what a Monitor must know.
type Config struct {
	Components []Component
	Paths      map[string][]string // by route: the names of its components, in their order
}

// Monitor is the probe.Assessor that makes Traced, Reported and ClockChanged. It is not safe
// for concurrent use.
type Monitor struct {
	finder *finder
	clocks recent[*hostClock] // by host
	turn   uint64             // counts messages
	// For one message, kept so that they need not be made again.
	stops   []stop
	doubted []bool
	passed  []string
}

// NewMonitor makes a monitor that knows no clock yet.
func NewMonitor(c Config) *Monitor {
	return &Monitor{finder: newFinder(c), clocks: recent[*hostClock]{limit: maxHosts}}
}

// Due implements probe.Assessor: a trace makes no facts.
func (m *Monitor) Due(time.Time, string, time.Time) []probe.Event { return nil }

// Apply implements probe.Assessor.
func (m *Monitor) Apply(c probe.Change) []probe.Change {
	switch c := c.(type) {
	case probe.Settled:
		if c.Outcome.Status.Arrived() && len(c.Outcome.Trail.Hops) > 0 {
			return m.trace(c)
		}
	case probe.ReportSeen:
		return m.reported(c)
	case probe.ClockMoved:
		// All times were by a clock that is not ours any more, and by how much it was
		// moved is known only roughly. One message later the clocks are known again.
		if c.Between {
			m.clocks = recent[*hostClock]{limit: maxHosts}
		}
	}
	return nil
}

// trace makes what is told of a message that arrived.
func (m *Monitor) trace(c probe.Settled) []probe.Change {
	o := c.Outcome
	began := o.Began.UnixNano()
	m.enter(c)
	// What the clocks were known to be before says which steps are impossible by them;
	// the message may say why, so what is shown takes in what it teaches.
	place(m.stops, began)
	m.order(o)
	m.doubted = m.doubted[:0]
	for i := range m.stops {
		m.doubted = append(m.doubted, m.stops[i].early)
	}
	changed := m.learn(c)
	place(m.stops, began)
	m.order(o)
	choose(m.stops, o.Observed)
	traced := Traced{Origin: c.Origin, Message: c.Message, Outcome: o, Steps: steps(m.stops, m.doubted), Clocks: m.known(began, o)}
	return append([]probe.Change{traced}, changed...)
}

// order orders the stops of a message, of which the ends are known anew.
func (m *Monitor) order(o probe.Outcome) {
	m.stops[0].span = probe.Interval{}
	m.stops[len(m.stops)-1].span = o.Latency
	order(m.stops)
}

// enter makes the stops of a message.
func (m *Monitor) enter(c probe.Settled) {
	o := c.Outcome
	m.turn++
	m.stops = append(m.stops[:0], stop{})
	roles := roles{route: c.Message.Route, passed: m.passed[:0]}
	machine := ""
	for _, hop := range o.Trail.Hops {
		by := canonical(hop.By)
		s := stop{hop: hop, host: hop.By, component: m.finder.next(&roles, by), clock: m.clock(by, machine), stamp: hop.At.Sub(o.Began)}
		switch {
		case !isLoopback(by):
			machine = by
		case machine != "":
			s.host += " at " + machine
		}
		s.placed = s.stamp.Abs() < far && hop.Resolution >= 0 && hop.Resolution <= coarsest
		m.stops = append(m.stops, s)
	}
	m.passed = roles.passed // kept for the next message
	m.stops = append(m.stops, stop{span: o.Latency})
}

// clock is what is known of the clock of a host; nil for one that has no name. Many
// machines call themselves localhost, as filters do that hand mail on within one: which
// one it is the last host before it that is called otherwise tells.
func (m *Monitor) clock(host, machine string) *hostClock {
	if host == "" || len(host) > maxHost {
		return nil
	}
	if isLoopback(host) {
		host = "localhost of " + machine[:min(len(machine), maxHost)]
	}
	h, known := m.clocks.get(host)
	if !known {
		h = new(hostClock)
		m.clocks.put(strings.Clone(host), h)
	}
	return h
}

// learn takes in what a message says of the clocks, and tells which are found wrong, moved
// or right again. A message of another process was not sent by our clock.
func (m *Monitor) learn(c probe.Settled) []probe.Change {
	o := c.Outcome
	if o.Adopted || o.Orphaned {
		return nil
	}
	var changes []probe.Change
	began, seen := o.Began.UnixNano(), o.Began.Add(o.Latency.Max).UnixNano()
	for i := range m.stops {
		s := &m.stops[i]
		if s.clock == nil || !s.placed {
			continue
		}
		was := s.clock.offset(began, seen)
		s.clock.learn(sample{from: began, to: seen, offset: probe.Interval{Min: s.stamp - o.Latency.Max, Max: s.stamp + s.hop.Resolution}})
		if s.component == Other {
			continue
		}
		if changed, news := s.clock.judge(began, seen, was); news {
			changed.Origin, changed.Component, changed.Host = c.Origin, s.component, s.host
			changes = append(changes, changed)
		}
	}
	return changes
}

// judge tells what is to be told of a clock after a message.
func (h *hostClock) judge(began, seen moment, was probe.Interval) (ClockChanged, bool) {
	now := h.offset(began, seen)
	changed := ClockChanged{Clock: Clock{Offset: now}, Was: was}
	wrong := now.Min >= apart || now.Max <= -apart
	right := now.Min > -apart && now.Max < apart
	switch {
	case h.jumped(now):
		changed.Was, changed.Jumped = h.was, true
	case wrong == h.told, !wrong && !right:
		return ClockChanged{}, false
	}
	h.told = wrong
	return changed, true
}

// known lists the clocks of a message's hosts.
func (m *Monitor) known(began moment, o probe.Outcome) []Clock {
	clocks := make([]Clock, 0, len(m.stops)-2)
	for i := range m.stops {
		s := &m.stops[i]
		if s.clock == nil || s.clock.turn == m.turn {
			continue
		}
		s.clock.turn = m.turn
		if offset := s.clock.offset(began, began+moment(o.Latency.Max)); offset.Min > -far && offset.Max < far {
			clocks = append(clocks, Clock{Component: s.component, Host: s.host, Offset: offset})
		}
	}
	return clocks
}
