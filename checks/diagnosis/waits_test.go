package diagnosis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

func tracedOf(way string) trace.Traced {
	const took = 40 * time.Minute
	c := trace.Traced{Message: probe.Sending{Route: "in"}, Outcome: probe.Outcome{Status: probe.Late}}
	c.Outcome.Latency = probe.Interval{Min: took, Max: took}
	c.Steps = wayOf(way, took)
	return c
}

func TestWhereAMessageHasWaited(t *testing.T) {
	for _, tt := range []struct{ says, way, want string }{
		{"all leave stamps", "internet gateway-in* antispam store-1", "gateway-in > antispam"},
		{"the filter leaves none, so it may have had it as well", "internet gateway-in* store-1", "gateway-in antispam > store-1"},
		{"only the gateway leaves one", "gateway-in*", "gateway-in antispam store-1 > "},
		{"at the mailbox server", "internet gateway-in antispam store-1*", "store-1 > "},
		{"at the last one that leaves a stamp", "internet gateway-in antispam*", "antispam store-1 > "},
		{"between two hosts of the gateway", "gateway-in* gateway-in antispam store-1", "gateway-in > "},
		{"the gateway takes it back from the filter, which left a stamp", "gateway-in antispam gateway-in* store-1", "gateway-in > store-1"},
		{"the filter gives it back to the gateway", "gateway-in antispam* gateway-in store-1", "antispam > gateway-in"},
		{"a host of no component had it: it may be the gateway's or the filter's", "gateway-in other* antispam store-1", "gateway-in antispam > "},
		{"two of these", "gateway-in other other* antispam store-1", "gateway-in antispam > "},
		{"a host of no component had it, and the filter left no stamp", "gateway-in other* store-1", "gateway-in antispam store-1 > "},
		{"a host of no component had it, and the gateway took it back", "gateway-in other* gateway-in antispam store-1", "gateway-in > "},
		{"a host of no component had it last", "gateway-in antispam store-1 other*", "store-1 > "},
		{"a host of another route's component had it", "gateway-in link* antispam store-1", "nowhere"},
		{"a host of no component had it next: it may be the filter's", "gateway-in* other store-1", "gateway-in > antispam"},
		{"the same, and nothing on the path is left that it could be", "gateway-in* other antispam store-1", "gateway-in > "},
		{"the same, at the end", "gateway-in antispam* other", "antispam > store-1"},
		{"a host of no component before any that is known", "other* gateway-in antispam store-1", "nowhere"},
		{"only such hosts", "other* other", "nowhere"},
		{"with us: the attempt says more of that", "* gateway-in antispam store-1", "nowhere"},
		{"it was turned away, as greylisting does", "gateway-in*~ antispam store-1", "nowhere"},
		{"clocks that are not known", "gateway-in*! antispam store-1", "nowhere"},
		{"nowhere in particular", "gateway-in antispam store-1", "nowhere"},
		{"no stamps", "", "nowhere"},
	} {
		c := tracedOf(strings.TrimPrefix(tt.way, "* "))
		if strings.HasPrefix(tt.way, "* ") {
			c.Steps[0].Took = probe.Interval{Min: 39 * time.Minute, Max: 40 * time.Minute}
		}
		got := "nowhere"
		if e, found := diagnosis.WaitedOf(company(every), c); found {
			got = strings.Join(e.Held, " ") + " > " + strings.Join(e.Next, " ")
			if e.Of != 40*time.Minute || e.Took < 39*time.Minute || e.Took > e.Of {
				t.Errorf("%s: got %v of %v, want nearly all of 40 minutes", tt.says, e.Took, e.Of)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q: got %q, want %q", tt.says, tt.way, got, tt.want)
		}
	}
}

// Where it waited is said only if it is certain that most of the time was spent there.
func TestAWaitIsCertain(t *testing.T) {
	minutes := func(least, most float64) probe.Interval {
		return probe.Interval{Min: time.Duration(least * float64(time.Minute)), Max: time.Duration(most * float64(time.Minute))}
	}
	for _, tt := range []struct {
		took       probe.Interval
		greylisted time.Duration
		want       bool
	}{
		{minutes(21, 21), 0, true},
		{minutes(19, 21), 0, false},
		{minutes(-5, 50), 0, false},
		{minutes(20, 20), 0, false},
		{minutes(39, 40), 10 * time.Minute, true},
		{minutes(39, 40), 30 * time.Minute, false},
	} {
		c := tracedOf("gateway-in antispam")
		c.Steps[1].Took, c.Steps[1].Middle, c.Steps[1].Greylisted = tt.took, (tt.took.Min+tt.took.Max)/2, tt.greylisted
		e, found := diagnosis.WaitedOf(company(every), c)
		if found != tt.want || found && e.Took != c.Steps[1].Middle-tt.greylisted {
			t.Errorf("%v, of it %v turned away: got %v %v, want %v", tt.took, tt.greylisted, e, found, tt.want)
		}
	}
	const least = 39*time.Minute + 56*time.Second
	for lateAfter, want := range map[time.Duration]bool{least: false, least - time.Second: true, 39*time.Minute + 59*time.Second: false} {
		c := tracedOf("gateway-in* antispam")
		c.Message.LateAfter = lateAfter
		if e, found := diagnosis.WaitedOf(company(every), c); found != want {
			t.Errorf("of 40 minutes where %v are in time: got %v %v, want %v", lateAfter, e, found, want)
		}
	}
	none := tracedOf("gateway-in* antispam")
	none.Outcome.Latency = probe.Interval{}
	if e, found := diagnosis.WaitedOf(company(every), none); found {
		t.Errorf("of a message that took no time: got %v, want nothing", e)
	}
}

// crashing lets mail from outside through in part while the trouble lasts: what is
// sent in its first ten minutes takes four, the rest comes after the repair.
func crashing(way string) func(string, time.Time) fate {
	return func(route string, slot time.Time) fate {
		f := gateway(clock(10), clock(30), fate{held: clock(30)})(route, slot)
		if f != (fate{}) && slot.Before(clock(20)) {
			return fate{held: slot.Add(4 * time.Minute), way: way}
		}
		return f
	}
}

// The routes cannot tell the Internet, the gateway and the anti-spam filter apart. Where
// late mail has waited can, as soon as some of it comes.
func TestLateMailTellsWhereItWaited(t *testing.T) {
	const stamped = "gateway-in* antispam store-1"
	story := gateway(clock(10), clock(57), fate{held: clock(57), way: stamped})
	for _, tt := range []struct {
		says   string
		fateOf func(string, time.Time) fate
		want   string
	}{
		{"the story: what is held comes after the repair", story, `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:57:00 since 08:10:00: gateway-in 83 antispam 25
08:58:35 since 08:10:00: repaired
08:58:35 [gateway-in]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. It had waited at the gateway's inbound filter. None of 98 test messages was lost.
`},
		{"new mail overtakes what is held: the verdict stays, and in the end it is said", gateway(clock(10), clock(57), fate{held: clock(65), way: stamped}), `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:59:05 since 08:10:00: repaired
09:05:27 [internet gateway-in antispam]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 55 minutes. It had waited at the gateway's inbound filter. None of 99 test messages was lost.
`},
		{"only the last message tells", func(route string, slot time.Time) fate {
			f := story(route, slot)
			if f.held = f.held.Add(8 * time.Minute); slot.Before(clock(56.5)) {
				f.way = ""
			}
			return f
		}, `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:59:05 since 08:10:00: repaired
09:05:27 [internet gateway-in antispam]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 55 minutes. It had waited at the gateway's inbound filter. None of 99 test messages was lost.
`},
		{"its servers leave no stamps", gateway(clock(10), clock(57), fate{held: clock(57)}), `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:58:35 since 08:10:00: repaired
08:58:35 [internet gateway-in antispam]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. None of 98 test messages was lost.
`},
		{"a crash loop", crashing(stamped), `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:14:00 since 08:10:00: gateway-in 82 antispam 25
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 10 minutes. It had waited at the gateway's inbound filter. None of 44 test messages was lost.
`},
		{"a crash loop of what leaves no stamp", crashing("gateway-in* store-1"), `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:14:00 since 08:10:00: gateway-in+antispam 99
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in antispam]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 10 minutes. It had waited at the gateway's inbound filter or the anti-spam filter. None of 44 test messages was lost.
`},
		{"a crash loop of the anti-spam filter", crashing("gateway-in antispam* store-1"), `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:14:00 since 08:10:00: antispam 97
08:31:35 since 08:10:00: repaired
08:31:35 [antispam]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 10 minutes. It had waited at the anti-spam filter. None of 44 test messages was lost.
`},
		{"a crash loop of a host that no component claims: that tells nothing apart", crashing("gateway-in other* antispam store-1"), `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:14:00 since 08:10:00: gateway-in+antispam 99
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in antispam]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 10 minutes. It had waited at the gateway's inbound filter or the anti-spam filter. None of 44 test messages was lost.
`},
		{"late mail was turned away: that is greylisting", crashing("gateway-in*~ antispam store-1"), `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:31:35 since 08:10:00: repaired
08:31:35 [internet gateway-in antispam]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 10 minutes. None of 44 test messages was lost.
`},
		{"some waited here, some there: no one place is told", func(route string, slot time.Time) fate {
			f := crashing(stamped)(route, slot)
			if slot.After(clock(15)) && f.way != "" {
				f.way = "gateway-in antispam* store-1"
			}
			return f
		}, `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:14:00 since 08:10:00: gateway-in 82 antispam 25
08:19:30 since 08:10:00: gateway-in+antispam 99
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in antispam]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 10 minutes. None of 44 test messages was lost.
`},
		{"what waited in an earlier trouble says nothing of this one", func(route string, slot time.Time) fate {
			if slot.Before(clock(40)) {
				return crashing(stamped)(route, slot)
			}
			return gateway(clock(45), clock(57), fate{held: clock(57)})(route, slot)
		}, `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:14:00 since 08:10:00: gateway-in 82 antispam 25
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 10 minutes. It had waited at the gateway's inbound filter. None of 44 test messages was lost.
08:47:00 since 08:45:00: internet+gateway-in+antispam 99
08:58:35 since 08:45:00: repaired
08:58:35 [internet gateway-in antispam]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:45:00 UTC. Mail was delayed by up to 12 minutes. None of 28 test messages was lost.
`},
	} {
		topology := company(basic)
		w := &world{routes: topology.Routes}
		w.send(70, tt.fateOf)
		w.play(topology)
		if got := w.words(); got != strings.TrimPrefix(tt.want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.says, got, tt.want)
		}
	}
}

// Nothing is known but that mail from outside comes late: who held it is named, and the
// mailbox server, which had it last, is not.
func TestAWaitBlamesNobodyBehindIt(t *testing.T) {
	topology := company("in")
	e := seen(topology, "in:5/0")
	e.Hops = []diagnosis.HopEvidence{waited("gateway-in", "antispam", 58)}
	confidence := make(map[string]float64)
	for _, d := range diagnosis.Diagnose(topology, e) {
		confidence[strings.Join(d.Components, "+")] = d.Confidence
	}
	if confidence["gateway-in"] < 0.7 || confidence["antispam"] > 0.3 || len(confidence) > 3 || confidence["internet+store-1"] > 0.05 {
		t.Errorf("got %v, want most likely the gateway, perhaps the anti-spam filter, and hardly anything else", confidence)
	}
}

// The same wait is news once, and again when it has become a larger part of the time.
func TestTheLongestWaitIsTold(t *testing.T) {
	topology := company("in internal1")
	w := &world{routes: topology.Routes}
	w.send(40, func(route string, slot time.Time) fate {
		f := gateway(clock(10), clock(30), fate{held: clock(30), way: "gateway-in* antispam store-1"})(route, slot)
		switch {
		case f == (fate{}):
		case slot.Before(clock(10.5)):
			f.held = slot.Add(14 * time.Minute)
		case slot.Before(clock(12)): // comes later, and has waited for less
			f.held = slot.Add(13 * time.Minute)
		}
		return f
	})
	w.facts = append(w.facts, probe.Found{Origin: probe.Origin{At: clock(25)}, Finding: finding("gateway-in", probe.FindingFailed, "dead")})
	w.play(topology)
	var said []string
	for _, c := range w.told {
		if d, ok := c.(diagnosis.Diagnosed); ok && len(d.Diagnoses) > 0 {
			said = append(said, strings.Join(d.Diagnoses[0].Reasons, "; "))
		}
	}
	const want = "late mail waited 14 minutes at the gateway's inbound filter, before the anti-spam filter had it"
	if last := said[len(said)-1]; strings.Count(last, want) != 1 || strings.Count(last, "late mail waited") != 1 {
		t.Errorf("got reasons %q, want one of them %q", last, want)
	}
}
