package situation

import (
	"maps"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// shownDays is how many days are shown.
const shownDays = 90

// degradedFrom is the share of misses from which on a day without an incident was not good.
const degradedFrom = 0.01

// days is what the directions came to on the days that the journal keeps, which are those
// of UTC.
type days struct{ of map[time.Time]day }

// day is the counts of one day by direction.
type day map[probe.Direction]dayCount

type dayCount struct{ events, misses int }

func newDays() *days { return &days{make(map[time.Time]day)} }

// told takes in what a day came to: the last word stands.
func (d *days) told(t probe.Totals, routes map[string]*route) {
	d.of[t.Day.UTC()] = dayOf(t, routes)
	maps.DeleteFunc(d.of, func(old time.Time, _ day) bool { return t.Day.Sub(old) > (shownDays+2)*24*time.Hour })
}

func dayOf(t probe.Totals, routes map[string]*route) day {
	sum := make(day)
	for _, r := range t.Routes {
		if known := routes[r.Route]; known != nil && known.counts() {
			c := sum[known.Direction]
			sum[known.Direction] = dayCount{c.events + r.SLOEvents, c.misses + r.SLOMisses}
		}
	}
	return sum
}

// calendar is the days that are shown, in the site's zone.
type calendar struct {
	begins [shownDays + 1]time.Time // the last one is the end of today
	dates  [shownDays]string
	counts [shownDays]day
}

// newCalendar maps the days of UTC to those of the site. Each one goes to the date that it
// is at the site at noon UTC, which holds most of it; what is of tomorrow by that is of
// today until then.
func (b *Board) newCalendar(now time.Time, open []probe.Totals) *calendar {
	c := new(calendar)
	y, m, d := now.In(b.cfg.Zone).Date()
	place := make(map[string]int, shownDays)
	for i := range shownDays + 1 {
		c.begins[i] = time.Date(y, m, d-shownDays+1+i, 0, 0, 0, 0, b.cfg.Zone)
		if i < shownDays {
			c.dates[i] = time.Date(y, m, d-shownDays+1+i, 12, 0, 0, 0, time.UTC).Format(time.DateOnly)
			place[c.dates[i]] = i
		}
	}
	days := maps.Clone(b.days.of)
	for _, t := range open {
		days[t.Day.UTC()] = dayOf(t, b.routes)
	}
	for begin, sum := range days {
		noon := begin.Add(12 * time.Hour).In(b.cfg.Zone)
		i, shown := place[noon.Format(time.DateOnly)]
		if !shown && !noon.Before(c.begins[shownDays]) {
			i, shown = shownDays-1, true
		}
		if shown {
			c.add(i, sum)
		}
	}
	return c
}

func (c *calendar) add(i int, sum day) {
	if c.counts[i] == nil {
		c.counts[i] = make(day, len(sum))
	}
	for name, n := range sum {
		was := c.counts[i][name]
		c.counts[i][name] = dayCount{was.events + n.events, was.misses + n.misses}
	}
}

// days are those of a direction.
func (v *view) days(d *direction) []Day {
	shown := make([]Day, shownDays)
	for i := range shown {
		n := v.calendar.counts[i][d.name]
		shown[i] = Day{Date: v.calendar.dates[i], Condition: n.condition(), Events: n.events, Misses: n.misses}
	}
	for _, t := range v.touching[d] {
		for i := range shown {
			if begins, ends := v.calendar.begins[i], v.calendar.begins[i+1]; t.from.Before(ends) && t.until.After(begins) {
				shown[i].Incidents = append(shown[i].Incidents, t.id)
				if t.condition.severity() > shown[i].Condition.severity() {
					shown[i].Condition = t.condition
				}
			}
		}
	}
	return shown
}

func (n dayCount) condition() Condition {
	switch {
	case n.events == 0:
		return Unknown
	case float64(n.misses) > degradedFrom*float64(n.events):
		return Degraded
	}
	return Operational
}
