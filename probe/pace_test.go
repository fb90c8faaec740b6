package probe

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestLooksAreAFractionOfTheAgeApart(t *testing.T) {
	ok, broken := new(form), &form{broken: true}
	for _, tt := range []struct {
		says     string
		age      time.Duration
		form     *form
		answered bool
		want     time.Duration
	}{
		{"in between: a twentieth of the age", 2 * time.Second, ok, true, 100 * time.Millisecond},
		{"a minute: a twentieth still", time.Minute, ok, true, 3 * time.Second},
		{"never finer than the floor", 200 * time.Millisecond, ok, true, 25 * time.Millisecond},
		{"never further apart than the ceiling", 9 * time.Minute, ok, true, 5 * time.Second},
		{"old: every half minute", 10 * time.Minute, ok, true, 30 * time.Second},
		{"on a broken route nothing will come soon", 200 * time.Millisecond, broken, true, time.Second},
		{"and later it makes no difference", time.Minute, broken, true, 3 * time.Second},
		{"before the answer seldom is anything there", 200 * time.Millisecond, ok, false, 250 * time.Millisecond},
		{"nor if a broken route does not answer", 200 * time.Millisecond, broken, false, time.Second},
		{"a route never heard of", 0, nil, true, 25 * time.Millisecond},
	} {
		if got := step(tt.age, tt.form.least(tt.answered)); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.says, got, tt.want)
		}
	}
}

func TestTheFirstLookComesJustBeforeTheShortestOfTheLast(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		says      string
		latencies []time.Duration
		broken    bool
		want      time.Duration
	}{
		{"the shortest counts, whatever came behind it", []time.Duration{900 * ms, 100 * ms, 500 * ms}, false, 80 * ms},
		{"nothing known", nil, false, 25 * ms},
		{"never before the floor: looks that near tell nothing apart", []time.Duration{10 * ms}, false, 25 * ms},
		{"a slow route is not waited for without end", []time.Duration{time.Hour}, false, 30 * time.Second},
		{"a broken one is looked at less", []time.Duration{10 * ms}, true, time.Second},
	} {
		f := &form{broken: tt.broken}
		for _, l := range tt.latencies {
			f.arrived(l)
		}
		if got := f.firstLook(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.says, got, tt.want)
		}
	}
	if got := (*form)(nil).firstLook(); got != 25*ms {
		t.Errorf("a route never heard of: got %v, want 25ms", got)
	}
	f := new(form)
	f.arrived(ms)
	for range shortestOfLast {
		f.arrived(500 * ms)
	}
	if got := f.firstLook(); got != 400*ms {
		t.Errorf("the 51st last: got %v, want it forgotten and 400ms", got)
	}
}

// Whoever asks for as many looks as it can gets the burst, and then the average.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := NewClock()
		b := &budget{interval: 100 * time.Millisecond, burst: 10 * time.Second}
		began, looks := clock.Now(), 0
		for clock.Since(began) < time.Minute {
			if earliest := b.earliest(); earliest.After(clock.Now()) {
				_ = clock.SleepUntil(t.Context(), earliest)
			}
			b.spend(clock.Now())
			looks++
			_ = clock.SleepUntil(t.Context(), clock.Now().Add(5*time.Millisecond))
		}
		if looks < 695 || looks > 705 {
			t.Errorf("got %d looks in a minute, want ten a second and the burst of 100", looks)
		}
		time.Sleep(time.Hour) // what is not used does not add up
		if earliest, least := b.earliest(), clock.Now().Add(-10*time.Second); earliest.After(least) {
			t.Errorf("after an hour of rest: got the next at %v, want %v or earlier", earliest, least)
		}
		for range 1000 {
			b.spend(clock.Now())
		}
		if wait := clock.Until(b.earliest()); wait != longestDebt {
			t.Errorf("after 1,000 at once: got a wait of %v, want %v", wait, longestDebt)
		}
	})
}
