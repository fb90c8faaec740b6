package probe

import (
	"hash/fnv"
	"io"
	"time"
)

// Schedule gives the slots of one probe: moments by the wall clock, an interval
// apart, shifted by a hash of the probe's name so that probes are spread.
type Schedule struct {
	every, offset time.Duration
}

// NewSchedule makes the schedule of the named probe. The interval must be positive.
func NewSchedule(name string, every time.Duration) Schedule {
	h := fnv.New64a()
	io.WriteString(h, name)
	return Schedule{every: every, offset: time.Duration(h.Sum64() % uint64(every))}
}

// Next is the first slot after t.
func (s Schedule) Next(t time.Time) time.Time { return s.Last(t).Add(s.every) }

// Last is the last slot that is not after t.
func (s Schedule) Last(t time.Time) time.Time {
	since := t.UnixNano() - int64(s.offset)
	past := since % int64(s.every)
	if past < 0 {
		past += int64(s.every)
	}
	return t.Add(-time.Duration(past))
}

// Passed counts the slots after one slot up to and including another.
func (s Schedule) Passed(from, to time.Time) int { return int(to.Sub(from) / s.every) }
