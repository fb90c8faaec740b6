package probe

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

func (m Maintenance) covers(route string) bool {
	return len(m.Routes) == 0 || slices.Contains(m.Routes, route)
}

// Windows are the maintenances that are known: the last word about each. The zero value
// knows none. It is not safe for concurrent use.
type Windows struct {
	all  map[string]Maintenance
	many int // so many that old ones are to be forgotten
}

// Apply takes in a maintenance, or what changes about one. What was over more than 400
// days before it is forgotten, sooner or later.
func (w *Windows) Apply(m Maintenance) {
	if w.all == nil {
		w.all = make(map[string]Maintenance)
	}
	w.all[m.ID] = m
	if len(w.all) < w.many { // looking through all of them each time would make a replay slow
		return
	}
	maps.DeleteFunc(w.all, func(_ string, old Maintenance) bool { return m.From.Sub(old.Until) > keptTotals })
	w.many = 2*len(w.all) + 100
}

// last is the last word about a maintenance.
func (w *Windows) last(id string) (m Maintenance, known bool) {
	m, known = w.all[id]
	return m, known
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

// Calendar says which maintenance is planned. It is safe for concurrent use.
type Calendar interface {
	// Planned gives the maintenances that touch the time from one to another. The
	// same one has the same ID every time.
	Planned(from, until time.Time) []Maintenance
}

const (
	// ahead is for how long planned maintenance is told in advance, and planEvery how
	// often the calendar is looked into.
	ahead     = 7 * 24 * time.Hour
	planEvery = 10 * time.Minute
)

// plan journals what the calendar plans, some days ahead, and takes back what it does not
// plan any more, from time to time until the context ends.
func (e *Engine) plan(ctx context.Context) {
	for e.cfg.Clock.SleepUntil(ctx, e.cfg.Clock.Now().Add(planEvery)) == nil {
		e.planNow(ctx)
	}
}

// planNow does so once. What cannot be journaled is not known: it is tried again.
func (e *Engine) planNow(ctx context.Context) {
	if news := e.planned(e.cfg.Clock.Now()); len(news) > 0 && e.tell(ctx, news...) == nil {
		e.awaitAll(ctx)
	}
}

// planned is what is to be told of the calendar: what is new in it or has changed, and
// what it does not hold any more. What has begun ends now then; what has not never was.
// About a maintenance of which an operator has spoken, the calendar has no say any more:
// what was ended early would begin again.
func (e *Engine) planned(now time.Time) []Event {
	var wanted []Maintenance
	if e.cfg.Calendar != nil {
		wanted = e.cfg.Calendar.Planned(now, now.Add(ahead))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var news []Event
	plans := make(map[string]bool, len(wanted))
	for _, m := range wanted {
		plans[m.ID] = true
		if last, known := e.past.windows.last(m.ID); !known || last.By == "" && !m.equal(last) {
			news = append(news, Event{At: now, Fact: m})
		}
	}
	for _, m := range e.past.windows.Between(now, now.Add(ahead)) {
		if m.By == "" && !plans[m.ID] {
			m.From, m.Until = minTime(m.From, now), now
			news = append(news, Event{At: now, Fact: m})
		}
	}
	return news
}

func (m Maintenance) equal(o Maintenance) bool {
	return m.ID == o.ID && m.From.Equal(o.From) && m.Until.Equal(o.Until) && m.Text == o.Text && m.By == o.By && slices.Equal(m.Routes, o.Routes)
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// inMaintenance tells whether a message that is sent now along a route may fail on purpose:
// whether there is maintenance, as far as is known now, before it would be late. What is
// announced after it was sent changes nothing: it counts, since nobody could have failed on
// purpose that told nobody.
func (e *Engine) inMaintenance(route string, now time.Time, lateAfter time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.past.windows.Over(route, now, now.Add(lateAfter))
}
