package trace

import (
	"slices"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// Hops gives the hops whose time can be read, in the order in which mail passed them:
// the newest hundred, if there are more.
func (t *Trace) Hops() []probe.Hop {
	var hops []probe.Hop
	for _, e := range t.Entries {
		if e.isStamped() && len(hops) < maxHops {
			// A copy, since what is part of the header would keep all of it in memory.
			hops = append(hops, probe.Hop{By: strings.Clone(e.By), At: e.At, Resolution: e.Resolution, Source: string(e.Source), Greylisted: e.Greylisted})
		}
	}
	slices.Reverse(hops)
	return hops
}

func (e Entry) isStamped() bool { return e.IsHop && !e.At.IsZero() }

// Delay is the time between the stamps of entry i and of the next hop below it that
// has one, as an interval; uncorrected, so it can be negative. False: there is none.
func (t *Trace) Delay(i int) (probe.Interval, bool) {
	newer := t.Entries[i]
	if !newer.isStamped() {
		return probe.Interval{}, false
	}
	for _, older := range t.Entries[i+1:] {
		if older.isStamped() {
			between := newer.At.Sub(older.At)
			return probe.Interval{Min: between - older.Resolution, Max: between + newer.Resolution}, true
		}
	}
	return probe.Interval{}, false
}
