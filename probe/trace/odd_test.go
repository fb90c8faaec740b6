package trace

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

const hour = 3600

// quick sends messages a minute apart that gw and the store stamp at once, and gives
// the time after the last. odd is by how many seconds gw's stamp in one is wrong.
func quick(t *testing.T, m *Monitor, n int, odd map[int]float64) time.Time {
	t.Helper()
	began := epoch
	for i := range n {
		began = epoch.Add(time.Duration(i)*time.Minute + time.Duration(i*37%100)*10*time.Millisecond)
		_, changed := apply(t, m, arrived(began, 0.5, passed{mx, 0.1, odd[i]}, passed{store, 0.3, 0}))
		if len(changed) > 0 {
			t.Errorf("message %d: got told %+v, want nothing of odd stamps", i, changed)
		}
	}
	return began.Add(time.Minute)
}

// holds fails if a step of a message was not what its trace says.
func holds(t *testing.T, name string, traced Traced, took ...float64) {
	t.Helper()
	for k, s := range traced.Steps {
		if truth := seconds(took[k]); truth < s.Took.Min-time.Microsecond || truth > s.Took.Max+time.Microsecond || s.Negative {
			t.Errorf("%s: step %d took %v; got\n%s", name, k, truth, story(traced.Steps))
		}
	}
}

// One odd stamp, and then mail is slow, so that nothing tells soon that it was odd: no
// step is certainly wrong, and no clock is told to be.
func TestOddStampBeforeSlowMail(t *testing.T) {
	t.Parallel()
	for _, odd := range []float64{-hour, hour, 40 * 365 * 24 * hour, -90} {
		m := NewMonitor(company)
		began := quick(t, m, 99, map[int]float64{98: odd})
		if odd == hour { // another, after a pause
			began = began.Add(30 * time.Hour)
			apply(t, m, arrived(began, 0.5, passed{mx, 0.1, 2 * odd}, passed{store, 0.3, 0}))
		}
		for i := range 200 {
			at := began.Add(time.Duration(i) * 10 * time.Minute)
			traced, changed := apply(t, m, arrived(at, 7199.5, passed{mx, 0.1, 0}, passed{store, 7199.2, 0}))
			holds(t, fmt.Sprintf("odd by %v s, message %d", odd, i), traced, 0.1, 7199.1, 0.3)
			for _, c := range traced.Clocks {
				if !within(c.Offset, 0) || c.Offset.Width() > 10*time.Second {
					t.Errorf("odd by %v s: got clock %+v, want it right", odd, c)
				}
			}
			if len(changed) > 0 {
				t.Errorf("odd by %v s: got told %+v, want nothing", odd, changed)
			}
			if t.Failed() {
				return
			}
		}
	}
}

// Unlike odd stamps are no machines that share a name: mail that is late hours
// afterwards is found where it was held. So it is when the clock does have two values,
// of which the message can be of one only.
func TestHeldMailIsLocatedAfterOddStamps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		odd  map[int]float64
	}{
		{name: "unlike", odd: map[int]float64{50: hour, 90: -hour}},
		{name: "none"},
		{name: "alike, so that there may be a machine that stamps so", odd: map[int]float64{600: hour, 640: hour, 680: hour}},
		{name: "unlike, and the last a message before", odd: map[int]float64{750: hour, 798: -1000}},
		{name: "just before", odd: map[int]float64{799: hour}},
	} {
		m := NewMonitor(company)
		began := quick(t, m, 800, c.odd)
		traced, _ := apply(t, m, arrived(began, 2700, passed{mx, 0.3, 0}, passed{store, 2699.2, 0}))
		holds(t, c.name, traced, 0.3, 2698.9, 0.8)
		if longest, most := traced.Longest(); longest.Host != mx || !most || longest.Took.Min < 2690*time.Second {
			t.Errorf("%s: got\n%s\nwant it held by %s for all of the time", c.name, story(traced.Steps), mx)
		}
	}
}

// Whatever odd stamps a steady clock makes, and whatever queues do: what is reckoned with
// for a message that is stamped right holds the truth, unless one odd stamp has
// confirmed another; and nothing is told to be moved.
func TestOddStampsDoNotMislead(t *testing.T) {
	t.Parallel()
	n, wide := 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 6))
		var h hostClock
		off := time.Duration(r.NormFloat64() * float64(time.Hour))
		now := epoch
		last := 0
		for i := range 600 {
			now = now.Add(time.Duration(r.ExpFloat64() * float64(5*time.Minute)))
			slow := i%100 >= 50 && seed%2 == 0 // an outage
			odd := i > 20 && i-last > 5 && r.IntN(10) == 0 && !slow
			by := off
			if odd {
				by, last = off+time.Duration(r.NormFloat64()*float64(5*time.Hour)), i
			}
			s, _ := stamped(r, now, func(time.Time) time.Duration { return by })
			if slow {
				s.offset.Min -= time.Duration(r.Float64() * 5 * float64(time.Hour))
			}
			before := h.offsetFor(s)
			h.learn(s)
			after := h.offsetFor(s)
			if !odd && (!within(before, off) || !within(after, off)) {
				t.Fatalf("seed %d, message %d: the clock is off by %v, known before as %v and then as %v", seed, i, off, before, after)
			}
			if told := h.offset(s.from, s.to); h.jumped(told) {
				t.Fatalf("seed %d, message %d: odd stamps of a clock off by %v are taken for a clock moved to %v", seed, i, off, told)
			}
			if n++; !odd && before.Width() > time.Minute {
				wide++
			}
		}
	}
	if wide > n/100 {
		t.Errorf("of %d messages %d found the clock known by a minute at best, want one in a hundred at most", n, wide)
	}
}

// Of too many readings those go that were odd, and those not seen for longest: never
// the one that most messages show.
func TestBusiestReadingIsKept(t *testing.T) {
	t.Parallel()
	const often = 100 * time.Second
	var h hostClock
	at := epoch
	say := func(off time.Duration) {
		at = at.Add(time.Minute)
		h.learn(sample{offset: probe.Interval{Min: off - time.Second, Max: off + time.Second}, from: at.UnixNano(), to: at.UnixNano()})
	}
	busiest := func() bool {
		for i := range 1 + len(h.before) {
			r := h.reading(i)
			if r.own > 20 && r.fits(sample{offset: probe.Interval{Min: often, Max: often}, from: at.UnixNano(), to: at.UnixNano()}) {
				return true
			}
		}
		return false
	}
	for range 30 {
		say(often)
	}
	for i := range 100 {
		if i < 50 { // four more machines behind the name, and then stamps that nobody else makes
			say(time.Duration(1000*(1+i%4)) * time.Second)
		} else {
			say(time.Duration(i*i) * time.Hour)
		}
		if !busiest() {
			t.Fatalf("after %d stamps of others what most messages have shown is forgotten", i+1)
		}
		if i < 50 || i%6 == 0 {
			say(often)
		}
	}
}

// A clock that jumps by little, as one set by NTP does, is one clock still: what was
// known and what came then are not held apart for good.
func TestReadingsThatMeetAreOne(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 7))
		var h hostClock
		now := epoch
		off := time.Duration(0)
		for i := range 3000 {
			now = now.Add(time.Duration(r.ExpFloat64() * float64(10*time.Minute)))
			if i%200 == 0 {
				off = time.Duration(r.NormFloat64() * 300 * float64(time.Millisecond))
			}
			s, _ := stamped(r, now, func(time.Time) time.Duration { return off })
			h.learn(s)
			if got := h.offsetFor(s); i%200 > 100 && (!within(got, off) || got.Width() > 5*time.Second) {
				t.Fatalf("seed %d, message %d: the clock is off by %v, known as %v by %d readings", seed, i, off, got, 1+len(h.before))
			}
		}
	}
}

// A host that writes two fields into a message does not confirm its own odd stamp.
func TestOneMessageConfirmsNothing(t *testing.T) {
	t.Parallel()
	m := NewMonitor(company)
	began := quick(t, m, 60, nil)
	apply(t, m, arrived(began, 0.5, passed{mx, 0.1, -hour}, passed{mx, 0.2, -hour}, passed{mx, 0.2, -hour}, passed{store, 0.3, 0}))
	traced, changed := apply(t, m, arrived(began.Add(time.Minute), 2*hour, passed{mx, 0.1, 0}, passed{mx, 0.2, 0}, passed{store, 7199.2, 0}))
	holds(t, "after three odd stamps in one message", traced, 0.1, 0.1, 7199, 0.8)
	if len(changed) > 0 {
		t.Errorf("got told %+v, want nothing", changed)
	}
}

// A message that contradicts what a clock is, and can be of two that it was, says that
// it is one of the two.
func TestMessageOfEitherOfTwo(t *testing.T) {
	var h hostClock
	at := epoch
	say := func(low, high time.Duration) sample {
		at = at.Add(time.Minute)
		s := sample{offset: probe.Interval{Min: low, Max: high}, from: at.UnixNano(), to: at.UnixNano()}
		h.learn(s)
		return s
	}
	for off := range 3 {
		for range 3 {
			say(time.Duration(off)*time.Minute, time.Duration(off)*time.Minute+time.Second)
		}
	}
	s := say(-time.Minute, 90*time.Second)
	if got := h.offsetFor(s); !within(got, 0) || !within(got, time.Minute) || within(got, 2*time.Minute) {
		t.Errorf("got %v, want what the clock was at first and then, and not what it was last", got)
	}
	for range 2 {
		s = say(0, time.Second)
	}
	if got := h.offsetFor(s); !within(got, 0) || got.Width() > 2*time.Second {
		t.Errorf("got %v, want the first alone, which two messages have shown", got)
	}
}

func TestLooser(t *testing.T) {
	t.Parallel()
	day := int64(24 * time.Hour)
	tight, old, wide := edge{known: true, by: time.Second, at: day}, edge{known: true, by: 0, at: 0}, edge{known: true, by: 2 * time.Second, at: day}
	for _, c := range []struct {
		name       string
		a, b, want edge
	}{
		{"a day loosens by more than a second", tight, old, old},
		{"but not by two", wide, old, wide},
		{"unknown", tight, edge{}, edge{}},
	} {
		if got, turned := looser(c.a, c.b), looser(c.b, c.a); got != c.want || turned != c.want {
			t.Errorf("%s: got %+v, and %+v if turned, want %+v", c.name, got, turned, c.want)
		}
	}
}
