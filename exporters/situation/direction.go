package situation

import (
	"cmp"
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// direction is all routes of one direction.
type direction struct {
	name      probe.Direction
	routes    []*route // by name, those first that are no shortcuts
	condition Condition
	since     time.Time
	blind     bool
	lastGood  time.Time
	usual     usual
	latency   *latency
}

// newDirections groups the routes. Those that enter a path behind its beginning stand behind the others.
func newDirections(all map[string]*route) []*direction {
	var directions []*direction
	for _, name := range probe.Directions {
		d := &direction{name: name, condition: Unknown}
		for _, r := range all {
			if r.Direction == name {
				r.group = d
				d.routes = append(d.routes, r)
			}
		}
		if len(d.routes) == 0 {
			continue
		}
		slices.SortFunc(d.routes, func(a, b *route) int {
			if a.shortcut != b.shortcut {
				if b.shortcut {
					return -1
				}
				return 1
			}
			return cmp.Compare(a.Name, b.Name)
		})
		d.latency = newLatency(slices.MinFunc(d.counted(), func(a, b *route) int { return cmp.Compare(a.every, b.every) }).every)
		directions = append(directions, d)
	}
	return directions
}

// counted are the routes that people's mail goes along. There is one at least: a shortcut
// is shorter than another of its direction.
func (d *direction) counted() []*route {
	n := slices.IndexFunc(d.routes, func(r *route) bool { return r.shortcut })
	if n < 0 {
		return d.routes
	}
	return d.routes[:n]
}

// judge takes in that the health of a route has changed, and tells whether that changes
// what people are told.
func (d *direction) judge(at time.Time) bool {
	condition, blind := conditionOf(d.counted()), slices.ContainsFunc(d.counted(), func(r *route) bool { return r.health == probe.HealthBlind })
	changed := condition != d.condition || blind != d.blind
	if condition != d.condition {
		d.since = at
	}
	d.condition, d.blind = condition, blind
	return changed
}

// conditionOf is what the health of routes comes to, maintenance left aside. Of a route
// that is blind the last that was known stands. Those that are not known yet take no part,
// but that it takes all to say that no mail arrives.
func conditionOf(routes []*route) Condition {
	var ok, slow, broken int
	for _, r := range routes {
		switch r.believed {
		case probe.HealthOK:
			ok++
		case probe.HealthSlow:
			slow++
		case probe.HealthBroken:
			broken++
		}
	}
	switch {
	case broken > 0 && broken == len(routes):
		return MajorOutage
	case broken > 0:
		return PartialOutage
	case slow > 0:
		return Degraded
	case ok > 0:
		return Operational
	}
	return Unknown
}

// severity orders the conditions.
func (c Condition) severity() int {
	return slices.Index([]Condition{Unknown, Operational, UnderMaintenance, Degraded, PartialOutage, MajorOutage}, c)
}

// worst is the condition of all directions together.
func worst(all []Direction) Condition {
	condition := Unknown
	for _, d := range all {
		if d.Condition.severity() > condition.severity() {
			condition = d.Condition
		}
	}
	return condition
}

// direction is one as it is shown.
func (v *view) direction(d *direction) Direction {
	shown := Direction{
		Direction: d.name, Condition: d.condition, Since: v.local(d.since), Blind: d.blind, LastGood: v.local(d.lastGood),
		Usual: d.usual.median(), Latency: v.points(d.latency), Incidents: v.openOn(d), Days: v.days(d),
		Routes: make([]Route, 0, len(d.routes)),
	}
	for _, r := range d.routes {
		shown.Routes = append(shown.Routes, Route{
			Name: r.Name, Mailbox: r.Mailbox, Path: append([]string{}, r.Path...), Shortcut: r.shortcut,
			Health: r.health, Since: v.local(r.since), Reason: r.reason, LastArrival: v.local(r.arrival),
			InFlight: r.inFlight, Overdue: r.overdue, Maintenance: v.maintained(r.Name),
		})
	}
	if began, so := v.underMaintenance(d); so {
		shown.Condition, shown.Since = UnderMaintenance, v.local(began)
	}
	shown.Maintenance = slices.ContainsFunc(shown.Routes, func(r Route) bool { return r.Maintenance })
	return shown
}

// underMaintenance tells whether all that is bad about a direction, or all of it, is in a
// maintenance that goes on, and since when it is so.
func (v *view) underMaintenance(d *direction) (since time.Time, so bool) {
	affected := slices.DeleteFunc(slices.Clone(d.counted()), func(r *route) bool {
		return r.believed != probe.HealthBroken && r.believed != probe.HealthSlow
	})
	all := !slices.ContainsFunc(d.counted(), func(r *route) bool { return !v.maintained(r.Name) })
	if !all && len(affected) == 0 || slices.ContainsFunc(affected, func(r *route) bool { return !v.maintained(r.Name) }) {
		return time.Time{}, false
	}
	for _, w := range v.windows {
		if slices.ContainsFunc(d.counted(), func(r *route) bool { return w.Over(r.Name, v.at, v.at.Add(1)) }) && (since.IsZero() || w.From.Before(since)) {
			since = w.From
		}
	}
	if !all {
		since = later(since, d.since)
	}
	return since, true
}

// troubles are mailpath's own.
func (v *view) troubles(unwritten int) []Trouble {
	blind, notYet := false, false
	for _, r := range v.b.routes {
		blind = blind || r.health == probe.HealthBlind
		notYet = notYet || r.health == probe.HealthUnknown
	}
	troubles := []Trouble{}
	for _, t := range []struct {
		Trouble
		is bool
	}{{TroubleBlind, blind}, {TroubleUnwritten, unwritten > 0}, {TroubleNotYet, notYet}} {
		if t.is {
			troubles = append(troubles, t.Trouble)
		}
	}
	return troubles
}
