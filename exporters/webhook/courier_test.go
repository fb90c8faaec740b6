package webhook_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// The cursor stands where all has been told, and nothing is told twice: not what a replay
// brings, not what comes again.
func TestCursorFollowsWhatIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		r, c, log := &receiver{clock: clock}, &cursor{at: 10}, new(text)
		x := courier(c, 12, r, log)
		for _, step := range []struct {
			change probe.Change
			want   probe.Seq
		}{
			{told(9, probe.IncidentOpened, clock.Now()), 10},
			{told(12, probe.IncidentJudged, clock.Now()), 11}, // waits for the end of the replay
			{looked(12, clock.Now()), 11},
			{looked(13, clock.Now()), 12},
			{told(14, probe.IncidentWidened, clock.Now()), 14},
			{told(14, probe.IncidentWidened, clock.Now()), 14},
			{probe.Noted{Origin: probe.Origin{Seq: 20}}, 20},
			{probe.MaintenanceTold{Origin: probe.Origin{Seq: 21}}, 21},
			{looked(22, clock.Now()), 21},
		} {
			x.Export(step.change)
			synctest.Wait()
			if got := c.is(); got != step.want {
				t.Errorf("after %T: got the cursor at %d, want %d", step.change, got, step.want)
			}
		}
		x.Close(t.Context())
		if got, want := r.seqs(), []probe.Seq{12, 14, 20, 21}; !slices.Equal(got, want) {
			t.Errorf("got %v told, want %v", got, want)
		}
	})
}

// A receiver that is down is tried for an hour, at times that get further apart; then what
// waits behind is tried.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, c, log := &receiver{clock: probe.NewClock()}, new(cursor), new(text)
		r.fail = func(seq probe.Seq, _ int) error {
			if seq == 1 {
				return errBusy
			}
			return nil
		}
		x := courier(c, 0, r, log)
		x.Export(told(1, probe.IncidentOpened, r.clock.Now()))
		x.Export(told(2, probe.IncidentJudged, r.clock.Now()))
		time.Sleep(2 * time.Hour)
		tries := r.attempts()
		if n := len(tries); n < 18 || n > 40 {
			t.Errorf("got %d attempts, want about one per 4 minutes in the end", n)
		}
		for i := 1; i < len(tries); i++ {
			most := min(time.Second<<(i-1), 5*time.Minute)
			if gap := tries[i].Sub(tries[i-1]); gap > most || gap < most/2 {
				t.Errorf("attempt %d: got a wait of %v, want %v to %v", i, gap, most/2, most)
			}
		}
		if last := tries[len(tries)-2].Sub(tries[0]); last < 50*time.Minute || last > time.Hour {
			t.Errorf("got the first given up after %v, want about an hour", last)
		}
		if got, want := r.seqs(), []probe.Seq{2}; !slices.Equal(got, want) || c.is() != 2 {
			t.Errorf("got %v told and the cursor at %d, want %v and 2", got, c.is(), want)
		}
		x.Close(t.Context())
		s := x.Stats()
		if s.Delivered != 1 || s.GivenUp != 1 || s.Failed != uint64(len(tries)-1) || s.Waiting != 0 {
			t.Errorf("got %+v, want 1 delivered, 1 given up", s)
		}
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("got a log of %d lines, want 2, the first failure and the giving up:\n%s", n, log)
		}
	})
}

// A receiver that asks for time gets it, also before the next news.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, c, log := &receiver{clock: probe.NewClock()}, new(cursor), new(text)
		r.fail = func(_ probe.Seq, attempt int) error {
			if attempt == 0 {
				return errPlease
			}
			return nil
		}
		x := courier(c, 0, r, log)
		x.Export(told(1, probe.IncidentOpened, r.clock.Now()))
		time.Sleep(time.Minute)
		x.Export(told(2, probe.IncidentJudged, r.clock.Now()))
		time.Sleep(time.Hour)
		tries := r.attempts()
		if len(tries) != 3 || tries[1].Sub(tries[0]) != errPlease.After {
			t.Errorf("got attempts at %v, want the second %v after the first, and 3", tries, errPlease.After)
		}
		if got, want := r.seqs(), []probe.Seq{1, 2}; !slices.Equal(got, want) {
			t.Errorf("got %v told, want %v", got, want)
		}
		x.Close(t.Context())
	})
}

// What a receiver refuses, and what panics, is given up at once.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, c, log := &receiver{clock: probe.NewClock()}, new(cursor), new(text)
		r.fail = func(seq probe.Seq, _ int) error {
			switch seq {
			case 1:
				return errWrong
			case 2:
				panic("a template")
			}
			return nil
		}
		x := courier(c, 0, r, log)
		for seq := range probe.Seq(3) {
			x.Export(told(seq+1, probe.IncidentOpened, r.clock.Now()))
		}
		synctest.Wait()
		if got := len(r.attempts()); got != 3 || c.is() != 3 {
			t.Errorf("got %d attempts and the cursor at %d, want 3 and 3", got, c.is())
		}
		x.Close(t.Context())
		if s := x.Stats(); s.GivenUp != 2 || s.Delivered != 1 {
			t.Errorf("got %+v, want 2 given up and 1 delivered", s)
		}
	})
}

// A receiver that never answers delays neither the engine nor another receiver.
func TestStuckReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		stuck, well := &receiver{clock: clock, fail: func(probe.Seq, int) error { return errHang }}, &receiver{clock: clock}
		log := new(text)
		x, y := courier(new(cursor), 0, stuck, log), courier(new(cursor), 0, well, log)
		began := clock.Now()
		for seq := range probe.Seq(100) {
			x.Export(told(seq+1, probe.IncidentWidened, clock.Now()))
			y.Export(told(seq+1, probe.IncidentWidened, clock.Now()))
		}
		synctest.Wait()
		if passed := clock.Since(began); passed != 0 || len(well.seqs()) != 100 {
			t.Errorf("got %d told after %v, want 100 at once", len(well.seqs()), passed)
		}
		time.Sleep(time.Minute)
		tries := stuck.attempts()
		if gap := tries[1].Sub(tries[0]); gap < 10*time.Second || gap > 11*time.Second {
			t.Errorf("got %v between two attempts that hang, want a time-out of 10 s and a wait of up to 1 s", gap)
		}
		x.Close(t.Context())
		y.Close(t.Context())
	})
}

// What happened long before a start is not told any more.
func TestTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, c, log := &receiver{clock: probe.NewClock()}, &cursor{at: 1}, new(text)
		x := courier(c, 3, r, log)
		x.Export(told(2, probe.IncidentOpened, r.clock.Now().Add(-25*time.Hour)))
		x.Export(told(3, probe.IncidentJudged, r.clock.Now().Add(-23*time.Hour)))
		x.Export(told(4, probe.IncidentResolved, r.clock.Now()))
		synctest.Wait()
		if got, want := r.seqs(), []probe.Seq{3, 4}; !slices.Equal(got, want) || x.Stats().TooOld != 1 {
			t.Errorf("got %v told and %+v, want %v and 1 too old", got, x.Stats(), want)
		}
		x.Close(t.Context())
	})
}

// At the end what waits is tried once more, and what cannot be told is left to the next
// process.
func TestClose(t *testing.T) {
	for _, test := range []struct {
		name   string
		fail   func(seq probe.Seq, attempt int) error
		want   []probe.Seq
		within time.Duration
	}{
		{"it hangs", func(probe.Seq, int) error { return errHang }, nil, 5 * time.Second},
		{"it is up again", func(_ probe.Seq, attempt int) error {
			if attempt < 5 {
				return errBusy
			}
			return nil
		}, []probe.Seq{1, 2, 3}, 0},
		{"it asked for time", func(_ probe.Seq, attempt int) error {
			if attempt == 0 {
				return errPlease
			}
			return nil
		}, nil, 0},
		{"it is down", func(probe.Seq, int) error { return errBusy }, nil, 0},
		{"it goes down again", func(seq probe.Seq, attempt int) error {
			if attempt < 5 || seq == 2 {
				return errBusy
			}
			return nil
		}, []probe.Seq{1}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, c, log := &receiver{clock: probe.NewClock(), fail: test.fail}, new(cursor), new(text)
			x := courier(c, 0, r, log)
			for seq := range probe.Seq(3) {
				x.Export(told(seq+1, probe.IncidentWidened, r.clock.Now()))
			}
			time.Sleep(15200 * time.Millisecond) // 5 attempts, the next waits
			synctest.Wait()
			began := r.clock.Now()
			x.Close(t.Context())
			x.Close(t.Context())
			if passed := r.clock.Since(began); passed > test.within {
				t.Errorf("%s: got an end after %v, want %v", test.name, passed, test.within)
			}
			if got := r.seqs(); !slices.Equal(got, test.want) || c.is() != probe.Seq(len(test.want)) {
				t.Errorf("%s: got %v told and the cursor at %d, want %v and %d", test.name, got, c.is(), test.want, len(test.want))
			}
			x.Export(told(4, probe.IncidentResolved, r.clock.Now()))
			synctest.Wait()
			if c.is() != probe.Seq(len(test.want)) {
				t.Errorf("%s: got the cursor at %d behind the end, want it let go of", test.name, c.is())
			}
		})
	}
}
