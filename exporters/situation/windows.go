package situation

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// windows are the maintenances, and when people were told of each last.
type windows struct {
	probe.Windows
	told map[string]time.Time
}

// farAhead is for how long in advance maintenance is shown.
const farAhead = 400 * 24 * time.Hour

func (w *windows) tell(c probe.MaintenanceTold) {
	if w.told == nil {
		w.told = make(map[string]time.Time)
	}
	w.Apply(c.Maintenance)
	w.told[c.ID] = c.At
	for id, at := range w.told {
		if c.At.Sub(at) > farAhead {
			delete(w.told, id)
		}
	}
}

// next is when the next one begins or ends; zero: none does.
func (w *windows) next(now time.Time) time.Time {
	var next time.Time
	for _, m := range w.Between(now, now.Add(farAhead)) {
		for _, t := range []time.Time{m.From, m.Until} {
			if t.After(now) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return next
}

// maintained tells whether a route is in one.
func (v *view) maintained(route string) bool {
	return slices.ContainsFunc(v.windows, func(m probe.Maintenance) bool { return m.Over(route, v.at, v.at.Add(1)) })
}

// maintenance is what goes on or is planned.
func (v *view) maintenance() []Maintenance {
	all := []Maintenance{}
	for _, m := range v.b.windows.Between(v.at, v.at.Add(farAhead)) {
		routes := m.Routes
		if len(routes) == 0 {
			routes = v.everyRoute()
		}
		all = append(all, Maintenance{
			ID: m.ID, From: v.local(m.From), Until: v.local(m.Until), Now: !m.From.After(v.at), Told: v.local(v.b.windows.told[m.ID]),
			Directions: v.directionsOf(routes), Routes: append([]string{}, m.Routes...), Text: m.Text, By: m.By,
		})
	}
	return all
}

func (v *view) everyRoute() []string {
	var names []string
	for name := range v.b.routes {
		names = append(names, name)
	}
	return names
}
