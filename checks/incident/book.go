package incident

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Incident is what is known of one, as it was told.
type Incident struct {
	probe.IncidentChanged          // as it is now
	Timeline              []Entry  // oldest first
	Updates               []Update // what operators wrote, oldest first
	Changed               time.Time
}

// Entry is a line of the timeline. Progress of the figures is none.
type Entry struct {
	At time.Time
	probe.IncidentChanged
}

// Update is a note with its time.
type Update struct {
	Seq probe.Seq
	At  time.Time
	probe.Note
}

// NextUpdate is when people were promised the next update, by the last who promised one:
// mailpath when the incident opened, or an operator since. A note without a promise leaves
// the one before it standing. It is zero when the incident is over.
func (i Incident) NextUpdate() time.Time {
	if !i.Open() {
		return time.Time{}
	}
	for _, u := range slices.Backward(i.Updates) {
		if !u.Next.IsZero() {
			return u.Next
		}
	}
	return i.Next
}

const (
	// remembered is for how long incidents are in the book after their end.
	remembered = 400 * 24 * time.Hour
	// maxUpdates bounds the notes that are kept of one incident, and of none.
	maxUpdates = 500
	// maxIncidents bounds the incidents.
	maxIncidents = 5000
)

// Book is all that was told of incidents, notes and maintenance. It takes in changes, in
// order, those of a replay too. It is not safe for concurrent use.
type Book struct {
	Windows probe.Windows

	all    []*Incident // in the order in which they opened
	byID   map[string]*Incident
	others []Update // about no incident
}

// Apply takes in a change and tells whether it was about people being told something.
func (b *Book) Apply(c probe.Change) bool {
	switch c := c.(type) {
	case probe.IncidentTold:
		b.told(c)
	case probe.Noted:
		b.noted(Update{Seq: c.Seq, At: c.At, Note: c.Note})
	case probe.MaintenanceTold:
		b.Windows.Apply(c.Maintenance)
	default:
		return false
	}
	return true
}

func (b *Book) told(c probe.IncidentTold) {
	i := b.byID[c.ID]
	if i == nil {
		if b.byID == nil {
			b.byID = make(map[string]*Incident)
		}
		i = new(Incident)
		b.byID[c.ID] = i
		b.all = append(b.all, i)
		b.forget(c.At)
	}
	i.IncidentChanged = c.IncidentChanged
	if c.Step != probe.IncidentProgressed {
		i.Timeline = append(i.Timeline, Entry{c.At, c.IncidentChanged})
		i.Changed = c.At
	}
	if into := b.leads(c.ID); into != i {
		into.adopt(i.Updates)
		i.Updates = nil
	}
}

// adopt takes over the notes of an incident that was merged.
func (i *Incident) adopt(updates []Update) {
	i.Updates = append(i.Updates, updates...)
	slices.SortStableFunc(i.Updates, func(a, b Update) int { return a.At.Compare(b.At) })
}

// leads is the incident into which one was merged in the end, or itself; nil if there is none.
func (b *Book) leads(id string) *Incident {
	i := b.byID[id]
	for range len(b.all) { // as many steps at most, should they lead in a circle
		if i == nil || i.Into == "" || b.byID[i.Into] == nil {
			break
		}
		i = b.byID[i.Into]
	}
	return i
}

// forget drops what ended long before a time.
func (b *Book) forget(now time.Time) {
	b.all = slices.DeleteFunc(b.all, func(i *Incident) bool {
		old := !i.Open() && !i.Opened.IsZero() && (now.Sub(i.Ended) > remembered || len(b.byID) > maxIncidents)
		if old {
			delete(b.byID, i.ID)
		}
		return old
	})
}

func (b *Book) noted(u Update) {
	if i := b.leads(u.Incident); i != nil {
		i.Updates, i.Changed = bounded(i.Updates, u), u.At
		return
	}
	b.others = bounded(b.others, u)
}

func bounded(updates []Update, u Update) []Update {
	if len(updates) >= maxUpdates {
		updates = slices.Delete(updates, 0, 1)
	}
	return append(updates, u)
}

// Open gives the incidents that go on, oldest first.
func (b *Book) Open() []Incident {
	var open []Incident
	for _, i := range b.all {
		if i.Open() {
			open = append(open, i.clone())
		}
	}
	return open
}

// Incidents gives all incidents that touch the time from since on, the newest first,
// those that were merged into others left out.
func (b *Book) Incidents(since time.Time) []Incident {
	var some []Incident
	for _, i := range slices.Backward(b.all) {
		if i.Into == "" && (i.Open() || i.Ended.After(since)) {
			some = append(some, i.clone())
		}
	}
	return some
}

// Incident gives one by its ID; one that was merged leads to the other.
func (b *Book) Incident(id string) (Incident, bool) {
	if i := b.leads(id); i != nil {
		return i.clone(), true
	}
	return Incident{}, false
}

// clone is the incident with lists that nobody else has.
func (i *Incident) clone() Incident {
	c := *i
	c.Timeline, c.Updates = slices.Clone(i.Timeline), slices.Clone(i.Updates)
	return c
}

// Announcements gives the notes about no incident from since on, the newest first.
func (b *Book) Announcements(since time.Time) []Update {
	var some []Update
	for _, u := range slices.Backward(b.others) {
		if !u.At.Before(since) {
			some = append(some, u)
		}
	}
	return some
}
