package prom

import (
	"slices"
	"sync"

	dto "github.com/prometheus/client_model/go"

	"github.com/mailpath/mailpath/probe"
)

// The words that are labels (RFC 8601 section 2.7, RFC 8617 section 10.1). A result
// that is none of them counts as other, a method that is none of them not at all.
var (
	authMethods = [...]string{"spf", "dkim", "dmarc", "arc"}
	authResults = [...]string{"pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"}
)

// authentication counts what the receiving sides say of who sent the messages. It is
// safe for concurrent use.
type authentication struct {
	maker

	mu     sync.Mutex
	places map[string]int // in all, by route
	all    []authCounts
}

// authCounts is what is counted of one route: a fixed array, because there are many.
type authCounts struct {
	route *dto.LabelPair
	n     [len(authMethods)][len(authResults) + 1]uint32
}

func newAuthentication(m maker) *authentication {
	return &authentication{maker: m, places: make(map[string]int)}
}

// apply takes in one change of this process.
func (a *authentication) apply(c probe.Change) {
	settled, ok := c.(probe.Settled)
	if !ok || len(settled.Outcome.Trail.Auth) == 0 || !settled.Measured() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range settled.Outcome.Trail.Auth {
		if method := slices.Index(authMethods[:], r.Method); method >= 0 {
			a.counts(settled.Message.Route).n[method][position(r.Result, authResults[:])]++
		}
	}
}

// counts gives what is counted of a route, good until the next one is made.
func (a *authentication) counts(route string) *authCounts {
	i, known := a.places[route]
	if !known {
		i = len(a.all)
		a.places[route] = i
		a.all = append(a.all, authCounts{route: a.labels.pair("route", route)})
	}
	return &a.all[i]
}

func (a *authentication) section() section {
	return counter("authentication_results_total",
		"Scheduled test messages that arrived, by what the receiving side says of who sent them (Authentication-Results of the mailbox's authserv_id). "+
			"Anything but pass, where it was pass before, means that SPF, DKIM or DMARC of the sender broke, or what checks them.", a.fill)
}

func (a *authentication) fill(p *page) {
	a.mu.Lock()
	all := slices.Clone(a.all)
	a.mu.Unlock()
	methods, results := pairs(a.labels, "method", authMethods[:]), pairs(a.labels, "result", authResults[:])
	for i := range all {
		for method, counts := range all[i].n {
			for result, n := range counts {
				if n > 0 {
					p.add(float64(n), methods[method], a.prober, results[result], all[i].route, a.site)
				}
			}
		}
	}
}
