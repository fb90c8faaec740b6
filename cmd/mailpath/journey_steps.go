package main

import (
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// knowledge is how much is known of a step.
type knowledge int

const (
	unknown  knowledge = iota // no more than that it took no longer than some time
	believed                  // how long it took, if the hosts' clocks are right
	certain                   // how long it took, whatever the clocks show
)

// known is a step and how much is known of it.
type known struct {
	trace.Step
	knowledge
	ifRight probe.Interval // what it took if the clocks are right that may be
	value   time.Duration  // the one value to show: Middle as far as that is in ifRight
	ended   probe.Interval // when it ended, if those clocks are right
}

// known judges the steps. Something is known where half of the message's whole time can
// be ruled out: stamps in whole seconds tell nothing of what took a tenth of one.
func (j *journey) known() []known {
	all := make([]known, len(j.steps()))
	from := probe.Interval{}
	for i, s := range j.steps() {
		k := known{Step: s, value: s.Middle, ended: j.outcome.Latency}
		if i < len(j.outcome.Trail.Hops) {
			k.ended = j.when(j.outcome.Trail.Hops[i], s.NextHost)
		}
		k.ifRight = overlap(probe.Interval{Min: k.ended.Min - from.Max, Max: k.ended.Max - from.Min}, s.Took)
		switch {
		case s.Negative:
		case j.isNarrow(s.Took):
			k.knowledge = certain
		case j.isNarrow(k.ifRight):
			// Where a clock is wrong, the middle is a guess that may push others aside.
			k.knowledge, k.value = believed, nearest(s.Middle, k.ifRight)
		}
		all[i], from = k, k.ended
	}
	return all
}

func (j *journey) isNarrow(i probe.Interval) bool {
	return i.Width() >= 0 && 2*i.Width() <= j.outcome.Latency.Max
}

// nearest is a time, or the one in an interval that is nearest to it.
func nearest(d time.Duration, i probe.Interval) time.Duration { return max(min(d, i.Max), i.Min) }

// when is when a hop was, from when the message began, if the clock of its host is right;
// if that is certainly wrong, by what it can be off by.
func (j *journey) when(hop probe.Hop, host string) probe.Interval {
	at := hop.At.Sub(j.outcome.Began)
	when := probe.Interval{Min: at, Max: at + hop.Resolution}
	for _, c := range j.clocks() {
		if c.Off() && strings.EqualFold(c.Host, host) {
			when = probe.Interval{Min: at - c.Offset.Max, Max: at + hop.Resolution - c.Offset.Min}
		}
	}
	return overlap(when, probe.Interval{Max: j.outcome.Latency.Max})
}

// overlap is what two intervals have in common; its width is negative if that is nothing.
func overlap(a, b probe.Interval) probe.Interval {
	return probe.Interval{Min: max(a.Min, b.Min), Max: min(a.Max, b.Max)}
}

// inWords is how long the step took, as exactly as it is known: ~ marks what is believed.
func (k known) inWords() string {
	switch {
	case k.knowledge == certain:
		return exactly(k.value)
	case k.isFine():
		return "~" + exactly(k.value)
	case k.knowledge == believed:
		return "~" + span(k.ifRight)
	case k.Took.Min > 0 || k.Negative:
		return span(k.Took)
	}
	return "< " + exactly(k.Took.Max)
}

// isFine tells whether stamps are fine enough for one value.
func (k known) isFine() bool { return k.knowledge == believed && k.ifRight.Width() <= k.value/4 }

// isOurs tells whether it was we who had the message.
func (k known) isOurs() bool { return k.Host == "" && k.Component == "" }

// leg is the step's line; when is when it began.
func (k known) leg(when string) leg {
	l := leg{when: when, host: k.Host, component: k.Component, took: k.inWords()}
	switch {
	case k.knowledge == certain, k.isFine():
		l.middle = k.value
	case k.knowledge == believed:
		l.middle = k.ifRight.Min + k.ifRight.Width()/2
	}
	l.faint = k.knowledge == believed
	if k.isOurs() {
		l.host = "mailpath, sending"
	}
	if k.Negative {
		l.remark = "out of order"
	}
	if k.Greylisted > 0 {
		l.notes = append(l.notes, "of it "+lasting(k.Greylisted)+" greylisted by "+k.NextHost)
	}
	return l
}

// legs gives a line for each step, and one for the mailbox. The likely time comes before
// what is certain: of one message alone, the hosts' clocks are not known well.
func (j *journey) legs(all []known) []leg {
	legs := make([]leg, 0, len(all)+1)
	values := 0
	var at time.Duration
	when := since(0)
	for _, k := range all {
		l := k.leg(when)
		values = max(values, length(l.took))
		legs = append(legs, l)
		at += k.Middle
		if when = ""; j.isNarrow(k.ended) {
			when = "~" + since(nearest(at, k.ended))
		}
	}
	for i, k := range all {
		l := &legs[i]
		if k.isOurs() && j.outcome.Tries > 1 {
			l.notes = append(l.notes, "of it "+lasting(j.outcome.Deferred)+" in our queue, turned away for now")
		}
		l.took = strings.Repeat(" ", values-length(l.took)) + l.took
		if k.knowledge == certain {
			l.took += "  (" + span(k.Took) + ")"
		}
	}
	return append(legs, leg{when: since(at), host: j.landing()})
}

// landing is where the message is.
func (j *journey) landing() string {
	place := placeInWords(*j.outcome)
	if j.outcome.Place == probe.Quarantine {
		return place + ", for mailbox " + j.message.Mailbox
	}
	return "mailbox " + j.message.Mailbox + ", in " + place
}

// agreement says whether the steps fit what was measured without any clock but ours;
// nothing where they could not but fit.
func (j *journey) agreement(all []known) string {
	var sum probe.Interval
	for _, k := range all {
		if k.Negative {
			return "The steps do not fit together: the stamp of " + hostLabel(k.NextHost, k.Next, maxHost) + " is out of order. Its clock or that of the host before was moved, or they stamp in another order than that in which mail passes them."
		}
		sum.Min, sum.Max = sum.Min+k.Took.Min, sum.Max+k.Took.Max
	}
	switch whole := j.outcome.Latency; {
	case sum.Min > whole.Max:
		return "The steps do not fit: together they took " + exactly(sum.Min) + " at least."
	case sum.Max < whole.Min:
		return "The steps do not fit: together they took " + exactly(sum.Max) + " at most."
	case sum.Min > 0 && 2*sum.Width() <= whole.Max:
		return "What is certain of the steps, " + span(sum) + " in all, agrees with that."
	}
	return ""
}
