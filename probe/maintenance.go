package probe

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

func (m Maintenance) covers(route string) bool {
	return len(m.Routes) == 0 || slices.Contains(m.Routes, route)
}

// Windows are the maintenances that are known: the last word about each. The zero value
// knows none. It is not safe for concurrent use.
type Windows struct{ all map[string]Maintenance }

// Apply takes in a maintenance, or what changes about one.
func (w *Windows) Apply(m Maintenance) {
	if w.all == nil {
		w.all = make(map[string]Maintenance)
	}
	w.all[m.ID] = m
	maps.DeleteFunc(w.all, func(_ string, old Maintenance) bool { return m.From.Sub(old.Until) > keptTotals })
}

// Over tells whether a route is in maintenance at some time from one to another.
func (w *Windows) Over(route string, from, until time.Time) bool {
	for _, m := range w.all {
		if m.Over(route, from, until) {
			return true
		}
	}
	return false
}

// Between gives the maintenances that are not cancelled and touch the time from one to another,
// the first to begin first.
func (w *Windows) Between(from, until time.Time) []Maintenance {
	var some []Maintenance
	for _, m := range w.all {
		if m.From.Before(m.Until) && m.From.Before(until) && m.Until.After(from) {
			some = append(some, m)
		}
	}
	slices.SortFunc(some, func(a, b Maintenance) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.ID, b.ID)) })
	return some
}

// inMaintenance tells whether a message that is sent now along a route may fail on purpose.
func (e *Engine) inMaintenance(route string, now time.Time, lateAfter time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.past.windows.Over(route, now, now.Add(lateAfter))
}
