package webhook_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/exporters/webhook"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// When too much waits the oldest progress goes; the rest is read from the journal again,
// and told in its order. The cursor never passes what was not told.
func TestTooMuchWaits(t *testing.T) {
	for _, again := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			clock := probe.NewClock()
			j := journal.NewMemory(clock)
			down := true
			var mu sync.Mutex
			r, c, log := &receiver{clock: clock}, new(cursor), new(text)
			r.fail = func(probe.Seq, int) error {
				mu.Lock()
				defer mu.Unlock()
				if down {
					return errBusy
				}
				return nil
			}
			cfg := config(c, 0, r, log)
			if cfg.Waiting = 4; again {
				cfg.Follow = j.Follow
			}
			x := webhook.NewCourier(cfg)
			steps := []probe.IncidentStep{
				probe.IncidentOpened, probe.IncidentProgressed, probe.IncidentProgressed, probe.IncidentJudged, // 4: full
				probe.IncidentWidened, probe.IncidentNarrowed, // for them, 2 and 3 go
				probe.IncidentProgressed,                                                 // 7 goes itself
				probe.IncidentRepaired, probe.IncidentRelapsed, probe.IncidentProgressed, // held
				probe.IncidentRepaired, probe.IncidentDrained, probe.IncidentResolved, // held
			}
			for _, step := range steps {
				change := told(0, step, clock.Now()).(probe.IncidentTold)
				if err := j.Append(t.Context(), probe.Event{At: clock.Now(), Fact: change.IncidentChanged}); err != nil {
					t.Fatal(err)
				}
				change.Seq = j.State().Last
				x.Export(change)
				synctest.Wait()
			}
			if got := c.is(); got != 0 {
				t.Errorf("got the cursor at %d, want 0: nothing was told", got)
			}
			mu.Lock()
			down = false
			mu.Unlock()
			time.Sleep(30 * time.Minute)
			want, lost := []probe.Seq{1, 4, 5, 6, 8, 9, 10, 11, 12, 13}, uint64(0)
			if !again {
				want, lost = want[:4], 6
			}
			if got := r.seqs(); !slices.Equal(got, want) || c.is() != 13 {
				t.Errorf("again %v: got %v told and the cursor at %d, want %v and 13", again, got, c.is(), want)
			}
			if s := x.Stats(); s.Dropped != 3 || s.Lost != lost || s.Waiting != 0 {
				t.Errorf("again %v: got %+v, want 3 dropped, %d lost", again, s, lost)
			}
			x.Export(told(14, probe.IncidentOpened, clock.Now()))
			synctest.Wait()
			if got := r.seqs(); got[len(got)-1] != 14 {
				t.Errorf("got %v told, want what is new behind", got)
			}
			x.Close(t.Context())
		})
	}
}
