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

// print shows what is known in the end; that it was sent and has arrived, or not, was
// shown as it happened.
func (j *journey) print(out io.Writer, v roundVerdict) error {
	p := &page{w: out}
	p.say("")
	switch {
	case j.arrived():
		j.printWay(p)
		j.printAuth(p)
		j.printOddities(p)
		if v.status != exitOK {
			p.say("Not well: %s.", strings.TrimSuffix(v.result+": "+printable(v.why), ": "))
		}
		j.printAdvice(p)
	default:
		p.say("%s", strings.ToUpper(v.result[:1])+strings.TrimSuffix(v.result[1:]+": "+printable(v.why), ": ")+".")
		j.printNext(p, v)
	}
	return p.err
}

// printWay shows the steps, or the header's word where there are none.
func (j *journey) printWay(p *page) {
	if len(j.steps()) == 0 {
		if err := j.way().print(p.w); p.err == nil {
			p.err = err
		}
		p.say("End to end it took %s, by our clock alone.", exactly(j.outcome.Observed))
		return
	}
	all := j.known()
	legs := j.legs(all)
	p.waterfall("AFTER", "THE MESSAGE IS WITH", "", heading(all, legs), legs)
	p.say("")
	o := j.outcome
	p.say("End to end it took %s (between %s and %s), by our clock alone.", exactly(o.Observed), exactly(o.Latency.Min), exactly(o.Latency.Max))
	if words := j.agreement(all); words != "" {
		p.say("%s", words)
	}
	j.printClocks(p)
	j.printLimits(p, all)
	j.printLongest(p, all)
	if w := j.way(); len(w.Marks) > 0 {
		w.printMarks(p)
	}
}

// heading stands above the values, which end in one column.
func heading(all []known, legs []leg) string {
	text := "TOOK"
	for i, k := range all {
		if k.knowledge == certain {
			return text + strings.Repeat(" ", max(length(legs[i].took)-length(span(k.Took))-len("TOOK  ()"), 0)) + "  (FOR CERTAIN)"
		}
	}
	return text
}

func since(d time.Duration) string {
	if d < 0 {
		return fmt.Sprintf("−%.2f s", -d.Seconds())
	}
	if d < 100*time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return lasting(d)
}

// exactly is a time in three digits or so.
func exactly(d time.Duration) string {
	if d < 100*time.Second {
		text := short(d)
		unit := strings.IndexAny(text, "nµms")
		return text[:unit] + " " + text[unit:]
	}
	return lasting(d)
}

// printClocks tells which clocks are wrong.
func (j *journey) printClocks(p *page) {
	for _, c := range j.clocks() {
		if !c.Off() {
			continue
		}
		off, how := c.Offset, "fast"
		if off.Max < 0 {
			off, how = probe.Interval{Min: -off.Max, Max: -off.Min}, "slow"
		}
		p.say("The clock of %s is %s %s: corrected.", hostLabel(c.Host, c.Component, maxHost), span(off), how)
	}
}

// printLimits tells what the marks beside the steps mean.
func (j *journey) printLimits(p *page, all []known) {
	if slices.ContainsFunc(all, func(k known) bool { return k.knowledge == believed }) {
		whose := "the hosts' clocks"
		if slices.ContainsFunc(j.clocks(), trace.Clock.Off) {
			whose = "the other hosts' clocks"
		}
		p.say("What is marked ~ holds if %s are right, which one message alone cannot show.", whose)
	}
	if slices.ContainsFunc(all, func(k known) bool { return k.knowledge == unknown && !k.Negative }) {
		p.say("Where only a limit stands no more is known: a stamp is too coarse, or its clock is wrong.")
	}
}

// noticed is what a step must take before anybody looks for the reason.
const noticed = time.Second

// longest is the step that took longest: by what is certain if that is most of the time,
// else by what is believed. False: a step of which nothing is known may have taken longer.
func (j *journey) longest(all []known) (longest known, found bool) {
	if step, most := j.traced.Longest(); most {
		return known{Step: step, knowledge: certain, value: step.Middle}, true
	}
	rest, hidden := j.outcome.Latency.Max, false
	for _, k := range all {
		if k.knowledge == unknown {
			hidden = true
			continue
		}
		rest -= max(k.ifRight.Min, 0)
		if !found || k.value-k.Greylisted > longest.value-longest.Greylisted {
			longest, found = k, true
		}
	}
	return longest, found && (!hidden || rest <= longest.value)
}

// printLongest names the step that took longest.
func (j *journey) printLongest(p *page, all []known) {
	longest, found := j.longest(all)
	how := ""
	if longest.knowledge == believed {
		how = ", if the clocks are right"
	}
	switch took := longest.inWords(); {
	case j.outcome.Latency.Max < noticed:
		p.say("No step took long: all of them together took %s.", exactly(j.outcome.Observed))
	case !found:
		p.say("Which step took longest is not known.")
	case longest.value < noticed:
		p.say("No step took long%s: the longest %s.", how, took)
	default:
		j.printNamed(p, longest, took, how)
	}
}

// printNamed tells who had the message in the longest step.
func (j *journey) printNamed(p *page, longest known, took, how string) {
	from, to := hostLabel(longest.Host, longest.Component, maxHost), hostLabel(longest.NextHost, longest.Next, maxHost)
	if longest.NextHost == "" && longest.Next == "" {
		to = "the mailbox"
	}
	switch {
	case longest.isOurs() && j.outcome.Tries > 1:
		p.say("The longest step: %s until %s had it from us%s. For %s of it we had been turned away.", took, to, how, lasting(j.outcome.Deferred))
	case longest.isOurs():
		p.say("The longest step: %s until %s had it from us%s.", took, to, how)
	case from == to:
		p.say("The longest step: %s within %s%s.", took, from, how)
	default:
		p.say("The longest step: %s from %s to %s%s. Most of that time %s had the message, or could not hand it on.", took, from, to, how, from)
	}
}

// printAuth tells what the receiving side says of the sender.
func (j *journey) printAuth(p *page) {
	var all []string
	for _, a := range j.outcome.Trail.Auth {
		all = append(all, a.Method+" "+a.Result)
	}
	if len(all) > 0 {
		p.say("The receiving side says of the sender: %s.", printable(strings.Join(all, ", ")))
	}
}
