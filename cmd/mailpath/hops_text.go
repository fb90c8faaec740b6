package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// print shows the way as a journey, the oldest first.
func (w way) print(out io.Writer) error {
	page := &page{w: out}
	if len(w.Entries) == 0 {
		page.say("There is no Received field: no server says that it had this message.")
		w.printMarks(page)
		return page.err
	}
	order := w.order()
	legs := w.legs(order)
	days := w.days()
	on := ""
	if len(days) == 1 {
		on = " on " + days[0]
	} else {
		showDays(legs, w.Trace)
	}
	page.say("%s%s, the oldest first. Times are UTC, by each host's own clock.", counted(w.hops(), "hop"), on)
	page.say("")
	page.waterfall("STAMPED", "BY", "WITH", "UNTIL THE NEXT STAMP", legs)
	page.say("")
	w.printOrder(page, order)
	w.printMarks(page)
	return page.err
}

func (w way) hops() int {
	n := 0
	for _, e := range w.Entries {
		if e.IsHop {
			n++
		}
	}
	return n
}

// days are those on which the message was stamped, as they come.
func (w way) days() []string {
	var all []string
	for _, e := range slices.Backward(w.Entries) {
		if !e.At.IsZero() {
			all = append(all, e.At.UTC().Format(time.DateOnly))
		}
	}
	return slices.Compact(all)
}

// showDays writes the day above each leg with which another begins.
func showDays(legs []leg, t *trace.Trace) {
	day := ""
	for i := range legs {
		e := t.Entries[len(legs)-1-i]
		if today := e.At.UTC().Format(time.DateOnly); !e.At.IsZero() && today != day {
			legs[i].above, day = today, today
		}
	}
}

// legs gives a line for each entry, the oldest first. A step stands beside the host that
// had the message when it began: most of it was spent there.
func (w way) legs(o *order) []leg {
	var legs []leg
	for i := range slices.Backward(w.Entries) {
		legs = append(legs, w.leg(i))
	}
	for _, s := range o.steps {
		l := &legs[len(w.Entries)-1-s.from]
		l.took = span(s.took)
		if s.doubtful {
			l.remark = "clocks disagree"
		} else {
			l.middle = (s.took.Min + s.took.Max) / 2
		}
	}
	return legs
}

// hostOf is who wrote an entry. A filter that calls itself localhost says of which machine
// by where it has the message from: itself.
func hostOf(e trace.Entry) string {
	if strings.EqualFold(e.By, "localhost") && e.From != "" && !strings.EqualFold(e.From, e.By) {
		return e.By + " at " + e.From
	}
	return e.By
}

// leg is the line of one entry.
func (w way) leg(i int) leg {
	e := w.Entries[i]
	l := leg{when: clockTime(e.Stamp), host: hostOf(e), component: w.components[i], with: e.With}
	switch {
	case !e.IsHop:
		l.mark, l.remark = "·", "no hop, a note"
	case e.At.IsZero():
		l.notes = append(l.notes, "no time that can be placed")
	}
	if !e.At.IsZero() && !e.ZoneKnown {
		l.notes = append(l.notes, "its time zone is not known: the time may be hours off")
	}
	if e.Greylisted > 0 {
		l.notes = append(l.notes, fmt.Sprintf("greylisting: it had turned the message away for %s before", lasting(e.Greylisted)))
	}
	return l
}

// clockTime is a stamp as it is shown: as exact as it is.
func clockTime(s trace.Stamp) string {
	switch {
	case s.At.IsZero():
		return "no time"
	case s.Resolution >= time.Minute:
		return s.At.UTC().Format("15:04")
	case s.Resolution < time.Second:
		return s.At.UTC().Format("15:04:05.000")
	}
	return s.At.UTC().Format("15:04:05")
}

// printOrder says in sentences what the table shows.
func (w way) printOrder(p *page, o *order) {
	if len(o.steps) == 0 {
		p.say("Fewer than two hops have a time: nothing is known of how long it took.")
		return
	}
	w.printLongest(p, o)
	switch {
	case o.odd >= 0:
		p.say("%s before it began. The clock of %s seems to be %s: without its stamp, all are in order.", counted(o.back, "step")+" ended", w.name(o.odd), o.offInWords())
	case o.back > 0:
		p.say("%s before it began: the clocks of those hosts disagree, and what stands beside them says nothing.", counted(o.back, "step")+" ended")
	case o.doubted():
		p.say("A step that is longer than the whole way cannot be: the clocks of those hosts disagree.")
	}
	lead := "From"
	if o.odd >= 0 && o.ends {
		lead = "Without it, from"
	}
	p.say("%s the first stamp to the last: %s.", lead, span(o.all))
}

// printLongest names the step that took longest, as far as one can be named.
func (w way) printLongest(p *page, o *order) {
	longest, found := o.longest(w)
	if !found {
		p.say("Which step took longest cannot be told: the clocks disagree.")
		return
	}
	step := "No step"
	if o.doubted() {
		step = "No other step"
	}
	switch from, to := w.name(longest.from), w.name(longest.to); {
	case longest.took.Min <= 0:
		p.say("%s shows a wait: none took more than %s.", step, span(probe.Interval{Min: longest.took.Max, Max: longest.took.Max}))
	case longest.past >= 0:
		p.say("The longest stretch: %s, from %s to %s. It holds two steps, to and from %s: which was the longer one cannot be told.", span(longest.took), from, to, w.name(longest.past))
	case from == to:
		p.say("The longest step: %s within %s.", span(longest.took), from)
	default:
		p.say("The longest step: %s, from %s to %s. Most of that time %s had the message, or could not hand it on.", span(longest.took), from, to, from)
	}
}

// offInWords is by how much the odd clock is wrong.
func (o *order) offInWords() string {
	off, how := o.off, "fast"
	if off.Max <= 0 {
		off, how = probe.Interval{Min: -off.Max, Max: -off.Min}, "slow"
	}
	if o.ends {
		return "at least " + span(off) + " " + how
	}
	return span(off) + " " + how
}

// name is a host with its component.
func (w way) name(i int) string {
	return cut(hostLabel(hostOf(w.Entries[i]), w.components[i], maxHost), maxHost)
}

// maxMarks bounds how many other fields are shown.
const maxMarks = 12

// printMarks shows what other fields say of times.
func (w way) printMarks(p *page) {
	if len(w.Marks) == 0 {
		return
	}
	p.say("")
	p.say("Other fields:")
	for _, m := range w.Marks[:min(len(w.Marks), maxMarks)] {
		line := "  " + cut(printable(m.Field), 48) + ":"
		if !m.At.IsZero() {
			line += " " + m.At.UTC().Format(time.DateOnly) + " " + clockTime(m.Stamp)
		}
		if m.Took > 0 {
			line += " took " + lasting(m.Took)
		}
		if m.Host != "" {
			line += " at " + cut(printable(m.Host), 30)
		}
		p.line(line)
	}
	if more := len(w.Marks) - maxMarks; more > 0 {
		p.say("  and %d more", more)
	}
}
