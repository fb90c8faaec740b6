package prom

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailpath/mailpath/probe"
)

// ledger counts messages, and knows the health of routes. All of its families are
// read under one lock, so that every scrape adds up: for every route, sent + adopted
// = outcomes + in flight, misses are among the events, and one state of health is 1.
//
// The law holds per process: what an earlier process left in flight is adopted.
// How much that is stands only when the replay is over, and a counter never goes
// back, so until then the ledger shows none of it. The first change after the
// replay ends it; the first look of a watcher makes one at once.
type ledger struct {
	clock probe.Clock

	mu      sync.Mutex
	live    bool // the replay is over
	flights map[probe.ID]*flight

	sent, adopted, outcomes, inFlight     *tally
	expectations, contradicted, duplicate *tally
	sloEvents, sloMisses                  *tally
	arrivals, slotsMissed                 *tally
	oldest                                *tally // filled at each scrape
	health                                *tally // follows the replay too
}

// flight is one message in flight.
type flight struct {
	route     string
	scheduled bool
	at        time.Time // sending began
	answered  bool
	orphaned  bool // the process that sent it ended before the attempt did
}

func newLedger(m maker, clock probe.Clock) *ledger {
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	return &ledger{
		clock:   clock,
		flights: make(map[probe.ID]*flight),
		sent: m.tally(counter, "messages_sent_total",
			"Test messages whose sending has begun, accepted or not. In every scrape and for every route, sent + adopted = outcomes + in flight. "+
				"A rate below the schedule's means that the prober is stuck.", "route", "payload", "purpose"),
		adopted: m.tally(counter, "messages_adopted_total",
			"Test messages taken over from an earlier process: in flight when it ended, or found without a journal that knows them.", "route"),
		outcomes: m.tally(counter, "outcomes_total",
			"Test messages by how they ended, each exactly once. Says what goes wrong; alert on slo_misses_total instead, which does not wait for the end.",
			"route", "payload", "purpose", "status"),
		inFlight: m.tally(gauge, "in_flight_messages",
			"Test messages of all purposes that have no outcome yet. Growing means that mail is held somewhere.", "route"),
		oldest: m.tally(gauge, "oldest_in_flight_seconds",
			"Age of the oldest scheduled test message in flight; 0 if there is none. Above the route's late_after, mail is held for so long by now, "+
				"unless the route is blind: then nobody knows whether it has arrived.", "route"),
		expectations: m.tally(counter, "expectations_total",
			"Outcomes held against what was expected of the payload on the route. Look at any that is violated; inconclusive ones say nothing about the path.",
			"route", "payload", "verdict"),
		contradicted: m.tally(counter, "contradicted_total",
			"Test messages that were found after another end had been told, by the status told. Lost ones among them were held, not lost.", "route", "status"),
		duplicate: m.tally(counter, "duplicates_total",
			"Further copies of test messages that were found. Any means that something on the path delivers mail twice.", "route"),
		sloEvents: m.tally(counter, "slo_events_total",
			"Scheduled test messages that count for the objective, good and missed. The denominator of the miss ratio.", "route"),
		sloMisses: m.tally(counter, "slo_misses_total",
			"Scheduled test messages that missed the objective, each counted once and as soon as it is certain. Alert on its ratio to slo_events_total.", "route"),
		arrivals: m.tally(counter, "arrivals_total",
			"Test messages that arrived, by the kind of folder they were found in. Junk means that users do not see such mail either.", "route", "place"),
		slotsMissed: m.tally(counter, "schedule_slots_missed_total",
			"Slots of the schedule that passed without a message being sent. Any means that the prober was stopped or too busy, and measured less than it should.", "route"),
		health: m.tally(gauge, "route_health",
			"1 for the state that the route is in now, 0 for the others. Broken: mail does not come through. Blind: the mailbox cannot be watched.",
			"route", "state"),
	}
}

// families are all families, those of the law first.
func (l *ledger) families() []*tally {
	return []*tally{
		l.sent, l.adopted, l.outcomes, l.inFlight, l.oldest, l.expectations, l.contradicted,
		l.duplicate, l.sloEvents, l.sloMisses, l.arrivals, l.slotsMissed, l.health,
	}
}

// begin makes the series of a configured probe.
func (l *ledger) begin(p probe.Probe) {
	route, payload, scheduled := p.Route.Name, p.Payload.Name(), string(probe.Scheduled)
	l.sent.add(0, route, payload, scheduled)
	for _, s := range probe.Statuses {
		l.outcomes.add(0, route, payload, scheduled, string(s))
		if !s.Arrived() { // what has arrived cannot be contradicted
			l.contradicted.add(0, route, string(s))
		}
	}
	for _, v := range probe.Verdicts {
		l.expectations.add(0, route, payload, string(v))
	}
	for _, place := range probe.Places {
		l.arrivals.add(0, route, string(place))
	}
	for _, t := range []*tally{l.adopted, l.inFlight, l.duplicate, l.sloEvents, l.sloMisses, l.slotsMissed} {
		t.add(0, route)
	}
	l.assess(route, probe.HealthUnknown)
}

// Describe implements prometheus.Collector.
func (l *ledger) Describe(out chan<- *prometheus.Desc) {
	for _, t := range l.families() {
		out <- t.desc
	}
}

// Collect implements prometheus.Collector. Metrics are made from a copy, so that a
// scrape of many routes does not hold up Export.
func (l *ledger) Collect(out chan<- prometheus.Metric) {
	for _, t := range l.read() {
		t.collect(out)
	}
}

// read copies all families at one moment.
func (l *ledger) read() []*tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.age(l.clock.Now())
	var copies []*tally
	for _, t := range l.families() {
		copies = append(copies, t.copy())
	}
	return copies
}

// age fills in the oldest in flight.
func (l *ledger) age(now time.Time) {
	clear(l.oldest.rows)
	for v := range l.inFlight.rows {
		l.oldest.rows[v] = 0
	}
	if !l.live {
		return
	}
	for _, f := range l.flights {
		if v := (values{f.route}); f.scheduled && !f.orphaned {
			l.oldest.rows[v] = max(l.oldest.rows[v], now.Sub(f.at).Seconds())
		}
	}
}
