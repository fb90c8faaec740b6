package situation

import (
	"slices"
	"time"
)

// points is how many a direction has at most. Each is as wide as six messages of its most
// frequent probe are apart, within these bounds: three hours are shown where a probe sends
// every 30 seconds or less often, and what is sent every second shows within a demo.
const (
	points   = 60
	narrow   = time.Second
	wide     = 3 * time.Minute
	perPoint = 6
)

// latency is what the scheduled messages of a direction took, by when they were due to be
// sent. It is a ring.
type latency struct {
	width time.Duration
	ring  [points]point
}

type point struct {
	number int64 // how many widths after 1970 it begins
	count  int
	missed int
	worst  float64
	took   samples
}

func newLatency(every time.Duration) *latency {
	return &latency{width: min(max(perPoint*every, narrow), wide).Round(time.Second)}
}

// at is the point of a time; nil if it is gone by.
func (l *latency) at(t time.Time) *point {
	number := t.Unix() / int64(l.width/time.Second)
	if number < 0 {
		return nil
	}
	p := &l.ring[number%points]
	if p.number < number {
		*p = point{number: number}
	}
	if p.number > number {
		return nil
	}
	return p
}

func (l *latency) missed(slot time.Time) {
	if p := l.at(slot); p != nil {
		p.count++
		p.missed++
	}
}

// arrived takes in an arrival, which may have been counted as missed before.
func (l *latency) arrived(slot time.Time, seconds float64, counted bool) {
	p := l.at(slot)
	if p == nil {
		return
	}
	if !counted {
		p.count++
	}
	p.worst = max(p.worst, seconds)
	p.took.add(seconds)
}

// forget drops what was due after a time: the clock was moved back.
func (l *latency) forget(after time.Time) {
	number := after.Unix() / int64(l.width/time.Second)
	for i := range l.ring {
		if l.ring[i].number > number {
			l.ring[i] = point{}
		}
	}
}

// points are those of the last hours that hold something, oldest first.
func (v *view) points(l *latency) []Point {
	newest := v.at.Unix() / int64(l.width/time.Second)
	all := make([]Point, 0, points)
	for number := newest - points + 1; number <= newest; number++ {
		if number < 0 || l.ring[number%points].number != number {
			continue
		}
		p := &l.ring[number%points]
		if p.count > 0 {
			at := v.local(time.Unix(number*int64(l.width/time.Second), 0))
			all = append(all, Point{At: at, Median: p.took.median(), Worst: p.worst, Missed: p.missed, Count: p.count})
		}
	}
	return all
}

// maxSamples is how many values a median is made of at most.
const maxSamples = 64

// samples are some of the values of a stretch of time, evenly spread: of so many that they do not
// fit, every second one is kept, then every fourth, and so on.
type samples struct {
	values []float64
	seen   int
	stride int // every so many values one is kept; 0 is 1
	known  bool
	middle float64
}

func (s *samples) add(value float64) {
	s.stride = max(s.stride, 1)
	if s.seen%s.stride == 0 {
		if len(s.values) == maxSamples {
			for i := range maxSamples / 2 {
				s.values[i] = s.values[2*i]
			}
			s.values = s.values[:maxSamples/2]
			s.stride *= 2
		}
		s.values = append(s.values, value)
		s.known = false
	}
	s.seen++
}

// median is computed when it is asked for, once.
func (s *samples) median() float64 {
	if !s.known {
		s.middle, s.known = medianOf(s.values), true
	}
	return s.middle
}

// maxUsual is of how many arrivals the usual latency is made.
const maxUsual = 101

// usual is what mail takes when all is well: the last values of such a time.
type usual struct {
	values []float64
	next   int
	known  bool
	middle float64
}

func (u *usual) add(value float64) {
	u.known = false
	if len(u.values) < maxUsual {
		u.values = append(u.values, value)
		return
	}
	u.values[u.next] = value
	u.next = (u.next + 1) % maxUsual
}

func (u *usual) median() float64 {
	if !u.known {
		u.middle, u.known = medianOf(u.values), true
	}
	return u.middle
}

func medianOf(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
