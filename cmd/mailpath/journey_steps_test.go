package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// stamped is a host's stamp so long after the message began, by its own clock.
type stamped struct {
	host           string
	at, resolution time.Duration
}

// arrivedBy is what is known in the end of a message that took so long, told by a Monitor
// that knows no clock yet.
func arrivedBy(t *testing.T, took time.Duration, hops ...stamped) *journey {
	t.Helper()
	began := time.Date(2026, 11, 23, 8, 15, 0, 0, time.UTC)
	o := probe.Outcome{Status: probe.Delivered, Began: began, Latency: probe.Interval{Min: took * 19 / 20, Max: took}, Observed: took, Folder: "INBOX"}
	for _, h := range hops {
		if h.host != "localhost" {
			h.host += ".example.com"
		}
		o.Trail.Hops = append(o.Trail.Hops, probe.Hop{By: h.host, At: began.Add(h.at), Resolution: h.resolution})
	}
	changes := trace.NewMonitor(trace.Config{}).Apply(probe.Settled{Message: probe.Sending{Route: "in", Mailbox: "hq"}, Outcome: o})
	if len(changes) == 0 {
		t.Fatal("got no trace")
	}
	traced := changes[0].(trace.Traced)
	return &journey{outcome: &o, traced: &traced, message: traced.Message}
}

// What is not known is not drawn, and what holds only if clocks are right is marked.
func TestStepsShowWhatIsKnown(t *testing.T) {
	const ms, s, us = time.Millisecond, time.Second, time.Microsecond
	for _, c := range []struct {
		name string
		j    *journey
		says []string
		not  []string
	}{
		{"seconds say nothing of 130 ms", arrivedBy(t, 130*ms, stamped{"mx", 0, s}, stamped{"scan", 0, s}, stamped{"mail", 0, s}),
			[]string{"mx.example.com < 130 ms", "scan.example.com < 130 ms", "Where only a limit stands", "No step took long: all of them together took 130 ms"},
			[]string{"█", "░", "~", "clocks are right"}},
		{"microseconds do, if the clocks are right", arrivedBy(t, 130*ms, stamped{"mx", 10 * ms, us}, stamped{"scan", 49 * ms, us}, stamped{"mail", 120 * ms, us}),
			[]string{"mx.example.com ~39 ms ░", "scan.example.com ~71 ms ░", "holds if the hosts' clocks are right"},
			[]string{"█", "<", "is fast"}},
		{"seconds say something of 8 s", arrivedBy(t, 8200*ms, stamped{"mx", 0, s}, stamped{"scan", 0, s}, stamped{"mail", 8 * s, s}),
			[]string{"mx.example.com ~0–1 s ░", "scan.example.com ~7.7 s ░", "The longest step: ~7.7 s from scan.example.com to mail.example.com, if the clocks are right."},
			[]string{"█", "<"}},
		{"a clock that is fast is not believed", arrivedBy(t, 8200*ms, stamped{"mx", 90 * s, s}, stamped{"scan", 100 * ms, us}, stamped{"mail", 8 * s, us}),
			[]string{"sending < 8.2 s", "mx.example.com ~0–100 ms ░", "~0.10 s scan.example.com", "scan.example.com ~7.9 s ░", "clock of mx.example.com is 81.7–91.1 s fast", "the other hosts' clocks are right", "The longest step: ~7.9 s from scan"},
			[]string{"if the hosts' clocks are right"}},
		{"a host with a wrong clock may have had it", arrivedBy(t, 8200*ms, stamped{"mx", 0, us}, stamped{"scan", 90 * s, us}, stamped{"mail", 8 * s, us}),
			[]string{"mx.example.com < 8", "scan.example.com < 8", "Which step took longest is not known."},
			[]string{"█", "The longest step"}},
		{"a filter with a wrong clock that calls itself localhost", arrivedBy(t, 8200*ms, stamped{"mx", 0, us}, stamped{"localhost", 90 * s, us}, stamped{"mail", 8 * s, us}),
			[]string{"localhost at mx.example.com < 8", "clock of localhost at mx.example.com is", "Which step took longest is not known."},
			[]string{"█", "The longest step"}},
		{"one clock alone makes certain", arrivedBy(t, 20*s, stamped{"mx", 0, us}, stamped{"mx", 19500 * ms, us}),
			[]string{"mx.example.com 19.5 s (18.9", "█", "(FOR CERTAIN)", "The longest step: 19.5 s within mx.example.com.", "agrees with that"},
			[]string{"if the clocks"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			if err := c.j.print(&out, roundVerdict{"ok", "", exitOK}); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(strings.Fields(out.String()), " ")
			for _, words := range c.says {
				if !strings.Contains(text, words) {
					t.Errorf("got no %q in\n%s", words, &out)
				}
			}
			for _, words := range c.not {
				if strings.Contains(text, words) {
					t.Errorf("got %q in\n%s", words, &out)
				}
			}
			for line := range strings.Lines(out.String()) {
				if n := cells(strings.TrimSuffix(line, "\n")); n > mostWidth {
					t.Errorf("got a line of %d columns: %q", n, line)
				}
			}
		})
	}
}

// Steps that do not fit what our clock measured are told, and nothing is said of what
// could not but fit.
func TestStepsAreHeldAgainstTheWhole(t *testing.T) {
	const s = time.Second
	step := func(low, high time.Duration) trace.Step {
		return trace.Step{NextHost: "mx.example.com", Took: probe.Interval{Min: low, Max: high}}
	}
	negative := step(-3*s, -1*s)
	negative.Negative = true
	for _, c := range []struct {
		name  string
		steps []trace.Step
		want  string // empty: nothing is said
	}{
		{"too long", []trace.Step{step(8*s, 9*s), step(4*s, 5*s)}, "together they took 12 s at least"},
		{"nothing is certain", []trace.Step{step(0, 10*s), step(0, 10*s)}, ""},
		{"out of order", []trace.Step{step(0, 10*s), negative}, "the stamp of mx.example.com is out of order"},
		{"too short", []trace.Step{step(1*s, 2*s), step(1*s, 3*s)}, "together they took 5 s at most"},
		{"they fit", []trace.Step{step(1*s, 2*s), step(7*s, 8*s)}, "8–10 s in all, agrees"},
	} {
		j := &journey{outcome: &probe.Outcome{Latency: probe.Interval{Min: 9 * s, Max: 10 * s}}, traced: &trace.Traced{Steps: c.steps}}
		if got := j.agreement(j.known()); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
