package incident

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// Config is what a Monitor knows beforehand.
type Config struct {
	Topology diagnosis.Topology
	// Every is how often each route is probed: what is well for ten times that has calmed down.
	Every map[string]time.Duration
	// UpdateEvery is how soon people are promised the first update.
	UpdateEvery time.Duration
	// Tally says what became so far of the messages sent along routes in the trouble that
	// goes on, and how many of them somebody holds: that of the diagnosis.Monitor before.
	Tally func(routes []string) (diagnosis.Tally, int)
}

// Monitor is a probe.Assessor and the probe.Recorder. It compares how things are with what
// was recorded of them, and has recorded what differs: so nothing is told twice, whatever
// was replayed, pruned or judged otherwise by an older version. It has no clock, no
// goroutine and no I/O: the same changes always give the same incidents. It is not safe for
// concurrent use.
type Monitor struct {
	cfg     Config
	routes  map[string]*route
	verdict verdict
	windows probe.Windows
	known   []*record // of incidents: those that go on, and those that may come back, oldest first
	ids     map[string]bool

	news bool      // something has changed since Record gave nothing
	wake time.Time // when time alone may change something; zero: never
}

// route is how one is.
type route struct {
	path   []string
	every  time.Duration
	health probe.Health
	since  time.Time // its health changed last
	final  diagnosis.Tally
}

// verdict is the last word of the diagnosis.
type verdict struct {
	at        time.Time
	since     time.Time
	suspects  []diagnosis.Diagnosis
	recovered time.Time
}

// record is an incident as it was recorded last.
type record struct {
	probe.IncidentChanged
	at       time.Time
	progress time.Time // the figures were recorded last
}

// New makes a monitor.
func New(cfg Config) *Monitor {
	m := &Monitor{cfg: cfg, routes: make(map[string]*route), ids: make(map[string]bool)}
	for _, r := range cfg.Topology.Routes {
		m.routes[r.Name] = &route{path: r.Path, every: cfg.Every[r.Name], health: probe.HealthUnknown}
	}
	return m
}

// Due implements probe.Assessor: no look decides anything about incidents.
func (m *Monitor) Due(time.Time, string, time.Time) []probe.Event { return nil }

// Apply implements probe.Assessor. Nothing follows at once: what follows is a fact.
func (m *Monitor) Apply(c probe.Change) []probe.Change {
	switch c := c.(type) {
	case probe.HealthChanged:
		if r := m.routes[c.Route]; r != nil {
			r.health, r.since, m.news = c.To, c.At, true
		}
	case diagnosis.Diagnosed:
		m.verdict.at, m.verdict.since, m.verdict.suspects, m.news = c.At, c.Since, c.Diagnoses, true
	case diagnosis.Recovered:
		m.recovered(c)
	case probe.MaintenanceTold:
		m.windows.Apply(c.Maintenance)
		m.news = true
	case probe.IncidentTold:
		m.told(c)
	case probe.DeadlineMissed, probe.Settled:
		m.news = m.news || len(m.known) > 0
	case probe.ClockMoved:
		if c.Between {
			m.move(c.By)
		}
	}
	return nil
}

func (m *Monitor) recovered(c diagnosis.Recovered) {
	m.verdict.recovered, m.verdict.suspects, m.news = c.At, nil, true
	for _, r := range c.Routes {
		if known := m.routes[r.Route]; known != nil {
			known.final = r.Tally
		}
	}
}

// told takes in what was recorded.
func (m *Monitor) told(c probe.IncidentTold) {
	m.news = true
	m.ids[c.ID] = true
	i := slices.IndexFunc(m.known, func(r *record) bool { return r.ID == c.ID })
	if i < 0 {
		i = len(m.known)
		m.known = append(m.known, &record{})
	}
	r := m.known[i]
	if r.Figures != c.Figures || r.progress.IsZero() {
		r.progress = c.At
	}
	r.IncidentChanged, r.at = c.IncidentChanged, c.At
	if r.Into != "" {
		m.known = slices.Delete(m.known, i, i+1)
	}
}

// move moves all times that are remembered: from here on times go by a wall clock that
// was moved. Those that were recorded were told, and stay.
func (m *Monitor) move(by time.Duration) {
	for _, r := range m.routes {
		if !r.since.IsZero() {
			r.since = r.since.Add(by)
		}
	}
	for _, at := range []*time.Time{&m.verdict.at, &m.verdict.since, &m.verdict.recovered} {
		if !at.IsZero() {
			*at = at.Add(by)
		}
	}
	m.news = true
}

// Record implements probe.Recorder.
func (m *Monitor) Record(now time.Time) []probe.Event {
	if !m.news && (m.wake.IsZero() || now.Before(m.wake)) {
		return nil
	}
	m.news, m.wake = true, time.Time{}
	m.forget(now)
	broken := m.broken(now)
	for _, r := range m.known {
		if e, due := m.next(r, broken, now); due {
			return []probe.Event{e}
		}
	}
	if e, due := m.open(broken, now); due {
		return []probe.Event{e}
	}
	m.news = false
	return nil
}

// later has Record look again at a time, though nothing changes.
func (m *Monitor) later(at time.Time) {
	if m.wake.IsZero() || at.Before(m.wake) {
		m.wake = at
	}
}
