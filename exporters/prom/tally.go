package prom

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"
)

// values are the label values of one series; those beyond a family's labels are empty.
type values [4]string

// tally is one family of the ledger: a number per series.
type tally struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	width int // number of labels
	rows  map[values]float64
}

// add adds to a series, which comes into being if it is new.
func (t *tally) add(n float64, labels ...string) { t.rows[valuesOf(labels)] += n }

// set sets a series, which comes into being if it is new.
func (t *tally) set(n float64, labels ...string) { t.rows[valuesOf(labels)] = n }

func valuesOf(labels []string) (v values) {
	copy(v[:], labels)
	return v
}

// copy is the tally as it stands now.
func (t *tally) copy() *tally {
	c := *t
	c.rows = maps.Clone(t.rows)
	return &c
}

// collect sends all series.
func (t *tally) collect(out chan<- prometheus.Metric) {
	for v, n := range t.rows {
		out <- prometheus.MustNewConstMetric(t.desc, t.kind, n, v[:t.width]...)
	}
}
