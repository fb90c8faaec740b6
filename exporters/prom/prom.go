// Package prom exports what mailpath measures to Prometheus.
//
// The engine gives an Exporter every change, in order. What is a count of messages
// goes into one ledger, which is read under one lock, so that every scrape adds
// up: messages sent + adopted = outcomes + in flight. Times go into histograms,
// classic and native in one; what is so now goes into gauges. A scrape reads all of
// it from the Exporter's own registry. Changes of earlier processes, which a replay
// of the journal brings back, move the gauges only.
package prom

import (
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

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

	Version, Revision, GoVersion string
}

// Exporter is the probe.Exporter for Prometheus. Export is called from one
// goroutine; scrapes may run at the same time.
type Exporter struct {
	since    probe.Seq
	registry *prometheus.Registry
	ledger   *ledger
	gauges   *gauges
	times    *times
}

// New makes an exporter with a registry of its own.
func New(cfg Config) *Exporter {
	e := &Exporter{since: cfg.Since, registry: prometheus.NewRegistry()}
	m := maker{registry: e.registry, constant: prometheus.Labels{"prober": cfg.Prober, "site": cfg.Site}}
	e.ledger = newLedger(m, cfg.Clock)
	e.gauges = newGauges(m)
	e.times = newTimes(m)
	e.registry.MustRegister(e.ledger)
	prometheus.WrapRegistererWith(m.constant, e.registry).MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, p := range cfg.Probes {
		e.ledger.begin(p)
		e.gauges.begin(p)
		e.times.begin(p)
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
	e.gauges.apply(c)
	if !replayed {
		e.times.apply(c)
	}
}

// Handler serves the metrics, in the text format, OpenMetrics or protobuf, as the
// scraper asks. Native histograms go out over protobuf only.
func (e *Exporter) Handler() http.Handler {
	return promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Registry is where further metrics of the process are registered.
func (e *Exporter) Registry() *prometheus.Registry { return e.registry }

// other stands for a label value that is none of those we know. What comes out of
// a mail or a newer journal never makes a series of its own.
const other = "other"

// label is the value if it is known.
func label[T ~string](value T, known []T) string {
	if slices.Contains(known, value) {
		return string(value)
	}
	return other
}
