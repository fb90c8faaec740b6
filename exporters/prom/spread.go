package prom

import (
	"math"
	"slices"
	"strings"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// spread is a family of histograms, one per value of its label. It is safe for
// concurrent use.
type spread struct {
	maker
	name, help, label string
	bounds            []float64

	mu         sync.Mutex
	rows       map[string]*histogram
	histograms []*histogram // in the order in which they came
}

// at gives the histogram of a value; the caller holds the lock.
func (s *spread) at(value string) *histogram {
	h := s.rows[value]
	if h == nil {
		h = &histogram{
			labels:  []*dto.LabelPair{s.prober, s.site, s.labels.pair(s.label, value)},
			classic: make([]uint32, len(s.bounds)+1),
		}
		slices.SortFunc(h.labels, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
		s.rows[value] = h
		s.histograms = append(s.histograms, h)
	}
	return h
}

// begin makes the series of a value.
func (s *spread) begin(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at(value)
}

// observe takes in what was measured, and if it is about one message, which.
func (s *spread) observe(value string, seconds float64, about *example) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.at(value)
	bucket := h.observe(seconds, s.bounds)
	if about != nil {
		about.bucket, about.value = bucket, seconds
		h.remember(*about)
	}
}

// section shows the family. The lock is held for one histogram after another, so
// that a scrape of many does not hold up Export.
func (s *spread) section() section {
	return section{s.name, s.help, dto.MetricType_HISTOGRAM, func(p *page) {
		s.mu.Lock()
		now := slices.Clone(s.histograms)
		s.mu.Unlock()
		for _, h := range now {
			s.mu.Lock()
			p.addHistogram(h, s.bounds, s.began)
			s.mu.Unlock()
		}
	}}
}

// histogramRow is a series that is a histogram.
type histogramRow struct {
	metric      dto.Metric
	histogram   dto.Histogram
	count, zero uint64
	sum, zeroTo float64
	schema      int32
	buckets     []bucketRow
	shown       []*dto.Bucket
}

type bucketRow struct {
	bucket     dto.Bucket
	cumulative uint64
}

// addHistogram adds a histogram as it stands now.
func (p *page) addHistogram(h *histogram, bounds []float64, began *timestamppb.Timestamp) {
	r := p.histograms.next()
	r.fill(h, bounds)
	r.sum, r.schema, r.zero, r.zeroTo = h.sum, int32(finest-h.coarser), uint64(h.zero), zeroUpTo
	out := &r.histogram
	out.SampleCount, out.SampleSum, out.Bucket, out.CreatedTimestamp = &r.count, &r.sum, r.shown, began
	out.Schema, out.ZeroThreshold, out.ZeroCount = &r.schema, &r.zeroTo, &r.zero
	out.PositiveSpan, out.PositiveDelta = h.positive.spans()
	out.NegativeSpan, out.NegativeDelta = h.negative.spans()
	r.metric.Label, r.metric.Histogram = h.labels, out
	p.metrics = append(p.metrics, &r.metric)
}

// fill fills in the classic buckets. The last one has no bound and is shown only if
// it has an exemplar; its count is that of all.
func (r *histogramRow) fill(h *histogram, bounds []float64) {
	if len(r.buckets) != len(h.classic) {
		r.buckets = make([]bucketRow, len(h.classic))
	}
	r.count, r.shown = 0, r.shown[:0]
	for i, n := range h.classic {
		r.count += uint64(n)
		b := &r.buckets[i]
		b.cumulative = r.count
		b.bucket.CumulativeCount, b.bucket.Exemplar = &b.cumulative, nil
		if i < len(bounds) {
			b.bucket.UpperBound = &bounds[i]
			r.shown = append(r.shown, &b.bucket)
		}
	}
	for _, e := range h.examples {
		b := &r.buckets[e.bucket].bucket
		b.Exemplar = e.exemplar()
		if e.bucket == len(bounds) {
			b.UpperBound = new(math.Inf(1))
			r.shown = append(r.shown, b)
		}
	}
}
