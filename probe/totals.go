package probe

import (
	"maps"
	"reflect"
	"slices"
	"time"
)

// dayTotals adds up what each route comes to per day (UTC), from the changes and
// from the Totals of the journal, which stand for all events before them.
type dayTotals struct {
	days map[time.Time]*dayTotal
	last map[time.Time]Seq // the number of a day's last Totals event
}

// dayTotal is one day.
type dayTotal struct {
	routes  map[string]*RouteTotals
	changed bool // since the last Totals of the day
}

// openDays is for how many days before the newest one totals may still change: what
// is told is told at its time, so one would do, but clocks are moved.
const openDays = 2

func newDayTotals() *dayTotals {
	return &dayTotals{days: make(map[time.Time]*dayTotal), last: make(map[time.Time]Seq)}
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func (d *dayTotals) day(day time.Time) *dayTotal {
	t := d.days[day]
	if t == nil {
		t = &dayTotal{routes: make(map[string]*RouteTotals)}
		d.days[day] = t
		d.forget(day)
	}
	return t
}

// forget drops what is long closed; the journal has it.
func (d *dayTotals) forget(newest time.Time) {
	maps.DeleteFunc(d.days, func(day time.Time, t *dayTotal) bool {
		return !t.changed && newest.Sub(day) > openDays*24*time.Hour
	})
}

// note takes in an event of the journal and what it changed.
func (d *dayTotals) note(e Event, changes []Change) {
	if f, ok := e.Fact.(Totals); ok {
		d.set(e.Seq, f)
		return
	}
	for _, c := range changes {
		d.add(c)
	}
}

// set takes in totals that the journal has. All of them only rise: where events before
// them were pruned, they are the greater; where events came while they were being
// written, what was added up is, and is to be written again.
func (d *dayTotals) set(seq Seq, f Totals) {
	day := dayOf(f.Day)
	d.last[day] = seq
	t := d.day(day)
	for _, written := range f.Routes {
		r := t.routes[written.Route]
		if r == nil {
			r = &RouteTotals{Route: written.Route}
			t.routes[written.Route] = r
		}
		r.raise(written)
	}
	t.changed = !reflect.DeepEqual(t.copy(), f.Routes)
}

// raise makes each number at least that of another count of the same.
func (r *RouteTotals) raise(o RouteTotals) {
	for _, n := range []struct {
		to *int
		at int
	}{{&r.Sent, o.Sent}, {&r.Adopted, o.Adopted}, {&r.SLOEvents, o.SLOEvents}, {&r.SLOMisses, o.SLOMisses}, {&r.Measured, o.Measured}} {
		*n.to = max(*n.to, n.at)
	}
	r.Sum, r.Longest = max(r.Sum, o.Sum), max(r.Longest, o.Longest)
	for _, s := range o.Ended {
		i := r.ended(s.Status)
		r.Ended[i].Messages = max(r.Ended[i].Messages, s.Messages)
	}
}

// ended is the place of a status among those that messages ended in.
func (r *RouteTotals) ended(status Status) int {
	i := slices.IndexFunc(r.Ended, func(s StatusTotal) bool { return s.Status == status })
	if i < 0 {
		i = len(r.Ended)
		r.Ended = append(r.Ended, StatusTotal{Status: status})
	}
	return i
}

func (d *dayTotals) add(c Change) {
	switch c := c.(type) {
	case Sent:
		d.route(c.Origin, c.Message.Route).Sent++
	case Adopted:
		d.route(c.Origin, c.Message.Route).Adopted++
	case DeadlineMissed:
		d.weigh(c, c.Origin, c.Message.Route)
	case Settled:
		d.route(c.Origin, c.Message.Route).settled(c)
		d.weigh(c, c.Origin, c.Message.Route)
	}
}

// route is what a route comes to on the day of an event, to be changed.
func (d *dayTotals) route(o Origin, name string) *RouteTotals {
	t := d.day(dayOf(o.At))
	t.changed = true
	r := t.routes[name]
	if r == nil {
		r = &RouteTotals{Route: name}
		t.routes[name] = r
	}
	return r
}

func (d *dayTotals) weigh(c Change, o Origin, route string) {
	switch Weigh(c).SLO {
	case Miss:
		r := d.route(o, route)
		r.SLOEvents++
		r.SLOMisses++
	case Good:
		d.route(o, route).SLOEvents++
	}
}

func (r *RouteTotals) settled(c Settled) {
	r.Ended[r.ended(c.Outcome.Status)].Messages++
	if c.Measured() {
		r.Measured++
		r.Sum += c.Outcome.Observed
		r.Longest = max(r.Longest, c.Outcome.Observed)
	}
}

// unwritten are the totals of the days that have changed since their last Totals and
// began before a time, oldest first.
func (d *dayTotals) unwritten(before time.Time) []Totals {
	return d.those(func(day time.Time, t *dayTotal) bool { return t.changed && day.Before(before) })
}

// those are the totals of the days that a condition holds for, oldest first.
func (d *dayTotals) those(condition func(day time.Time, t *dayTotal) bool) []Totals {
	var all []Totals
	for _, day := range slices.SortedFunc(maps.Keys(d.days), time.Time.Compare) {
		if t := d.days[day]; condition(day, t) {
			all = append(all, Totals{Day: day, Routes: t.copy()})
		}
	}
	return all
}

func (t *dayTotal) copy() []RouteTotals {
	routes := make([]RouteTotals, 0, len(t.routes))
	for _, name := range slices.Sorted(maps.Keys(t.routes)) {
		r := *t.routes[name]
		r.Ended = slices.Clone(r.Ended)
		routes = append(routes, r)
	}
	return routes
}
