package prom

import (
	dto "github.com/prometheus/client_model/go"
)

// section is a family of metrics, and how to fill a page with its series.
type section struct {
	name, help string
	kind       dto.MetricType
	fill       func(*page)
}

func counter(name, help string, fill func(*page)) section {
	return section{prefix + name, help, dto.MetricType_COUNTER, fill}
}

func gauge(name, help string, fill func(*page)) section {
	return section{prefix + name, help, dto.MetricType_GAUGE, fill}
}

// page holds the series of one section while they are encoded. The same page is
// filled with one section after another, so that a scrape takes the memory of the
// largest of them, and not of all.
type page struct {
	kind       dto.MetricType
	metrics    []*dto.Metric
	rows       arena[row]
	numbers    arena[number]
	zero       number // of all series that have it: most kinds of trouble never come
	histograms arena[histogramRow]
}

// row is a series with one number.
type row struct {
	metric dto.Metric
	labels [6]*dto.LabelPair
}

// number is the number of a series, as a counter and as a gauge.
type number struct {
	value   float64
	counter dto.Counter
	gauge   dto.Gauge
}

// write fills the page with a section and gives the family to the encoder, which
// must be done with it when it returns.
func (p *page) write(s section, encode func(*dto.MetricFamily) error) error {
	clear(p.metrics)
	p.kind, p.metrics = s.kind, p.metrics[:0]
	p.rows.used, p.numbers.used, p.histograms.used = 0, 0, 0
	if s.kind != dto.MetricType_HISTOGRAM {
		p.histograms.chunks = nil // as large as all rows together, and not needed again
	}
	s.fill(p)
	if len(p.metrics) == 0 {
		return nil
	}
	return encode(&dto.MetricFamily{Name: &s.name, Help: &s.help, Type: &s.kind, Metric: p.metrics})
}

// add adds a series. Its labels are sorted by name.
func (p *page) add(value float64, labels ...*dto.LabelPair) {
	r, n := p.rows.next(), &p.zero
	if value != 0 {
		n = p.numbers.next()
		n.value = value
	}
	r.metric.Label = r.labels[:copy(r.labels[:], labels)]
	r.metric.Counter, r.metric.Gauge = nil, nil
	if p.kind == dto.MetricType_COUNTER {
		n.counter.Value, r.metric.Counter = &n.value, &n.counter
	} else {
		n.gauge.Value, r.metric.Gauge = &n.value, &n.gauge
	}
	p.metrics = append(p.metrics, &r.metric)
}

// arena gives values that stay where they are and are used again when used is 0.
type arena[T any] struct {
	chunks [][]T
	used   int
}

const chunk = 1024

// next gives a value as its last user left it.
func (a *arena[T]) next() *T {
	i, j := a.used/chunk, a.used%chunk
	if i == len(a.chunks) {
		a.chunks = append(a.chunks, make([]T, chunk))
	}
	a.used++
	return &a.chunks[i][j]
}
