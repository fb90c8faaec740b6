package probe_test

import (
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

func TestSlotsAreAnIntervalApartWhereverOneAsks(t *testing.T) {
	for _, every := range []time.Duration{time.Hour, time.Second, 7 * time.Minute, 30 * time.Second} {
		s := probe.NewSchedule("hq-1 outside-to-hq plain", every)
		for _, ask := range []time.Duration{90 * time.Minute, 0, 1, -5 * time.Hour, every, every - 1, 400 * 24 * time.Hour} {
			now := slot.Add(ask)
			last, next := s.Last(now), s.Next(now)
			if last.After(now) || !next.After(now) || next.Sub(last) != every {
				t.Errorf("every %v at %v: got slots %v and %v, want the two around it, %v apart", every, now, last, next, every)
			}
			if again := s.Last(next); !again.Equal(next) {
				t.Errorf("every %v: the slot %v is not its own last one, but %v", every, next, again)
			}
			if got := s.Passed(last, last.Add(3*every+every/2)); got != 3 {
				t.Errorf("every %v: got %d slots in three and a half intervals, want 3", every, got)
			}
		}
	}
}

// Probes that start together must not all send together.
func TestSlotsAreSpread(t *testing.T) {
	const every = time.Minute
	tenths := make(map[int]int)
	for i := range 1000 {
		s := probe.NewSchedule("hq-1 route-"+probe.ID(i).String()+" plain", every)
		tenths[int(s.Next(slot).Sub(slot)*10/every)]++
	}
	for tenth := range 10 {
		if n := tenths[tenth]; n < 60 || n > 140 {
			t.Errorf("%d of 1000 probes in tenth %d of the interval, want about 100", n, tenth)
		}
	}
}

func TestTheSameProbeHasTheSameSlotsAfterARestart(t *testing.T) {
	first, second := probe.NewSchedule("hq-1 r plain", time.Minute), probe.NewSchedule("hq-1 r plain", time.Minute)
	if !first.Next(slot).Equal(second.Next(slot)) {
		t.Errorf("got %v, then %v", first.Next(slot), second.Next(slot))
	}
}
