// Package prom exports what mailpath measures to Prometheus.
//
// The engine gives an Exporter every change, in order. What is a count of messages
// goes into one ledger, which is read under one lock, so that every scrape adds
// up: messages sent + adopted = outcomes + in flight. Times go into histograms,
// classic and native in one; what is so now goes into gauges. Changes of earlier
// processes, which a replay of the journal brings back, move the gauges only.
//
// There may be ten thousand routes. So what there is one of per route is kept in fixed
// arrays and small histograms of our own, and a scrape writes it family by family into
// the same memory. What there is little of is kept by client_golang, in a registry.
package prom

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/mailpath/mailpath/probe"
)

// Config is what an exporter is made of.
type Config struct {
	Clock  probe.Clock
	Probes []probe.Probe // their series are there from the start

	Prober, Site string // constant labels of every series of ours

	// Since is the number of the last event before this process began; changes
	// up to it are a replay.
	Since probe.Seq

	// JournalErrors tells how many writes of the journal have failed, JournalUnwritten how
	// many of its events the disk has not got. They are asked at each scrape; nil: none.
	JournalErrors    func() uint64
	JournalUnwritten func() int

	Version, Revision, GoVersion string
}

// Exporter is the probe.Exporter for Prometheus. Export is called from one
// goroutine; scrapes may run at the same time.
type Exporter struct {
	since  probe.Seq
	clock  probe.Clock
	maker  maker
	ledger *ledger
	routes *routes
	gauges *gauges
	times  *times
	checks *checks
	hops   *hops
	auth   *authentication

	suspects *suspects
	told     *told
	desks    chan struct{} // one for each scrape at work
}

// New makes an exporter with a registry of its own.
func New(cfg Config) *Exporter {
	m := newMaker(cfg)
	e := &Exporter{
		since: cfg.Since, clock: cfg.Clock, maker: m, desks: make(chan struct{}, atOnce),
		ledger: newLedger(m, cfg.Clock), routes: newRoutes(m), gauges: newGauges(m), times: newTimes(m), checks: newChecks(m), suspects: newSuspects(m),
		hops: newHops(m), auth: newAuthentication(m), told: newTold(m),
	}
	m.journal(cfg.JournalErrors, cfg.JournalUnwritten)
	prometheus.WrapRegistererWith(m.constant, m.registry).MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, p := range cfg.Probes {
		e.ledger.begin(p)
		e.routes.begin(p)
		e.gauges.begin(p)
		e.times.begin(p)
		e.suspects.begin(p)
		e.hops.begin(p)
	}
	e.gauges.build.WithLabelValues(cfg.Version, cfg.Revision, cfg.GoVersion).Set(1)
	return e
}

// Export implements probe.Exporter. It never waits for anything but a lock that
// is held for a copy in memory.
func (e *Exporter) Export(c probe.Change) {
	seq, _ := c.Cause()
	replayed := seq <= e.since
	e.ledger.apply(c, replayed)
	e.gauges.apply(c, replayed)
	e.suspects.apply(c)
	e.hops.apply(c, replayed)
	e.told.apply(c)
	if !replayed {
		e.times.apply(c)
		e.auth.apply(c)
	}
}

// Registry is where further metrics of the process are registered. It does not have
// those that there is one of per route; Handler serves them all.
func (e *Exporter) Registry() *prometheus.Registry { return e.maker.registry }

// sections are the families that are not in the registry, the ledger's as it stands now.
func (e *Exporter) sections() []section {
	all := []section{e.times.delivery.section(), e.times.uncertainty.section(), e.hops.seconds.section()}
	all = append(all, e.ledger.sections()...)
	return append(append(all, e.routes.sections()...), e.auth.section(), e.told.maintenance(e.routes, e.clock))
}
