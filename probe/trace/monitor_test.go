package trace

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// What a trace says holds in worlds where the truth is known: hosts with steady clocks
// that are right or wrong, and any delays.
func TestStepsHoldTheTruth(t *testing.T) {
	t.Parallel()
	certain, n := 0, 0
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 4))
		m := NewMonitor(company)
		fast := []float64{0, r.NormFloat64() * 300, r.NormFloat64() * 3}
		for i := range 200 {
			truth := []time.Duration{0}
			var hops []passed
			for h, host := range []string{mx, filter, store} {
				truth = append(truth, truth[h]+queued(r))
				hops = append(hops, passed{host, truth[h+1].Seconds(), fast[h]})
			}
			truth = append(truth, truth[3]+queued(r))
			began := epoch.Add(time.Duration(i)*time.Minute + time.Duration(r.IntN(1000))*time.Millisecond)
			settled := arrived(began, truth[4].Seconds(), hops...)
			settled.Outcome.Latency = probe.Interval{Min: truth[4] * 19 / 20, Max: truth[4] * 21 / 20}
			settled.Outcome.Observed = settled.Outcome.Latency.Max
			traced, _ := apply(t, m, settled)
			var sum time.Duration
			for k, s := range traced.Steps {
				took := truth[k+1] - truth[k]
				// Seconds in floating point lose some nanoseconds.
				if took < s.Took.Min-time.Microsecond || took > s.Took.Max+time.Microsecond || s.Negative || s.Took.Min < 0 {
					t.Fatalf("seed %d, message %d: step %d took %v of %v; got\n%s", seed, i, k, took, truth, story(traced.Steps))
				}
				if s.Middle < s.Took.Min || s.Middle > s.Took.Max {
					t.Fatalf("seed %d, message %d: step %d has its middle %v outside of %v", seed, i, k, s.Middle, s.Took)
				}
				sum += s.Middle
				if i >= 100 && took > 30*time.Second {
					n++
					if s.Took.Min > took/2 {
						certain++
					}
				}
			}
			if sum != traced.Outcome.Observed {
				t.Fatalf("seed %d, message %d: the middles add up to %v, want %v", seed, i, sum, traced.Outcome.Observed)
			}
			for k, c := range traced.Clocks {
				if off := seconds(fast[k]); !within(c.Offset, off) {
					t.Fatalf("seed %d, message %d: the clock of %s is off by %v, known as %v", seed, i, c.Host, off, c.Offset)
				}
			}
		}
	}
	if certain < n*9/10 || n < 200 {
		t.Errorf("of %d steps of half a minute or more %d were certainly half as long, want nine in ten", n, certain)
	}
}

// Whatever stamps mail brings, nothing overflows, and what is shown stays in order: the
// middles add up, and only what is called negative is.
func TestStepsOfAnyStamps(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 5))
	m := NewMonitor(company)
	scales := []float64{1, 60, 86400, 60 * 365 * 86400, 1e12}
	for i := range 20_000 {
		settled := arrived(epoch.Add(time.Duration(i)*time.Minute), 1+r.ExpFloat64()*100)
		for range 1 + r.IntN(6) {
			at := settled.Outcome.Began.Add(seconds(r.Float64() * 10))
			for far := r.NormFloat64() * scales[r.IntN(len(scales))]; far != 0; far = max(0, far-9e9) {
				at = at.Add(seconds(min(far, 9e9)))
				if far < 0 {
					break
				}
			}
			hop := probe.Hop{By: []string{mx, filter, store, ""}[r.IntN(4)], At: at, Resolution: time.Second}
			settled.Outcome.Trail.Hops = append(settled.Outcome.Trail.Hops, hop)
		}
		settled.Outcome.Adopted = r.IntN(4) == 0
		traced, _ := apply(t, m, settled)
		var sum time.Duration
		for k, s := range traced.Steps {
			sum += s.Middle
			if s.Took.Min > s.Took.Max || s.Middle < s.Took.Min || s.Middle > s.Took.Max || s.Took.Min < 0 && !s.Negative {
				t.Fatalf("message %d, step %d: got %+v in\n%s", i, k, s, story(traced.Steps))
			}
		}
		if sum != traced.Outcome.Observed && !traced.Outcome.Adopted {
			t.Fatalf("message %d: the middles add up to %v, want %v:\n%s", i, sum, traced.Outcome.Observed, story(traced.Steps))
		}
	}
}

func TestWrongClocksAreTold(t *testing.T) {
	t.Parallel()
	type at struct {
		minute int
		fast   float64
		took   float64
		want   string // what is told of it; nothing if empty
	}
	for _, c := range []struct {
		name, host string
		messages   []at
	}{
		{name: "put forward and back", host: store, messages: []at{
			{0, 0, 1, ""}, {1, 0, 1, ""}, {2, 60, 1, ""}, {3, 60, 1, "store.example.com store 60 jumped"}, {4, 0, 1, ""}, {5, 0, 1, "store.example.com store 0 jumped"}, {6, 0, 1, ""},
		}},
		{name: "slow from the beginning", host: store, messages: []at{
			{0, -300, 1, "store.example.com store -300"}, {1, -300, 1, ""}, {2, -300, 2400, ""}, {3, -300, 1, ""},
		}},
		{name: "wrong by less than tells", host: store, messages: []at{{0, 1.9, 0.1, ""}, {1, 1.9, 0.1, ""}, {2, 1.9, 0.1, ""}}},
		{name: "set right, which is not certain at first", host: store, messages: []at{
			{0, 3, 0.1, "store.example.com store 3"}, {1, 0, 2, ""}, {2, 0, 0.1, "store.example.com store 0"}, {3, 0, 0.1, ""},
		}},
		{name: "moved, and at first it is not certain how far", host: store, messages: []at{
			{0, 0, 1, ""}, {1, 30, 57, ""}, {2, 30, 56, ""}, {3, 30, 2, "store.example.com store 30 jumped"}, {4, 30, 1, ""},
		}},
		{name: "of no component", host: "relay.elsewhere.example", messages: []at{{0, 7200, 1, ""}, {1, 0, 1, ""}}},
		{name: "moved, but mail is slow: told when it is certain", host: store, messages: []at{
			{0, 0, 1, ""}, {1, 30, 1200, ""}, {2, 30, 600, ""}, {3, 30, 2, ""}, {4, 30, 1, "store.example.com store 30 jumped"}, {5, 30, 1, ""},
		}},
		{name: "moved, and then mail is slow for long", host: store, messages: []at{
			{0, 0, 1, ""}, {1, 0, 1, ""}, {2, 30, 1, ""}, {3, 30, 600, ""}, {4, 30, 600, ""}, {5, 30, 600, ""}, {6, 30, 600, ""}, {7, 30, 600, ""}, {8, 30, 600, ""},
			{9, 30, 600, ""}, {10, 30, 600, ""}, {11, 30, 600, ""}, {12, 30, 600, ""}, {13, 30, 600, ""}, {14, 30, 1, "store.example.com store 30 jumped"}, {15, 30, 1, ""},
		}},
		{name: "loses 3 s a day, then is set", host: store, messages: []at{
			{0, 0, 1, ""}, {1440, -3, 1, ""}, {2880, -6, 1, ""}, {2881, -6, 1, "store.example.com store -6"}, {4320, 0, 1, ""}, {4321, 0, 1, "store.example.com store 0 jumped"},
		}},
		{name: "odd stamps, of which none confirms another", host: store, messages: []at{
			{0, 0, 1, ""}, {1, 0, 1, ""}, {2, 60, 1, ""}, {3, 0, 1, ""}, {4, -3600, 1, ""}, {5, 7200, 1, ""}, {6, 0, 1, ""},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := NewMonitor(company)
			for _, a := range c.messages {
				began := epoch.Add(time.Duration(a.minute) * time.Minute)
				_, changed := apply(t, m, arrived(began, a.took, passed{c.host, a.took / 2, a.fast}))
				got := ""
				for _, c := range changed {
					got += fmt.Sprintf("%s %s %.0f", c.Host, c.Component, c.Likely().Seconds())
					if c.Jumped {
						got += " jumped"
					}
				}
				if got != a.want {
					t.Errorf("minute %d: got told %q, want %q", a.minute, got, a.want)
				}
			}
		})
	}
}

// A clock that comes slowly right is told to be, once it certainly is.
func TestRightAgainIsTold(t *testing.T) {
	m := teach(t, company, map[string]float64{store: 3})
	var told []string
	for hour := range 72 {
		fast := max(0, 3-float64(hour)*0.06)
		began := epoch.Add(time.Duration(hour)*time.Hour + time.Duration(hour*37%100)*10*time.Millisecond)
		_, changed := apply(t, m, arrived(began, 0.2, passed{store, 0.1, fast}))
		for _, c := range changed {
			told = append(told, fmt.Sprintf("%v %v", c.Jumped, within(c.Offset, seconds(fast))))
		}
	}
	if fmt.Sprint(told) != "[false true]" {
		t.Errorf("got told %v, want once that it is right again, and where it was then", told)
	}
}

// Our own clock was moved: what was known by it is void, and no host is blamed.
func TestOurClockWasMoved(t *testing.T) {
	m := teach(t, company, map[string]float64{mx: 0, store: 0})
	message := func(at time.Time) probe.Settled {
		return arrived(at, 10, passed{mx, 1.2, 500}, passed{store, 9.2, 500})
	}
	if got := m.Apply(probe.ClockMoved{ClockStepped: probe.ClockStepped{By: time.Hour}}); got != nil {
		t.Errorf("got %v, want nothing told", got)
	}
	if c := m.clock(mx, ""); c.now.high.known == false {
		t.Error("the machine's clock was moved while ours went on: clocks are forgotten, want them kept")
	}
	m.Apply(probe.ClockMoved{ClockStepped: probe.ClockStepped{By: -500 * time.Second, Between: true}})
	traced, changed := apply(t, m, message(epoch))
	for _, c := range changed {
		if c.Jumped {
			t.Errorf("our clock was moved; got told that %s jumped", c.Host)
		}
	}
	for _, s := range traced.Steps {
		if s.Negative {
			t.Errorf("our clock was moved; got a negative step %+v", s)
		}
	}
}

// Filters on many machines call themselves localhost, by whichever name, and some have
// two in a row: each has the clock of its own machine.
func TestLocalhostsDiffer(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{
		{"localhost"}, {"127.0.0.1"}, {"[127.0.0.1]"}, {"::1"}, {"[IPv6:::1]"}, {"ip6-localhost"}, {"localhost.localdomain"},
		{"localhost6"}, {"localhost", "127.0.0.1"}, {"localhost", "localhost"}, {"[127.0.0.1]", "[127.0.0.1]", "localhost"},
	} {
		m := NewMonitor(company)
		for i := range 20 {
			began := epoch.Add(time.Duration(i) * time.Minute)
			host, fast := fmt.Sprintf("mx%d.example.com", i%5), float64(i%5)*100
			hops := []passed{{host, 1, fast}}
			for _, name := range names {
				hops = append(hops, passed{name, 2, fast})
			}
			traced, _ := apply(t, m, arrived(began, 3, hops...))
			for _, s := range traced.Steps {
				if s.Negative {
					t.Errorf("%q, message %d: got a negative step %+v", names, i, s)
				}
			}
			if len(traced.Clocks) != 2 || i >= 5 && traced.Clocks[1].Offset.Width() > 5*time.Second {
				t.Errorf("%q, message %d: got clocks %+v, want two, known well", names, i, traced.Clocks)
			}
			if got, want := traced.Clocks[1].Host, names[0]+" at "+host; got != want {
				t.Errorf("%q, message %d: got the clock of %q, want it to be told as of %q", names, i, got, want)
			}
		}
	}
}

// What did not arrive has no way that is known, nor what nobody stamped. What another
// process sent teaches nothing.
func TestOnlyOwnArrivalsTeach(t *testing.T) {
	m := NewMonitor(company)
	lost := arrived(epoch, 10, passed{mx, 1, 500})
	lost.Outcome.Status = probe.Lost
	for _, c := range []probe.Change{lost, arrived(epoch, 10), probe.MailboxLooked{}} {
		if got := m.Apply(c); got != nil {
			t.Errorf("got %v from %T, want nothing", got, c)
		}
	}
	for _, alter := range []func(*probe.Outcome){
		func(o *probe.Outcome) { o.Adopted = true },
		func(o *probe.Outcome) { o.Orphaned = true },
	} {
		c := arrived(epoch, 10, passed{mx, 1, 500})
		alter(&c.Outcome)
		traced, changed := apply(t, m, c)
		if len(traced.Steps) != 2 || len(changed) > 0 || len(traced.Clocks) > 0 {
			t.Errorf("got steps %v, clocks %v and %v told, want two steps and nothing learned", traced.Steps, traced.Clocks, changed)
		}
	}
}

func TestLongest(t *testing.T) {
	t.Parallel()
	interval := func(low, high float64) probe.Interval {
		return probe.Interval{Min: seconds(low), Max: seconds(high)}
	}
	for _, c := range []struct {
		name  string
		steps []Step
		want  string
		most  bool
	}{
		{name: "nothing certain", steps: []Step{{Host: "a", Took: interval(0, 90)}, {Host: "b", Took: interval(0, 100)}}, want: "a"},
		{name: "held", steps: []Step{{Host: "a", Took: interval(1, 90)}, {Host: "b", Took: interval(51, 60)}, {Host: "c", Took: interval(2, 3)}}, want: "b", most: true},
		{name: "half of it is not most", steps: []Step{{Host: "a", Took: interval(50, 60)}, {Host: "b", Took: interval(1, 2)}}, want: "a"},
		{name: "greylisted", steps: []Step{{Host: "a", Took: interval(80, 90), Greylisted: 75 * time.Second}, {Host: "b", Took: interval(6, 7)}}, want: "b"},
		{name: "greylisted later", steps: []Step{{Host: "a", Took: interval(6, 7)}, {Host: "b", Took: interval(80, 90), Greylisted: 75 * time.Second}}, want: "a"},
		{name: "negative", steps: []Step{{Host: "a", Took: interval(-80, -70), Negative: true}, {Host: "b", Took: interval(70, 80)}}, want: "b", most: true},
		{name: "no steps"},
	} {
		traced := Traced{Steps: c.steps, Outcome: probe.Outcome{Latency: interval(95, 100), Observed: 100 * time.Second}}
		if got, most := traced.Longest(); got.Host != c.want || most != c.most {
			t.Errorf("%s: got %q, %v, want %q, %v", c.name, got.Host, most, c.want, c.most)
		}
	}
}
