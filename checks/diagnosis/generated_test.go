package diagnosis_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// generated makes a random topology of at most 20 components and 40 routes in which
// every single fault can be told from every other.
func generated(random *rand.Rand) diagnosis.Topology {
	for {
		t := mesh(random, 4+random.IntN(17), 8+random.IntN(33))
		if c := t.Coverage(); len(c.Uncovered) == 0 && len(c.Indistinguishable) == 0 {
			return t
		}
	}
}

func mesh(random *rand.Rand, components, routes int) diagnosis.Topology {
	var t diagnosis.Topology
	for i := range components {
		t.Components = append(t.Components, diagnosis.Component{Name: fmt.Sprintf("c%02d", i)})
	}
	for i := range routes {
		r := diagnosis.Route{Name: fmt.Sprintf("r%03d", i), Mailbox: "m"}
		for _, c := range random.Perm(components)[:1+random.IntN(min(6, components))] {
			r.Path = append(r.Path, t.Components[c].Name)
		}
		t.Routes = append(t.Routes, r)
	}
	return t
}

// after is the evidence of a number of messages per route, of which well routes lose
// a share and broken ones let a share through.
func after(random *rand.Rand, t diagnosis.Topology, broken []string, messages int, loss, through float64) diagnosis.Evidence {
	var e diagnosis.Evidence
	for _, r := range t.Routes {
		miss := loss
		if passes(r, broken) {
			miss = 1 - through
		}
		one := diagnosis.RouteEvidence{Route: r.Name, Health: probe.HealthOK}
		for range messages {
			if random.Float64() < miss {
				one.Misses++
			} else {
				one.Arrivals++
			}
		}
		if 3*one.Misses > messages {
			one.Health = probe.HealthBroken
		}
		e.Routes = append(e.Routes, one)
	}
	return e
}

func passes(r diagnosis.Route, components []string) bool {
	return slices.ContainsFunc(components, func(c string) bool { return slices.Contains(r.Path, c) })
}

// rank is the place of a component among the diagnoses, from 0 on.
func rank(all []diagnosis.Diagnosis, component string) int {
	i := slices.IndexFunc(all, func(d diagnosis.Diagnosis) bool { return slices.Contains(d.Components, component) })
	if i < 0 || len(all[i].Components) > 1 {
		return math.MaxInt
	}
	return i
}

func TestEverySingleFaultIsNamedFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	faults := 0
	for range 200 {
		topology := generated(random)
		for _, c := range topology.Components {
			faults++
			e := after(random, topology, []string{c.Name}, 5, 0, 0)
			if all := diagnosis.Diagnose(topology, e); rank(all, c.Name) != 0 || all[0].Confidence < 0.5 {
				t.Fatalf("%s broken in %+v: got %+v, want it first and likely", c.Name, topology.Routes, all)
			}
		}
	}
	t.Logf("%d single faults, each named first", faults)
}

// single is a trial of one fault: whether it is named first, and whether another
// component is called likely as well.
func single(random *rand.Rand, messages int, loss, through float64) (first, another bool) {
	topology := generated(random)
	c := topology.Components[random.IntN(len(topology.Components))].Name
	all := diagnosis.Diagnose(topology, after(random, topology, []string{c}, messages, loss, through))
	return rank(all, c) == 0, len(all) > 1 && all[1].Confidence >= 0.5
}

// pair is a trial of two faults: whether both are named among the first three, and
// whether both are first and likely.
func pair(random *rand.Rand, messages int, loss, through float64) (among, likely bool) {
	for {
		topology := generated(random)
		pick := random.Perm(len(topology.Components))
		a, b := topology.Components[pick[0]].Name, topology.Components[pick[1]].Name
		if !toldApart(topology, a, b) {
			continue
		}
		all := diagnosis.Diagnose(topology, after(random, topology, []string{a, b}, messages, loss, through))
		last := max(rank(all, a), rank(all, b))
		return last < 3, last < 2 && all[1].Confidence >= 0.5
	}
}

// faults are the rows of trials: enough are found of which share.
var faults = []struct {
	what          string
	trial         func(random *rand.Rand, messages int, loss, through float64) (good, more bool)
	messages      int
	loss, through float64
	enough        float64
	more          string // what the second answer of a trial says
}{
	{"one", single, 20, 0.05, 0, 0.95, "another"},
	{"one in a crash loop", single, 20, 0.05, 0.3, 0.95, "another"},
	{"one in a crash loop, early", single, 10, 0.05, 0.3, 0.95, "another"},
	{"two, and nothing lost at random", pair, 20, 0, 0, 0.9, "both first"},
	{"two", pair, 20, 0.05, 0, 0.9, "both first"},
	{"two in crash loops", pair, 20, 0.05, 0.3, 0.9, "both first"},
}

func TestFaultsAmongNoiseAreNamed(t *testing.T) {
	const trials = 300
	for _, tt := range faults {
		random, named := rand.New(rand.NewPCG(2, 3)), 0
		for range trials {
			if good, _ := tt.trial(random, tt.messages, tt.loss, tt.through); good {
				named++
			}
		}
		if float64(named) < trials*tt.enough {
			t.Errorf("%s: named in %d of %d trials, want a share of %v", tt.what, named, trials, tt.enough)
		}
	}
}

// BenchmarkFaults measures the shares, in 100 trials: it takes many.
func BenchmarkFaults(b *testing.B) {
	for _, tt := range faults {
		b.Run(tt.what, func(b *testing.B) {
			random, named, more := rand.New(rand.NewPCG(3, 2)), 0, 0
			for range b.N {
				good, also := tt.trial(random, tt.messages, tt.loss, tt.through)
				if good {
					named++
				}
				if also {
					more++
				}
			}
			b.ReportMetric(100*float64(named)/float64(b.N), "named/100")
			b.ReportMetric(100*float64(more)/float64(b.N), strings.ReplaceAll(tt.more, " ", "-")+"/100")
		})
	}
}

// outcome is which routes a set of faults makes bad.
func outcome(t diagnosis.Topology, broken ...string) string {
	bad := make([]byte, len(t.Routes))
	for i, r := range t.Routes {
		if passes(r, broken) {
			bad[i] = 1
		}
	}
	return string(bad)
}

// toldApart tells whether two faults make other routes bad than any one and any
// other two.
func toldApart(t diagnosis.Topology, a, b string) bool {
	want, same := outcome(t, a, b), 0
	for i, c := range t.Components {
		if outcome(t, c.Name) == want {
			return false
		}
		for _, d := range t.Components[i+1:] {
			if outcome(t, c.Name, d.Name) == want {
				same++
			}
		}
	}
	return same == 1
}

// odd makes any evidence on any topology.
func odd(random *rand.Rand) (diagnosis.Topology, diagnosis.Evidence) {
	t := mesh(random, 1+random.IntN(80), random.IntN(40))
	name := func() string { return fmt.Sprintf("c%02d", random.IntN(90)) }
	var e diagnosis.Evidence
	for i := range t.Routes {
		r := &t.Routes[i]
		r.Entry = []string{"", name(), "nowhere"}[random.IntN(3)]
		if random.IntN(9) == 0 {
			r.Path = nil
		}
		e.Routes = append(e.Routes, diagnosis.RouteEvidence{
			Route: r.Name, Health: probe.Healths[random.IntN(5)],
			Misses: random.IntN(40) - 3, Arrivals: random.IntN(40) - 3, AtEntry: random.IntN(60) - 3,
		})
		e.Attempts = append(e.Attempts, diagnosis.AttemptEvidence{Route: r.Name, Said: []string{"", "421 no", "refused"}[random.IntN(3)], Banner: 1e9 * 8 * 5})
	}
	for i := range random.IntN(9) {
		e.Findings = append(e.Findings, probe.Finding{Check: "smtp", Target: fmt.Sprint(i), Component: name(), State: probe.FindingStates[random.IntN(4)]})
		e.Bounces = append(e.Bounces, oddBounce(random, name))
		e.Hops = append(e.Hops, diagnosis.HopEvidence{
			Held: []string{name(), name()}[:random.IntN(3)], Next: []string{name()}[:random.IntN(2)],
			Took: time.Duration(random.IntN(99)-9) * time.Minute, Of: time.Duration(random.IntN(99)-9) * time.Minute,
		})
	}
	return t, e
}

func shuffled[T any](random *rand.Rand, all []T) []T {
	all = slices.Clone(all)
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func checkPromises(t *testing.T, seed uint64) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 4))
	topology, e := odd(random)
	all := diagnosis.Diagnose(topology, e)
	known := make(map[string]bool)
	for i, d := range all {
		if !(d.Confidence >= 0 && d.Confidence <= 1) || i > 0 && d.Confidence > all[i-1].Confidence || d.Sentence == "" || len(d.Components) == 0 {
			t.Fatalf("seed %d: diagnosis %d is %+v, want confidences within 0 and 1, falling, and a sentence about something", seed, i, d)
		}
		for _, c := range d.Components {
			if known[c] {
				t.Fatalf("seed %d: component %s stands in two diagnoses", seed, c)
			}
			known[c] = true
		}
	}
	topology.Components, topology.Routes = shuffled(random, topology.Components), shuffled(random, topology.Routes)
	e.Routes, e.Findings, e.Attempts = shuffled(random, e.Routes), shuffled(random, e.Findings), shuffled(random, e.Attempts)
	e.Hops, e.Bounces = shuffled(random, e.Hops), shuffled(random, e.Bounces)
	if again := diagnosis.Diagnose(topology, e); !reflect.DeepEqual(again, all) {
		t.Fatalf("seed %d: in another order got\n%+v\nwant\n%+v", seed, again, all)
	}
	topology.Coverage()
}

func TestPromises(t *testing.T) {
	for seed := range uint64(60) {
		checkPromises(t, seed)
	}
	if got := diagnosis.Diagnose(diagnosis.Topology{}, diagnosis.Evidence{Routes: []diagnosis.RouteEvidence{{Route: "in", Misses: 3}}}); len(got) != 0 {
		t.Errorf("without a topology: got %v, want nothing", got)
	}
}

func FuzzPromises(f *testing.F) {
	f.Add(uint64(1000))
	f.Fuzz(checkPromises)
}

func BenchmarkDiagnose(b *testing.B) {
	for _, size := range []struct{ components, routes int }{{20, 200}, {30, 200}, {300, 2000}, {1000, 10000}} {
		random := rand.New(rand.NewPCG(5, 5))
		topology := mesh(random, size.components, size.routes)
		e := after(random, topology, []string{"c03", "c07"}, 20, 0.05, 0.3)
		b.Run(fmt.Sprintf("%dx%d", size.components, size.routes), func(b *testing.B) {
			for b.Loop() {
				diagnosis.Diagnose(topology, e)
			}
		})
	}
}
