package diagnosis_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// troubled is an hour and a half in which random components fail for a while, mail is
// held, lost or refused, and mailboxes cannot be watched; the last half hour is quiet.
func troubled(seed uint64) *world {
	random := rand.New(rand.NewPCG(seed, 6))
	topology := company(every)
	w := &world{routes: topology.Routes}
	type fault struct {
		component string
		from, to  time.Time
		fate      fate
	}
	var faults []fault
	for range 1 + random.IntN(3) {
		from := clock(5 + 40*random.Float64())
		f := fault{components[random.IntN(len(components))].Name, from, from.Add(time.Duration(random.IntN(15)) * time.Minute), fate{}}
		f.fate = []fate{{held: f.to, way: f.component + "* store-1"}, {lost: true}, {refused: true}, {cut: true}, {orphan: true}, {own: true}, {back: randomBounce(random)}, {held: f.to, back: back(f.component+" delayed", 0)}}[random.IntN(8)]
		faults = append(faults, f)
	}
	w.send(90, func(route string, slot time.Time) fate {
		for _, r := range w.routes {
			for _, f := range faults {
				if r.Name == route && passes(r, []string{f.component}) && !slot.Before(f.from) && slot.Before(f.to) {
					return f.fate
				}
			}
		}
		if slot.After(clock(60)) || random.IntN(30) > 0 {
			return fate{}
		}
		return []fate{{lost: true}, {own: true}, {unclear: true}, {orphan: true}, {orphan: true, held: slot.Add(10 * time.Minute)}, {deferred: true}, {back: randomBounce(random)}}[random.IntN(7)]
	})
	for range random.IntN(3) {
		from := 50 * random.Float64()
		mailbox := []string{"one", "two", "provider"}[random.IntN(3)]
		w.facts = append(w.facts,
			probe.MailboxBlind{Origin: probe.Origin{At: clock(from)}, Mailbox: mailbox, Problem: "timeout"},
			probe.MailboxLooked{Origin: probe.Origin{At: clock(from + 5*random.Float64())}, Mailbox: mailbox})
	}
	w.play(topology)
	return w
}

// randomBounce is a bounce that may say anything.
func randomBounce(random *rand.Rand) diagnosis.BounceEvidence {
	name := func() string {
		return []string{"", "nowhere", components[random.IntN(len(components))].Name}[random.IntN(3)]
	}
	return diagnosis.BounceEvidence{
		Reporting: name(), Remote: name(), Text: "no",
		Status: []string{"", "5.1.1", "5.2.2", "5.3.0", "5.4.4", "5.7.1"}[random.IntN(6)],
	}
}

func TestMonitorPromises(t *testing.T) {
	verdicts, troubles, waited := 0, 0, 0
	var all diagnosis.Recovered
	for seed := range uint64(100) {
		w := troubled(seed)
		if seed < 10 && !reflect.DeepEqual(troubled(seed).told, w.told) {
			t.Fatalf("seed %d: the same changes gave another judgement", seed)
		}
		broken := make(map[string]bool) // as far as it is known
		open, repaired := false, false
		for _, c := range w.told {
			switch c := c.(type) {
			case probe.HealthChanged:
				switch c.To {
				case probe.HealthBroken:
					broken[c.Route] = true
				case probe.HealthOK, probe.HealthSlow:
					delete(broken, c.Route)
				}
			case diagnosis.Diagnosed:
				verdicts++
				if c.Repaired == (len(broken) > 0) || c.Repaired == (len(c.Diagnoses) > 0) || c.Repaired && !open || !c.Since.Before(c.At) {
					t.Fatalf("seed %d: %v: got %+v with broken routes %v, open %v", seed, c.At, c, broken, open)
				}
				open, repaired = true, c.Repaired
			case diagnosis.Recovered:
				troubles++
				if !open || !repaired || c.RepairedAt.Before(c.Since) || c.DrainedAt.Before(c.RepairedAt) {
					t.Fatalf("seed %d: got %+v, open %v, repaired %v", seed, c, open, repaired)
				}
				checkTally(t, seed, c)
				waited += len(c.WaitedAt)
				all.Missing, all.CutOff, all.NotKnown = all.Missing+c.Missing, all.CutOff+c.CutOff, all.NotKnown+c.NotKnown
				all.Bounced += c.Bounced
				open, repaired = false, false
			}
		}
		if open {
			t.Errorf("seed %d: the trouble never ended, half an hour and hours after the last fault:\n%s", seed, w.words())
		}
	}
	t.Logf("%d verdicts on %d troubles", verdicts, troubles)
	if troubles < 80 || waited == 0 || all.Missing == 0 || all.CutOff == 0 || all.NotKnown == 0 || all.Bounced == 0 {
		t.Errorf("%d troubles and %+v, want nearly one a seed, and some messages of every fate", troubles, all)
	}
}

// checkTally holds the tally of a trouble against what was done to its messages.
func checkTally(t *testing.T, seed uint64, c diagnosis.Recovered) {
	t.Helper()
	for _, n := range []int{c.Messages - c.Missed, c.Late, c.Lost - c.Bounced, c.Bounced, c.Refused, c.CutOff, c.Missing, c.NotKnown} {
		if n < 0 {
			t.Errorf("seed %d: got %+v, want no count below zero", seed, c)
		}
	}
	if c.Missed != c.Late+c.Lost+c.Refused+c.CutOff+c.Missing {
		t.Errorf("seed %d: got %+v, want every missed message accounted for", seed, c)
	}
	if none := strings.Contains(c.Sentence, "None of"); none && (c.Lost > 0 || c.Missing > 0 || !strings.Contains(c.Sentence, fmt.Sprintf("None of %d ", c.Messages-c.Refused-c.CutOff))) {
		t.Errorf("seed %d: got %q, want it said only of messages that were taken and have arrived", seed, c.Sentence)
	}
}

// What was in flight when a suspicion was confirmed belongs to the trouble: it began
// with the first message that has not come, not with those sent to confirm it.
func TestTroubleBeginsWithTheFirstMessageThatDidNotCome(t *testing.T) {
	topology := company("in internal1")
	m := diagnosis.New(topology)
	sent := func(id probe.ID, route string, p probe.Purpose, minutes float64) probe.Sending {
		s := probe.Sending{ID: id, Route: route, Purpose: p, Slot: clock(minutes), Expect: probe.ExpectDelivered}
		m.Apply(probe.Sent{Origin: probe.Origin{At: s.Slot}, Message: s})
		return s
	}
	arrived := sent(1, "in", probe.Scheduled, 9)
	m.Apply(probe.Settled{Origin: probe.Origin{At: clock(9.1)}, Message: arrived, Outcome: probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Attempt: &probe.Attempted{Result: probe.Accepted}}})
	stopped := sent(7, "in", probe.Scheduled, 9.5) // nobody knows whether anybody has it
	m.Apply(probe.AttemptLost{Origin: probe.Origin{At: clock(9.6)}, Message: stopped})
	sent(2, "in", probe.Scheduled, 10)
	for id := probe.ID(3); id < 6; id++ {
		c := sent(id, "in", probe.Confirm, 10.5)
		m.Apply(probe.DeadlineMissed{Origin: probe.Origin{At: clock(10.7)}, Message: c, Certain: true})
	}
	inside := sent(6, "internal1", probe.Confirm, 10.5)
	m.Apply(probe.Settled{Origin: probe.Origin{At: clock(10.6)}, Message: inside, Outcome: probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Attempt: &probe.Attempted{Result: probe.Accepted}}})
	m.Apply(probe.HealthChanged{Origin: probe.Origin{At: clock(10.7)}, Route: "internal1", To: probe.HealthOK})
	told := m.Apply(probe.HealthChanged{Origin: probe.Origin{At: clock(10.7)}, Route: "in", To: probe.HealthBroken})
	if len(told) != 1 {
		t.Fatalf("got %v, want a verdict", told)
	}
	d := told[0].(diagnosis.Diagnosed)
	if !d.Since.Equal(clock(10)) {
		t.Errorf("got the trouble begun at %v, want %v", d.Since, clock(10))
	}
	if got := inShort(d.Diagnoses); got != "internet+gateway-in+antispam" {
		t.Errorf("got suspects %q, want the three that internal1 does not pass", got)
	}
}
