// Package calendar says when maintenance is planned: once, or again and again as cron has
// it, in the time of the site.
//
// A Window is read once by New. Planned then walks each window's starts, by the wall
// clocks of the site, finds the moment of each, and gives those that touch the time it is
// asked about.
package calendar

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/mailpath/mailpath/probe"
)

// Window is maintenance that is planned: once, from one time until another, or again and
// again, as Cron says.
type Window struct {
	Title       string
	Routes      []string // by name; empty: all
	From, Until time.Time
	Cron        string         // five fields (crontab(5)) or a descriptor such as @weekly; empty: once
	For         time.Duration  // of one that comes again; positive
	Zone        *time.Location // in which Cron is read; nil: UTC
}

// most bounds what one window is planned to come to at once: whoever asks about years of
// a window that comes every minute gets the first of them.
const most = 1000

// Calendar is a probe.Calendar. It is never changed, so it is safe for concurrent use.
type Calendar struct{ windows []window }

// window is a Window whose schedule has been read.
type window struct {
	Window
	starts *cron.SpecSchedule // by the wall clocks of the zone; nil: once
}

// New reads windows. An error says which is wrong.
func New(windows []Window) (*Calendar, error) {
	c := new(Calendar)
	for _, w := range windows {
		one, err := read(w)
		if err != nil {
			return nil, fmt.Errorf("reading maintenance %q: %w", w.Title, err)
		}
		c.windows = append(c.windows, one)
	}
	return c, nil
}

func read(w Window) (window, error) {
	if w.Zone == nil {
		w.Zone = time.UTC
	}
	switch {
	case w.Cron == "" && !w.From.Before(w.Until):
		return window{}, fmt.Errorf("got an end, %v, that is not after its beginning, %v", w.Until, w.From)
	case w.Cron == "":
		return window{Window: w}, nil
	case w.For <= 0:
		return window{}, fmt.Errorf("got a length of %v, want more than nothing", w.For)
	case strings.Contains(w.Cron, "TZ="): // the parser knows it, and panics on some
		return window{}, fmt.Errorf("got cron %q, want it without a time zone of its own", w.Cron)
	}
	schedule, err := cron.ParseStandard(w.Cron)
	if err != nil {
		return window{}, fmt.Errorf("reading cron: %w", err)
	}
	starts, ok := schedule.(*cron.SpecSchedule)
	if !ok {
		return window{}, errors.New("got cron @every, which begins at no time that can be told, want five fields")
	}
	starts.Location = time.UTC
	return window{Window: w, starts: starts}, nil
}

// Planned implements probe.Calendar: the first to begin first. One window gives a
// thousand at most, the earliest. An ID is made of title and beginning; of windows that
// share both, those behind the first one are numbered in their order.
func (c *Calendar) Planned(from, until time.Time) []probe.Maintenance {
	var all []probe.Maintenance
	taken := make(map[string]int)
	for _, w := range c.windows {
		for _, m := range w.planned(from, until) {
			taken[m.ID]++
			if n := taken[m.ID]; n > 1 {
				m.ID = fmt.Sprintf("%s #%d", m.ID, n)
			}
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b probe.Maintenance) int { return a.From.Compare(b.From) })
	return all
}

// planned gives what of a window touches a time.
func (w window) planned(from, until time.Time) []probe.Maintenance {
	if w.starts == nil {
		if w.From.Before(until) && w.Until.After(from) {
			return []probe.Maintenance{w.at(w.From, w.Until)}
		}
		return nil
	}
	var all []probe.Maintenance
	for _, start := range w.between(from.Add(-w.For), until) {
		all = append(all, w.at(start, start.Add(w.For)))
	}
	return all
}

func (w window) at(from, until time.Time) probe.Maintenance {
	id := w.Title + " " + from.UTC().Format("2006-01-02T15:04:05Z")
	return probe.Maintenance{ID: id, From: from, Until: until, Routes: w.Routes, Text: w.Title}
}

// between gives the starts after a time and before another, oldest first.
func (w window) between(after, before time.Time) []time.Time {
	var all []time.Time
	wall := asWall(after, w.Zone).Add(-widest)
	for len(all) < most {
		wall = w.starts.Next(wall)
		if wall.IsZero() || wall.After(asWall(before, w.Zone).Add(widest)) {
			break
		}
		for _, start := range w.moments(wall) {
			if start.After(after) && start.Before(before) {
				all = append(all, start)
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// moments gives when the wall clocks of the zone show what the schedule wants. Where
// they are put back and show it twice, a window of fixed hours begins the first time, and
// one of all hours both times. Where they are put forward and never show it, a window of
// fixed hours begins as they are, and one of all hours not: the next hour has its own.
func (w window) moments(wall time.Time) []time.Time {
	shown := showing(wall, w.Zone)
	everyHour := w.starts.Hour&everyBit != 0
	switch {
	case len(shown) == 0 && !everyHour:
		return []time.Time{jump(wall, w.Zone)}
	case len(shown) > 1 && !everyHour:
		return shown[:1]
	}
	return shown
}

// everyBit is how the schedule marks a field that is "*".
const everyBit = 1 << 63

// widest is further apart than any two clocks of a zone across a change: a day, when
// a country moves across the date line.
const widest = 26 * time.Hour

// asWall is what the clocks of a zone show at a time, as if it were UTC.
func asWall(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// showing gives the moments at which the clocks of a zone show a time: none, one or two,
// the first one first.
func showing(wall time.Time, zone *time.Location) []time.Time {
	var all []time.Time
	for _, near := range []time.Duration{-widest, widest} {
		_, offset := wall.Add(near).In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		if asWall(t, zone).Equal(wall) && (len(all) == 0 || !all[0].Equal(t)) {
			all = append(all, t.In(zone))
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// jump is when the clocks of a zone are put forward over a time that they never show.
func jump(wall time.Time, zone *time.Location) time.Time {
	_, before := wall.Add(-widest).In(zone).Zone()
	began, _ := wall.Add(-time.Duration(before) * time.Second).In(zone).ZoneBounds()
	return began
}
