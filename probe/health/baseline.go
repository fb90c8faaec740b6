package health

import (
	"math"
	"slices"
	"time"
)

const (
	baselineSize = 200 // latencies
	enough       = 20  // latencies, from which on they say what is normal
)

// baseline is the last latencies of in-time arrivals, in order of arrival and of
// size. Adding one costs a search and moving a part of the sorted ones.
type baseline struct {
	ring   []time.Duration
	next   int // the oldest in the ring, once it is full
	sorted []time.Duration

	sum, squares float64 // of the logarithms
}

// logOf is the natural logarithm of a latency in seconds. A millisecond is as good
// as nothing.
func logOf(d time.Duration) float64 { return math.Log(max(d, time.Millisecond).Seconds()) }

func (b *baseline) add(d time.Duration) {
	if len(b.ring) < baselineSize {
		b.ring = append(b.ring, d)
	} else {
		b.drop(b.ring[b.next])
		b.ring[b.next] = d
		b.next = (b.next + 1) % baselineSize
	}
	i, _ := slices.BinarySearch(b.sorted, d)
	b.sorted = slices.Insert(b.sorted, i, d)
	if b.next == 0 {
		b.sumUp() // from time to time anew, lest errors of rounding add up
		return
	}
	x := logOf(d)
	b.sum += x
	b.squares += x * x
}

func (b *baseline) drop(d time.Duration) {
	i, _ := slices.BinarySearch(b.sorted, d)
	b.sorted = slices.Delete(b.sorted, i, i+1)
	x := logOf(d)
	b.sum -= x
	b.squares -= x * x
}

func (b *baseline) sumUp() {
	b.sum, b.squares = 0, 0
	for _, d := range b.ring {
		x := logOf(d)
		b.sum += x
		b.squares += x * x
	}
}

// known tells whether there are enough latencies to say what is normal.
func (b *baseline) known() bool { return len(b.ring) >= enough }

// quantile is the smallest latency that a share of all does not exceed.
func (b *baseline) quantile(share float64) time.Duration {
	return b.sorted[max(0, int(math.Ceil(share*float64(len(b.sorted))))-1)]
}

// logs gives the mean and the standard deviation of the logarithms.
func (b *baseline) logs() (mean, deviation float64) {
	n := float64(len(b.ring))
	mean = b.sum / n
	return mean, math.Sqrt(max(0, b.squares/n-mean*mean))
}
