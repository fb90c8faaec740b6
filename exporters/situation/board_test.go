package situation_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

func TestHealthBecomesACondition(t *testing.T) {
	const ok, slow, broken, blind, unknown = probe.HealthOK, probe.HealthSlow, probe.HealthBroken, probe.HealthBlind, probe.HealthUnknown
	for _, c := range []struct {
		hq, branch []probe.Health // one after the other
		want       situation.Condition
		blind      bool
	}{
		{[]probe.Health{broken}, []probe.Health{broken}, situation.MajorOutage, false},
		{[]probe.Health{ok, blind}, []probe.Health{ok, blind}, situation.Operational, true},
		{nil, nil, situation.Unknown, false},
		{[]probe.Health{slow}, []probe.Health{ok}, situation.Degraded, false},
		{[]probe.Health{broken}, []probe.Health{slow}, situation.PartialOutage, false},
		{[]probe.Health{blind}, []probe.Health{blind}, situation.Unknown, true},
		{[]probe.Health{broken, blind}, []probe.Health{broken}, situation.MajorOutage, true},
		{[]probe.Health{broken}, nil, situation.PartialOutage, false},
		{[]probe.Health{ok}, []probe.Health{ok}, situation.Operational, false},
		{[]probe.Health{blind}, []probe.Health{ok}, situation.Operational, true},
		{[]probe.Health{broken, ok}, []probe.Health{broken, ok}, situation.Operational, false},
		{[]probe.Health{ok, unknown}, []probe.Health{unknown}, situation.Unknown, false},
	} {
		bubble(t, nil, func(t *testing.T, w *world) {
			w.health("past-av-to-hq", broken) // a shortcut, which says nothing
			w.health("inside-hq", ok)
			time.Sleep(time.Minute)
			for _, h := range c.hq {
				w.health("outside-to-hq", h)
			}
			for _, h := range c.branch {
				w.health("outside-to-branch", h)
			}
			s := w.Situation()
			got := directionOf(t, s, probe.Inbound)
			if got.Condition != c.want || got.Blind != c.blind || slices.Contains(s.Troubles, situation.TroubleBlind) != c.blind {
				t.Errorf("%v and %v: got %s, blind %t, troubles %v; want %s, %t", c.hq, c.branch, got.Condition, got.Blind, s.Troubles, c.want, c.blind)
			}
			if since := start.Add(time.Minute); c.want != situation.Unknown && !got.Since.Equal(since) {
				t.Errorf("%v and %v: got since %v, want %v", c.hq, c.branch, got.Since, since)
			}
			if all := worstOf(c.want); s.Condition != all {
				t.Errorf("%v and %v: got %s in all, want %s", c.hq, c.branch, s.Condition, all)
			}
		})
	}
}

// worstOf is the condition of all if inside the company mail arrives.
func worstOf(inbound situation.Condition) situation.Condition {
	if inbound == situation.Unknown {
		return situation.Operational
	}
	return inbound
}

func TestDirectionsAndShortcuts(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		s := w.Situation()
		var got []string
		for _, d := range s.Directions {
			for _, r := range d.Routes {
				name := string(d.Direction) + " " + r.Name
				if r.Shortcut {
					name += " shortcut"
				}
				got = append(got, name)
			}
		}
		want := []string{"inbound outside-to-branch", "inbound outside-to-hq", "inbound past-av-to-hq shortcut", "internal inside-hq"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if want := []situation.Trouble{situation.TroubleNotYet}; !slices.Equal(s.Troubles, want) {
			t.Errorf("got troubles %v, want %v", s.Troubles, want)
		}
	})
}

func TestMaintenanceBeginsAndEndsByTheClock(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		for _, r := range []string{"outside-to-hq", "outside-to-branch", "inside-hq"} {
			w.health(r, probe.HealthOK)
		}
		changed := w.Changed()
		w.window("m-1", 10*time.Minute, 20*time.Minute, "outside-to-hq")
		if !told(changed) {
			t.Error("a maintenance was announced: got nobody told")
		}
		changed = w.Changed()
		steps := []struct {
			after     time.Duration
			do        func()
			condition situation.Condition
			now       bool
			told      bool
		}{
			{time.Minute, func() {}, situation.Operational, false, false},
			{10 * time.Minute, func() {}, situation.Operational, true, true},
			{11 * time.Minute, func() { w.health("outside-to-hq", probe.HealthBroken) }, situation.UnderMaintenance, true, true},
			{12 * time.Minute, func() { w.health("outside-to-branch", probe.HealthSlow) }, situation.PartialOutage, true, false},
			{13 * time.Minute, func() { w.health("outside-to-branch", probe.HealthOK) }, situation.UnderMaintenance, true, false},
			{20 * time.Minute, func() {}, situation.PartialOutage, false, true},
		}
		for _, step := range steps {
			time.Sleep(step.after - w.clock.Since(start))
			synctest.Wait()
			step.do()
			got := directionOf(t, w.Situation(), probe.Inbound)
			if got.Condition != step.condition || got.Maintenance != step.now || told(changed) != step.told {
				t.Errorf("after %v: got %s, maintenance %t, told %t; want %s, %t, %t", step.after, got.Condition, got.Maintenance, told(changed), step.condition, step.now, step.told)
			}
			if got.Condition == situation.UnderMaintenance && !got.Since.Equal(start.Add(11*time.Minute)) {
				t.Errorf("after %v: got under maintenance since %v, want since it broke", step.after, got.Since)
			}
			if told(changed) {
				changed = w.Changed()
			}
		}
		w.window("m-2", 0, 2*time.Hour)
		s := w.Situation()
		if got := directionOf(t, s, probe.Internal); got.Condition != situation.UnderMaintenance || !got.Since.Equal(start) || !s.Components[0].Maintenance {
			t.Errorf("a window over all routes: got %s since %v, components %+v; want all in maintenance", got.Condition, got.Since, s.Components)
		}
		m := s.Maintenance
		if len(m) != 1 || m[0].Text != "Patch <b>\nday" || !slices.Equal(m[0].Directions, []probe.Direction{probe.Inbound, probe.Internal}) || !m[0].Now || m[0].Told.IsZero() {
			t.Errorf("got maintenance %+v, want the one that goes on", m)
		}
	})
}

func TestPeopleAreToldAtOnce(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		m := w.send("outside-to-hq")
		for _, c := range []struct {
			change probe.Change
			want   bool
		}{
			{probe.IncidentTold{IncidentChanged: probe.IncidentChanged{Step: probe.IncidentProgressed}}, false},
			{probe.HealthChanged{Route: "outside-to-hq", To: probe.HealthOK}, true},
			{probe.Settled{Message: m, Outcome: probe.Outcome{Status: probe.Delivered}}, false},
			{probe.Noted{Note: probe.Note{Text: "x"}}, true},
			{probe.HealthChanged{Route: "outside-to-hq", To: probe.HealthOK, Reason: "another"}, false},
			{probe.HealthChanged{Route: "outside-to-hq", To: probe.HealthBlind}, true},
			{probe.IncidentTold{IncidentChanged: probe.IncidentChanged{Step: probe.IncidentRepaired}}, true},
			{probe.HealthChanged{Route: "past-av-to-hq", To: probe.HealthBroken}, false},
			{probe.HealthChanged{Route: "of another journal", To: probe.HealthBroken}, false},
			{diagnosis.Diagnosed{Diagnoses: []diagnosis.Diagnosis{{Components: []string{"gateway-in"}}}}, true},
			{diagnosis.Diagnosed{Diagnoses: []diagnosis.Diagnosis{{Components: []string{"gateway-in"}, Confidence: 1}}}, false},
		} {
			changed := w.Changed()
			w.Export(c.change)
			if got := told(changed); got != c.want {
				t.Errorf("%+v: got told %t, want %t", c.change, got, c.want)
			}
		}
	})
}

func TestComponents(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		w.health("outside-to-branch", probe.HealthBroken)
		w.health("past-av-to-hq", probe.HealthOK)
		w.Export(diagnosis.Diagnosed{
			Origin: w.origin(), Diagnoses: []diagnosis.Diagnosis{{Components: []string{"gateway-in"}}, {Components: []string{"internet"}}},
			Scores: []diagnosis.Score{{Component: "gateway-in", Probability: 0.45}, {Component: "internet", Probability: 0.3}, {Component: "store-branch", Probability: 0.6}},
		})
		for _, f := range []probe.Finding{
			{Check: "smtp", Target: "mx2:25", Component: "gateway-in", State: probe.FindingFailed, Reason: "no banner\u202e"},
			{Check: "imap", Target: "store:993", Component: "store-hq", State: probe.FindingFailed},
			{Check: "smtp", Target: "mx1:25", Component: "gateway-in", State: probe.FindingFailed},
			{Check: "imap", Target: "store:993", Component: "store-hq", State: probe.FindingOK},
			{Check: "tls", Target: "mx1:25", Component: "gateway-in", State: probe.FindingWarning},
		} {
			w.Export(probe.Found{Origin: w.origin(), Finding: f})
		}
		time.Sleep(time.Minute)
		w.Export(probe.Found{Origin: w.origin(), Finding: probe.Finding{Check: "smtp", Target: "mx1:25", Component: "gateway-in", State: probe.FindingFailed, Reason: "again"}})
		want := map[string]situation.ComponentState{
			"store-hq": situation.ComponentWorks, "gateway-in": situation.ComponentSuspected, "antispam": situation.ComponentWorks,
			"internet": situation.ComponentUnknown, "store-branch": situation.ComponentSuspected,
		}
		check := func() {
			t.Helper()
			got := make(map[string]situation.ComponentState)
			for _, c := range w.Situation().Components {
				got[c.Name] = c.State
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		check()
		all := w.Situation().Components
		var findings []string
		for _, f := range all[1].Findings {
			findings = append(findings, f.Target+" "+f.Reason)
		}
		if all[0].Title != "the mailbox server" || all[1].Probability != 0.45 || !slices.Equal(findings, []string{"mx1:25 again", "mx2:25 no banner"}) || !all[1].Findings[0].Since.Equal(start) || len(all[0].Findings) != 0 {
			t.Errorf("got components %+v, want titles, probabilities and what failed", all)
		}
		w.book.all = []incident.Incident{{IncidentChanged: probe.IncidentChanged{ID: "a", State: probe.Identified, Components: []string{"gateway-in"}, Routes: []string{"outside-to-branch"}}}}
		want["gateway-in"] = situation.ComponentFailed
		check()
	})
}

// A second board that is told the same, as by a replay, shows the same; what is given
// away is nobody else's; and no list is null.
func TestSituationsAreWholeAndTheSame(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		w.book.all = []incident.Incident{story()}
		story := func() {
			for _, r := range []string{"outside-to-hq", "inside-hq"} {
				w.health(r, probe.HealthOK)
				m := w.send(r)
				time.Sleep(time.Second)
				w.arrive(m, probe.Delivered, false)
			}
			w.window("m", 0, time.Hour, "inside-hq")
		}
		story()
		first := text(t, w.Situation())
		if strings.Contains(first, "null") || strings.Contains(text(t, w.Recent()), "null") {
			t.Errorf("got null in %s", first)
		}
		mess(reflect.ValueOf(new(w.Situation())))
		mess(reflect.ValueOf(w.Recent()))
		if again := text(t, w.Situation()); again != first {
			t.Errorf("after others have changed theirs: got\n%s\nwant\n%s", again, first)
		}
	})
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// mess changes all that can be reached.
func mess(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		mess(v.Elem())
	case reflect.Struct:
		if v.Type() != reflect.TypeFor[time.Time]() {
			for _, f := range v.Fields() {
				mess(f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			mess(v.Index(i))
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString("mess")
		}
	}
}
