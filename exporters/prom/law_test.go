package prom_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
)

// checkLaw holds one scrape against the conservation law, route by route, and
// against what must agree with it.
func checkLaw(t *testing.T, e *prom.Exporter) map[string]map[string]float64 {
	t.Helper()
	s := scrape(t, e)
	for route := range s["in_flight_messages"] {
		sent, adopted, outcomes := sum(s["messages_sent_total"], route), sum(s["messages_adopted_total"], route), sum(s["outcomes_total"], route)
		if inFlight := sum(s["in_flight_messages"], route); sent+adopted != outcomes+inFlight {
			t.Errorf("%s: sent %v + adopted %v = outcomes %v + in flight %v does not hold", route, sent, adopted, outcomes, inFlight)
		}
		if got := sum(s["expectations_total"], route); got != outcomes {
			t.Errorf("%s: got %v expectations, want %v outcomes", route, got, outcomes)
		}
		arrived := sum(s["outcomes_total"], route, "status=delivered") + sum(s["outcomes_total"], route, "status=late")
		if got := sum(s["arrivals_total"], route); got != arrived {
			t.Errorf("%s: got %v arrivals, want %v delivered or late", route, got, arrived)
		}
		checkOddities(t, s, route, outcomes, arrived)
		if misses, events := sum(s["slo_misses_total"], route), sum(s["slo_events_total"], route); misses > events {
			t.Errorf("%s: got %v misses of %v events", route, misses, events)
		}
	}
	for label := range s["route_info"] {
		_, rest, _ := strings.Cut(label, "route=")
		route, _, _ := strings.Cut(rest, " ")
		if got := sum(s["route_health"], "route="+route); got != 1 {
			t.Errorf("route %s: got %v states of health, want 1", route, got)
		}
	}
	return s
}

// sum adds up the series that have all of the labels.
func sum(rows map[string]float64, labels ...string) float64 {
	total := 0.0
	for row, n := range rows {
		has := strings.Fields(row)
		match := true
		for _, l := range labels {
			match = match && strings.Contains(" "+strings.Join(has, " ")+" ", " "+l+" ")
		}
		if match {
			total += n
		}
	}
	return total
}

// chance makes valid events at random.
type chance struct {
	*rand.Rand
	world  *world
	probes []probe.Probe
	now    time.Time
	began  time.Time
	known  []probe.ID // all messages so far
	open   []probe.ID // whose attempt has not ended
	gone   time.Time  // the last look
	tries  map[probe.ID]int
}

func (c *chance) step() {
	c.now = c.now.Add(time.Duration(c.IntN(20)) * time.Second)
	switch c.IntN(20) {
	case 0, 1, 2:
		c.send()
	case 3, 4, 10, 11, 12:
		c.answer()
	case 5, 6, 13, 14, 15:
		c.see()
	case 7:
		c.world.tell(c.now, probe.Looked{Mailbox: "hq", Began: c.now, Ended: c.now, Looks: 1})
		c.gone = c.now
	case 8:
		c.adopt()
	case 9:
		c.world.tell(c.now, probe.Blind{Mailbox: "hq", Problem: "connection lost"})
	case 16, 17:
		c.tryAgain()
	case 18, 19:
		c.report()
	}
	c.world.due(c.now)
}

func (c *chance) pick() probe.Probe { return c.probes[c.IntN(len(c.probes))] }

func (c *chance) send() {
	id := probe.ID(c.Uint64())
	purpose := []probe.Purpose{probe.Scheduled, probe.Scheduled, probe.Confirm, probe.Manual}[c.IntN(4)]
	c.world.tell(c.now, sendingOf(c.pick(), id, purpose, c.now))
	c.known, c.open = append(c.known, id), append(c.open, id)
}

func (c *chance) answer() {
	if len(c.open) == 0 {
		return
	}
	i := c.IntN(len(c.open))
	a := acceptedOf(c.open[i], c.now)
	c.tries[a.ID]++
	c.open = append(c.open[:i], c.open[i+1:]...)
	switch c.IntN(6) {
	case 0:
		a.Result, a.Reply = probe.Refused, &probe.Reply{Code: 451}
	case 1:
		a.Result, a.Reply = probe.Refused, &probe.Reply{Code: 554}
	case 2:
		a.Result, a.Ours = probe.NotSent, c.IntN(2) == 0
	case 3:
		a.Result = probe.Unknown
	}
	c.world.tell(c.now, a)
}

func (c *chance) see() {
	if len(c.known) == 0 {
		return
	}
	seen := seenOf(c.some(), []string{"INBOX", "Junk", "Archive"}[c.IntN(3)], c.gone, c.now)
	seen.Chain = uint64(c.IntN(2)) // maybe another copy
	seen.Ref.UID, seen.Altered = c.Uint32N(1000), c.changed()
	c.world.tell(c.now, seen)
}

// adopt sees a message that the journal does not know.
func (c *chance) adopt() {
	p, id := c.pick(), probe.ID(c.Uint64())
	seen := seenOf(id, "INBOX", time.Time{}, c.now)
	seen.Tag = probe.Tag{
		ID: id, Full: true, Route: p.Route.Name, Payload: p.Payload.Name(), Purpose: probe.Scheduled,
		Slot: c.began.Add(-time.Minute), Sent: c.began.Add(-time.Minute),
	}
	c.world.tell(c.now, seen)
	c.known = append(c.known, id)
}

// restart ends the process and begins another one with the same journal.
func (c *chance) restart(e *prom.Exporter) {
	events := c.world.events
	c.world = newWorld(c.began, c.probes, e)
	for _, event := range events {
		c.world.apply(event)
	}
	for _, event := range c.world.tracker.Orphans(c.now, func(string) bool { return true }) {
		c.world.tell(c.now, event.Fact)
	}
	c.open = nil
}

func newChance(seed uint64, exporters ...probe.Exporter) *chance {
	probes := []probe.Probe{probeOf(outside), probeOf(inside)}
	for i := range probes {
		probes[i].LostAfter = 5 * time.Minute // so that messages are lost, too
		probes[i].Route.Retry = []time.Duration{10 * time.Second, time.Minute}
	}
	began := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	return &chance{
		Rand: rand.New(rand.NewPCG(seed, 0)), world: newWorld(began, probes, exporters...), probes: probes, now: began, began: began,
		tries: make(map[probe.ID]int),
	}
}

// recorder keeps the changes that it is given.
type recorder []probe.Change

func (r *recorder) Export(c probe.Change) { *r = append(*r, c) }

// TestLawUnderConcurrentScrapes scrapes as fast as it can while messages come and
// go as fast as they can.
func TestLawUnderConcurrentScrapes(t *testing.T) {
	var changes recorder
	c := newChance(1, &changes)
	for range 4000 {
		c.step()
	}
	for range 8 {
		e := prom.New(configOf(probe.NewClock(), 0, c.probes...))
		done := make(chan struct{})
		var scrapers sync.WaitGroup
		scrapers.Go(func() { until(done, func() { checkLaw(t, e) }) })
		scrapers.Go(func() { until(done, func() { checkBalance(t, e) }) })
		for _, c := range changes {
			e.Export(c)
		}
		close(done)
		scrapers.Wait()
		final := checkLaw(t, e)
		for _, status := range probe.Statuses {
			if sum(final["outcomes_total"], "status="+string(status)) == 0 {
				t.Errorf("no message ended as %s, want some of each", status)
			}
		}
		checkAgainst(t, final, changes)
		if got, want := sum(final["in_flight_messages"]), float64(c.world.tracker.InFlight()); got != want {
			t.Errorf("got %v in flight, want %v as the tracker says", got, want)
		}
	}
}

// until repeats an action until done.
func until(done <-chan struct{}, action func()) {
	for {
		select {
		case <-done:
			return
		default:
			action()
		}
	}
}

func checkBalance(t *testing.T, e *prom.Exporter) {
	t.Helper()
	if sent, adopted, outcomes, inFlight := e.Balance(); sent+adopted != outcomes+inFlight {
		t.Errorf("sent %v + adopted %v = outcomes %v + in flight %v does not hold", sent, adopted, outcomes, inFlight)
	}
}

// TestLawAcrossRestarts lets several processes follow one another, with a scrape
// after each change: the law holds in each, and no counter goes back.
func TestLawAcrossRestarts(t *testing.T) {
	for seed := range uint64(2) {
		c := newChance(seed)
		for process := range 3 {
			e := prom.New(configOf(probe.NewClock(), probe.Seq(len(c.world.events)), c.probes...))
			watched := &scraped{Exporter: e, t: t, what: fmt.Sprintf("seed %d, process %d", seed, process)}
			before := len(c.world.events)
			c.restart(e)
			c.world.exporters = []probe.Exporter{watched}
			inherited := float64(c.world.tracker.InFlight())
			c.world.tell(c.now, probe.Looked{Mailbox: "hq", Began: c.now, Ended: c.now, Looks: 1})
			if got := sum(watched.last["messages_adopted_total"]); got < inherited {
				t.Errorf("%s: got %v adopted after a replay of %d events, want at least %v", watched.what, got, before, inherited)
			}
			for range 60 {
				c.step()
			}
		}
	}
}

// scraped scrapes after each change and sees that no counter goes back.
type scraped struct {
	*prom.Exporter
	t    *testing.T
	what string
	last map[string]map[string]float64
}

func (s *scraped) Export(c probe.Change) {
	s.Exporter.Export(c)
	now := checkLaw(s.t, s.Exporter)
	for family, rows := range s.last {
		if !strings.HasSuffix(family, "_total") {
			continue
		}
		for labels, before := range rows {
			if got := now[family][labels]; got < before {
				s.t.Errorf("%s: %s{%s} went back from %v to %v", s.what, family, labels, before, got)
			}
		}
	}
	s.last = now
}
