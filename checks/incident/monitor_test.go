package incident_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/probe"
)

var (
	morning  = time.Date(2026, 11, 24, 8, 41, 0, 0, time.UTC)
	topology = diagnosis.Topology{Routes: []diagnosis.Route{
		{Name: "in", Path: []string{"internet", "gateway", "store"}, Direction: probe.Inbound},
		{Name: "in2", Path: []string{"internet", "gateway", "store-b"}, Direction: probe.Inbound},
		{Name: "inside", Path: []string{"store"}, Direction: probe.Internal},
		{Name: "branch", Path: []string{"link", "store-c"}, Direction: probe.SiteToSite},
	}}
)

// scene is a monitor, and the journal of what it had recorded.
type scene struct {
	t       *testing.T
	monitor *incident.Monitor
	now     time.Time
	seq     probe.Seq
	past    []probe.Change // all that was applied
	told    []probe.IncidentTold
	tally   diagnosis.Tally
	held    int
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, now: morning}
	s.restart(nil)
	return s
}

// restart begins a process anew, with what is left of the journal.
func (s *scene) restart(past []probe.Change) {
	every := make(map[string]time.Duration)
	for _, r := range topology.Routes {
		every[r.Name] = 30 * time.Second
	}
	s.monitor = incident.New(incident.Config{Topology: topology, Every: every, UpdateEvery: 20 * time.Minute,
		Tally: func([]string) (diagnosis.Tally, int) { return s.tally, s.held }})
	for _, c := range past {
		s.monitor.Apply(c)
	}
}

func (s *scene) origin() probe.Origin {
	s.seq++
	return probe.Origin{Seq: s.seq, At: s.now}
}

// apply applies changes and has recorded what follows.
func (s *scene) apply(changes ...probe.Change) {
	s.t.Helper()
	for _, c := range changes {
		s.past = append(s.past, c)
		s.monitor.Apply(c)
	}
	s.record()
}

func (s *scene) record() {
	s.t.Helper()
	for n := 0; ; n++ {
		due := s.monitor.Record(s.now)
		if len(due) == 0 {
			return
		}
		if again := s.monitor.Record(s.now); fmt.Sprint(again) != fmt.Sprint(due) {
			s.t.Fatalf("asked again: got %v, want %v", again, due)
		}
		if n > 20 {
			s.t.Fatalf("there is no end to it: %+v", due)
		}
		for _, e := range due {
			s.seq++
			told := probe.IncidentTold{Origin: probe.Origin{Seq: s.seq, At: e.At}, IncidentChanged: e.Fact.(probe.IncidentChanged)}
			s.told = append(s.told, told)
			s.past = append(s.past, told)
			s.monitor.Apply(told)
		}
	}
}

func (s *scene) after(d time.Duration) { s.now = s.now.Add(d); s.record() }

func (s *scene) health(route string, to probe.Health) probe.Change {
	return probe.HealthChanged{Origin: s.origin(), Route: route, To: to}
}

func (s *scene) verdict(confidence float64, components ...string) probe.Change {
	return diagnosis.Diagnosed{Origin: s.origin(), Since: s.now.Add(-time.Minute), Diagnoses: []diagnosis.Diagnosis{
		{Components: components, Confidence: confidence, Sentence: "The break is at " + strings.Join(components, " or ") + ".", Reasons: []string{"nothing arrives"}}}}
}

// story is what was told: each step, the state after it and the routes that are broken.
func (s *scene) story() string {
	var lines []string
	for _, c := range s.told {
		lines = append(lines, fmt.Sprintf("%s %s %s %v", c.ID[11:], c.Step, c.State, c.Broken))
	}
	return strings.Join(lines, "; ")
}

func TestHowIncidentsGo(t *testing.T) {
	for _, tt := range []struct {
		says string
		do   func(*scene)
		want string
	}{
		{"the whole story", func(s *scene) {
			s.apply(s.health("in", probe.HealthBroken))
			s.after(time.Second)
			s.apply(s.verdict(0.6, "gateway"))
			s.apply(s.verdict(0.97, "gateway"))
			s.after(40 * time.Minute)
			s.tally.Missed = 3
			s.apply(s.health("in", probe.HealthOK))
			s.after(3 * time.Minute)
			s.tally.Late = 3
			s.apply(probe.Settled{Origin: s.origin()})
			s.after(3 * time.Minute)
		}, "0841 opened investigating [in]; 0841 verdict investigating [in]; 0841 verdict identified [in]; " +
			"0841 repaired monitoring []; 0841 drained monitoring []; 0841 resolved resolved []"},
		{"a verdict is taken back", func(s *scene) {
			s.apply(s.health("in", probe.HealthBroken), s.verdict(0.9, "gateway"))
			s.apply(s.verdict(0.4, "internet"))
		}, "0841 opened identified [in]; 0841 verdict investigating [in]"},
		{"a route that could tell them apart is blind", func(s *scene) {
			s.apply(s.health("in", probe.HealthBroken), s.verdict(0.98, "gateway", "antispam"))
			s.apply(s.verdict(0.98, "gateway"))
		}, "0841 opened investigating [in]; 0841 verdict identified [in]"},
		{"another cause is another incident, until it is the same", func(s *scene) {
			s.apply(s.health("in", probe.HealthBroken), s.verdict(0.9, "gateway"))
			s.after(time.Minute)
			s.apply(s.health("branch", probe.HealthBroken))
		}, "0841 opened identified [in]; 0842 opened investigating [branch]"},
		{"routes that share a component are one incident", func(s *scene) {
			s.apply(s.health("in", probe.HealthBroken))
			s.apply(s.health("in2", probe.HealthBroken))
			s.apply(s.health("in", probe.HealthOK))
		}, "0841 opened investigating [in]; 0841 widened investigating [in in2]; 0841 narrowed investigating [in2]"},
		{"a flap", func(s *scene) {
			s.apply(s.health("in", probe.HealthBroken))
			s.apply(s.health("in", probe.HealthOK))
			s.after(time.Minute)
			s.apply(s.health("in", probe.HealthBroken))
			s.apply(s.health("in", probe.HealthSlow))
			s.after(6 * time.Minute)
			s.apply(s.health("in", probe.HealthBroken))
		}, "0841 opened investigating [in]; 0841 repaired monitoring []; 0841 drained monitoring []; 0841 relapsed investigating [in]; 0841 repaired monitoring []; " +
			"0841 drained monitoring []; 0841 resolved resolved []; 0841 relapsed investigating [in]"},
		{"much later it is another one", func(s *scene) {
			s.apply(s.health("in", probe.HealthBroken))
			s.apply(s.health("in", probe.HealthOK))
			s.after(10 * time.Minute)
			s.after(2 * time.Hour)
			s.apply(s.health("in", probe.HealthBroken))
		}, "0841 opened investigating [in]; 0841 repaired monitoring []; 0841 drained monitoring []; 0841 resolved resolved []; 1051 opened investigating [in]"},
		{"who cannot see says nothing", func(s *scene) {
			s.apply(s.health("in", probe.HealthBlind))
			s.apply(s.health("in", probe.HealthBroken))
			s.apply(s.health("in", probe.HealthBlind))
			s.after(2 * time.Hour)
		}, "0841 opened investigating [in]"},
		{"what is overdue is waited for an hour", func(s *scene) {
			s.tally.Missed = 2
			s.apply(s.health("in", probe.HealthBroken))
			s.apply(s.health("in", probe.HealthOK))
			s.after(59 * time.Minute)
			s.after(time.Minute)
		}, "0841 opened investigating [in]; 0841 repaired monitoring []; 0841 resolved resolved []"},
		{"maintenance", func(s *scene) {
			s.apply(probe.MaintenanceTold{Origin: s.origin(), Maintenance: probe.Maintenance{ID: "m", From: s.now, Until: s.now.Add(time.Hour), Routes: []string{"in"}}})
			s.apply(s.health("in", probe.HealthBroken))
			s.after(59 * time.Minute)
			s.after(time.Minute)
			s.apply(probe.MaintenanceTold{Origin: s.origin(), Maintenance: probe.Maintenance{ID: "n", From: s.now, Until: s.now.Add(time.Hour)}})
		}, "0941 opened investigating [in]; 0941 maintained resolved []"},
		{"two that turn out to be one", func(s *scene) {
			s.apply(s.health("in", probe.HealthBroken), s.verdict(0.9, "internet"))
			s.after(time.Minute)
			s.apply(s.health("inside", probe.HealthBroken))
			s.apply(s.verdict(0.95, "store"))
		}, "0841 opened identified [in]; 0842 opened investigating [inside]; 0841 verdict identified [in]; 0842 merged resolved []; 0841 widened identified [in inside]"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			s := newScene(t)
			tt.do(s)
			if got := s.story(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A restart opens nothing twice and closes nothing: not when the whole journal is there, and not
// when only what was told is left of it.
func TestARestartGoesOnWithTheSameIncident(t *testing.T) {
	s := newScene(t)
	s.apply(s.health("in", probe.HealthBroken), s.verdict(0.97, "gateway"))
	s.after(time.Minute)
	told := len(s.told)
	for _, pruned := range []bool{true, false} {
		past := s.past
		if pruned {
			past = slices.DeleteFunc(slices.Clone(past), func(c probe.Change) bool { _, kept := c.(probe.IncidentTold); return !kept })
		}
		s.restart(past)
		s.record()
		if len(s.told) != told {
			t.Fatalf("pruned %v: got %s, want nothing new", pruned, s.story())
		}
	}
}

func TestWhatIsPromisedAndWhenItBegan(t *testing.T) {
	s := newScene(t)
	s.apply(s.health("in", probe.HealthBroken), s.verdict(0.97, "gateway"))
	got := s.told[0]
	if want := morning.Add(24 * time.Minute); !got.Next.Equal(want) {
		t.Errorf("got a promise for %v, want %v: 20 minutes on, in whole rounds of five", got.Next, want)
	}
	if want := morning.Add(-time.Minute); !got.Began.Equal(want) {
		t.Errorf("got a beginning at %v, want that of the first message that failed, %v", got.Began, want)
	}
}
