package diagnosis

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

// reconsider tells what has become of the trouble.
func (m *Monitor) reconsider(o probe.Origin) []probe.Change {
	t := m.trouble
	if !t.until.IsZero() {
		return m.drain(o)
	}
	if !t.news || t.told.leader != "" && o.At.Sub(t.judged) < m.pause || !m.seesBroken() {
		return nil
	}
	known := m.counts(t.from)
	e := m.evidence(t.from)
	m.paths.returned(known, e.Bounces)
	v := m.paths.judge(known, e)
	t.judged, t.news = o.At, false
	now := t.told.after(m.paths, v)
	if now.leader == "" || t.told.same(now) {
		return nil
	}
	t.told = now
	d := Diagnosed{Origin: o, Since: t.since, Diagnoses: m.paths.explain(v, known, e), Scores: m.scores(v.scores)}
	t.suspects = suspected(d.Diagnoses)
	return []probe.Change{d}
}

// drain tells once that nothing is broken any more, and in the end that it is over.
func (m *Monitor) drain(o probe.Origin) []probe.Change {
	t := m.trouble
	var changes []probe.Change
	if t.told.leader != "" {
		t.told = told{}
		changes = append(changes, Diagnosed{Origin: o, Since: t.since, Scores: m.scores(make([]float64, len(m.paths.components))), Repaired: true})
	}
	if !t.drained(o.At) {
		return changes
	}
	m.trouble = nil
	over := t.recovered(o, m.paths, m.records)
	t.close(m.records)
	return append(changes, over)
}

// seesBroken tells whether a route can be seen to be broken. While those that were
// are blind, or their last messages arrived, which may be the repair, the verdict stays.
func (m *Monitor) seesBroken() bool {
	for i := range m.trouble.open {
		if r := &m.records[i]; r.health == probe.HealthBroken && (r.arrivals == 0 || m.trouble.told.leader == "") {
			return true
		}
	}
	return false
}

func (m *Monitor) counts(since time.Time) []counts {
	known := make([]counts, len(m.records))
	for i := range m.records {
		known[i] = m.records[i].counts(since)
	}
	return known
}

// evidence is what is known besides the counts.
func (m *Monitor) evidence(since time.Time) Evidence {
	e := Evidence{Findings: m.findings}
	for i := range m.records {
		r := &m.records[i]
		if (r.said.Said != "" || r.said.Banner >= slowBanner) && !r.saidOf.Before(since) {
			e.Attempts = append(e.Attempts, r.said)
		}
		for _, w := range r.waits {
			if !w.slot.Before(r.since(since)) {
				e.Hops = append(e.Hops, w.HopEvidence)
			}
		}
		e.Bounces = append(e.Bounces, r.bounces(r.since(since))...)
	}
	return e
}

func (m *Monitor) scores(all []float64) []Score {
	scores := make([]Score, len(all))
	for c, p := range all {
		scores[c] = Score{m.paths.components[c].Name, p}
	}
	return scores
}

// suspected is the components to remember: those that are likely broken, or else the
// likeliest.
func suspected(all []Diagnosis) []string {
	var names []string
	for i, d := range all {
		if i == 0 || d.Confidence >= likely {
			names = append(names, d.Components...)
		}
	}
	return names
}
