package prom_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// hop is a step in which a component had a message.
func hop(component string, least, most time.Duration) trace.Step {
	return trace.Step{Component: component, Took: probe.Interval{Min: least, Max: most}, Middle: least + (most-least)/2}
}

// offset is what is known of the clock of a host, in seconds.
func offset(component, host string, least, most float64) trace.Clock {
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return trace.Clock{Component: component, Host: host, Offset: probe.Interval{Min: seconds(least), Max: seconds(most)}}
}

// tracedOf tells the way of a message, of each component's host a clock that is right.
func tracedOf(p probe.Probe, purpose probe.Purpose, at time.Time, steps ...trace.Step) trace.Traced {
	c := trace.Traced{Origin: probe.Origin{Seq: 1000, At: at}, Message: sendingOf(p, 1, purpose, at), Outcome: probe.Outcome{Status: probe.Delivered}, Steps: steps}
	for _, s := range steps {
		if s.Component != "" {
			c.Clocks = append(c.Clocks, offset(s.Component, s.Component+".example.com", -1, 1))
		}
	}
	return c
}

// authenticated is an arrival of which "method=result" words are known.
func authenticated(p probe.Probe, purpose probe.Purpose, at time.Time, words ...string) probe.Settled {
	c := probe.Settled{Origin: probe.Origin{Seq: 1000, At: at}, Message: sendingOf(p, 1, purpose, at), Outcome: probe.Outcome{Status: probe.Delivered}}
	for _, w := range words {
		method, result, _ := strings.Cut(w, "=")
		c.Outcome.Trail.Auth = append(c.Outcome.Trail.Auth, probe.AuthResult{Method: method, Result: result})
	}
	return c
}

// Each step is observed or counted, once, and nothing is hidden.
func TestHops(t *testing.T) {
	const second = time.Second
	negative, first, strange := hop("gateway-in", -9*second, -8*second), hop("", -3*second, -second), hop("store-branch", -2*second, -second)
	negative.Negative, first.Negative, strange.Negative = true, true, true
	first.Next = "internet"
	for _, tt := range []struct {
		says          string
		step          trace.Step
		seen, counted string // the components of what is observed and counted
		sum           float64
	}{
		{"a time", hop("gateway-in", 3*second, 5*second), "gateway-in", "", 4},
		{"a time that may be zero", hop("store-hq", 0, 2*second), "store-hq", "", 1},
		{"a time that cannot be", negative, "", "gateway-in", 0},
		{"a first stamp from before the message was sent", first, "", "internet", 0},
		{"before the first stamp", hop("", 3*second, 5*second), "", "", 0},
		{"a host that no component claims", hop(trace.Other, second, second), "other", "", 1},
		{"a component on no configured route", hop("store-branch", second, second), "other", "", 1},
		{"the same, and it cannot be", strange, "", "other", 0},
	} {
		e := prom.New(configOf(probe.NewClock(), 0, probeOf(outside)))
		before := scrape(t, e)
		e.Export(tracedOf(probeOf(outside), probe.Scheduled, time.Unix(1, 0), tt.step))
		after := scrape(t, e)
		for family, want := range map[string]string{"hop_seconds": tt.seen, "hop_negative_total": tt.counted} {
			if len(before[family]) != 4 || len(after[family]) != 4 {
				t.Errorf("%s: got %s of %v, then %v, want all components and other from the start", tt.says, family, before[family], after[family])
			}
			for labels, n := range after[family] {
				if got := n - before[family][labels]; (got == 1) != (labels == "component="+want) {
					t.Errorf("%s: got %v more of %s{%s}, want 1 of %q", tt.says, got, family, labels, want)
				}
			}
		}
		for _, f := range families(t, e) {
			if f.GetName() != "mailpath_hop_seconds" {
				continue
			}
			total := 0.0
			for _, m := range f.GetMetric() {
				total += m.GetHistogram().GetSampleSum()
			}
			if total != tt.sum {
				t.Errorf("%s: got a sum of %v s, want %v", tt.says, total, tt.sum)
			}
		}
	}
}

// What is not measured, or happened before this process, is not observed.
func TestOnlyMeasuredMessagesHaveHops(t *testing.T) {
	p := probeOf(outside)
	change := func(purpose probe.Purpose, make func(*probe.Sending, *probe.Outcome)) []probe.Change {
		way, end := tracedOf(p, purpose, time.Unix(1, 0), hop("gateway-in", 0, time.Second)), authenticated(p, purpose, time.Unix(1, 0), "spf=pass")
		make(&way.Message, &way.Outcome)
		make(&end.Message, &end.Outcome)
		return []probe.Change{end, way}
	}
	for _, tt := range []struct {
		says    string
		changes []probe.Change
		since   probe.Seq
		want    float64
	}{
		{"a confirmation", change(probe.Confirm, func(*probe.Sending, *probe.Outcome) {}), 0, 0},
		{"a scheduled message", change(probe.Scheduled, func(*probe.Sending, *probe.Outcome) {}), 999, 1},
		{"a late one", change(probe.Scheduled, func(_ *probe.Sending, o *probe.Outcome) { o.Status = probe.Late }), 0, 1},
		{"one that should not arrive", change(probe.Scheduled, func(m *probe.Sending, _ *probe.Outcome) { m.Expect = "blocked" }), 0, 0},
		{"an adopted one", change(probe.Scheduled, func(_ *probe.Sending, o *probe.Outcome) { o.Adopted = true }), 0, 0},
		{"an orphaned one", change(probe.Scheduled, func(_ *probe.Sending, o *probe.Outcome) { o.Orphaned = true }), 0, 0},
		{"one of an earlier process", change(probe.Scheduled, func(*probe.Sending, *probe.Outcome) {}), 1000, 0},
	} {
		e := prom.New(configOf(probe.NewClock(), tt.since, p))
		for _, c := range tt.changes {
			e.Export(c)
		}
		got := scrape(t, e)
		if n := sum(got["hop_seconds"]); n != tt.want {
			t.Errorf("%s: got %v hops, want %v", tt.says, n, tt.want)
		}
		if n := sum(got["authentication_results_total"]); n != tt.want {
			t.Errorf("%s: got %v results, want %v", tt.says, n, tt.want)
		}
		if rows := got["hop_clock_offset_seconds"]; len(rows) != 1 {
			t.Errorf("%s: got clocks %v, want that of the gateway: whatever the message, it is known", tt.says, rows)
		}
	}
}

func TestClocks(t *testing.T) {
	told := func(hours int, clocks ...trace.Clock) probe.Change {
		return trace.Traced{Origin: probe.Origin{Seq: 1, At: time.Unix(int64(hours)*3600, 0)}, Clocks: clocks}
	}
	const gateway = "gateway-in"
	for _, tt := range []struct {
		says    string
		changes []probe.Change
		want    map[string]float64
	}{
		{"nothing is known", nil, nil},
		{"it may be right", []probe.Change{told(0, offset(gateway, "mx1", -1, 2))}, map[string]float64{gateway: 0}},
		{"it is fast", []probe.Change{told(0, offset(gateway, "mx1", 89, 91))}, map[string]float64{gateway: 90}},
		{"another is slower than that", []probe.Change{told(0, offset(gateway, "mx1", 89, 91), offset(gateway, "mx2", -120, -100))}, map[string]float64{gateway: -110}},
		{"another might be anything", []probe.Change{told(0, offset(gateway, "mx2", -500, 500)), told(1, offset(gateway, "mx1", 2, 3))}, map[string]float64{gateway: 2.5}},
		{"it is right again", []probe.Change{told(0, offset(gateway, "mx1", 89, 91)), told(1, offset(gateway, "mx1", -1, 1))}, map[string]float64{gateway: 0}},
		{"that it was moved is told at once", []probe.Change{
			told(0, offset(gateway, "mx1", 89, 91)),
			trace.ClockChanged{Origin: probe.Origin{Seq: 1}, Clock: offset(gateway, "mx1", 4, 6), Jumped: true},
		}, map[string]float64{gateway: 5}},
		{"the host that is off was not seen for more than a day", []probe.Change{
			told(0, offset(gateway, "mx1", 89, 91)), told(25, offset(gateway, "mx2", 2, 3)),
		}, map[string]float64{gateway: 2.5}},
		{"the host that is off was seen within the day", []probe.Change{
			told(0, offset(gateway, "mx1", 89, 91)), told(23, offset(gateway, "mx2", 2, 3)),
		}, map[string]float64{gateway: 90}},
		{"our own clock was moved between two processes: nothing is known until the next message", []probe.Change{
			told(0, offset(gateway, "mx1", 89, 91)), probe.ClockMoved{ClockStepped: probe.ClockStepped{By: time.Minute, Between: true}}, told(1, offset("store-hq", "s", 2, 4)),
		}, map[string]float64{"store-hq": 3}},
		{"it was moved while this one runs by its own", []probe.Change{
			told(0, offset(gateway, "mx1", 89, 91)), probe.ClockMoved{ClockStepped: probe.ClockStepped{By: time.Minute}},
		}, map[string]float64{gateway: 90}},
		{"components apart", []probe.Change{told(0, offset(gateway, "mx1", 89, 91), offset("store-hq", "mx1", -9, -8))}, map[string]float64{gateway: 90, "store-hq": -8.5}},
		{"hosts of no configured component", []probe.Change{told(0, offset(trace.Other, "a", 89, 91), offset("store-branch", "b", 89, 91))}, nil},
	} {
		e := prom.New(configOf(probe.NewClock(), 1, probeOf(outside))) // all of it happened before
		for _, c := range tt.changes {
			e.Export(c)
		}
		want := make(map[string]float64)
		for component, seconds := range tt.want {
			want["component="+component] = seconds
		}
		expect(t, tt.says, scrape(t, e), map[string]map[string]float64{"hop_clock_offset_seconds": want})
	}
}

// A mail that names thousands of hosts makes neither series nor memory; those seen last
// are known.
func TestManyHosts(t *testing.T) {
	e := prom.New(configOf(probe.NewClock(), 0, probeOf(outside)))
	for i := range 5000 {
		e.Export(trace.Traced{
			Origin: probe.Origin{Seq: 1, At: time.Unix(int64(i), 0)},
			Clocks: []trace.Clock{offset("gateway-in", fmt.Sprint(i), float64(5000-i), float64(5002-i))},
		})
	}
	got := scrape(t, e)["hop_clock_offset_seconds"]
	if n := got["component=gateway-in"]; len(got) != 1 || n != 101 {
		t.Errorf("got %v, want one series, the most of the last hundred hosts: 101", got)
	}
}

// Words of a mail never make a series of their own.
func TestAuthenticationResults(t *testing.T) {
	p := probeOf(outside)
	e := prom.New(configOf(probe.NewClock(), 0, p, probeOf(inside)))
	expect(t, "at the start", scrape(t, e), map[string]map[string]float64{"authentication_results_total": {}})
	e.Export(authenticated(p, probe.Scheduled, time.Unix(1, 0), "spf=pass", "dkim=invented", "arc=none", "invented=pass", "SPF=pass"))
	e.Export(authenticated(p, probe.Scheduled, time.Unix(2, 0), "spf=pass", "dkim=permerror"))
	e.Export(authenticated(probeOf(inside), probe.Scheduled, time.Unix(2, 0), "spf=softfail"))
	expect(t, "after three messages", scrape(t, e), map[string]map[string]float64{"authentication_results_total": {
		"method=spf result=pass route=outside-to-hq": 2, "method=dkim result=other route=outside-to-hq": 1,
		"method=arc result=none route=outside-to-hq": 1, "method=dkim result=permerror route=outside-to-hq": 1,
		"method=spf result=softfail route=inside-hq": 1,
	}})
}
