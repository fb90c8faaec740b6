package health

import (
	"math"
	"time"
)

// The cumulative sum (Page 1954) over how many standard deviations the logarithm of
// each latency lies above the baseline's mean. Mail has heavy tails, so the allowance
// and the limit are greater than the textbook's, and one message counts no more than
// lagClip. BenchmarkHealthyHours and BenchmarkDetection show what they come to.
const (
	lagAllowance = 0.8 // taken off each
	lagLimit     = 8.5 // slow from here on
	lagMost      = 12.0
	lagClip      = 3.0
	leastSpread  = 0.25 // the standard deviation is taken to be this at least
	relearnAfter = 24 * time.Hour
	// Mail that takes less counts as if it took this: whoever reads it does not notice.
	unnoticed = 250 * time.Millisecond
)

// lag is how far mail has been slower than normal.
type lag struct {
	sum    float64 // 0 to lagMost
	taken  int     // arrivals since the sum was last 0
	logs   float64 // the sum of their logarithms
	slow   bool
	since  time.Time // slow since then
	recent *baseline // the latencies since
}

// arrived holds a latency against what is normal.
func (l *lag) arrived(d time.Duration, normal *baseline) {
	mean, deviation := normal.logs()
	x := logOf(d)
	least := logOf(unnoticed)
	z := min((max(x, least)-max(mean, least))/max(deviation, leastSpread), lagClip)
	l.sum = min(max(0, l.sum+z-lagAllowance), lagMost)
	l.taken++
	l.logs += x
	if l.sum == 0 {
		l.taken, l.logs = 0, 0
	}
}

// typical is the geometric mean of what mail has taken since it became slower.
func (l *lag) typical() time.Duration {
	return time.Duration(math.Exp(l.logs/float64(max(1, l.taken))) * float64(time.Second))
}
