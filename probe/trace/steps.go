package trace

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

// stop is where a message was for certain: with us when we began to send, at a host
// when it wrote its stamp, in the mailbox when it was seen. Times are from the
// beginning on, by our clock.
type stop struct {
	hop       probe.Hop
	host      string // as it calls itself, and of one that calls itself localhost where it is
	component string
	clock     *hostClock // nil: nothing is known or can be
	stamp     time.Duration
	placed    bool // it has a stamp that can be reckoned with

	off    probe.Interval // what the clock can have shown beyond ours, if it is placed
	span   probe.Interval // when, at least and at most
	likely time.Duration  // the one time to report, within span
	// early says that it was certainly before the stop above it, though mail passed
	// that one first.
	early bool
}

// place says when the message was at each stop, as far as the clocks are known. The
// first and the last stop are known; all between lie between them.
func place(stops []stop, began moment) {
	last := len(stops) - 1
	end := stops[last].span.Max
	for i := 1; i < last; i++ {
		s := &stops[i]
		s.span, s.early = probe.Interval{Min: 0, Max: end}, false
		if !s.placed {
			continue
		}
		s.off = s.clock.offsetFor(sample{
			offset: probe.Interval{Min: s.stamp - end, Max: s.stamp + s.hop.Resolution},
			from:   began, to: began + moment(end),
		})
		by := probe.Interval{Min: s.stamp - s.off.Max, Max: s.stamp + s.hop.Resolution - s.off.Min}
		if gap(by, s.span) > 0 {
			s.span = by // the clock is not what it was; order will tell
			continue
		}
		s.span = probe.Interval{Min: max(by.Min, 0), Max: min(by.Max, end)}
	}
}

// order uses that no stop was before the one that mail passed first. Where that is
// certainly not so it marks the stop as early, and what lies on either side is left
// alone.
func order(stops []stop) {
	least := stops[0].span.Min
	for i := range stops {
		s := &stops[i]
		if s.early = s.span.Max < least; s.early {
			least = s.span.Min
			continue
		}
		least = max(least, s.span.Min)
		s.span.Min = least
	}
	for i := len(stops) - 2; i >= 0; i-- {
		if next := stops[i+1]; !next.early {
			stops[i].span.Max = min(stops[i].span.Max, next.span.Max)
		}
	}
}

// choose gives each stop its likely time, as far as its span and the order allow. The
// last is where the latency that is reported ends, unless a host has certainly stamped
// the message later. Clocks that may be right are believed; what a wrong one is off by
// is known roughly, so its stamp is put between those and moves none of them. Order
// begins anew at a stop that is early.
func choose(stops []stop, observed time.Duration) {
	last := len(stops) - 1
	least := time.Duration(0)
	for i := 1; i <= last; i++ {
		s := &stops[i]
		s.likely = s.within(s.guess(), max(observed, s.span.Min))
		if i == last {
			s.likely = s.within(max(observed, s.span.Min), s.span.Max)
		}
		switch {
		case s.early:
			least = s.likely
		case i == last || s.believed():
			s.likely = max(s.likely, least)
			least = s.likely
		}
	}
	most := stops[last].span.Max
	for i := last; i > 0; i-- {
		s := &stops[i]
		switch {
		case s.early:
			most = stops[last].span.Max
		case i == last || s.believed():
			most = s.likely
		default:
			s.likely = s.within(s.likely, most)
		}
	}
	for i := 1; i <= last; i++ {
		if s := &stops[i]; !s.early {
			s.likely = max(s.likely, stops[i-1].likely)
		}
	}
}

// within is a time that lies in the stop's span and, as far as that allows, is no later
// than latest.
func (s *stop) within(at, latest time.Duration) time.Duration {
	return max(min(at, s.span.Max, latest), s.span.Min)
}

// believed tells whether the stop's stamp is by a clock that may be right.
func (s *stop) believed() bool { return s.placed && !s.early && likely(s.off) == 0 }

// guess is the time of the stamp, if its clock is off by what it most likely is.
func (s *stop) guess() time.Duration {
	if !s.placed {
		return s.span.Min
	}
	return s.stamp + s.hop.Resolution/2 - likely(s.off)
}

// likely is what a clock that can be off by so much is taken to be off by: one that may
// be right is believed.
func likely(offset probe.Interval) time.Duration {
	if offset.Min <= 0 && offset.Max >= 0 {
		return 0
	}
	return offset.Min + (offset.Max-offset.Min)/2
}

// steps are the ways between the stops. doubted are the stops that were early by the
// clocks as they were known before the message.
func steps(stops []stop, doubted []bool) []Step {
	all := make([]Step, len(stops)-1)
	for i := range all {
		from, to := &stops[i], &stops[i+1]
		took := probe.Interval{Min: to.span.Min - from.span.Max, Max: to.span.Max - from.span.Min}
		if !to.early {
			took.Min = max(took.Min, 0)
		}
		all[i] = Step{
			Component: from.component, Host: from.host, Next: to.component, NextHost: to.host,
			Took: took, Middle: to.likely - from.likely,
			Negative: to.early || doubted[i+1], Greylisted: greylisted(to.hop, took),
		}
	}
	return all
}

// greylisted is how much of a step the host that ends it says to have turned the message
// away for. Who says more than the step took, by a second that truncating adds, tells of
// something else: of a message before this one, that was not tried again, or nothing
// true. It must not hide that the message was held.
func greylisted(hop probe.Hop, took probe.Interval) time.Duration {
	if hop.Greylisted-time.Second >= took.Max {
		return 0
	}
	return hop.Greylisted
}
