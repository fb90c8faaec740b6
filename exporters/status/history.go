package status

import (
	"fmt"
	"slices"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
)

// history is the last days: a strip for each direction to look at, and a table with the
// same to read.
type history struct {
	Strips []strip
	Heads  []string // of the table: the directions
	Rows   []row    // days of which anything is known, the newest first
	Width  int
}

type strip struct {
	ID    string
	Title string
	Label string
	Share string // of good messages; empty: none counted
	Bars  []bar
}

// bar is a day in a strip. How high it is says the same as its colour.
type bar struct {
	X, Y, Height int
	Condition    situation.Condition
	Text         string
}

type row struct {
	Date  stamp
	Cells []cell
}

type cell struct {
	Condition situation.Condition
	Says      string // the condition, if it is another than that all works
	Share     string
	Incidents []string
}

// The strip's size, in its own units.
const (
	barStep   = 10
	barHeight = 40
)

// heights are those of the bars: the worse a day, the higher.
var heights = map[situation.Condition]int{
	situation.Operational: 22, situation.UnderMaintenance: 22, situation.Degraded: 28,
	situation.PartialOutage: 34, situation.MajorOutage: barHeight, situation.Unknown: 4,
}

func (t teller) history(s situation.Situation) history {
	var h history
	for _, d := range s.Directions {
		h.Heads = append(h.Heads, t.say("direction."+string(d.Direction), nil))
		h.Strips = append(h.Strips, t.strip(d))
		h.Width = max(h.Width, len(d.Days)*barStep)
	}
	h.Rows = t.rows(s.Directions)
	return h
}

func (t teller) strip(d situation.Direction) strip {
	s := strip{ID: "days-" + string(d.Direction), Title: t.say("direction."+string(d.Direction), nil), Label: t.say("strip.label", d)}
	events, misses := 0, 0
	for n, day := range d.Days {
		events, misses = events+day.Events, misses+day.Misses
		height, known := heights[day.Condition]
		if !known {
			day.Condition, height = situation.Unknown, heights[situation.Unknown]
		}
		s.Bars = append(s.Bars, bar{n * barStep, barHeight - height, height, day.Condition, t.say("strip.day", map[string]any{"Day": day, "Date": t.date(day)})})
	}
	if events > 0 {
		s.Share = t.say("strip.share", share(events, misses))
	}
	return s
}

func share(events, misses int) float64 { return float64(events-misses) / float64(events) }

// date is some moment of a day.
func (t teller) date(d situation.Day) words.Moment {
	noon, err := time.ParseInLocation(time.DateOnly, d.Date, t.now.Location())
	if err != nil {
		return words.Moment{}
	}
	return t.moment(noon.Add(12 * time.Hour))
}

// rows are the days for reading. All directions have the same days.
func (t teller) rows(directions []situation.Direction) []row {
	var all []row
	for n := range shortest(directions) {
		var r row
		told := false
		for _, d := range directions {
			day := d.Days[n]
			r.Date = stamp{day.Date, t.say("date", t.date(day))}
			r.Cells = append(r.Cells, t.cell(day))
			told = told || day.Events > 0 || len(day.Incidents) > 0
		}
		if told {
			all = append(all, r)
		}
	}
	slices.Reverse(all)
	return all
}

func shortest(directions []situation.Direction) int {
	if len(directions) == 0 {
		return 0
	}
	return len(slices.MinFunc(directions, func(a, b situation.Direction) int { return len(a.Days) - len(b.Days) }).Days)
}

func (t teller) cell(d situation.Day) cell {
	c := cell{Condition: d.Condition, Share: t.say("strip.none", nil), Incidents: d.Incidents}
	if d.Events > 0 {
		c.Share = t.say("strip.share", share(d.Events, d.Misses))
	}
	if d.Condition != situation.Operational && d.Condition != situation.Unknown {
		c.Says = t.say("condition."+string(d.Condition), nil)
	}
	return c
}

// Box is the strip's view box (SVG section 8.6).
func (h history) Box() string { return fmt.Sprintf("0 0 %d %d", h.Width, barHeight) }
