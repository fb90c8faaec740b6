package prom

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
)

// TestHistogramEqualsThatOfTheLibrary gives the same values to a histogram of ours and
// to one of client_golang.
func TestHistogramEqualsThatOfTheLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	spreadOut := func(n int, exponents float64) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = math.Exp2((random.Float64() - 0.7) * exponents)
		}
		return values
	}
	buckets := func(n int) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = math.Exp2(float64(i-50)/8) * 0.99
		}
		return values
	}
	var bounds []float64 // of native buckets, where a rounding error would show
	for i := range 200 {
		bounds = append(bounds, math.Exp2(float64(i-100)/8), math.Nextafter(math.Exp2(float64(i-100)/8), math.Inf(1)))
	}
	for name, values := range map[string][]float64{
		"a usual hour":             {0.13, 0.131, 0.21, 0.129, 0.13, 0.4, 3, 0.13},
		"nothing":                  nil,
		"just enough buckets":      buckets(160),
		"classic bounds":           {0.1, 1, 1, 10, math.Nextafter(10, 20), 100},
		"powers of two":            {8, 1, 0.5, 2, 0.25, 4, 1},
		"zero and less":            {0, -0.5, 0, -3, 0.2, -0.5, 1e-40},
		"gaps of 1, 2 and 3 cells": {1, 1.0906, 1.4, 1.4, 2, 2.6, 2.7},
		"minutes to hours":         {60, 7200, 14400, 20000, 3600, 2.5},
		"many":                     spreadOut(5000, 12),
		"too many buckets":         spreadOut(5000, 60),
		"far too many buckets":     spreadOut(5000, 400),
		"one bucket too many":      buckets(161),
		"native bounds":            bounds,
	} {
		t.Run(name, func(t *testing.T) {
			classic := []float64{0.1, 1, 10, 100}
			theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
				Name: "h", Buckets: classic, NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: maxCells,
			})
			ours := histogram{classic: make([]uint32, len(classic)+1)}
			for _, v := range values {
				theirs.Observe(v)
				ours.observe(v, classic)
			}
			var want dto.Metric
			if err := theirs.Write(&want); err != nil {
				t.Fatal(err)
			}
			p := new(page)
			p.addHistogram(&ours, classic, want.Histogram.CreatedTimestamp)
			if got := p.metrics[0]; !proto.Equal(got, &want) {
				t.Errorf("got  %v\nwant %v", got, &want)
			}
		})
	}
}
