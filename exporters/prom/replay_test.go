package prom_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
)

// TestReplay begins a process on the journal of another one.
func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		start := clock.Now()
		at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
		p, gone := probeOf(outside), probeOf(inside) // gone is configured no more
		earlier := newWorld(start, []probe.Probe{p, gone})
		arrives := func(w *world, p probe.Probe, id probe.ID, seconds int) {
			w.tell(at(seconds), sendingOf(p, id, probe.Scheduled, at(seconds)), acceptedOf(id, at(seconds)),
				seenOf(id, "INBOX", at(seconds), at(seconds+1)))
		}
		for id := range probe.ID(5) { // enough to be known as ok
			arrives(earlier, p, id, int(id))
		}
		earlier.tell(at(4), sendingOf(p, 10, probe.Scheduled, at(4)), acceptedOf(10, at(4)))             // in flight
		earlier.tell(at(5), sendingOf(p, 11, probe.Scheduled, at(5)))                                    // to be orphaned
		earlier.tell(at(6), sendingOf(gone, 12, probe.Scheduled, at(6)), acceptedOf(12, at(6)))          // in flight
		earlier.tell(at(7), probe.Looked{Mailbox: "hq", Began: at(7), Ended: at(7), Looks: 9})           // mailbox is up
		earlier.tell(at(8), probe.SlotsMissed{Route: outside.Name, Payload: "plain", Slots: 7})          // not ours
		earlier.tell(at(9), probe.Seen{ID: 1, Mailbox: "hq", Ref: probe.Ref{Folder: "INBOX"}, Chain: 2}) // a duplicate

		e := prom.New(configOf(clock, probe.Seq(len(earlier.events)), p))
		w := newWorld(start, []probe.Probe{p}, e)
		for _, event := range earlier.events {
			w.apply(event)
		}
		during := checkLaw(t, e)
		expect(t, "while replaying", during, map[string]map[string]float64{
			"messages_sent_total":         {"payload=plain purpose=scheduled route=outside-to-hq": 0},
			"messages_adopted_total":      {"route=outside-to-hq": 0},
			"in_flight_messages":          {"route=outside-to-hq": 0},
			"oldest_in_flight_seconds":    {"route=outside-to-hq": 0},
			"delivery_seconds":            {"route=outside-to-hq": 0},
			"slo_events_total":            {"route=outside-to-hq": 0},
			"duplicates_total":            {"route=outside-to-hq": 0},
			"mailbox_looks_total":         {"mailbox=hq": 0},
			"schedule_slots_missed_total": {"route=outside-to-hq": 0},
			"mailbox_up":                  {"mailbox=hq": 1},
		})

		time.Sleep(30 * time.Second)
		w.tell(at(30), probe.Orphaned{ID: 11})
		w.tell(at(30), probe.Looked{Mailbox: "hq", Began: at(30), Ended: at(30), Looks: 1})
		expect(t, "after the replay", checkLaw(t, e), map[string]map[string]float64{
			"messages_adopted_total":   {"route=outside-to-hq": 2, "route=inside-hq": 1},
			"in_flight_messages":       {"route=outside-to-hq": 2, "route=inside-hq": 1},
			"oldest_in_flight_seconds": {"route=outside-to-hq": 26, "route=inside-hq": 24},
			"mailbox_looks_total":      {"mailbox=hq": 1},
			"route_health": {
				"route=outside-to-hq state=ok": 1, "route=outside-to-hq state=unknown": 0, "route=outside-to-hq state=broken": 0,
				"route=outside-to-hq state=slow": 0, "route=outside-to-hq state=blind": 0,
			},
		})

		w.tell(at(31), seenOf(10, "INBOX", at(30), at(31)), seenOf(11, "INBOX", at(30), at(31)))
		expect(t, "after all", checkLaw(t, e), map[string]map[string]float64{
			"messages_adopted_total":   {"route=outside-to-hq": 2, "route=inside-hq": 1},
			"in_flight_messages":       {"route=outside-to-hq": 0, "route=inside-hq": 1},
			"oldest_in_flight_seconds": {"route=outside-to-hq": 0, "route=inside-hq": 24},
			"delivery_seconds":         {"route=outside-to-hq": 1}, // the orphan's time is not known
			"slo_events_total":         {"route=outside-to-hq": 1},
			"messages_sent_total":      {"payload=plain purpose=scheduled route=outside-to-hq": 0},
		})
	})
}

// expect holds families against all the series that they should have.
func expect(t *testing.T, when string, got, want map[string]map[string]float64) {
	t.Helper()
	for family, rows := range want {
		if len(got[family]) != len(rows) {
			t.Errorf("%s: got %s %v, want %v", when, family, got[family], rows)
			continue
		}
		for labels, n := range rows {
			if value, there := got[family][labels]; !there || value != n {
				t.Errorf("%s: got %s{%s} %v (there: %v), want %v", when, family, labels, value, there, n)
			}
		}
	}
}

// TestAdoptedIsNotMeasured takes over a message that no journal knows: nobody was
// looking when it arrived.
func TestAdoptedIsNotMeasured(t *testing.T) {
	clock := probe.NewClock()
	now := clock.Now()
	p := probeOf(outside)
	e := prom.New(configOf(clock, 0, p))
	seen := seenOf(1, "INBOX", time.Time{}, now)
	seen.Tag = probe.Tag{ID: 1, Full: true, Route: outside.Name, Payload: "plain", Purpose: probe.Scheduled, Sent: now.Add(-time.Minute)}
	newWorld(now, []probe.Probe{p}, e).tell(now, seen)
	expect(t, "after adoption", checkLaw(t, e), map[string]map[string]float64{
		"messages_adopted_total":       {"route=outside-to-hq": 1},
		"in_flight_messages":           {"route=outside-to-hq": 0},
		"delivery_seconds":             {"route=outside-to-hq": 0},
		"delivery_uncertainty_seconds": {"mailbox=hq": 0},
		"slo_events_total":             {"route=outside-to-hq": 0},
		"arrivals_total":               {"place=inbox route=outside-to-hq": 1, "place=junk route=outside-to-hq": 0, "place=quarantine route=outside-to-hq": 0, "place=other route=outside-to-hq": 0},
	})
}

// TestOnlyScheduledMessagesAreMeasured sends the same for other purposes.
func TestOnlyScheduledMessagesAreMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		now := clock.Now()
		p := probeOf(outside)
		e := prom.New(configOf(clock, 0, p))
		w := newWorld(now, []probe.Probe{p}, e)
		for id, purpose := range []probe.Purpose{probe.Manual, probe.Scheduled, probe.Confirm} {
			w.tell(now, sendingOf(p, probe.ID(id), purpose, now), acceptedOf(probe.ID(id), now), seenOf(probe.ID(id), "INBOX", now, now.Add(time.Second)))
		}
		w.tell(now, sendingOf(p, 10, probe.Manual, now))
		time.Sleep(time.Minute)
		expect(t, "after three messages", checkLaw(t, e), map[string]map[string]float64{
			"delivery_seconds":         {"route=outside-to-hq": 1},
			"schedule_delay_seconds":   {"": 1},
			"slo_events_total":         {"route=outside-to-hq": 1},
			"in_flight_messages":       {"route=outside-to-hq": 1},
			"oldest_in_flight_seconds": {"route=outside-to-hq": 0},
			"messages_sent_total": {
				"payload=plain purpose=scheduled route=outside-to-hq": 1,
				"payload=plain purpose=confirm route=outside-to-hq":   1,
				"payload=plain purpose=manual route=outside-to-hq":    2,
			},
		})
	})
}

// A clock that was moved between two processes makes nothing in flight older.
func TestAgesSurviveAClockThatWasMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		e := prom.New(configOf(clock, 1, probeOf(outside)))
		before := clock.Now().Add(-time.Hour - 5*time.Second) // by the clock as it was
		e.Export(probe.Sent{Origin: probe.Origin{Seq: 1, At: before}, Message: sendingOf(probeOf(outside), 1, probe.Scheduled, before)})
		e.Export(probe.Answered{Origin: probe.Origin{Seq: 1, At: before}, Message: sendingOf(probeOf(outside), 1, probe.Scheduled, before), Attempt: acceptedOf(1, before)})
		e.Export(probe.ClockMoved{Origin: probe.Origin{Seq: 2, At: clock.Now()}, ClockStepped: probe.ClockStepped{By: time.Hour, Between: true}})
		if got := sum(scrape(t, e)["oldest_in_flight_seconds"]); got != 5 {
			t.Errorf("got an age of %v s, want 5", got)
		}
	})
}
