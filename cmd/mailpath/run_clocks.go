package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// ofClock says what was found of a host's clock, and what to do about it.
func ofClock(c trace.ClockChanged) string {
	of := "of no configured component"
	if c.Component != "" && c.Component != trace.Other {
		of = c.Component
	}
	is, then := "is "+offBy(c.Offset), "hop times are corrected, but mend it, as by NTP: its logs, and the dates that it gives to mail, are off by as much"
	if !c.Off() {
		is, then = "is right again", "as far as messages tell: "+atMost(c.Offset)
	}
	if c.Jumped {
		is = "was moved, and " + is
	}
	return fmt.Sprintf("the clock of %s (%s) %s; %s", cmp.Or(c.Host, "a host that does not name itself"), of, is, then)
}

// offBy is how far a clock is off that is certainly wrong.
func offBy(offset probe.Interval) string {
	if offset.Max < 0 {
		return clockSpan(-offset.Max, -offset.Min) + " slow"
	}
	return clockSpan(offset.Min, offset.Max) + " fast"
}

// atMost is how far a clock may be off that may be right.
func atMost(offset probe.Interval) string {
	up := func(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }
	return fmt.Sprintf("at most %v slow or %v fast", up(-offset.Min), up(offset.Max))
}

// clockSpan is a time that is known between two bounds, rounded outwards so that it stays
// true.
func clockSpan(least, most time.Duration) string {
	least, most = least.Truncate(time.Second), (most + time.Second - 1).Truncate(time.Second)
	switch {
	case least == most:
		return most.String()
	case most > 10*time.Minute:
		return fmt.Sprintf("%v to %v", least, most)
	}
	return fmt.Sprintf("%d to %d s", least/time.Second, most/time.Second)
}
