package prom

import (
	"cmp"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/mailpath/mailpath/probe"
)

// The oddities of a route's messages are of many kinds, of which most never happen: what
// is said of them in reports, and what is changed in them, meant or not. Each has a key.
const (
	reportKinds     = len(probe.ReportKinds) + 1
	alterationKinds = len(probe.AlterationKinds) + 1

	firstReport    = 0
	firstUnmeant   = firstReport + reportKinds
	firstMeant     = firstUnmeant + alterationKinds
	countedByTally = firstMeant + alterationKinds
)

const _ = uint8(countedByTally) // a key is a byte

// tally counts one kind of oddity.
type tally struct {
	key uint8
	n   uint32
}

// tallies count those that happened, in the order of their keys. They are replaced and
// never changed, so that a scrape can read them while messages go on.
type tallies []tally

// with gives the tallies after one more.
func (t tallies) with(key int) tallies {
	i, found := t.find(key)
	if found {
		more := slices.Clone(t)
		more[i].n++
		return more
	}
	return slices.Concat(t[:i], tallies{{key: uint8(key), n: 1}}, t[i:])
}

// of is how often it happened.
func (t tallies) of(key int) uint32 {
	if i, found := t.find(key); found {
		return t[i].n
	}
	return 0
}

func (t tallies) find(key int) (int, bool) {
	return slices.BinarySearchFunc(t, uint8(key), func(x tally, key uint8) int { return cmp.Compare(x.key, key) })
}

// declare notes what the route is meant to change: those series are there from the start.
func (a *account) declare(meant []probe.MeantAlteration) {
	for _, m := range meant {
		a.declared |= 1 << position(m.Kind, probe.AlterationKinds[:])
	}
}

// arrived counts what had happened to a message on its way.
func (a *account) arrived(o probe.Outcome) {
	a.arrivals[position(o.Place, probe.Places[:])]++
	if o.Reordered {
		a.outOfOrder++
	}
	for _, x := range o.Altered {
		first := firstUnmeant
		if x.Meant {
			first = firstMeant
		}
		a.oddities = a.oddities.with(first + position(x.Kind, probe.AlterationKinds[:]))
	}
}

// waited counts a message that was taken when it was tried again.
func (a *account) waited(o probe.Outcome) {
	if o.Tries > 1 && o.Attempt != nil && o.Attempt.Result == probe.Accepted {
		a.deferred++
		a.waiting += o.Deferred
	}
}

// oddities are the families of what happens to messages besides their end.
func (s statement) oddities() []section {
	return []section{
		counter("reports_total",
			"Reports about test messages, by what they say: failed is a bounce, delayed, delivered, relayed and expanded are of delivery too (RFC 3464), the others are answers that nobody asked for. "+
				"Any answer means that somebody, or a rule, sits behind an address that is for tests only.", s.reports),
		counter("alterations_total",
			"Changes made on the way to test messages that arrived, each one of a message's. meant: the route's configuration declares them. "+
				"Any that is not meant is a change of what users get: look at it, and declare it if it is to be. "+
				"Those not meant have all kinds from the start, so that the first one shows; those that are have what is declared.", s.alterations),
		counter("out_of_order_total",
			"Test messages that arrived after one that was sent after them on the same route. Some are nothing where several servers share the work; many mean that one of them holds mail.",
			s.count(func(a *account) uint32 { return a.outOfOrder })),
		counter("retries_total",
			"Further tries of test messages that were turned away for now (4xx), on routes with a queue. Those of a greylisting end when it knows us; if they go on, it forgets.",
			s.count(func(a *account) uint32 { return a.retries })),
		counter("deferred_messages_total",
			"Test messages that were turned away for now (4xx) and taken when they were tried again, counted at their end.",
			s.count(func(a *account) uint32 { return a.deferred })),
		counter("deferred_seconds_total",
			"For how long the messages of deferred_messages_total had been turned away in all, from the first try to the one that was taken. Divided by them, the mean. They are not in delivery_seconds.",
			s.each(func(a *account) float64 { return a.waiting.Seconds() })),
		gauge("queued_messages",
			"Test messages in flight that were turned away for now (4xx) and wait to be tried again. They are in our queue, and not held on the path.",
			s.fly(func(a *account) float64 { return float64(a.queued) })),
	}
}

// each fills in one number of each route.
func (s statement) each(of func(*account) float64) func(*page) {
	return func(p *page) {
		for i := range s.accounts {
			a := &s.accounts[i]
			if n := of(a); n > 0 || a.configured {
				p.add(n, s.prober, a.route, s.site)
			}
		}
	}
}

func (s statement) reports(p *page) {
	for i := range s.accounts {
		a := &s.accounts[i]
		for kind, label := range s.report {
			if n := a.oddities.of(firstReport + kind); n > 0 || a.configured && kind < len(probe.ReportKinds) {
				p.add(float64(n), label, s.prober, a.route, s.site)
			}
		}
	}
}

func (s statement) alterations(p *page) {
	for i := range s.accounts {
		a := &s.accounts[i]
		s.altered(p, a, firstUnmeant, s.meant[0], 1<<len(probe.AlterationKinds)-1)
		s.altered(p, a, firstMeant, s.meant[1], a.declared)
	}
}

// altered fills in a route's alterations, meant or not. begun has a bit for each kind that
// is there from the start.
func (s statement) altered(p *page, a *account, first int, meant *dto.LabelPair, begun uint16) {
	for kind, label := range s.alteration {
		if n := a.oddities.of(first + kind); n > 0 || a.configured && begun>>kind&1 == 1 {
			p.add(float64(n), label, meant, s.prober, a.route, s.site)
		}
	}
}
