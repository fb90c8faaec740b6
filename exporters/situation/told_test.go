package situation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// story is an incident of yesterday evening, by the clock of the site five hours behind.
func story() incident.Incident {
	began := start.Add(-9 * time.Hour) // 23:40 UTC on the 23rd
	now := probe.IncidentChanged{
		ID: "2026-11-23-2340", Step: probe.IncidentResolved, State: probe.Resolved, Began: began, Opened: began.Add(time.Minute),
		Repaired: began.Add(30 * time.Minute), Drained: began.Add(40 * time.Minute), Ended: began.Add(50 * time.Minute),
		Routes: []string{"gone", "outside-to-hq"}, Components: []string{"gateway-in", "gone"}, Confidence: 0.9,
		Sentence: "It broke\nat \u202ethe gateway.", Reasons: []string{"550 \x1b[31mno"}, Figures: probe.Figures{Missed: 3, Longest: 90 * time.Second},
	}
	now = situation.Cleaned(probe.IncidentTold{IncidentChanged: now}).(probe.IncidentTold).IncidentChanged
	opened := now
	opened.Step, opened.State, opened.Ended, opened.Broken = probe.IncidentOpened, probe.Investigating, time.Time{}, []string{"outside-to-hq"}
	note := situation.Cleaned(probe.Noted{Note: probe.Note{Text: strings.Repeat("<script>\r\n\u2066", 1<<17), By: "op\n1"}}).(probe.Noted)
	return incident.Incident{
		IncidentChanged: now, Changed: now.Ended, Timeline: []incident.Entry{{At: opened.Opened, IncidentChanged: opened}},
		Updates: []incident.Update{{At: began.Add(5 * time.Minute), Note: note.Note}},
	}
}

// What the book keeps, and with it all that is made of it, is clean and bounded.
func TestTheBookIsGivenCleanTexts(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		huge := strings.Repeat("\u202e<b>\x00", 1<<17)
		reasons := slices.Repeat([]string{huge}, 1000)
		w.Export(probe.Noted{Note: probe.Note{Text: huge, By: huge}})
		w.Export(probe.IncidentTold{IncidentChanged: probe.IncidentChanged{Sentence: huge, Reasons: reasons}})
		w.Export(probe.MaintenanceTold{Maintenance: probe.Maintenance{Text: huge, By: huge}})
		for _, c := range w.book.told {
			if got := fmt.Sprint(c); len(got) > 70_000 || strings.ContainsAny(got, "\u202e\x00") || !strings.Contains(got, "<b>") {
				t.Errorf("got %d bytes, %.60q…; want them bounded and clean", len(got), got)
			}
		}
		if len(w.book.told) != 3 || reasons[0] != huge {
			t.Errorf("got %d changes, want 3, and those of others as they were", len(w.book.told))
		}
	})
}

func TestIncidentsAreTold(t *testing.T) {
	zone := time.FixedZone("EST", -5*60*60)
	bubble(t, func(c *situation.Config) { c.Zone = zone }, func(t *testing.T, w *world) {
		old := story()
		old.ID, old.Began, old.Ended, old.Repaired = "old", start.AddDate(0, 0, -20), start.AddDate(0, 0, -19), start.AddDate(0, 0, -19)
		open := story()
		open.ID, open.Began, open.Ended, open.Repaired, open.Routes = "open", start.Add(-time.Hour), time.Time{}, time.Time{}, []string{"outside-to-branch", "outside-to-hq"}
		w.book.all = []incident.Incident{open, story(), old}
		s := w.Situation()
		var ids []string
		for _, i := range s.Incidents {
			ids = append(ids, i.ID)
		}
		if want := []string{"open", "2026-11-23-2340"}; !slices.Equal(ids, want) {
			t.Errorf("got incidents %q, want %q", ids, want)
		}
		got := s.Incidents[1]
		if got.Sentence != "It broke at the gateway." || got.Reasons[0] != "550 [31mno" || got.Updates[0].By != "op 1" || got.Figures.Longest != 90 {
			t.Errorf("got %+v, want it clean", got)
		}
		if n := len(got.Updates[0].Text); n > 4002 || !strings.HasPrefix(got.Updates[0].Text, "<script>\n<script>\n") || !strings.HasSuffix(got.Updates[0].Text, "…") {
			t.Errorf("got %d bytes of a note, %.60q…; want 4000 characters at most", n, got.Updates[0].Text)
		}
		if want := []situation.Named{{Name: "gateway-in", Title: "the gateway's inbound filter"}, {Name: "gone", Title: "gone"}}; !slices.Equal(got.Components, want) {
			t.Errorf("got components %v, want %v", got.Components, want)
		}
		if !slices.Equal(got.Directions, []probe.Direction{probe.Inbound}) || got.Began.Format(time.RFC3339) != "2026-11-23T18:40:00-05:00" || !slices.Equal(got.Timeline[0].Routes, []string{"outside-to-hq"}) {
			t.Errorf("got %v, began %v, timeline %+v; want inbound, in the site's zone, with what was broken", got.Directions, got.Began, got.Timeline)
		}
		days := directionOf(t, s, probe.Inbound).Days
		last := days[len(days)-2:]
		if last[0].Date != "2026-11-23" || last[0].Condition != situation.PartialOutage || last[1].Date != "2026-11-24" || last[1].Condition != situation.MajorOutage || !slices.Equal(last[1].Incidents, []string{"open"}) {
			t.Errorf("got days %+v, want a partial outage and a major one", last)
		}
		if d := days[len(days)-21]; d.Condition != situation.PartialOutage || len(days) != 90 {
			t.Errorf("got %+v of %d days, want an outage twenty days ago", d, len(days))
		}
		if inside := directionOf(t, s, probe.Internal); len(inside.Incidents) != 0 || inside.Days[89].Condition != situation.Unknown {
			t.Errorf("got %v and %+v inside, want nothing", inside.Incidents, inside.Days[89])
		}
		if i, known := w.Incident("old"); !known || i.ID != "old" || len(w.Incidents(start.AddDate(0, 0, -30))) != 3 {
			t.Errorf("got %v, %t; want any incident by its ID", i.ID, known)
		}
	})
}

func TestDaysOfUTCGoToThoseOfTheSite(t *testing.T) {
	count := func(day string, events, misses int) probe.Totals {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return probe.Totals{Day: at, Routes: []probe.RouteTotals{
			{Route: "past-av-to-hq", SLOEvents: 1000, SLOMisses: 1000}, {Route: "outside-to-hq", SLOEvents: events, SLOMisses: misses}, {Route: "gone", SLOMisses: 9},
		}}
	}
	for _, c := range []struct {
		hours int
		want  map[string]situation.Day
	}{
		{13, map[string]situation.Day{ // it is 21:40 there
			"2026-11-22": {Condition: situation.Operational, Events: 100, Misses: 1},
			"2026-11-24": {Condition: situation.Degraded, Events: 150, Misses: 2}}},
		{0, map[string]situation.Day{
			"2026-11-21": {Condition: situation.Operational, Events: 100, Misses: 1},
			"2026-11-23": {Condition: situation.Degraded, Events: 100, Misses: 2},
			"2026-11-24": {Condition: situation.Operational, Events: 50}}},
		{-10, map[string]situation.Day{ // it is 22:40 on the day before
			"2026-11-21": {Condition: situation.Operational, Events: 100, Misses: 1},
			"2026-11-23": {Condition: situation.Degraded, Events: 150, Misses: 2}}},
	} {
		bubble(t, func(cfg *situation.Config) {
			cfg.Zone = time.FixedZone("there", c.hours*60*60)
			cfg.Totals = func() []probe.Totals { return []probe.Totals{count("2026-11-24", 50, 0)} }
		}, func(t *testing.T, w *world) {
			for _, told := range []probe.Totals{count("2026-11-23", 7, 7), count("2026-11-21", 100, 1), count("2026-11-23", 100, 2), count("2026-11-24", 4, 4)} {
				w.Export(probe.DayTold{Origin: w.origin(), Totals: told})
			}
			for _, got := range directionOf(t, w.Situation(), probe.Inbound).Days {
				want := c.want[got.Date]
				if want.Condition == "" {
					want.Condition = situation.Unknown
				}
				want.Date = got.Date
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%+d hours: got %+v, want %+v", c.hours, got, want)
				}
			}
		})
	}
}

func TestLatency(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		w.health("outside-to-hq", probe.HealthOK)
		time.Sleep(2 * time.Minute) // 08:42 begins a point
		var sent []probe.Sending
		for range 5 {
			sent = append(sent, w.send("outside-to-hq"))
		}
		shortcut := w.send("past-av-to-hq")
		for _, i := range []int{3, 0, 2} { // after 1, 2 and 3 s
			time.Sleep(time.Second)
			w.arrive(sent[i], probe.Delivered, false)
			w.arrive(shortcut, probe.Delivered, false)
		}
		good := w.clock.Now()
		time.Sleep(57 * time.Second)
		for range 2 { // told twice, counted once
			w.Export(probe.DeadlineMissed{Origin: w.origin(), Message: sent[1], Certain: true})
			w.Export(probe.DeadlineMissed{Origin: w.origin(), Message: sent[4], Certain: false})
		}
		d := directionOf(t, w.Situation(), probe.Inbound)
		r := d.Routes[1]
		if r.InFlight != 2 || r.Overdue != 2 || !r.LastArrival.Equal(good) || !d.LastGood.Equal(good) || d.Usual != 2 {
			t.Errorf("got route %+v, last good %v, usually %v; want 2 overdue, %v, 2 s", r, d.LastGood, d.Usual, good)
		}
		if want := (situation.Point{At: start.Add(2 * time.Minute), Median: 2, Worst: 3, Missed: 1, Count: 4}); len(d.Latency) != 1 || d.Latency[0] != want {
			t.Errorf("got points %+v, want %+v", d.Latency, want)
		}
		time.Sleep(40 * time.Second)
		w.arrive(sent[1], probe.Late, true)
		d = directionOf(t, w.Situation(), probe.Inbound)
		if want := (situation.Point{At: start.Add(2 * time.Minute), Median: 2.5, Worst: 100, Missed: 1, Count: 4}); d.Latency[0] != want {
			t.Errorf("after a late arrival: got %+v, want %+v", d.Latency[0], want)
		}
		if !d.LastGood.Equal(good) || d.Routes[1].LastArrival.Equal(good) || d.Usual != 2 {
			t.Errorf("after a late arrival: got last good %v, arrival %v, usually %v", d.LastGood, d.Routes[1].LastArrival, d.Usual)
		}
		for range 500 {
			time.Sleep(30 * time.Second)
			m := w.send("outside-to-hq")
			w.Export(probe.Settled{Origin: w.origin(), Message: m, Outcome: probe.Outcome{Status: probe.Rejected, Attempt: &probe.Attempted{}}})
		}
		d = directionOf(t, w.Situation(), probe.Inbound)
		if n := len(d.Latency); n != 60 || d.Latency[5].Missed != 6 || w.clock.Since(d.Latency[0].At) > 3*time.Hour {
			t.Errorf("got %d points from %v on, each such as %+v; want 60 of three hours, all missed", n, d.Latency[0].At, d.Latency[5])
		}
	})
}

// What was due after now, by a clock that was moved back, is forgotten: or it would stand
// in the way of what comes.
func TestLatencyAfterTheClockWasMovedBack(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		ahead := w.send("inside-hq")
		ahead.Slot = start.Add(1000 * time.Hour)
		w.arrive(ahead, probe.Delivered, false)
		w.Export(probe.ClockMoved{Origin: w.origin(), ClockStepped: probe.ClockStepped{By: -1000 * time.Hour, Between: true}})
		for range 60 {
			m := w.send("inside-hq")
			for _, took := range []time.Duration{3 * time.Second, 2 * time.Second} {
				second := w.send("inside-hq")
				second.Slot = m.Slot.Add(-took)
				w.arrive(second, probe.Delivered, false)
			}
			time.Sleep(3 * time.Minute)
		}
		p := directionOf(t, w.Situation(), probe.Internal).Latency
		if len(p) != 59 || p[9].Worst != 3 || p[9].Count != 2 {
			t.Errorf("got %d points such as %+v, want 59, the worst 3 s", len(p), p[min(9, len(p)-1)])
		}
	})
}

// What is sent each second shows within two minutes.
func TestLatencyOfFastProbes(t *testing.T) {
	bubble(t, func(c *situation.Config) {
		for i := range c.Probes {
			c.Probes[i].Every = time.Second
		}
	}, func(t *testing.T, w *world) {
		for i := range 200 {
			m := w.send("inside-hq")
			time.Sleep(time.Second / 4 * time.Duration(1+i%3))
			w.arrive(m, probe.Delivered, false)
			time.Sleep(m.Slot.Add(time.Second).Sub(w.clock.Now()))
		}
		p := directionOf(t, w.Situation(), probe.Internal).Latency
		if n := len(p); n < 30 || n > 60 || p[3].Median != 0.5 || p[3].Worst != 0.75 {
			t.Errorf("got %d points such as %+v, want one each 6 s", n, p[3])
		}
	})
}

func TestRecentMessages(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		var last probe.Sending
		for range 230 {
			last = w.send("outside-to-hq")
			time.Sleep(time.Second)
			w.arrive(last, probe.Delivered, false)
		}
		w.Export(trace.Traced{Origin: w.origin(), Message: last, Steps: []trace.Step{
			{Took: probe.Interval{Max: time.Second}, Next: "gateway-in"},
			{Host: "mx\u202e1.example.com", Component: "gateway-in", Took: probe.Interval{Min: -time.Second, Max: 2 * time.Second}},
		}})
		for _, o := range []probe.Outcome{
			{Status: probe.Bounced, Attempt: &probe.Attempted{Problem: "x"}, Report: &probe.Report{Status: "5.1.1", Diagnostic: "no such user\n"}},
			{Status: probe.Rejected, Attempt: &probe.Attempted{Reply: &probe.Reply{Code: 550, Text: "no <b>\x07"}}},
			{Status: probe.Unsent, Attempt: &probe.Attempted{Problem: "connecting: refused"}},
			{Status: probe.Uncertain},
		} {
			w.Export(probe.Settled{Origin: w.origin(), Message: w.send("inside-hq"), Outcome: o})
		}
		all := w.Recent()
		var got []string
		for _, o := range all[:5] {
			got = append(got, string(o.Status)+": "+o.Reason)
		}
		want := []string{"unknown: ", "unsent: connecting: refused", "rejected: 550 no <b>", "bounced: 5.1.1 no such user", "delivered: "}
		if !slices.Equal(got, want) || len(all) != 200 {
			t.Errorf("got %d, the last %q, want 200, %q", len(all), got, want)
		}
		if want := []situation.Hop{{Host: "mx1.example.com", Component: "gateway-in", Least: -1, Most: 2}}; !slices.Equal(all[4].Hops, want) || all[4].ID != last.ID.String() || all[4].Latency != 1 {
			t.Errorf("got %+v, want hops %+v", all[4], want)
		}
	})
}
