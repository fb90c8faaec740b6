package prom

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mailpath/mailpath/probe"
)

// histogram is a histogram that is classic and native in one, with the last exemplar
// of each classic bucket. There is one per route, so it is a twentieth as large
// as that of client_golang, which it otherwise equals: a lock around it instead of two
// copies, numbers instead of objects, and the native buckets that are in use only. It
// is never reset. It is not safe for concurrent use.
type histogram struct {
	labels   []*dto.LabelPair // sorted by name
	classic  []uint32         // by bucket, the last one without a bound: 2³² messages are more than a century's
	sum      float64
	coarser  int // how often the width of the native buckets was doubled
	zero     uint32
	positive cells
	negative cells // a clock was moved
	examples []example
}

// example is an exemplar: a message that fell into a bucket.
type example struct {
	bucket int
	id     probe.ID
	value  float64
	at     time.Time
}

const (
	// finest is the schema of native histograms with eight buckets to each power of two.
	finest = 3
	// maxCells is how many native buckets there may be before their width is doubled. From
	// 20 ms to four hours there are 156.
	maxCells = 160
	// zeroUpTo bounds what counts as zero.
	zeroUpTo = 0x1p-128
)

// observe takes in a value and gives the classic bucket that it falls into.
func (h *histogram) observe(v float64, bounds []float64) int {
	bucket := sort.SearchFloat64s(bounds, v)
	h.classic[bucket]++
	h.sum += v
	switch {
	case v > zeroUpTo:
		h.positive.add(coarse(cellOf(v), h.coarser))
	case v < -zeroUpTo:
		h.negative.add(coarse(cellOf(-v), h.coarser))
	default:
		h.zero++
	}
	for len(h.positive)+len(h.negative) > maxCells {
		h.coarser++
		h.positive, h.negative = h.positive.merged(), h.negative.merged()
	}
	return bucket
}

// remember keeps the last exemplar of a bucket.
func (h *histogram) remember(e example) {
	for i := range h.examples {
		if h.examples[i].bucket == e.bucket {
			h.examples[i] = e
			return
		}
	}
	h.examples = append(h.examples, e)
}

// cell counts the values in one native bucket.
type cell struct {
	index int32
	n     uint32
}

// fractions are the upper bounds of the eight buckets below 1, but for 1 itself: 2^(i/8-1).
var fractions = [...]float64{
	0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
	0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
}

// cellOf is the number of the finest bucket that v falls into: the least i for
// which v ≤ 2^(i/8).
func cellOf(v float64) int32 {
	fraction, exponent := math.Frexp(v)
	return int32(sort.SearchFloat64s(fractions[:], fraction) + (exponent-1)*len(fractions))
}

// coarse is the number of the bucket when widths have been doubled so often.
func coarse(index int32, doubled int) int32 { return (index + 1<<doubled - 1) >> doubled }

// cells are the native buckets in use, in order.
type cells []cell

func (c *cells) add(index int32) {
	i, found := slices.BinarySearchFunc(*c, index, func(x cell, index int32) int { return cmp.Compare(x.index, index) })
	if !found {
		*c = slices.Insert(*c, i, cell{index: index})
	}
	(*c)[i].n++
}

// merged are the cells of twice the width.
func (c cells) merged() cells {
	var wider cells
	for _, x := range c {
		x.index = coarse(x.index, 1)
		if last := len(wider) - 1; last >= 0 && wider[last].index == x.index {
			wider[last].n += x.n
		} else {
			wider = append(wider, x)
		}
	}
	return wider
}

// spans gives the cells as they go over the wire: runs of buckets, and how much each
// count differs from the one before. A gap of one or two is filled with zeros, which
// is shorter than a new run.
func (c cells) spans() (spans []*dto.BucketSpan, deltas []int64) {
	if len(c) == 0 {
		return nil, nil
	}
	deltas = make([]int64, 0, 2*len(c))
	var last int64
	put := func(n int64) {
		*spans[len(spans)-1].Length++
		deltas, last = append(deltas, n-last), n
	}
	next := int32(0)
	for i, x := range c {
		gap := x.index - next
		if i == 0 || gap > 2 {
			spans = append(spans, &dto.BucketSpan{Offset: &gap, Length: new(uint32)})
		} else {
			for range gap {
				put(0)
			}
		}
		put(int64(x.n))
		next = x.index + 1
	}
	return spans, deltas
}

// exemplar gives an example as it goes over the wire.
func (e example) exemplar() *dto.Exemplar {
	id := &dto.LabelPair{Name: new("id"), Value: new(e.id.String())}
	return &dto.Exemplar{Label: []*dto.LabelPair{id}, Value: &e.value, Timestamp: timestamppb.New(e.at)}
}
