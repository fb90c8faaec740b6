package incident

import (
	"maps"
	"slices"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// The confidences in a suspect from which on it counts as a cause, and as the known one.
const (
	likely = 0.5
	sure   = 0.8
)

// broken is the routes that are broken and not in maintenance, in order. One that was
// broken and cannot be seen now still is, as far as anybody knows.
func (m *Monitor) broken(now time.Time) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(m.routes)) {
		r := m.routes[name]
		unseen := r.health == probe.HealthBlind || r.health == probe.HealthUnknown
		if r.health != probe.HealthBroken && (!unseen || !m.wasBroken(name)) {
			continue
		}
		if m.windows.Over(name, now, now.Add(1)) {
			m.laterThanWindows(name, now)
			continue
		}
		names = append(names, name)
	}
	return names
}

// wasBroken tells whether a route is broken by what was recorded.
func (m *Monitor) wasBroken(name string) bool {
	return slices.ContainsFunc(m.known, func(r *record) bool { return r.Open() && slices.Contains(r.Broken, name) })
}

// laterThanWindows has Record look again when a maintenance of a route ends.
func (m *Monitor) laterThanWindows(name string, now time.Time) {
	for _, w := range m.windows.Between(now, now.Add(1)) {
		if w.Over(name, now, now.Add(1)) {
			m.later(w.Until)
		}
	}
}

// causes is the suspects that explain why routes are broken: those that are likely and
// lie on one of their paths, or else the likeliest of these, the likeliest first.
func (m *Monitor) causes(routes []string) []diagnosis.Diagnosis {
	var some []diagnosis.Diagnosis
	for _, d := range m.verdict.suspects {
		if !slices.ContainsFunc(routes, func(name string) bool { return m.passes(name, d.Components) }) {
			continue
		}
		if len(some) == 0 || d.Confidence >= likely {
			some = append(some, d)
		}
	}
	return some
}

// passes tells whether a route passes one of some components.
func (m *Monitor) passes(name string, components []string) bool {
	r := m.routes[name]
	return r != nil && slices.ContainsFunc(r.path, func(c string) bool { return slices.Contains(components, c) })
}

// related tells whether a route may be broken for the same reason as others: one of their
// causes lies on its path, or, while no cause is known, it shares a component with one of them.
func (m *Monitor) related(name string, others []string) bool {
	if slices.Contains(others, name) {
		return true
	}
	causes := m.causes(others)
	for _, d := range causes {
		if m.passes(name, d.Components) {
			return true
		}
	}
	if len(causes) > 0 {
		return false
	}
	return slices.ContainsFunc(others, func(o string) bool {
		r := m.routes[o]
		return r != nil && m.passes(name, r.path)
	})
}

// judged fills in what the verdict says of an incident's broken routes.
func (m *Monitor) judged(i *probe.IncidentChanged) {
	if m.verdict.at.IsZero() && i.State != "" && i.State != probe.Monitoring && i.State != probe.Resolved {
		return // what was judged before is not in the journal any more: what was told stands
	}
	i.State, i.Components, i.Confidence, i.Sentence, i.Reasons = probe.Investigating, nil, 0, "", nil
	causes := m.causes(i.Broken)
	if len(causes) == 0 {
		return
	}
	d := causes[0]
	i.Components, i.Confidence, i.Sentence, i.Reasons = d.Components, d.Confidence, d.Sentence, d.Reasons
	if d.Confidence >= sure && m.inseparable(d.Components) {
		i.State = probe.Identified
	}
}

// inseparable tells whether no route passes some of the components and not the others: the
// verdict names as few as it ever will. Otherwise a route that could tell more says nothing
// at the moment, such as one that is blind, and the search goes on.
func (m *Monitor) inseparable(components []string) bool {
	for _, r := range m.routes {
		n := 0
		for _, c := range components {
			if slices.Contains(r.path, c) {
				n++
			}
		}
		if n > 0 && n < len(components) {
			return false
		}
	}
	return true
}

// calm is how long an incident's routes must be well for it to be over.
func (m *Monitor) calm(routes []string) time.Duration {
	var longest time.Duration
	for _, name := range routes {
		if r := m.routes[name]; r != nil {
			longest = max(longest, r.every)
		}
	}
	return calmIntervals * longest
}

// figures is what an incident has come to so far.
func (m *Monitor) figures(routes []string) probe.Figures {
	t, held := diagnosis.Tally{}, 0
	if m.cfg.Tally != nil {
		t, held = m.cfg.Tally(routes)
	}
	if t == (diagnosis.Tally{}) && !m.verdict.recovered.IsZero() {
		for _, name := range routes {
			if r := m.routes[name]; r != nil {
				t = t.Plus(r.final)
			}
		}
	}
	return probe.Figures{
		Messages: t.Messages, Missed: t.Missed, Overdue: t.Overdue(), Held: held, Late: t.Late, Refused: t.Refused, Lost: t.Lost, Bounced: t.Bounced, Longest: t.Longest,
	}
}
