package prom

import (
	"slices"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

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
	maker
	clock probe.Clock

	mu       sync.Mutex
	live     bool // the replay is over
	flights  map[probe.ID]flight
	routes   map[string]int // places in accounts
	payloads map[parcel]int // places in loads
	accounts []account
	loads    []load
}

// parcel is one payload on one route.
type parcel struct{ route, payload string }

// flight is one message in flight.
type flight struct {
	account   int
	scheduled bool
	answered  bool
	orphaned  bool      // the process that sent it ended before the attempt did
	queued    bool      // it is to be tried again
	at        time.Time // sending began
}

// The kinds of label values. Those behind the known ones are counted as other.
const (
	purposes = len(probe.Purposes) + 1
	statuses = len(probe.Statuses) + 1
	verdicts = len(probe.Verdicts) + 1
	places   = len(probe.Places) + 1

	skipReasons = len(probe.SkipReasons) + 1
)

// account is what is counted of one route: fixed arrays, because there are many
// routes and a scrape copies them all. No counter of 32 bits overflows: a message a
// second takes a century.
type account struct {
	route      *dto.LabelPair
	configured bool // all series are there from the start; otherwise those that something happened to
	flown      bool // something has been in flight
	assessed   bool
	health     int // the state's place among all

	adopted, duplicates  uint32
	inFlight             int32
	sloEvents, sloMisses uint32
	slotsMissed          uint32
	slotsSkipped         [skipReasons]uint32
	suspicions           uint32
	contradicted         [statuses]uint32
	arrivals             [places]uint32
	outOfOrder, retries  uint32
	deferred             uint32        // messages that were taken when tried again
	waiting              time.Duration // they, until then
	oddities             tallies
	declared             uint16 // a bit for each kind of alteration that is meant

	// Filled in for each scrape.
	queued int32
	oldest time.Duration
}

// load is what is counted of one payload on one route.
type load struct {
	route, payload *dto.LabelPair
	configured     bool

	sent     [purposes]uint32
	outcomes [purposes][statuses]uint32
	verdicts [verdicts]uint32
}

func newLedger(m maker, clock probe.Clock) *ledger {
	return &ledger{
		maker: m, clock: clock, flights: make(map[probe.ID]flight),
		routes: make(map[string]int), payloads: make(map[parcel]int),
	}
}

// begin makes the series of a configured probe.
func (l *ledger) begin(p probe.Probe) {
	a := l.account(p.Route.Name)
	a.configured = true
	a.declare(p.Route.Alters)
	l.load(p.Route.Name, p.Payload.Name()).configured = true
	l.assess(p.Route.Name, probe.HealthUnknown)
}

// account gives a route's account, good until the next one is opened.
func (l *ledger) account(route string) *account { return &l.accounts[l.open(route)] }

// open gives the place of a route's account.
func (l *ledger) open(route string) int {
	i, known := l.routes[route]
	if !known {
		i = len(l.accounts)
		l.routes[route] = i
		l.accounts = append(l.accounts, account{route: l.labels.pair("route", route)})
	}
	return i
}

// load gives what is counted of a payload on a route, good until the next one is made.
func (l *ledger) load(route, payload string) *load {
	i, known := l.payloads[parcel{route, payload}]
	if !known {
		i = len(l.loads)
		l.payloads[parcel{route, payload}] = i
		l.loads = append(l.loads, load{route: l.labels.pair("route", route), payload: l.labels.pair("payload", payload)})
	}
	return &l.loads[i]
}

// balance is the ledger as it stood at one moment.
type balance struct {
	accounts []account
	loads    []load
}

// read copies all accounts at one moment. Metrics are made from the copy, so that a
// scrape of many routes does not hold up Export.
func (l *ledger) read() balance {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := balance{accounts: slices.Clone(l.accounts), loads: slices.Clone(l.loads)}
	if l.live {
		b.fly(l.flights, l.clock.Now())
	}
	return b
}

// fly fills in what is said of the messages in flight.
func (b balance) fly(flights map[probe.ID]flight, now time.Time) {
	for _, f := range flights {
		a := &b.accounts[f.account]
		if f.scheduled && !f.orphaned {
			a.oldest = max(a.oldest, now.Sub(f.at))
		}
		if f.queued {
			a.queued++
		}
	}
}
