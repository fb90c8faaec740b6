package diagnosis_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// among gives two messages from outside in the middle of a trouble another fate.
func among(fateOf func(string, time.Time) fate, other fate) func(string, time.Time) fate {
	return func(route string, slot time.Time) fate {
		if route == "in" && !slot.Before(clock(20)) && slot.Before(clock(21)) {
			return other
		}
		return fateOf(route, slot)
	}
}

var unwanted = probe.Sending{ID: 999_999, Route: "in", Mailbox: "one", Payload: "eicar", Purpose: probe.Scheduled, Slot: clock(20), Expect: "rejected"}

func TestMonitorTellsTheStory(t *testing.T) {
	for _, tt := range []struct {
		says, routes string
		minutes      int
		fateOf       func(string, time.Time) fate
		more         []probe.Change
		want         string
	}{
		{"nothing breaks", every, 60, gateway(clock(0), clock(0), fate{}), nil, ``},
		{"one message is lost", every, 60, gateway(clock(10), clock(10.5), fate{lost: true}), nil, ``},
		{"the filter dies for 47 minutes, and the mail was held", every, 70, gateway(clock(10), clock(57), fate{held: clock(57)}), nil, `
08:12:00 since 08:10:00: gateway-in 98
08:58:35 since 08:10:00: repaired
08:58:35 [gateway-in]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. None of 196 test messages was lost.
`},
		{"it dies, and refuses", every, 30, gateway(clock(10), clock(20), fate{refused: true}), nil, `
08:11:01 since 08:10:00: gateway-in 99
08:22:05 since 08:10:00: repaired
08:22:05 [gateway-in]: Mail arrives again since 08:20:05 UTC; the trouble began at 08:10:00 UTC. None of 10 test messages that the servers took was lost. Never taken by the server: 40.
`},
		{"the mail of two minutes is lost", every, 90, gateway(clock(10), clock(12), fate{lost: true}), nil, `
08:12:00 since 08:10:00: gateway-in 98
08:14:05 since 08:10:00: repaired
09:11:31 [gateway-in]: Mail arrives again since 08:12:05 UTC; the trouble began at 08:10:00 UTC. Still missing: 8 of 18 test messages.
`},
		{"it breaks again before the mail has drained: the same trouble", every, 60, func(route string, slot time.Time) fate {
			first, second := gateway(clock(10), clock(20), fate{held: clock(50)}), gateway(clock(30), clock(40), fate{held: clock(45)})
			if f := first(route, slot); f != (fate{}) {
				return f
			}
			return second(route, slot)
		}, nil, `
08:12:00 since 08:10:00: gateway-in 98
08:22:05 since 08:10:00: repaired
08:32:00 since 08:10:00: gateway-in 98
08:42:05 since 08:10:00: repaired
08:50:05 [gateway-in]: Mail arrives again since 08:40:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 40 minutes. None of 130 test messages was lost.
`},
		{"the mailbox of the broken route goes blind: the verdict stays", every, 40, gateway(clock(10), clock(30), fate{held: clock(30)}), []probe.Change{
			probe.MailboxBlind{Origin: probe.Origin{At: clock(15)}, Mailbox: "one", Problem: "timeout"},
			probe.MailboxLooked{Origin: probe.Origin{At: clock(18)}, Mailbox: "one"},
		}, `
08:12:00 since 08:10:00: gateway-in 98
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. None of 88 test messages was lost.
`},
		{"two messages could not be sent, by the probe's own fault: no messages of the trouble", every, 70, among(gateway(clock(10), clock(57), fate{held: clock(57)}), fate{own: true}), nil, `
08:12:00 since 08:10:00: gateway-in 98
08:58:35 since 08:10:00: repaired
08:58:35 [gateway-in]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. None of 194 test messages was lost.
`},
		{"the probe was stopped while it sent two: nobody knows of these, and nobody waits", every, 70, among(gateway(clock(10), clock(57), fate{held: clock(57)}), fate{orphan: true}), nil, `
08:12:00 since 08:10:00: gateway-in 98
08:58:35 since 08:10:00: repaired
08:58:35 [gateway-in]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. None of 194 test messages was lost. Not known whether they were taken, because mailpath itself was stopped or failed while it sent them: 2.
`},
		{"the probe's own connection broke while it sent two: the same", every, 70, among(gateway(clock(10), clock(57), fate{held: clock(57)}), fate{unclear: true}), nil, `
08:12:00 since 08:10:00: gateway-in 98
08:58:35 since 08:10:00: repaired
08:58:35 [gateway-in]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. None of 194 test messages was lost. Not known whether they were taken, because mailpath itself was stopped or failed while it sent them: 2.
`},
		{"the two arrive after all: now it is known", every, 70, among(gateway(clock(10), clock(57), fate{held: clock(57)}), fate{orphan: true, held: clock(40)}), nil, `
08:12:00 since 08:10:00: gateway-in 98
08:58:35 since 08:10:00: repaired
08:58:35 [gateway-in]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. None of 196 test messages was lost.
`},
		{"two were put off, which is no sign: they were not taken", every, 70, among(gateway(clock(10), clock(57), fate{held: clock(57)}), fate{deferred: true}), nil, `
08:12:00 since 08:10:00: gateway-in 98
08:58:35 since 08:10:00: repaired
08:58:35 [gateway-in]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. None of 194 test messages that the servers took was lost. Never taken by the server: 2.
`},
		{"nobody can look for two, ever: they are missing", every, 150, among(gateway(clock(10), clock(57), fate{held: clock(57)}), fate{blind: true}), nil, `
08:12:00 since 08:10:00: gateway-in 98
08:58:35 since 08:10:00: repaired
09:20:30 [gateway-in]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. Still missing: 2 of 196 test messages.
`},
		{"a mailbox goes blind for good before another route is repaired: what was sent there is missing", basic, 150, func(route string, slot time.Time) fate {
			switch {
			case route == "s2s" && !slot.Before(clock(10)) && slot.Before(clock(57)):
				return fate{held: clock(57)}
			case route != "s2s" && route != "internal2" && !slot.Before(clock(50)):
				return fate{blind: true}
			}
			return gateway(clock(10), clock(20), fate{held: clock(20)})(route, slot)
		}, []probe.Change{probe.MailboxBlind{Origin: probe.Origin{At: clock(50)}, Mailbox: "one", Problem: "timeout"}}, `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99 link 81
08:21:35 since 08:10:00: link 100
08:50:00 since 08:10:00: store-1+link 100
08:58:05 since 08:10:00: repaired
09:58:00 [internet gateway-in antispam link store-1]: Mail arrives again since 08:57:00 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. Still missing: 17 of 194 test messages.
`},
		{"a message that should not be delivered was refused: it says nothing of mail that should", every, 70, gateway(clock(10), clock(57), fate{held: clock(57)}), []probe.Change{
			probe.Sent{Origin: probe.Origin{At: clock(20)}, Message: unwanted},
			probe.Settled{Origin: probe.Origin{At: clock(20)}, Message: unwanted, Outcome: probe.Outcome{Status: probe.Rejected, Attempt: &probe.Attempted{Result: probe.Refused}}},
		}, `
08:12:00 since 08:10:00: gateway-in 98
08:58:35 since 08:10:00: repaired
08:58:35 [gateway-in]: Mail arrives again since 08:57:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 47 minutes. None of 196 test messages was lost.
`},
		{"two components share a target: each has its own finding", basic, 40, gateway(clock(10), clock(30), fate{held: clock(30)}), []probe.Change{
			probe.Found{Origin: probe.Origin{At: clock(15)}, Finding: finding("gateway-in", probe.FindingFailed, "queue depth 812")},
			probe.Found{Origin: probe.Origin{At: clock(16)}, Finding: probe.Finding{Check: "prometheus", Target: "gateway-in", Component: "store-1", State: probe.FindingOK}},
		}, `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:15:00 since 08:10:00: gateway-in 97
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. None of 44 test messages was lost.
`},
		{"what failed can no longer be asked: it says nothing", basic, 40, gateway(clock(10), clock(30), fate{held: clock(30)}), []probe.Change{
			probe.Found{Origin: probe.Origin{At: clock(15)}, Finding: finding("gateway-in", probe.FindingFailed, "queue depth 812")},
			probe.Found{Origin: probe.Origin{At: clock(16)}, Finding: finding("gateway-in", probe.FindingUnknown, "no answer")},
		}, `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:15:00 since 08:10:00: gateway-in 97
08:16:00 since 08:10:00: internet+gateway-in+antispam 100
08:31:35 since 08:10:00: repaired
08:31:35 [internet gateway-in antispam]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. None of 44 test messages was lost.
`},
		{"a check names what the routes cannot", basic, 40, gateway(clock(10), clock(30), fate{held: clock(30)}), []probe.Change{
			probe.Found{Origin: probe.Origin{At: clock(15)}, Finding: finding("gateway-in", probe.FindingFailed, "queue depth 812")},
		}, `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:15:00 since 08:10:00: gateway-in 97
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. None of 44 test messages was lost.
`},
		{"what was sent before the trouble exonerates nobody, what is sent after does", basic + " out inject@antispam", 40, func(route string, slot time.Time) fate {
			quiet := !slot.Before(clock(10)) && slot.Before(clock(15))
			if quiet && route != "in" {
				return fate{skipped: true}
			}
			return gateway(clock(10), clock(30), fate{held: clock(30)})(route, slot)
		}, nil, `
08:12:00 since 08:10:00: internet+gateway-in+antispam+store-1 99
08:15:05 since 08:10:00: internet+gateway-in+antispam 96
08:15:05 since 08:10:00: gateway-in+antispam 96
08:15:05 since 08:10:00: gateway-in 84
08:16:35 since 08:10:00: gateway-in 97
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. None of 44 test messages was lost.
`},
		{"a second fault joins the first", every, 60, func(route string, slot time.Time) fate {
			if route == "s2s" && !slot.Before(clock(20)) && slot.Before(clock(50)) {
				return fate{held: clock(50)}
			}
			return gateway(clock(10), clock(30), fate{held: clock(30)})(route, slot)
		}, nil, `
08:12:00 since 08:10:00: gateway-in 98
08:22:00 since 08:10:00: gateway-in 100 link 98
08:31:35 since 08:10:00: link 100
08:51:05 since 08:10:00: repaired
08:51:05 [gateway-in link]: Mail arrives again since 08:50:00 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 30 minutes. None of 246 test messages was lost.
`},
		{"a crash loop that lets every third message through from the first on", every, 60, func(route string, slot time.Time) fate {
			if slot.Truncate(every30).Unix()/30%3 == 0 {
				return fate{}
			}
			return gateway(clock(10), clock(30), fate{held: clock(30)})(route, slot)
		}, nil, `
08:13:30 since 08:10:00: gateway-in 98
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. None of 88 test messages was lost.
`},
		{"a gateway that cuts off: what it has not taken nobody waits for", every, 60, gateway(clock(10), clock(30), fate{cut: true}), nil, `
08:12:00 since 08:10:00: gateway-in 100
08:32:05 since 08:10:00: repaired
08:32:05 [gateway-in]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. None of 10 test messages that the servers took was lost. Cut off by the server before it answered, and not seen: 80.
`},
		{"a crash loop that begins with three misses", every, 60, func(route string, slot time.Time) fate {
			if slot.Truncate(every30).Unix()/30%3 == 0 && slot.After(clock(13)) {
				return fate{}
			}
			return gateway(clock(10), clock(30), fate{held: clock(30)})(route, slot)
		}, nil, `
08:12:00 since 08:10:00: gateway-in 98
08:31:35 since 08:10:00: repaired
08:31:35 [gateway-in]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. None of 88 test messages was lost.
`},
	} {
		topology := company(tt.routes)
		w := &world{routes: topology.Routes, facts: tt.more}
		w.send(tt.minutes, tt.fateOf)
		w.play(topology)
		if got := w.words(); got != strings.TrimPrefix(tt.want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.says, got, tt.want)
		}
	}
}

func TestScoresCoverEveryComponent(t *testing.T) {
	topology := company(every)
	w := &world{routes: topology.Routes}
	w.send(40, gateway(clock(10), clock(30), fate{held: clock(30)}))
	w.play(topology)
	for _, c := range w.told {
		d, ok := c.(diagnosis.Diagnosed)
		if !ok {
			continue
		}
		if len(d.Scores) != len(components) {
			t.Errorf("got %d scores, want one for each of %d components", len(d.Scores), len(components))
		}
		for _, s := range d.Scores {
			if suspected := s.Probability >= 0.5; suspected != (s.Component == "gateway-in" && !d.Repaired) {
				t.Errorf("repaired %v: got %+v, want only gateway-in likely, and only until the repair", d.Repaired, s)
			}
		}
	}
}

func TestFoundAfterItWasGivenUpIsLateAndNotLost(t *testing.T) {
	topology := company("in internal1")
	w := &world{routes: topology.Routes}
	m := diagnosis.New(topology)
	lost := probe.Sending{ID: 1, Route: "in", Mailbox: "one", Purpose: probe.Scheduled, Slot: clock(10), Expect: probe.ExpectDelivered}
	attempt := &probe.Attempted{ID: 1, Result: probe.Accepted}
	for _, c := range []probe.Change{
		probe.Sent{Origin: probe.Origin{At: clock(10)}, Message: lost},
		probe.DeadlineMissed{Origin: probe.Origin{At: clock(11)}, Message: lost, Certain: true},
		probe.HealthChanged{Origin: probe.Origin{At: clock(12)}, Route: "in", To: probe.HealthBroken},
		probe.Settled{Origin: probe.Origin{At: clock(20)}, Message: lost, Outcome: probe.Outcome{Status: probe.Lost, Missed: true, Counted: true, Attempt: attempt}},
		probe.Contradicted{Origin: probe.Origin{At: clock(25)}, Message: lost, Told: probe.Lost},
		probe.HealthChanged{Origin: probe.Origin{At: clock(30)}, Route: "in", To: probe.HealthOK},
	} {
		w.told = append(w.told, m.Apply(c)...)
	}
	got, ok := w.told[len(w.told)-1].(diagnosis.Recovered)
	if !ok || got.Lost != 0 || got.Late != 1 || got.Messages != 1 || got.Longest != 15*time.Minute {
		t.Errorf("got %+v, want it recovered with 1 message late by 15 minutes and none lost", got)
	}
}

// The clock was moved while no process ran, in the middle of the trouble: what was
// before is then told in the new time, and lasted as long as it did.
func TestTroubleKeepsItsAgeWhenTheClockIsMoved(t *testing.T) {
	over := func(when float64, by time.Duration) (told []diagnosis.Recovered) {
		topology := company(every)
		w := &world{routes: topology.Routes}
		w.send(150, among(gateway(clock(10), clock(57), fate{held: clock(57), way: "gateway-in* antispam store-1"}), fate{blind: true}))
		w.moveClock(clock(when), by)
		w.replay(topology)
		for _, c := range w.told {
			if r, ok := c.(diagnosis.Recovered); ok {
				r.Sentence = ""
				told = append(told, r)
			}
		}
		return told
	}
	for _, by := range []time.Duration{-2 * time.Hour, 2 * time.Hour} {
		for _, when := range []float64{10.8, 20, 57.2, 58.3, 65} { // not known yet; known; mail arrives again; nearly repaired; repaired
			want := over(when, 0)
			for i := range want {
				r := &want[i]
				for _, at := range []*time.Time{&r.At, &r.Since, &r.RepairedAt, &r.DrainedAt} {
					*at = at.Add(by)
				}
			}
			if got := over(when, by); len(got) != 1 || !reflect.DeepEqual(got, want) {
				t.Errorf("moved by %v at %v: got\n%+v\nwant\n%+v", by, clock(when), got, want)
			}
		}
	}
}
