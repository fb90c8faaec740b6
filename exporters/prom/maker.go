package prom

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// prefix begins the name of every metric of ours.
const prefix = "mailpath_"

// maker makes metrics with our prefix and our constant labels.
type maker struct {
	registry *prometheus.Registry
	constant prometheus.Labels
}

// gauge makes and registers a gauge.
func (m maker) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help, ConstLabels: m.constant}, labels)
	m.registry.MustRegister(v)
	return v
}

// counter makes and registers a counter.
func (m maker) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help, ConstLabels: m.constant}, labels)
	m.registry.MustRegister(v)
	return v
}

// histogram makes and registers a histogram that is classic and native in one:
// which of the two is stored, the scraping Prometheus decides.
func (m maker) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: prefix + name, Help: help, ConstLabels: m.constant,
		Buckets:                         buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}, labels)
	m.registry.MustRegister(v)
	return v
}

// tally makes a family of the ledger, which registers it.
func (m maker) tally(kind prometheus.ValueType, name, help string, labels ...string) *tally {
	return &tally{
		desc: prometheus.NewDesc(prefix+name, help, labels, m.constant),
		kind: kind, width: len(labels), rows: make(map[values]float64),
	}
}
