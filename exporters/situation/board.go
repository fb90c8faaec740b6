package situation

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// Config is what a Board knows beforehand.
type Config struct {
	Clock    probe.Clock
	Probes   []probe.Probe
	Topology diagnosis.Topology
	Zone     *time.Location // of the site; nil: UTC
	Prober   string
	Site     string
	Company  string
	Contact  string
	URL      string
	// Totals are those of the days that are not over; nil: there are none.
	Totals func() []probe.Totals
	// Unwritten tells how many events of the journal the disk has not got; nil: none.
	Unwritten func() int
}

// Board takes in changes and gives the situation. It is safe for concurrent use. A change
// costs about as much as there are routes in a direction, at most; what is kept is
// bounded by the configuration, by what is in flight, and by what the Book keeps.
type Board struct {
	cfg     Config
	changed probe.Signal

	mu         sync.Mutex
	routes     map[string]*route
	directions []*direction // those that have routes, in the order in which they are shown
	components *components
	flights    map[probe.ID]*flight
	windows    windows
	book       book
	days       *days
	recent     *recent
	alarm      *time.Timer // for the next window that begins or ends; nil: nobody has asked
}

// book is the incident.Book.
type book interface {
	Apply(probe.Change) bool
	Open() []incident.Incident
	Incidents(since time.Time) []incident.Incident
	Incident(id string) (incident.Incident, bool)
	Announcements(since time.Time) []incident.Update
}

// NewBoard makes a board of which nothing is known yet.
func NewBoard(cfg Config) *Board {
	cfg.Zone = cmp.Or(cfg.Zone, time.UTC)
	b := &Board{
		cfg: cfg, flights: make(map[probe.ID]*flight), book: new(incident.Book),
		components: newComponents(cfg.Topology), days: newDays(), recent: new(recent),
	}
	b.routes = newRoutes(cfg.Probes)
	b.directions = newDirections(b.routes)
	return b
}

// Export implements probe.Exporter.
func (b *Board) Export(c probe.Change) {
	b.mu.Lock()
	told := b.apply(c)
	b.mu.Unlock()
	if told {
		b.changed.Tell()
	}
}

// apply takes in a change and tells whether people should be told at once.
func (b *Board) apply(c probe.Change) bool {
	c = cleaned(c)
	b.book.Apply(c)
	b.message(c)
	switch c := c.(type) {
	case trace.Traced:
		b.recent.traced(c)
	case probe.HealthChanged:
		if r := b.routes[c.Route]; r != nil {
			r.become(c)
			return r.group.judge(c.At)
		}
	case probe.Found:
		b.components.found(c)
	case diagnosis.Diagnosed:
		return b.components.diagnosed(c)
	case probe.DayTold:
		b.days.told(c.Totals, b.routes)
	case probe.ClockMoved:
		if c.Between {
			for _, d := range b.directions {
				d.latency.forget(c.At)
			}
		}
	case probe.IncidentTold:
		return c.Step != probe.IncidentProgressed
	case probe.Noted:
		return true
	case probe.MaintenanceTold:
		b.windows.tell(c)
		return true
	}
	return false
}

// Situation is how things stand now.
func (b *Board) Situation() Situation {
	now := b.cfg.Clock.Now()
	today, unwritten := b.others()
	b.mu.Lock()
	defer b.mu.Unlock()
	v := b.view(now, today)
	s := Situation{
		At: v.local(now), Company: b.cfg.Company, Contact: b.cfg.Contact, URL: b.cfg.URL, Site: b.cfg.Site,
		Prober: b.cfg.Prober, TimeZone: b.cfg.Zone.String(), Directions: make([]Direction, 0, len(b.directions)),
	}
	for _, d := range b.directions {
		s.Directions = append(s.Directions, v.direction(d))
	}
	s.Condition = worst(s.Directions)
	s.Components = v.components()
	s.Incidents = v.incidents()
	s.Maintenance = v.maintenance()
	s.Announcements = v.updates(newestFirst(b.book.Announcements(now.Add(-toldFor))))
	s.Troubles = v.troubles(unwritten)
	return s
}

// Windows gives the maintenances that go on or are to come, the first to begin first.
func (b *Board) Windows() []probe.Maintenance {
	now := b.cfg.Clock.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.windows.Between(now, now.Add(farAhead))
}

// Open gives the IDs of the incidents that go on, the oldest first.
func (b *Board) Open() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	for _, i := range b.book.Open() {
		ids = append(ids, i.ID)
	}
	return ids
}

// others asks what the board does not know itself. They have locks of their own, so they
// are asked without the board's.
func (b *Board) others() (today []probe.Totals, unwritten int) {
	if b.cfg.Totals != nil {
		today = b.cfg.Totals()
	}
	if b.cfg.Unwritten != nil {
		unwritten = b.cfg.Unwritten()
	}
	return today, unwritten
}

// Incident gives one incident of any time; one that was merged leads to the other.
func (b *Board) Incident(id string) (Incident, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, known := b.book.Incident(id)
	if !known {
		return Incident{}, false
	}
	return b.view(b.cfg.Clock.Now(), nil).incident(i), true
}

// Incidents gives all that touch the time from since on, the newest first.
func (b *Board) Incidents(since time.Time) []Incident {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := b.view(b.cfg.Clock.Now(), nil)
	all := []Incident{}
	for _, i := range b.book.Incidents(since) {
		all = append(all, v.incident(i))
	}
	return all
}

// Recent gives the last messages that ended, the newest first.
func (b *Board) Recent() []Outcome {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.recent.newestFirst()
	for i := range all {
		all[i].At = all[i].At.Round(0).In(b.cfg.Zone)
		all[i].Hops = slices.Clone(all[i].Hops)
	}
	return all
}

// Changed gives a channel that is closed when people should be told at once: a
// condition, a verdict, an incident, a note, a maintenance has changed, or one begins or
// ends. Whoever waits takes the channel first and the Situation after that.
func (b *Board) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Clock.Now()
	if b.alarm != nil {
		b.alarm.Stop()
		b.alarm = nil
	}
	if next := b.windows.next(now); !next.IsZero() {
		b.alarm = time.AfterFunc(next.Sub(now), b.changed.Tell)
	}
	return b.changed.Told()
}

// Zone is the site's time zone.
func (b *Board) Zone() *time.Location { return b.cfg.Zone }
