package prom_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
)

// some is a message, as often as not one of the last few.
func (c *chance) some() probe.ID {
	from := 0
	if c.IntN(2) == 0 {
		from = max(0, len(c.known)-10)
	}
	return c.known[from+c.IntN(len(c.known)-from)]
}

// tryAgain hands a message over once more, if it is time or not: what is not in the queue
// the tracker knows.
func (c *chance) tryAgain() {
	if len(c.known) == 0 {
		return
	}
	id := c.some()
	if !slices.Contains(c.open, id) {
		c.world.tell(c.now, probe.Retrying{ID: id, Try: c.tries[id] + 1})
		c.open = append(c.open, id)
	}
}

// report tells of some message something or other.
func (c *chance) report() {
	if len(c.known) == 0 {
		return
	}
	kinds := append([]probe.ReportKind{"invented", probe.ReportFailed}, probe.ReportKinds[:]...)
	c.world.tell(c.now, probe.Reported{
		ID: c.some(), Mailbox: "hq", Sum: c.Uint64N(100), Report: probe.Report{Kind: kinds[c.IntN(len(kinds))]},
	})
}

// changed is what happened to a message on its way.
func (c *chance) changed() []probe.Alteration {
	all := make([]probe.Alteration, c.IntN(3))
	for i := range all {
		all[i] = probe.Alteration{Kind: probe.AlterationKinds[c.IntN(len(probe.AlterationKinds))], Meant: c.IntN(2) == 0}
	}
	return all
}

// checkOddities holds what is counted besides the ends against these.
func checkOddities(t *testing.T, s map[string]map[string]float64, route string, outcomes, arrived float64) {
	t.Helper()
	for family, most := range map[string]float64{
		"queued_messages":         sum(s["in_flight_messages"], route),
		"out_of_order_total":      arrived,
		"deferred_messages_total": outcomes,
	} {
		if got := sum(s[family], route); got > most {
			t.Errorf("%s: got %s %v, want at most %v", route, family, got, most)
		}
	}
}

// checkAgainst holds a scrape against the changes of one process.
func checkAgainst(t *testing.T, got map[string]map[string]float64, changes []probe.Change) {
	t.Helper()
	want := make(map[string]float64)
	queue := make(map[probe.ID]bool)
	for _, c := range changes {
		switch c := c.(type) {
		case probe.Answered:
			queue[c.Message.ID] = !c.Again.IsZero()
		case probe.TriedAgain:
			want["retries_total"]++
			queue[c.Message.ID] = false
		case probe.ReportSeen:
			want["reports_total"]++
		case probe.Settled:
			queue[c.Message.ID] = false
			want["alterations_total"] += float64(len(c.Outcome.Altered))
			if c.Outcome.Reordered {
				want["out_of_order_total"]++
			}
			if c.Outcome.Tries > 1 && c.Outcome.Attempt.Result == probe.Accepted {
				want["deferred_messages_total"]++
				want["deferred_seconds_total"] += c.Outcome.Deferred.Seconds()
			}
		}
	}
	for _, queued := range queue {
		if queued {
			want["queued_messages"]++
		}
	}
	for _, family := range []string{
		"retries_total", "reports_total", "alterations_total", "out_of_order_total", "deferred_messages_total", "deferred_seconds_total", "queued_messages",
	} {
		if n := sum(got[family]); n != want[family] || n == 0 {
			t.Errorf("got %s %v, want %v, and some", family, n, want[family])
		}
	}
}

// Each oddity is one of its series, and those that can come are there before they do.
func TestOddities(t *testing.T) {
	p := probeOf(outside)
	p.Route.Alters = []probe.MeantAlteration{{Kind: probe.Footer, Text: "confidential"}}
	settled := func(o probe.Outcome) probe.Change {
		o.Status, o.Place = probe.Late, probe.Quarantine
		return probe.Settled{Origin: probe.Origin{Seq: 9}, Message: sendingOf(p, 1, probe.Scheduled, time.Unix(0, 0)), Outcome: o}
	}
	altered := func(a ...probe.Alteration) probe.Change { return settled(probe.Outcome{Altered: a}) }
	reported := func(kind probe.ReportKind) probe.Change {
		return probe.ReportSeen{Origin: probe.Origin{Seq: 9}, Message: sendingOf(p, 1, probe.Scheduled, time.Unix(0, 0)), Report: probe.Report{Kind: kind}}
	}
	taken := acceptedOf(1, time.Unix(0, 0))
	for _, tt := range []struct {
		says   string
		change probe.Change
		family string
		labels string // without the route's
		there  bool   // from the start
		more   float64
	}{
		{"overtaken", settled(probe.Outcome{Reordered: true}), "out_of_order_total", "", true, 1},
		{"a footer that is meant", altered(probe.Alteration{Kind: probe.Footer, Meant: true}), "alterations_total", "kind=footer meant=true ", true, 1},
		{"one that is not", altered(probe.Alteration{Kind: probe.Footer}), "alterations_total", "kind=footer meant=false ", true, 1},
		{"a prefix that was meant once", altered(probe.Alteration{Kind: probe.SubjectPrefix, Meant: true}), "alterations_total", "kind=subject-prefix meant=true ", false, 1},
		{"two fields gone", altered(probe.Alteration{Kind: probe.FieldRemoved, Text: "X-A"}, probe.Alteration{Kind: probe.FieldRemoved, Text: "X-B"}), "alterations_total", "kind=field-removed meant=false ", true, 2},
		{"a change of a newer version", altered(probe.Alteration{Kind: "colour"}), "alterations_total", "kind=other meant=false ", false, 1},
		{"a bounce", reported(probe.ReportFailed), "reports_total", "kind=failed ", true, 1},
		{"an answer", reported(probe.ReportAnswer), "reports_total", "kind=auto-reply ", true, 1},
		{"a report of a newer version", reported("praise"), "reports_total", "kind=other ", false, 1},
		{"another try", probe.TriedAgain{Origin: probe.Origin{Seq: 9}, Message: sendingOf(p, 1, probe.Scheduled, time.Unix(0, 0)), Try: 2}, "retries_total", "", true, 1},
		{"taken at the third try", settled(probe.Outcome{Tries: 3, Deferred: 312 * time.Second, Attempt: &taken}), "deferred_messages_total", "", true, 1},
		{"the same, its time", settled(probe.Outcome{Tries: 3, Deferred: 312 * time.Second, Attempt: &taken}), "deferred_seconds_total", "", true, 312},
		{"taken at once", settled(probe.Outcome{Tries: 1, Attempt: &taken}), "deferred_messages_total", "", true, 0},
		{"refused at the last try", settled(probe.Outcome{Tries: 3, Deferred: time.Hour, Attempt: &probe.Attempted{Result: probe.Refused}}), "deferred_seconds_total", "", true, 0},
	} {
		for since, replayed := range []bool{false, true} {
			e := prom.New(configOf(probe.NewClock(), probe.Seq(10*since), p))
			before := scrape(t, e)[tt.family]
			e.Export(tt.change)
			after := scrape(t, e)[tt.family]
			row, want := tt.labels+"route=outside-to-hq", tt.more
			if replayed {
				want = 0
			}
			if _, there := before[row]; there != tt.there || after[row] != want || sum(after) != want {
				t.Errorf("%s, replayed %v: got %s %v, then %v; want %s there before: %v, and then %v", tt.says, replayed, tt.family, before, after, row, tt.there, want)
			}
		}
	}
}

// What waits to be tried again is shown, whichever process turned it away, and is no
// orphan when that one is gone; a try that was under way is.
func TestQueueSurvivesARestart(t *testing.T) {
	clock := probe.NewClock()
	now := clock.Now()
	p := probeOf(outside)
	p.Route.Retry = []time.Duration{time.Minute, time.Minute}
	refused := func(id probe.ID) probe.Attempted {
		return probe.Attempted{ID: id, Result: probe.Refused, Began: now, Reply: &probe.Reply{Code: 451, Text: "greylisted"}}
	}
	earlier := newWorld(now, []probe.Probe{p})
	for id := probe.ID(1); id <= 3; id++ {
		earlier.tell(now, sendingOf(p, id, probe.Scheduled, now), refused(id))
	}
	earlier.tell(now, probe.Retrying{ID: 2, Try: 2})
	e := prom.New(configOf(clock, probe.Seq(len(earlier.events)), p))
	w := newWorld(now, []probe.Probe{p}, e)
	for _, event := range earlier.events {
		w.apply(event)
	}
	rows := func(queued, inFlight, retries, deferred float64) map[string]map[string]float64 {
		all := make(map[string]map[string]float64)
		for family, n := range map[string]float64{"queued_messages": queued, "in_flight_messages": inFlight, "retries_total": retries, "deferred_messages_total": deferred} {
			all[family] = map[string]float64{"route=outside-to-hq": n}
		}
		return all
	}
	expect(t, "while replaying", checkLaw(t, e), rows(0, 0, 0, 0))
	w.tell(now, probe.Orphaned{ID: 2})
	expect(t, "after the replay", checkLaw(t, e), rows(2, 3, 0, 0))
	w.tell(now, probe.Retrying{ID: 1, Try: 2})
	expect(t, "while it is tried again", checkLaw(t, e), rows(1, 3, 1, 0))
	w.tell(now, refused(1))
	expect(t, "turned away again", checkLaw(t, e), rows(2, 3, 1, 0))
	w.tell(now, probe.Retrying{ID: 1, Try: 3}, acceptedOf(1, now.Add(2*time.Minute)), seenOf(1, "INBOX", now, now.Add(2*time.Minute)))
	expect(t, "taken", checkLaw(t, e), rows(1, 2, 2, 1))
	w.tell(now, probe.GaveUp{ID: 3})
	expect(t, "the other given up", checkLaw(t, e), rows(0, 1, 2, 1))
}
