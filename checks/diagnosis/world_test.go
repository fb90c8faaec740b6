package diagnosis_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/health"
	"github.com/mailpath/mailpath/probe/trace"
)

// The world of the story begins at eight; every route sends every 30 s, a message
// that arrives takes 5 s, and 60 s are a miss.
var eight = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

const (
	every30   = 30 * time.Second
	lateAfter = time.Minute
)

func clock(minutes float64) time.Time {
	return eight.Add(time.Duration(minutes * float64(time.Minute)))
}

// world is what happens, by time, and what is told of it.
type world struct {
	routes []diagnosis.Route
	facts  []probe.Change // without numbers
	told   []probe.Change
}

// fate is what becomes of the message of a route in a slot.
type fate struct {
	held    time.Time // until then; zero: not held
	refused bool
	lost    bool
	skipped bool // not sent at all
	cut     bool // the server broke off before it answered, and did not take it

	deferred bool // refused for now, and not tried again
	own      bool // the probe could not send it
	unclear  bool // the probe's own connection broke before the server answered; it was not taken
	orphan   bool // the process that sent it was stopped before the server answered
	blind    bool // taken, and nobody can look whether it is there, ever

	back diagnosis.BounceEvidence // what a report says of it, ten seconds after it was sent; if it is not held, it ends it

	way string // of mail that comes late: see wayOf; empty: its servers left no stamps
}

// send lets all routes send for some minutes.
func (w *world) send(minutes int, fateOf func(route string, slot time.Time) fate) {
	for i, r := range w.routes {
		for n := range minutes * 2 {
			slot := eight.Add(time.Duration(n)*every30 + time.Duration(i)*100*time.Millisecond)
			m := probe.Sending{ID: probe.ID(i*10000 + n + 1), Route: r.Name, Mailbox: r.Mailbox, Purpose: probe.Scheduled, Slot: slot, LateAfter: lateAfter, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered}
			if f := fateOf(r.Name, slot); !f.skipped {
				w.message(m, f)
			}
		}
	}
}

func (w *world) message(m probe.Sending, f fate) {
	at := func(d time.Duration) probe.Origin { return probe.Origin{At: m.Slot.Add(d)} }
	attempt := attemptOf(m, f)
	w.facts = append(w.facts, probe.Sent{Origin: at(0), Message: m})
	if f.orphan {
		w.facts = append(w.facts, probe.AttemptLost{Origin: at(20 * time.Second), Message: m})
		attempt = nil
	} else {
		w.facts = append(w.facts, probe.Answered{Origin: at(time.Second), Message: m, Attempt: *attempt})
	}
	settled := func(d time.Duration, s probe.Status) {
		o := probe.Outcome{Status: s, Missed: d > lateAfter, Counted: d > lateAfter && attempt != nil && attempt.Result == probe.Accepted, Orphaned: f.orphan, Attempt: attempt}
		if s.Arrived() {
			o.Observed, o.Place, o.Latency = d, probe.Inbox, probe.Interval{Min: d - time.Second, Max: d}
		}
		if s == probe.Late && f.way != "" {
			o.Trail.Hops = make([]probe.Hop, 1)
			defer func() {
				w.facts = append(w.facts, trace.Traced{Origin: at(d), Message: m, Outcome: o, Steps: wayOf(f.way, d)})
			}()
		}
		w.facts = append(w.facts, probe.Settled{Origin: at(d), Message: m, Outcome: o})
	}
	held := f.held.Sub(m.Slot)
	if f.back != (diagnosis.BounceEvidence{}) {
		w.report(m, f.back)
		if !f.back.Delayed {
			settled(10*time.Second, probe.Bounced)
			return
		}
	}
	untold := f.cut || f.unclear || f.orphan && f.held.IsZero()
	switch {
	case f.blind:
		return
	case f.own:
		settled(time.Second, probe.Unsent)
		return
	case f.deferred:
		settled(time.Second, probe.Deferred)
		return
	case f.refused:
		settled(time.Second, probe.Rejected)
		return
	case !untold && !f.lost && held < lateAfter:
		settled(max(held, 5*time.Second), probe.Delivered)
		return
	}
	w.facts = append(w.facts, probe.DeadlineMissed{Origin: at(lateAfter), Message: m, Cut: f.cut, Certain: !untold && !f.orphan})
	switch {
	case untold:
		settled(4*time.Hour, probe.Uncertain)
	case f.lost:
		settled(4*time.Hour, probe.Lost)
	default:
		settled(held, probe.Late)
	}
}

// report lets a report about a message be found.
func (w *world) report(m probe.Sending, b diagnosis.BounceEvidence) {
	o := probe.Origin{At: m.Slot.Add(10 * time.Second)}
	r := probe.Report{Kind: probe.ReportFailed, Status: b.Status, Diagnostic: b.Text}
	if b.Delayed {
		r.Kind = probe.ReportDelayed
	}
	w.facts = append(w.facts, probe.ReportSeen{Origin: o, Message: m, Report: r},
		trace.Reported{Origin: o, Message: m, Report: r, Reporting: b.Reporting, Remote: b.Remote})
}

// wayOf is the steps of a message that took so long, from the components that left a
// stamp: "gateway-in antispam* store-1" waited where the star is, nearly all the time;
// "antispam*~" was turned away for so long by what comes next, and of "antispam*!" the
// clocks were not known.
func wayOf(stamps string, took time.Duration) []trace.Step {
	words := append(append([]string{""}, strings.Fields(stamps)...), "")
	component := func(i int) string { return strings.TrimRight(words[i], "*~!") }
	var steps []trace.Step
	for i := range len(words) - 1 {
		s := trace.Step{Component: component(i), Next: component(i + 1), Took: probe.Interval{Max: 2 * time.Second}, Middle: time.Second}
		if mark := words[i][len(component(i)):]; mark != "" {
			s.Middle = took - time.Duration(len(words)-2)*time.Second
			s.Took = probe.Interval{Min: s.Middle - 2*time.Second, Max: s.Middle + 2*time.Second}
			if strings.Contains(mark, "~") {
				s.Greylisted = s.Took.Min
			}
			s.Negative = strings.Contains(mark, "!")
		}
		steps = append(steps, s)
	}
	return steps
}

// attemptOf is how the handing over of a message ended.
func attemptOf(m probe.Sending, f fate) *probe.Attempted {
	a := &probe.Attempted{ID: m.ID, Result: probe.Accepted, Began: m.Slot}
	switch {
	case f.refused:
		a.Result, a.Reply = probe.Refused, &probe.Reply{Code: 554, Enhanced: "5.7.1", Text: "no"}
	case f.deferred:
		a.Result, a.Reply = probe.Refused, &probe.Reply{Code: 450, Enhanced: "4.2.0", Text: "later"}
	case f.cut:
		a.Result, a.Problem = probe.Unknown, "the server closed the connection"
	case f.unclear:
		a.Result, a.Problem, a.Ours = probe.Unknown, "stopped", true
	case f.own:
		a.Result, a.Problem, a.Ours = probe.NotSent, "no network", true
	}
	return a
}

func timeOf(c probe.Change) time.Time {
	_, at := c.Cause()
	return at
}

// probesOf gives a probe of each route.
func probesOf(routes []diagnosis.Route) []probe.Probe {
	probes := make([]probe.Probe, len(routes))
	for i, r := range routes {
		route := probe.Route{Name: r.Name, Mailbox: r.Mailbox, Path: r.Path}
		probes[i] = probe.Probe{Route: route, LateAfter: lateAfter, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered}
	}
	return probes
}

func (w *world) sort() {
	slices.SortStableFunc(w.facts, func(a, b probe.Change) int { return timeOf(a).Compare(timeOf(b)) })
}

// moveClock moves the wall clock between two processes: what follows is told in the
// new time, and only what is sent from then on has a slot in it.
func (w *world) moveClock(when time.Time, by time.Duration) {
	w.sort()
	here := slices.IndexFunc(w.facts, func(c probe.Change) bool { return timeOf(c).After(when) })
	sentBefore := make(map[probe.ID]bool)
	for _, c := range w.facts[:here] {
		if c, ok := c.(probe.Sent); ok {
			sentBefore[c.Message.ID] = true
		}
	}
	moved := func(o *probe.Origin, m *probe.Sending) {
		o.At = o.At.Add(by)
		if !sentBefore[m.ID] {
			m.Slot = m.Slot.Add(by)
		}
	}
	for i, c := range w.facts[here:] {
		switch c := c.(type) {
		case probe.Sent:
			moved(&c.Origin, &c.Message)
			w.facts[here+i] = c
		case probe.Answered:
			moved(&c.Origin, &c.Message)
			w.facts[here+i] = c
		case probe.DeadlineMissed:
			moved(&c.Origin, &c.Message)
			w.facts[here+i] = c
		case probe.Settled:
			moved(&c.Origin, &c.Message)
			w.facts[here+i] = c
		case trace.Traced:
			moved(&c.Origin, &c.Message)
			w.facts[here+i] = c
		case trace.Reported:
			moved(&c.Origin, &c.Message)
			w.facts[here+i] = c
		}
	}
	step := probe.ClockMoved{Origin: probe.Origin{At: when.Add(by)}, ClockStepped: probe.ClockStepped{By: by, Between: true}}
	w.facts = slices.Insert(w.facts, here, probe.Change(step))
}

// play gives everything to health and diagnosis, in order.
func (w *world) play(t diagnosis.Topology) {
	w.sort()
	w.replay(t)
}

// replay does so in the order in which the facts are.
func (w *world) replay(t diagnosis.Topology) {
	chain := probe.Assessors{health.New(probesOf(w.routes)), diagnosis.New(t)}
	for _, c := range w.facts {
		w.told = append(w.told, chain.Apply(c)...)
	}
}

// words is what was told: when, and of what.
func (w *world) words() string {
	var b strings.Builder
	for _, c := range w.told {
		switch c := c.(type) {
		case diagnosis.Diagnosed:
			fmt.Fprintf(&b, "%s since %s:", c.At.Format("15:04:05"), c.Since.Format("15:04:05"))
			for _, d := range c.Diagnoses {
				if d.Confidence >= 0.1 {
					fmt.Fprintf(&b, " %s %.0f", strings.Join(d.Components, "+"), 100*d.Confidence)
				}
			}
			if c.Repaired {
				b.WriteString(" repaired")
			}
			b.WriteByte('\n')
		case diagnosis.Recovered:
			fmt.Fprintf(&b, "%s %v: %s\n", c.At.Format("15:04:05"), c.Components, c.Sentence)
		}
	}
	return b.String()
}

// gateway is the fate of mail while the gateway's inbound filter is dead.
func gateway(from, to time.Time, f fate) func(string, time.Time) fate {
	return func(route string, slot time.Time) fate {
		if strings.HasPrefix(route, "in") && !strings.HasPrefix(route, "inject@a") && !strings.HasPrefix(route, "internal") && !slot.Before(from) && slot.Before(to) {
			if f.held.IsZero() {
				return f
			}
			return fate{held: f.held.Add(slot.Sub(from) / 100), way: f.way, back: f.back} // the backlog drains in its order
		}
		return fate{}
	}
}
