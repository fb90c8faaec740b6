package prom

import (
	dto "github.com/prometheus/client_model/go"

	"github.com/mailpath/mailpath/probe"
)

// statement shows a balance.
type statement struct {
	balance
	prober, site                                         *dto.LabelPair
	purpose, status, verdict, placement, states, reasons []*dto.LabelPair // by position
	report, alteration                                   []*dto.LabelPair
	meant                                                [2]*dto.LabelPair // not meant, and meant
}

// statement is the ledger as it stands now, and the labels to show it by.
func (l *ledger) statement() statement {
	return statement{
		balance: l.read(), prober: l.prober, site: l.site,
		purpose:   pairs(l.labels, "purpose", probe.Purposes[:]),
		status:    pairs(l.labels, "status", probe.Statuses[:]),
		verdict:   pairs(l.labels, "verdict", probe.Verdicts[:]),
		placement: pairs(l.labels, "place", probe.Places[:]),
		states:    pairs(l.labels, "state", probe.Healths[:]),
		reasons:   pairs(l.labels, "reason", probe.SkipReasons[:]),

		report:     pairs(l.labels, "kind", probe.ReportKinds[:]),
		alteration: pairs(l.labels, "kind", probe.AlterationKinds[:]),
		meant:      [...]*dto.LabelPair{l.labels.pair("meant", "false"), l.labels.pair("meant", "true")},
	}
}

// sections are all families as the ledger stands now.
func (l *ledger) sections() []section {
	s := l.statement()
	return append(s.messages(), s.oddities()...)
}

// messages are the families that count messages, those of the law first.
func (s statement) messages() []section {
	return []section{
		counter("messages_sent_total",
			"Test messages whose sending has begun, accepted or not. In every scrape and for every route, sent + adopted = outcomes + in flight. "+
				"A rate below the schedule's means that the prober is stuck.", s.sent),
		counter("messages_adopted_total",
			"Test messages taken over from an earlier process: in flight when it ended, or found without a journal that knows them.",
			s.count(func(a *account) uint32 { return a.adopted })),
		counter("outcomes_total",
			"Test messages by how they ended, each exactly once. Says what goes wrong; alert on slo_misses_total instead, which does not wait for the end.",
			s.outcomes),
		gauge("in_flight_messages",
			"Test messages of all purposes that have no outcome yet. Growing means that mail is held somewhere.",
			s.fly(func(a *account) float64 { return float64(a.inFlight) })),
		gauge("oldest_in_flight_seconds",
			"Age of the oldest scheduled test message in flight; 0 if there is none. Above the route's late_after, mail is held for so long by now, "+
				"unless the route is blind: then nobody knows whether it has arrived.",
			s.fly(func(a *account) float64 { return a.oldest.Seconds() })),
		counter("expectations_total",
			"Outcomes held against what was expected of the payload on the route. Look at any that is violated; inconclusive ones say nothing about the path.",
			s.expectations),
		counter("contradicted_total",
			"Test messages that were found after another end had been told, by the status told. Lost ones among them were held, not lost.", s.contradicted),
		counter("duplicates_total",
			"Further copies of test messages that were found. Any means that something on the path delivers mail twice.",
			s.count(func(a *account) uint32 { return a.duplicates })),
		counter("slo_events_total",
			"Scheduled test messages that count for the objective, good and missed. The denominator of the miss ratio.",
			s.count(func(a *account) uint32 { return a.sloEvents })),
		counter("slo_misses_total",
			"Scheduled test messages that missed the objective, each counted once and as soon as it is certain. Alert on its ratio to slo_events_total.",
			s.count(func(a *account) uint32 { return a.sloMisses })),
		counter("arrivals_total",
			"Test messages that arrived, by the kind of folder they were found in. Junk means that users do not see such mail either; "+
				"quarantine, that it waits in a filter's mailbox until somebody lets it go.", s.arrivals),
		counter("schedule_slots_missed_total",
			"Slots of the schedule that passed without a message being sent. Any means that the prober was stopped or too busy, and measured less than it should.",
			s.count(func(a *account) uint32 { return a.slotsMissed })),
		counter("schedule_slots_skipped_total",
			"Test messages left out on purpose. in_flight: so many are on their way that one a minute must do; sender_limit: a confirmation that its sender may not send now.",
			s.skipped),
		counter("suspicions_total",
			"How often a route was suspected to have stopped, and sent a few more messages at once to know. Many without a broken route mean that its mail is often slow.",
			s.count(func(a *account) uint32 { return a.suspicions })),
		gauge("route_health",
			"1 for the state that the route is in now, 0 for the others. Broken: mail does not come through. Blind: the mailbox cannot be watched.", s.health),
	}
}

// count fills in one counter of each route.
func (s statement) count(of func(*account) uint32) func(*page) {
	return func(p *page) {
		for i := range s.accounts {
			a := &s.accounts[i]
			if n := of(a); n > 0 || a.configured {
				p.add(float64(n), s.prober, a.route, s.site)
			}
		}
	}
}

// fly fills in what is said of the messages in flight on each route.
func (s statement) fly(of func(*account) float64) func(*page) {
	return func(p *page) {
		for i := range s.accounts {
			if a := &s.accounts[i]; a.flown || a.configured {
				p.add(of(a), s.prober, a.route, s.site)
			}
		}
	}
}

// begun tells whether a configured load has the series of a purpose from the start.
func (d *load) begun(purpose int) bool {
	return d.configured && purpose == position(probe.Scheduled, probe.Purposes[:])
}

func (s statement) sent(p *page) {
	for i := range s.loads {
		d := &s.loads[i]
		for purpose, n := range d.sent {
			if n > 0 || d.begun(purpose) {
				p.add(float64(n), d.payload, s.prober, s.purpose[purpose], d.route, s.site)
			}
		}
	}
}

func (s statement) outcomes(p *page) {
	for i := range s.loads {
		d := &s.loads[i]
		for purpose, outcomes := range d.outcomes {
			for status, n := range outcomes {
				if n > 0 || d.begun(purpose) && status < len(probe.Statuses) {
					p.add(float64(n), d.payload, s.prober, s.purpose[purpose], d.route, s.site, s.status[status])
				}
			}
		}
	}
}

func (s statement) expectations(p *page) {
	for i := range s.loads {
		d := &s.loads[i]
		for verdict, n := range d.verdicts {
			if n > 0 || d.configured && verdict < len(probe.Verdicts) {
				p.add(float64(n), d.payload, s.prober, d.route, s.site, s.verdict[verdict])
			}
		}
	}
}

// contradicted has no zeros for those that arrived: they cannot be contradicted.
func (s statement) contradicted(p *page) {
	for i := range s.accounts {
		a := &s.accounts[i]
		for status, n := range a.contradicted {
			if n > 0 || a.configured && status < len(probe.Statuses) && !probe.Statuses[status].Arrived() {
				p.add(float64(n), s.prober, a.route, s.site, s.status[status])
			}
		}
	}
}

func (s statement) arrivals(p *page) {
	for i := range s.accounts {
		a := &s.accounts[i]
		for place, n := range a.arrivals {
			if n > 0 || a.configured && place < len(probe.Places) {
				p.add(float64(n), s.placement[place], s.prober, a.route, s.site)
			}
		}
	}
}

func (s statement) skipped(p *page) {
	for i := range s.accounts {
		a := &s.accounts[i]
		for reason, n := range a.slotsSkipped {
			if n > 0 || a.configured && reason < len(probe.SkipReasons) {
				p.add(float64(n), s.prober, s.reasons[reason], a.route, s.site)
			}
		}
	}
}

func (s statement) health(p *page) {
	for i := range s.accounts {
		a := &s.accounts[i]
		for state := range probe.Healths {
			if a.assessed {
				p.add(oneIf(a.health == state), s.prober, a.route, s.site, s.states[state])
			}
		}
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
