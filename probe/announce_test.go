package probe_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

func TestAnnouncedMaintenance(t *testing.T) {
	inWorks(t, func(w *works) {
		w.start()
		time.Sleep(10*time.Minute + 10*time.Second)
		m := w.window("a", 10, 130, "in")
		if err := w.engine.Announce(w.t.Context(), m); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Minute)
		w.stop()
		w.start()
		time.Sleep(5 * time.Minute)
		m.Until, m.By = w.clock.Now(), "noc "
		if err := w.engine.Announce(w.t.Context(), m); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Minute)
		w.stop()
		w.expect("[10: operatora 10-130 [in] 30: noc a 10-30 [in]]")
		// What was sent before counts, though it was on its way.
		got := w.maintained("in")
		if len(got) != 20 || got[0] < 10 || got[len(got)-1] > 30 || len(w.maintained("out")) > 0 {
			t.Errorf("got %v outside of the objective, want those of the twenty minutes that it took", got)
		}
	})
}

// An operator who ends planned maintenance early, or cancels it, has the last word about
// it: the calendar does not begin it again.
func TestAnOperatorOverrulesTheCalendar(t *testing.T) {
	inWorks(t, func(w *works) {
		early, never := w.window("early", 5, 60), w.window("never", 50, 60, "gone")
		w.plans.set(early, never)
		w.start()
		time.Sleep(15*time.Minute + time.Second)
		early.Until, never.Until = w.clock.Now(), never.From
		for _, m := range []probe.Maintenance{early, never} {
			if err := w.engine.Announce(w.t.Context(), m); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(20 * time.Minute)
		w.stop()
		w.start()
		time.Sleep(40 * time.Minute)
		w.stop()
		w.expect("[0: early 5-60 [] 0: never 50-60 [gone] 15: operatorearly 5-15 [] 15: operatornever 50-50 [gone]]")
		if got := w.maintained("in"); slices.Max(got) > 15 {
			t.Errorf("got %v outside of the objective, want none after the end", got)
		}
	})
}

func TestWhatCannotBeAnnounced(t *testing.T) {
	inWorks(t, func(w *works) {
		w.start()
		defer func() { w.stop() }()
		good := w.window("a", 10, 20, "in")
		with := func(change func(*probe.Maintenance)) probe.Maintenance {
			m := good
			change(&m)
			return m
		}
		long := strings.Repeat("x", 1<<20)
		for _, tt := range []struct {
			fact probe.Fact
			want string
		}{
			{probe.Blind{}, "got a fact of type probe.Blind, want a Note or a Maintenance"},
			{with(func(m *probe.Maintenance) { m.Routes = []string{"out", "on"} }), `got unknown route "on", want in, out`},
			{probe.Note{Text: " \n"}, "got a note without text, want some"},
			{with(func(m *probe.Maintenance) { m.ID = "" }), "got a maintenance without an ID, want one"},
			{with(func(m *probe.Maintenance) { m.Until = m.From }), "got an end, "},
			{with(func(m *probe.Maintenance) { m.From = time.Time{} }), "got a maintenance without a beginning or an end, want both"},
			{probe.Note{Text: long}, "got a text of 1048576 bytes, want at most 65536"},
			{with(func(m *probe.Maintenance) { m.Text = long }), "got a text of 1048576 bytes, want at most 65536"},
		} {
			err := w.engine.Announce(w.t.Context(), tt.fact)
			if !errors.Is(err, probe.ErrUnfit) || !strings.HasPrefix(err.Error(), "announcing: this cannot be announced: "+tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		}
		w.expect("[]")
	})
}

func TestAnnouncingToAnEngineThatDoesNotRun(t *testing.T) {
	inWorks(t, func(w *works) {
		before := probe.NewEngine(probe.EngineConfig{Journal: w.journal, Keys: keyring(t, "hq-1", 1)})
		if err := before.Announce(w.t.Context(), probe.Note{Text: "x"}); !errors.Is(err, probe.ErrNotReady) {
			t.Errorf("before it runs: got %v, want %v", err, probe.ErrNotReady)
		}
		w.start()
		w.stop()
		if err := w.engine.Announce(w.t.Context(), probe.Note{Text: "x"}); !errors.Is(err, probe.ErrNotReady) {
			t.Errorf("after it ran: got %v, want %v", err, probe.ErrNotReady)
		}
	})
}

// What is not durable is told all the same, and that it is not.
func TestAnnouncingWithAFullDisk(t *testing.T) {
	inWorks(t, func(w *works) {
		disk := &failing{Journal: w.journal}
		w.journal = disk
		w.start()
		defer func() { w.stop() }()
		disk.set(true)
		if err := w.engine.Announce(w.t.Context(), w.window("a", 0, 20)); !errors.Is(err, probe.ErrNotDurable) {
			t.Errorf("got %v, want %v", err, probe.ErrNotDurable)
		}
		time.Sleep(5 * time.Minute)
		if got := w.maintained("in"); len(got) != 5 {
			t.Errorf("got %v outside of the objective, want those of five minutes", got)
		}
		gone, cancel := context.WithCancel(w.t.Context())
		cancel()
		if err := w.engine.Announce(gone, probe.Note{Text: "x"}); !errors.Is(err, context.Canceled) {
			t.Errorf("by somebody who does not wait: got %v, want %v", err, context.Canceled)
		}
	})
}
