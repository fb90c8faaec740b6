package situation

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/probe"
)

// toldFor is for how long a situation holds what is over.
const toldFor = 7 * 24 * time.Hour

// view is what is needed to show a board at one moment. The board's lock is held.
type view struct {
	b        *Board
	at       time.Time
	windows  []probe.Maintenance // that go on
	calendar *calendar
	open     []incident.Incident
	all      []incident.Incident // of the days that are shown
	touching map[*direction][]touch
}

// touch is that a direction did not work.
type touch struct {
	id          string
	from, until time.Time
	condition   Condition
}

// view makes one. The totals are those of the days that are not over.
func (b *Board) view(now time.Time, open []probe.Totals) *view {
	v := &view{b: b, at: now, windows: b.windows.Between(now, now.Add(1)), touching: make(map[*direction][]touch)}
	v.calendar = b.newCalendar(now, open)
	v.open = b.book.Open()
	v.all = b.book.Incidents(v.calendar.begins[0])
	for _, i := range v.all {
		v.touch(i)
	}
	return v
}

// touch finds out what an incident did to each direction: it was an outage until mail
// began to arrive again.
func (v *view) touch(i incident.Incident) {
	until := i.Repaired
	if until.IsZero() {
		until = i.Ended
	}
	if until.IsZero() {
		until = v.at
	}
	for _, d := range v.b.directions {
		broken := 0
		for _, r := range d.counted() {
			if slices.Contains(i.Routes, r.Name) {
				broken++
			}
		}
		switch {
		case broken == 0:
		case broken == len(d.counted()):
			v.touching[d] = append(v.touching[d], touch{i.ID, i.Began, until, MajorOutage})
		default:
			v.touching[d] = append(v.touching[d], touch{i.ID, i.Began, until, PartialOutage})
		}
	}
}

// openOn names the open incidents of a direction.
func (v *view) openOn(d *direction) []string {
	ids := []string{}
	for _, i := range v.open {
		if slices.Contains(v.directionsOf(i.Routes), d.name) {
			ids = append(ids, i.ID)
		}
	}
	return ids
}

// directionsOf are the directions of some routes, in the order in which they are shown.
func (v *view) directionsOf(routes []string) []probe.Direction {
	all := []probe.Direction{}
	for _, d := range v.b.directions {
		if slices.ContainsFunc(d.routes, func(r *route) bool { return slices.Contains(routes, r.Name) }) {
			all = append(all, d.name)
		}
	}
	return all
}

// incidents are the open ones, the oldest first, and then those of the last days, the
// newest first.
func (v *view) incidents() []Incident {
	all := []Incident{}
	for _, i := range v.open {
		all = append(all, v.incident(i))
	}
	for _, i := range v.all {
		if !i.Open() && i.Ended.After(v.at.Add(-toldFor)) {
			all = append(all, v.incident(i))
		}
	}
	return all
}

// incident is one as it is shown. Its texts were cleaned when it was told.
func (v *view) incident(i incident.Incident) Incident {
	shown := Incident{
		ID: i.ID, State: i.State, Began: v.local(i.Began), Opened: v.local(i.Opened), Repaired: v.local(i.Repaired),
		Drained: v.local(i.Drained), Ended: v.local(i.Ended), Changed: v.local(i.Changed), NextUpdate: v.local(i.NextUpdate()),
		Directions: v.directionsOf(i.Routes), Routes: append([]string{}, i.Routes...), Broken: append([]string{}, i.Broken...),
		Components: v.named(i.Components), Confidence: i.Confidence, Sentence: i.Sentence,
		Reasons: append([]string{}, i.Reasons...), Figures: figuresOf(i.Figures),
		Timeline: make([]Entry, 0, len(i.Timeline)), Updates: v.updates(i.Updates),
	}
	for _, e := range i.Timeline {
		shown.Timeline = append(shown.Timeline, Entry{
			At: v.local(e.At), Step: e.Step, State: e.State, Routes: append([]string{}, e.Broken...), Components: v.named(e.Components),
			Confidence: e.Confidence, Sentence: e.Sentence,
		})
	}
	return shown
}

func (v *view) updates(all []incident.Update) []Update {
	shown := make([]Update, 0, len(all))
	for _, u := range all {
		shown = append(shown, Update{At: v.local(u.At), Text: u.Text, By: u.By, Next: v.local(u.Next)})
	}
	return shown
}

// maxAnnouncements is how many are told.
const maxAnnouncements = 50

func newestFirst(all []incident.Update) []incident.Update {
	return all[:min(len(all), maxAnnouncements)]
}

func figuresOf(f probe.Figures) Figures {
	return Figures{
		Messages: f.Messages, Missed: f.Missed, Overdue: f.Overdue, Held: f.Held, Late: f.Late,
		Refused: f.Refused, Lost: f.Lost, Bounced: f.Bounced, Longest: f.Longest.Seconds(),
	}
}
