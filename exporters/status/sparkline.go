package status

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
)

// The picture's size, in its own units: the page makes it as wide as the card.
const (
	lineWidth  = 240
	lineHeight = 56
	lineTop    = 16 // above it the missed ones are marked
	lineBottom = lineHeight - 4
	lineEdge   = 5
)

// sparkline is what mail took of late, as a picture. Its scale is logarithmic: the usual
// second and the worst hour are both to be seen.
type sparkline struct {
	ID     string
	Label  string
	Text   string // what a reader who does not see it is to know
	Line   string // a path (SVG section 9.3) through the medians
	Spread string // from each median to the worst
	Usual  string // where the usual is; empty: not known
	Marks  []mark // what was missed
	End    *dot   // the newest
	Missed bool
	Worst  string
}

type mark struct {
	Path string
	Text string
}

type dot struct{ X, Y string }

func (t teller) sparkline(d situation.Direction) sparkline {
	s := sparkline{ID: "line-" + string(d.Direction), Label: t.say("sparkline.label", d), Text: t.say("sparkline.none", nil)}
	scale := newScale(d, t.now)
	var line, spread strings.Builder
	missed, count, worst := 0, 0, 0.0
	var before time.Time // of the last point of the line; zero: it is to begin anew
	for _, p := range d.Latency {
		x := scale.x(p.At)
		missed, count, worst = missed+p.Missed, count+p.Count, max(worst, p.Worst)
		if p.Missed > 0 {
			s.Marks = append(s.Marks, mark{cross(x), t.say("sparkline.point", map[string]any{"Point": p, "At": t.moment(p.At)})})
		}
		if p.Median <= 0 {
			before = time.Time{}
			continue
		}
		y := scale.y(p.Median)
		fmt.Fprintf(&line, "%c%.1f %.1f", pen(scale.joins(before, p.At)), x, y)
		fmt.Fprintf(&spread, "M%.1f %.1fV%.1f", x, y, scale.y(max(p.Worst, p.Median)))
		s.End, before = &dot{fmt.Sprintf("%.1f", x), fmt.Sprintf("%.1f", y)}, p.At
	}
	s.Line, s.Spread, s.Missed = line.String(), spread.String(), missed > 0
	if d.Usual > 0 && count > 0 {
		s.Usual = fmt.Sprintf("M0 %.1fH%d", scale.y(d.Usual), lineWidth)
	}
	if worst > 0 {
		s.Worst = t.say("sparkline.max", worst)
	}
	if count > 0 {
		s.Text = t.say("sparkline.text", map[string]any{"Usual": d.Usual, "Worst": worst, "Missed": missed, "Count": count})
	}
	return s
}

func pen(down bool) byte {
	if down {
		return 'L'
	}
	return 'M'
}

// cross marks a stretch of time in which something was missed, by a shape of its own.
func cross(x float64) string {
	return fmt.Sprintf("M%.1f 3l6 6m0-6l-6 6", x-3)
}

// How far back the picture reaches: so many times what the points are apart, which is less
// than the three hours where mail is sent often.
const (
	linePoints = 60
	lineLong   = 3 * time.Hour
)

// scale places seconds and times. Points without messages are left out of a Direction, so
// they are placed by the time, lest an hour without any vanishes.
type scale struct {
	low, high float64 // logarithms
	now       time.Time
	long      time.Duration
	step      time.Duration // what points are apart at the least; 0: there are not two
}

func newScale(d situation.Direction, now time.Time) scale {
	s := scale{now: now, long: lineLong}
	low, high := math.Inf(1), 0.0
	for n, p := range d.Latency {
		if p.Median > 0 {
			low, high = min(low, p.Median), max(high, p.Median, p.Worst)
		}
		if n == 0 {
			continue
		}
		if step := p.At.Sub(d.Latency[n-1].At); step > 0 && (s.step == 0 || step < s.step) {
			s.step = step
		}
	}
	if s.step > 0 {
		s.long = min(lineLong, linePoints*s.step)
	}
	if d.Usual > 0 {
		low, high = min(low, d.Usual), max(high, d.Usual)
	}
	if high == 0 {
		low, high = 1, 1
	}
	// As much again around it at the least, so that what does not matter looks calm.
	s.low, s.high = math.Log(low/2), math.Log(max(high, 8*low))
	return s
}

func (s scale) x(at time.Time) float64 {
	ago := min(max(s.now.Sub(at), 0), s.long)
	return lineWidth - lineEdge - ago.Seconds()/s.long.Seconds()*(lineWidth-2*lineEdge)
}

// joins tells whether a line leads from one point to another: not over a time in which
// nothing was measured.
func (s scale) joins(before, at time.Time) bool {
	return !before.IsZero() && at.Sub(before) <= 3*s.step
}

func (s scale) y(seconds float64) float64 {
	return lineBottom - (math.Log(seconds)-s.low)/(s.high-s.low)*(lineBottom-lineTop)
}
