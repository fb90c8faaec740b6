package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

const (
	// calmIntervals is how many intervals of the schedule a route must be well for an
	// incident to be over, and flapping how many times that a cause that comes back is
	// the same incident.
	calmIntervals = 10
	flapping      = 6
	// drainLimit is how long what is overdue is waited for after the repair.
	drainLimit = time.Hour
	// progressEvery is how often figures are recorded at most.
	progressEvery = time.Minute
	// promises are made for whole rounds of the clock.
	promiseRound = 5 * time.Minute
)

// forget drops incidents that cannot come back.
func (m *Monitor) forget(now time.Time) {
	m.known = slices.DeleteFunc(m.known, func(r *record) bool {
		return !r.Open() && now.Sub(r.Ended) > flapping*m.calm(r.Routes)
	})
}

// open opens an incident for the broken routes that are in none: all of those that may be
// broken for one reason.
func (m *Monitor) open(broken []string, now time.Time) (probe.Event, bool) {
	var fresh []string
	for _, name := range broken {
		if m.wasBroken(name) || len(fresh) > 0 && !m.related(name, fresh) {
			continue
		}
		fresh = append(fresh, name)
	}
	if len(fresh) == 0 {
		return probe.Event{}, false
	}
	at := m.changedAt(fresh, now)
	if slices.ContainsFunc(fresh, func(name string) bool { return m.windows.Over(name, at, now) }) {
		at = now // it was meant to be broken until now
	}
	i := probe.IncidentChanged{
		ID: m.id(now), Step: probe.IncidentOpened, Began: m.began(fresh, at), Opened: at,
		Routes: fresh, Broken: fresh, Next: promise(now.Add(m.cfg.UpdateEvery)),
	}
	m.judged(&i)
	i.Figures = m.figures(i.Routes)
	return probe.Event{At: at, Fact: i}, true
}

// id names an incident that opens now, by the minute in UTC.
func (m *Monitor) id(now time.Time) string {
	stem := now.UTC().Format("2006-01-02-1504")
	id := stem
	for n := 2; m.ids[id]; n++ {
		id = fmt.Sprintf("%s-%d", stem, n)
	}
	return id
}

// began is when the first message failed. The diagnosis knows it of the whole trouble.
func (m *Monitor) began(routes []string, at time.Time) time.Time {
	if since := m.verdict.since; len(m.causes(routes)) > 0 && !since.IsZero() && since.Before(at) {
		return since
	}
	return at
}

// changedAt is when the last of some routes became as it is.
func (m *Monitor) changedAt(routes []string, now time.Time) time.Time {
	var last time.Time
	for _, name := range routes {
		if r := m.routes[name]; r != nil && r.since.After(last) {
			last = r.since
		}
	}
	if last.IsZero() || last.After(now) {
		return now
	}
	return last
}

func promise(at time.Time) time.Time {
	if rounded := at.Truncate(promiseRound); rounded.Before(at) {
		return rounded.Add(promiseRound)
	}
	return at
}

// next is the next step of an incident, if one is due.
func (m *Monitor) next(r *record, broken []string, now time.Time) (probe.Event, bool) {
	i := r.IncidentChanged
	i.Broken = m.attributed(r, broken)
	if !r.Open() {
		if len(i.Broken) == 0 {
			return probe.Event{}, false
		}
		i.Ended = time.Time{}
		return m.step(r, i, probe.IncidentRelapsed, m.changedAt(i.Broken, now))
	}
	if older := m.sameCause(r); older != nil {
		i.State, i.Ended, i.Into, i.Broken = probe.Resolved, now, older.ID, nil
		return m.step(r, i, probe.IncidentMerged, now)
	}
	if len(i.Broken) == 0 {
		return m.mending(r, i, now)
	}
	return m.breaking(r, i, now)
}

// attributed is the broken routes that belong to an incident.
func (m *Monitor) attributed(r *record, broken []string) []string {
	of := r.Broken
	if len(of) == 0 {
		of = r.Routes
	}
	var some []string
	for _, name := range broken {
		elsewhere := slices.ContainsFunc(m.known, func(o *record) bool { return o != r && o.Open() && slices.Contains(o.Broken, name) })
		mine := slices.Contains(r.Routes, name) || r.Open() && m.related(name, of)
		if !elsewhere && mine {
			some = append(some, name)
		}
	}
	return some
}

// sameCause is an older incident that goes on and has a cause in common.
func (m *Monitor) sameCause(r *record) *record {
	for _, older := range m.known {
		if older == r {
			return nil
		}
		if !older.Open() || len(older.Broken) == 0 || len(r.Broken) == 0 {
			continue
		}
		for _, d := range m.causes(older.Broken) {
			for _, e := range m.causes(r.Broken) {
				if slices.Equal(d.Components, e.Components) {
					return older
				}
			}
		}
	}
	return nil
}

// breaking is the next step of an incident of which routes are broken.
func (m *Monitor) breaking(r *record, i probe.IncidentChanged, now time.Time) (probe.Event, bool) {
	m.judged(&i)
	i.Repaired, i.Drained = time.Time{}, time.Time{}
	gained := slices.DeleteFunc(slices.Clone(i.Broken), func(name string) bool { return slices.Contains(r.Broken, name) })
	for _, name := range gained {
		if !slices.Contains(i.Routes, name) {
			i.Routes = append(slices.Clone(i.Routes), name)
		}
	}
	slices.Sort(i.Routes)
	switch {
	case r.State == probe.Monitoring:
		return m.step(r, i, probe.IncidentRelapsed, m.changedAt(gained, now))
	case len(gained) > 0:
		return m.step(r, i, probe.IncidentWidened, m.changedAt(gained, now))
	case len(i.Broken) < len(r.Broken):
		return m.step(r, i, probe.IncidentNarrowed, now)
	case !sameVerdict(i, r.IncidentChanged):
		return m.step(r, i, probe.IncidentJudged, m.verdict.at)
	}
	return m.progress(r, i, now)
}

// sameVerdict tells whether two verdicts are told alike: the diagnosis has told what
// differs in its steps.
func sameVerdict(a, b probe.IncidentChanged) bool {
	return a.State == b.State && slices.Equal(a.Components, b.Components) && step(a.Confidence) == step(b.Confidence)
}

// step is the highest of the confidences at which a verdict is told again.
func step(confidence float64) int {
	n := 0
	for _, s := range [...]float64{likely, sure, 0.95} {
		if confidence >= s {
			n++
		}
	}
	return n
}

// mending is the next step of an incident of which no route is broken.
func (m *Monitor) mending(r *record, i probe.IncidentChanged, now time.Time) (probe.Event, bool) {
	if len(r.Broken) > 0 {
		if m.maintained(r.Broken, now) {
			i.State, i.Ended = probe.Resolved, now
			return m.step(r, i, probe.IncidentMaintained, now)
		}
		i.State, i.Repaired = probe.Monitoring, m.changedAt(r.Broken, now)
		return m.step(r, i, probe.IncidentRepaired, i.Repaired)
	}
	overdue := m.figures(i.Routes).Overdue
	if i.Drained.IsZero() && overdue == 0 {
		i.Drained = now
		return m.step(r, i, probe.IncidentDrained, now)
	}
	over := i.Repaired.Add(m.calm(i.Routes))
	if i.Drained.IsZero() && i.Repaired.Add(drainLimit).After(over) {
		over = i.Repaired.Add(drainLimit)
	}
	if !now.Before(over) {
		i.State, i.Ended = probe.Resolved, now
		return m.step(r, i, probe.IncidentResolved, now)
	}
	m.later(over)
	return m.progress(r, i, now)
}

// maintained tells whether routes that are broken are all in maintenance.
func (m *Monitor) maintained(routes []string, now time.Time) bool {
	for _, name := range routes {
		if !m.windows.Over(name, now, now.Add(1)) {
			return false
		}
	}
	return true
}

// progress records the figures, if they have changed and not too often.
func (m *Monitor) progress(r *record, i probe.IncidentChanged, now time.Time) (probe.Event, bool) {
	if m.figures(i.Routes) == r.Figures {
		return probe.Event{}, false
	}
	if next := r.progress.Add(progressEvery); now.Before(next) {
		m.later(next)
		return probe.Event{}, false
	}
	return m.step(r, i, probe.IncidentProgressed, now)
}

// step is an incident as it is after something happened in it.
func (m *Monitor) step(r *record, i probe.IncidentChanged, s probe.IncidentStep, at time.Time) (probe.Event, bool) {
	if at.Before(r.at) {
		at = r.at
	}
	i.Step = s
	if s == probe.IncidentRelapsed {
		m.judged(&i)
		i.Repaired, i.Drained = time.Time{}, time.Time{}
	}
	i.Figures = m.figures(i.Routes)
	return probe.Event{At: at, Fact: i}, true
}
