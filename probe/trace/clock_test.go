package trace

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

var epoch = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

// queued draws how long a server keeps a message: mostly well below a second, often
// some seconds, sometimes most of an hour.
func queued(r *rand.Rand) time.Duration {
	return time.Duration(min(math.Exp(r.NormFloat64()*2.2-2), 3600) * float64(time.Second))
}

// stamped is what a message says of a clock that showed off beyond ours when the
// message passed it, and when that was.
func stamped(r *rand.Rand, began time.Time, off func(time.Time) time.Duration) (sample, time.Time) {
	passed := began.Add(queued(r))
	seen := passed.Add(queued(r))
	stamp := passed.Add(off(passed)).Truncate(time.Second)
	return sample{
		offset: probe.Interval{Min: stamp.Sub(seen), Max: stamp.Add(time.Second).Sub(began)},
		from:   began.UnixNano(), to: seen.UnixNano(),
	}, passed
}

func within(i probe.Interval, d time.Duration) bool { return i.Min <= d && d <= i.Max }

// A clock that nobody sets, however wrong, is always within its bounds, which get as
// narrow as the quickest message; and whatever queues do, it is never taken for moved.
func TestSteadyClockIsWithinItsBounds(t *testing.T) {
	t.Parallel()
	narrow := 0
	const clocks = 300
	for seed := range uint64(clocks) {
		r := rand.New(rand.NewPCG(seed, 1))
		first := time.Duration(r.NormFloat64() * float64(time.Hour))
		if seed%4 == 0 {
			first = 0
		}
		ppm := r.Float64()*40 - 20
		off := func(at time.Time) time.Duration { return first + time.Duration(float64(at.Sub(epoch))*ppm/1e6) }
		var h hostClock
		every := time.Duration(r.ExpFloat64() * float64(10*time.Minute))
		now := epoch
		for range 400 {
			now = now.Add(time.Duration(r.ExpFloat64() * float64(every)))
			s, passed := stamped(r, now, off)
			before := h.offset(s.from, s.to)
			h.learn(s)
			after := h.offset(s.from, s.to)
			if !within(before, off(passed)) || !within(after, off(passed)) {
				t.Fatalf("seed %d: the clock is off by %v, known before as %v and then as %v", seed, off(passed), before, after)
			}
			if h.jumped(after) || len(h.before) > 0 {
				t.Fatalf("seed %d: a clock off by %v that was not moved is taken for moved, from %v to %v", seed, off(passed), before, after)
			}
		}
		if h.offset(now.UnixNano(), now.UnixNano()).Width() < time.Second {
			narrow++
		}
	}
	if narrow < clocks*8/10 {
		t.Errorf("%d of %d clocks are known to a second after 400 messages, want eight in ten", narrow, clocks)
	}
}

// A clock that is moved is found with the second message that takes clearly less time
// than it was moved by, once, and is within its bounds from then on. With the first, the
// stamp may just be odd: both is possible then.
func TestMovedClockIsFound(t *testing.T) {
	t.Parallel()
	found := make(map[int]int) // by the number of messages it took
	const clocks = 500
	for seed := range uint64(clocks) {
		r := rand.New(rand.NewPCG(seed, 2))
		by := time.Duration((5 + r.ExpFloat64()*20) * float64(time.Second))
		if seed%2 == 0 {
			by = -by
		}
		var h hostClock
		jumps := 0
		for i := range 120 {
			off := time.Duration(0)
			if i >= 60 {
				off = by
			}
			s, _ := stamped(r, epoch.Add(time.Duration(i)*30*time.Second), func(time.Time) time.Duration { return off })
			h.learn(s)
			now := h.offset(s.from, s.to)
			if all := h.offsetFor(s); (!h.sure() || jumps > 0) && !within(all, off) {
				t.Fatalf("seed %d: moved by %v, known with message %d as %v", seed, by, i, all)
			}
			if jumps > 0 && !within(now, off) {
				t.Fatalf("seed %d: moved by %v and found, then known as %v", seed, by, now)
			}
			if h.jumped(now) {
				jumps++
				if i < 60 || jumps > 1 {
					t.Fatalf("seed %d: moved by %v with message 60; told for the %d. time with message %d", seed, by, jumps, i)
				}
				found[i-59]++
			}
		}
	}
	all := 0
	for _, n := range found {
		all += n
	}
	if all < clocks*99/100 || found[2] < clocks*8/10 || found[2]+found[3] < clocks*9/10 {
		t.Errorf("of %d moved clocks %d were found, by messages: %v; want nearly all, most with the second", clocks, all, found)
	}
	t.Logf("found by messages: %v", found)
}

// Machines that share a name and not their clocks do not make a clock that jumps: the
// offset covers them all.
func TestSeveralClocksBehindOneName(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 3))
		machines := make([]time.Duration, 2+r.IntN(3))
		for i := range machines {
			machines[i] = time.Duration(i)*20*time.Second - time.Duration(r.IntN(5000))*time.Millisecond
		}
		var h hostClock
		jumps := 0
		for i := range 500 {
			off := machines[r.IntN(len(machines))]
			began := epoch.Add(time.Duration(i) * 30 * time.Second)
			passed := began.Add(time.Duration(r.IntN(900)) * time.Millisecond)
			seen := passed.Add(time.Duration(r.IntN(900)) * time.Millisecond)
			stamp := passed.Add(off).Truncate(time.Second)
			s := sample{offset: probe.Interval{Min: stamp.Sub(seen), Max: stamp.Add(time.Second).Sub(began)}, from: began.UnixNano(), to: seen.UnixNano()}
			before := h.offset(s.from, s.to)
			h.learn(s)
			if h.jumped(h.offset(s.from, s.to)) {
				jumps++
			}
			if i >= 100 && !within(before, off) {
				t.Fatalf("seed %d: message %d passed a machine whose clock is off by %v; known of %v: %v", seed, i, off, machines, before)
			}
		}
		if jumps > 2*len(machines) {
			t.Errorf("seed %d: %d machines were told to jump %d times, want %d at most", seed, len(machines), jumps, 2*len(machines))
		}
	}
}

// One wrong stamp does not throw away what is known: the clock goes back to it.
func TestClockComesBack(t *testing.T) {
	var h hostClock
	at := func(i int) moment { return epoch.Add(time.Duration(i) * time.Minute).UnixNano() }
	say := func(i int, low, high time.Duration) {
		h.learn(sample{offset: probe.Interval{Min: low, Max: high}, from: at(i), to: at(i)})
	}
	say(0, -300*time.Millisecond, 200*time.Millisecond)
	say(1, time.Hour, time.Hour+time.Second)
	say(2, -2*time.Second, 2*time.Second)
	got := h.offset(at(2), at(2))
	if got.Min < -400*time.Millisecond || got.Max > 300*time.Millisecond {
		t.Errorf("after one stamp that was an hour wrong the clock is known as %v, want as before", got)
	}
	// What it was a day ago, before it was moved, is not reckoned with any more.
	h = hostClock{}
	say(0, -300*time.Millisecond, 200*time.Millisecond)
	for hour := range 26 {
		say(1+60*hour, time.Hour, time.Hour+time.Second)
	}
	say(26*60, -10*time.Second, 10*time.Second)
	if got := h.offsetFor(sample{offset: probe.Interval{Min: -far, Max: far}, from: at(26 * 60), to: at(26 * 60)}); got.Max < 9*time.Second {
		t.Errorf("what the clock was a day ago is still reckoned with: known as %v", got)
	}
}

// When all but one of the machines behind a name are gone for a day, the clock is that
// of the one.
func TestOneClockIsLeft(t *testing.T) {
	for left, off := range []time.Duration{0, time.Minute} {
		var h hostClock
		at := epoch
		say := func(off time.Duration) {
			at = at.Add(time.Minute)
			h.learn(sample{offset: probe.Interval{Min: off - time.Second, Max: off + time.Second}, from: at.UnixNano(), to: at.UnixNano()})
		}
		for i := range 10 {
			say(time.Duration(i%2) * time.Minute)
		}
		if got := h.offset(at.UnixNano(), at.UnixNano()); !within(got, 0) || !within(got, time.Minute) {
			t.Errorf("two machines a minute apart are known as %v, want both within", got)
		}
		at = at.Add(20 * time.Hour)
		for range 10 * 60 {
			say(off)
		}
		if got := h.offset(at.UnixNano(), at.UnixNano()); !within(got, off) || got.Width() > 3*time.Second {
			t.Errorf("machine %d is left, off by %v, and known as %v", left, off, got)
		}
	}
}

// A host whose clock says anything costs no more memory than another.
func TestWildClockIsBounded(t *testing.T) {
	var h hostClock
	for i := range 100 {
		at := epoch.Add(time.Duration(i) * time.Minute).UnixNano()
		off := time.Duration(i*i) * time.Hour
		h.learn(sample{offset: probe.Interval{Min: off, Max: off + time.Second}, from: at, to: at})
		if got := 1 + len(h.before); got > maxReadings {
			t.Fatalf("after %d messages %d readings are kept, want at most %d", i+1, got, maxReadings)
		}
	}
}

// What a message that was held for hours passed lies as far back as it was held, so a
// clock may have drifted since.
func TestBoundsOfAHeldMessage(t *testing.T) {
	var r reading
	now := epoch.UnixNano()
	r.learn(sample{offset: probe.Interval{Min: 0, Max: time.Second}, from: now, to: now})
	quick, held := r.bounds(now, now), r.bounds(now-int64(4*time.Hour), now)
	if got, want := held.Max-quick.Max, 288*time.Millisecond; got != want {
		t.Errorf("bounds of a message held for 4h are %v wider, want %v: 20 ppm", got, want)
	}
}
