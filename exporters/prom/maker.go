package prom

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// prefix begins the name of every metric of ours.
const prefix = "mailpath_"

// maker makes metrics with our prefix and our constant labels. Families of few series
// it registers; those that have one per route are sections, of pairs that it shares out.
type maker struct {
	registry     *prometheus.Registry
	constant     prometheus.Labels
	labels       *labels
	prober, site *dto.LabelPair // the constant labels again
	began        *timestamppb.Timestamp
}

func newMaker(cfg Config) maker {
	l := &labels{known: make(map[[2]string]*dto.LabelPair)}
	return maker{
		registry: prometheus.NewRegistry(),
		constant: prometheus.Labels{"prober": cfg.Prober, "site": cfg.Site},
		labels:   l, prober: l.pair("prober", cfg.Prober), site: l.pair("site", cfg.Site),
		began: timestamppb.New(cfg.Clock.Now()),
	}
}

func (m maker) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help, ConstLabels: m.constant}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m maker) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help, ConstLabels: m.constant}, labels)
	m.registry.MustRegister(v)
	return v
}

// journal makes and registers the metrics that the journal is asked for.
func (m maker) journal(failed func() uint64, unwritten func() int) {
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: prefix + "journal_errors_total", ConstLabels: m.constant,
			Help: "Writes of the journal that failed. Any means that monitoring goes on from memory: free the disk before a restart.",
		}, func() float64 {
			if failed == nil {
				return 0
			}
			return float64(failed())
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: prefix + "journal_unwritten_events", ConstLabels: m.constant,
			Help: "Events of the journal that are in memory and not on the disk. Above 0 for long, a restart loses as many: free the disk before it.",
		}, func() float64 {
			if unwritten == nil {
				return 0
			}
			return float64(unwritten())
		}))
}

// histogram makes a histogram that is classic and native in one: which of the two is
// stored, the scraping Prometheus decides.
func (m maker) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: prefix + name, Help: help, ConstLabels: m.constant,
		Buckets:                         buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  maxCells,
		NativeHistogramMinResetDuration: time.Hour,
	}, labels)
	m.registry.MustRegister(v)
	return v
}

// spread makes a family of histograms of ours.
func (m maker) spread(name, help string, bounds []float64, label string) *spread {
	return &spread{maker: m, name: prefix + name, help: help, bounds: bounds, label: label, rows: make(map[string]*histogram)}
}
