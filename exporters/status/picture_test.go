package status

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// newTeller tells things as of noon.
func newTeller(t *testing.T) teller { return teller{newWords(t, "en"), noon} }

func point(ago time.Duration, median, worst float64, missed int) situation.Point {
	return situation.Point{At: noon.Add(-ago), Median: median, Worst: worst, Missed: missed, Count: 6}
}

// What mail took is drawn where it belongs: by the time, with a gap where nothing was measured.
func TestSparkline(t *testing.T) {
	const minutes = time.Minute
	for _, c := range []struct {
		name         string
		usual        float64
		points       []situation.Point
		line, spread string
		marks        int
		end          *dot
		usually      string
		text         string
	}{
		{"misses only", 2, []situation.Point{point(180*minutes, 0, 0, 6), point(0, 0, 0, 5)}, "", "", 2, nil, "M0 43.0H240",
			"Usually 2 s. 11 of 12 test messages late or missing."},
		{"one point", 0, []situation.Point{point(90*minutes, 2, 4, 0)}, "M120.0 43.0", "M120.0 43.0V34.0", 0, &dot{"120.0", "43.0"}, "", "At most 4 s. 0 of 6 test messages late or missing."},
		{"nothing", 2, nil, "", "", 0, nil, "", "No measurements yet"},
		{"a gap", 2, []situation.Point{point(180*minutes, 2, 2, 0), point(177*minutes, 2, 2, 0), point(90*minutes, 2, 2, 0), point(87*minutes, 2, 2, 0)},
			"M5.0 43.0L8.8 43.0M120.0 43.0L123.8 43.0", "M5.0 43.0V43.0M8.8 43.0V43.0M120.0 43.0V43.0M123.8 43.0V43.0", 0, &dot{"123.8", "43.0"}, "M0 43.0H240",
			"Usually 2 s. At most 2 s. 0 of 24 test messages late or missing."},
		{"an outage in between", 2, []situation.Point{point(9*minutes, 2, 2, 0), point(6*minutes, 0, 0, 6), point(3*minutes, 8, 16, 2)},
			"M223.5 43.0M231.2 25.0", "M223.5 43.0V43.0M231.2 25.0V16.0", 2, &dot{"231.2", "25.0"}, "M0 43.0H240", ""},
		{"every second", 1, []situation.Point{point(60*time.Second, 1, 1, 0), point(59*time.Second, 1, 1, 0), point(0, 1, 1, 0)},
			"M5.0 43.0L8.8 43.0M235.0 43.0", "", 0, &dot{"235.0", "43.0"}, "M0 43.0H240", ""},
		{"before and behind the picture", 0, []situation.Point{point(500*minutes, 1, 1, 0), point(-5*minutes, 1, 1, 0)}, "M5.0 43.0L235.0 43.0", "", 0, &dot{"235.0", "43.0"}, "", ""},
	} {
		s := newTeller(t).sparkline(situation.Direction{Direction: probe.Inbound, Usual: c.usual, Latency: c.points})
		if s.Line != c.line || c.spread != "" && s.Spread != c.spread || len(s.Marks) != c.marks || s.Missed != (c.marks > 0) || s.Usual != c.usually {
			t.Errorf("%s: got line %q, spread %q, %d marks, usual %q\nwant %q, %q, %d, %q", c.name, s.Line, s.Spread, len(s.Marks), s.Usual, c.line, c.spread, c.marks, c.usually)
		}
		if got, want := fmt.Sprint(s.End), fmt.Sprint(c.end); (s.End == nil) != (c.end == nil) || s.End != nil && *s.End != *c.end {
			t.Errorf("%s: got the end at %s, want %s", c.name, got, want)
		}
		if c.text != "" && s.Text != c.text {
			t.Errorf("%s: got %q, want %q", c.name, s.Text, c.text)
		}
		for n := range strings.FieldsFuncSeq(s.Line+s.Spread, func(r rune) bool { return strings.ContainsRune("MLV ", r) }) {
			if at, err := strconv.ParseFloat(n, 64); err != nil || at < 0 || at > lineWidth {
				t.Errorf("%s: got %q in the picture, want a place in it", c.name, n)
			}
		}
	}
}

func TestStrip(t *testing.T) {
	day := func(date string, c situation.Condition, events, misses int, incidents ...string) situation.Day {
		return situation.Day{Date: date, Condition: c, Events: events, Misses: misses, Incidents: incidents}
	}
	for _, c := range []struct {
		name  string
		days  []situation.Day
		share string
		bars  string // condition, x, y, height
		texts []string
		rows  []string // dates
	}{
		{"misses only", []situation.Day{day("2026-11-24", situation.MajorOutage, 7, 7, "a")}, "0.00 % in time", "major_outage 0 0 40", []string{"24 November: 7 of 7 test messages late or missing, 1 incident"}, []string{"2026-11-24"}},
		{"nothing", nil, "", "", nil, nil},
		{"a condition that is none", []situation.Day{day("2026-11-23", "odd", 1, 0), day("2026-11-24", situation.Degraded, 1, 0)}, "100.00 % in time", "unknown 0 36 4;degraded_performance 10 12 28",
			[]string{"23 November: the one test message was in time", "24 November: the one test message was in time"}, []string{"2026-11-24", "2026-11-23"}},
		{"no data", []situation.Day{day("2026-11-24", situation.Unknown, 0, 0)}, "", "unknown 0 36 4", []string{"24 November: No data"}, nil},
		{"an incident without messages", []situation.Day{day("2025-11-24", situation.PartialOutage, 0, 0, "a", "b")}, "", "partial_outage 0 6 34", []string{"24 November 2025: No data, 2 incidents"}, []string{"2025-11-24"}},
	} {
		h := newTeller(t).history(situation.Situation{Directions: []situation.Direction{{Direction: probe.Inbound, Days: c.days}}})
		s := h.Strips[0]
		var bars, texts, rows []string
		for _, b := range s.Bars {
			bars = append(bars, fmt.Sprint(b.Condition, " ", b.X, " ", b.Y, " ", b.Height))
			texts = append(texts, b.Text)
		}
		for _, r := range h.Rows {
			rows = append(rows, r.Date.ISO)
		}
		if got := strings.Join(bars, ";"); s.Share != c.share || got != c.bars || !slices.Equal(texts, c.texts) || !slices.Equal(rows, c.rows) {
			t.Errorf("%s: got %q, bars %q, %q, rows %q\nwant %q, %q, %q, %q", c.name, s.Share, got, texts, rows, c.share, c.bars, c.texts, c.rows)
		}
		if want := fmt.Sprintf("0 0 %d 40", 10*len(c.days)); h.Box() != want {
			t.Errorf("%s: got box %q, want %q", c.name, h.Box(), want)
		}
	}
}
