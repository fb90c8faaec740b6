package main

import (
	"slices"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// stepOf is the way from the stamp of one entry to that of a newer one.
type stepOf struct {
	from, to int // entries
	took     probe.Interval
	doubtful bool // a clock that is wrong may have made it
	past     int  // an entry between the two that is left out; -1: none
}

// order is what the stamps of a way say of one another.
type order struct {
	steps []stepOf // between neighbours, the oldest first
	back  int      // steps that ended before they began
	odd   int      // the entry whose stamp alone puts others out of order; -1: there is none, or more than one may be
	off   probe.Interval
	ends  bool           // of off only the end nearer to zero is known
	all   probe.Interval // from the first stamp to the last, odd left out
}

// clearly is how much more a clock must be off than the way took without its stamp, until
// it is called odd. Else a true delay may look like it, or several hosts with one clock
// that is wrong.
const clearly = 4

// order finds which steps can be believed.
func (w way) order() *order {
	o := &order{odd: -1}
	hops := w.stamped()
	if len(hops) < 2 {
		return o
	}
	rest := hops
	if k := w.oddOf(hops); k >= 0 {
		o.odd, rest = hops[k], without(hops, k)
		o.off, o.ends = w.offset(hops, k)
	}
	o.all = w.took(rest[0], rest[len(rest)-1])
	for i := range hops[1:] {
		s := stepOf{from: hops[i], to: hops[i+1], took: w.took(hops[i], hops[i+1]), past: -1}
		if backwards(s.took) {
			o.back++
		}
		o.steps = append(o.steps, s)
	}
	for i := range o.steps {
		o.steps[i].doubtful = o.doubts(i)
	}
	return o
}

// doubts tells whether a step can be the work of a wrong clock: that of the odd stamp if
// that explains all, else that of any stamp which is out of order with another.
func (o *order) doubts(i int) bool {
	s := o.steps[i]
	switch {
	case s.took.Min > o.all.Max:
		return true
	case o.odd >= 0:
		return s.from == o.odd || s.to == o.odd
	}
	near := o.steps[max(i-1, 0):min(i+2, len(o.steps))]
	return slices.ContainsFunc(near, func(s stepOf) bool { return backwards(s.took) })
}

// doubted tells whether a step cannot be believed.
func (o *order) doubted() bool {
	return slices.ContainsFunc(o.steps, func(s stepOf) bool { return s.doubtful })
}

// longest is the step that took longest of those that can be believed. Two hosts beside
// the odd one count as neighbours. False: there is none.
func (o *order) longest(w way) (longest stepOf, found bool) {
	all := o.steps
	if i := slices.IndexFunc(all, func(s stepOf) bool { return s.to == o.odd }); i >= 0 && i+1 < len(all) {
		from, to := all[i].from, all[i+1].to
		all = append(slices.Clone(all), stepOf{from: from, to: to, took: w.took(from, to), past: o.odd})
	}
	for _, s := range all {
		if !s.doubtful && (!found || s.took.Max > longest.took.Max) {
			longest, found = s, true
		}
	}
	return longest, found
}

// stamped are the hops that have a time, the oldest first.
func (w way) stamped() []int {
	var hops []int
	for i, e := range slices.Backward(w.Entries) {
		if e.IsHop && !e.At.IsZero() {
			hops = append(hops, i)
		}
	}
	return hops
}

// took is what lies between the stamps of two entries, as trace.Trace.Delay has it.
func (w way) took(older, newer int) probe.Interval {
	return lapse(w.Entries[older].Stamp, w.Entries[newer].Stamp)
}

func lapse(older, newer trace.Stamp) probe.Interval {
	d := newer.At.Sub(older.At)
	return probe.Interval{Min: d - older.Resolution, Max: d + newer.Resolution}
}

// backwards tells whether a step ended before it began, whatever the resolution hides.
func backwards(took probe.Interval) bool { return took.Min < 0 && took.Max <= 0 }

// firstBack is the first of hops whose stamp is later than that of the next; -1: all are
// in order.
func (w way) firstBack(hops []int) int {
	for i := range len(hops) - 1 {
		if backwards(w.took(hops[i], hops[i+1])) {
			return i
		}
	}
	return -1
}

// oddOf is the one of hops that is clearly off, and without whose stamp all are in order.
// -1: there is none. There are never two: if the way is short without either, both are
// near to the others.
func (w way) oddOf(hops []int) int {
	first := w.firstBack(hops)
	if first < 0 || len(hops) < 3 {
		return -1
	}
	for _, k := range []int{first, first + 1} {
		rest := without(hops, k)
		off, _ := w.offset(hops, k)
		if w.firstBack(rest) < 0 && w.took(rest[0], rest[len(rest)-1]).Max <= max(off.Min, -off.Max)/clearly {
			return k
		}
	}
	return -1
}

// offset is what the odd clock shows beyond the others', if those are right. Of the first
// and the last hop only one neighbour says something: then one end is not known.
func (w way) offset(hops []int, k int) (off probe.Interval, oneEnd bool) {
	switch k {
	case 0:
		least := -w.took(hops[0], hops[1]).Max
		return probe.Interval{Min: least, Max: least}, true
	case len(hops) - 1:
		most := w.took(hops[k-1], hops[k]).Max
		return probe.Interval{Min: most, Max: most}, true
	}
	return probe.Interval{Min: -w.took(hops[k], hops[k+1]).Max, Max: w.took(hops[k-1], hops[k]).Max}, false
}

func without(hops []int, k int) []int { return slices.Delete(slices.Clone(hops), k, k+1) }
