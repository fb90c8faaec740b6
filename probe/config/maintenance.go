package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"go.yaml.in/yaml/v4"
)

const (
	// briefest is the least time that maintenance takes: planned to the minute.
	briefest = time.Minute
	// longest is from when on a maintenance looks like a slip.
	longest = 7 * day
)

// maintenance reads one entry of the section, if it is right.
func (r *reader) maintenance(i item, c *Config, routes *registry) {
	f := r.fields(i.node, i.where, maintenanceKeys)
	m := Maintenance{Title: f.text("title"), Routes: f.maintained(c.Routes, routes)}
	if f.broken || f.strange {
		return
	}
	switch once := f.has("from"); {
	case once == f.has("cron"):
		r.wrong(f.node, f.where, "got %s of from and cron, want one of them: it comes once, or again", bothOrNeither(once))
	case once:
		m.From, m.For = f.once(c.Status.TimeZone)
	default:
		m.Cron, m.For = f.again()
	}
	if m.For > longest {
		r.warn(f.node, f.where, "it takes %s, in which nobody is paged: for what is out of use that long, take its routes out of probes", brief(m.For))
	}
	c.Maintenance = append(c.Maintenance, m)
	c.places = append(c.places, r.at(f.node, f.where, ""))
}

func bothOrNeither(both bool) string {
	if both {
		return "both"
	}
	return "neither"
}

// maintained gives the routes that a maintenance is about; nil: all. That they are
// maintained is no use of them.
func (f *fields) maintained(all []Route, known *registry) []string {
	used := maps.Clone(known.used)
	routes := f.probedRoutes(all, known)
	known.used = used
	if f.broken || f.values["routes"].Kind != yaml.SequenceNode {
		return nil
	}
	return routes
}

// once reads when a maintenance begins that comes once, and how long it takes.
func (f *fields) once(zone *time.Location) (time.Time, time.Duration) {
	from, known := f.moment("from", zone)
	switch {
	case f.has("for") == f.has("until"):
		f.wrong(f.node, f.where, "got %s of for and until, want one of them", bothOrNeither(f.has("for")))
	case f.has("for"):
		return from, f.duration("for", briefest)
	default:
		until, ends := f.moment("until", zone)
		if known && ends && until.Sub(from) < briefest {
			f.bad("until", "got %s, want at least %s after from, which is %s", until.Format(time.RFC3339), brief(briefest), from.Format(time.RFC3339))
		}
		return from, until.Sub(from)
	}
	return from, 0
}

// byTheClocks is how a time is written that the clocks of the site show.
const byTheClocks = "2006-01-02T15:04"

// moment is the value of a key that is a time, in a zone; ok is false if it is none.
func (f *fields) moment(key string, zone *time.Location) (t time.Time, ok bool) {
	got := f.text(key)
	if t, err := time.Parse(time.RFC3339, got); err == nil && foreseeable(t) {
		return t.In(zone).Truncate(time.Second), true
	}
	wall, err := time.Parse(byTheClocks, got)
	if err != nil || !foreseeable(wall) {
		if got != "" {
			f.bad(key, "got %q, want a time such as 2026-12-01T22:00, or with its offset, 2026-12-01T22:00:00+01:00", got)
		}
		return time.Time{}, false
	}
	shown := showing(wall, zone)
	switch len(shown) {
	case 0:
		f.bad(key, "got %s, which the clocks in %s never show: they are put forward over it; want another", got, zone)
		return time.Time{}, false
	case 2:
		f.note(f.values[key], f.path(key), "the clocks in %s show %s twice: the first is taken, %s; write %s for the other", zone, got, shown[0].Format(time.RFC3339), shown[1].Format(time.RFC3339))
	}
	return shown[0], true
}

// foreseeable tells a time for which somebody can plan; others are slips.
func foreseeable(t time.Time) bool { return t.Year() >= 2000 && t.Year() < 2200 }

// showing gives the moments at which the clocks of a zone show a time, the first one
// first: none or two when they are changed. No zone changes twice in two days.
func showing(wall time.Time, zone *time.Location) []time.Time {
	var all []time.Time
	for _, near := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		_, offset := wall.Add(near).In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if t.Format(byTheClocks) == wall.Format(byTheClocks) && (len(all) == 0 || !all[0].Equal(t)) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// again reads when a maintenance begins that comes again, and how long it takes.
func (f *fields) again() (string, time.Duration) {
	if f.has("until") {
		f.bad("until", "got an end beside cron, want for: each time it takes as long")
	}
	takes := f.duration("for", briefest)
	if !f.has("for") {
		f.wrong(f.node, f.where, "got cron without for, want how long it takes")
	}
	text := f.text("cron")
	schedule, err := crontab(text)
	switch {
	case text == "":
	case err != nil:
		f.bad("cron", "got %q, want %v", text, err)
	case takes > 0:
		f.recurs(schedule, takes)
	}
	return text, takes
}

// crontab reads when something comes again. The error says what would be right.
func crontab(text string) (cron.Schedule, error) {
	const example = "minute, hour, day of month, month and day of week, such as 30 22 * * tue"
	fields := strings.Fields(text)
	if strings.HasPrefix(text, "@every") {
		return nil, fmt.Errorf("%s: it begins at no time that can be told", example)
	}
	if strings.Contains(text, "TZ=") {
		return nil, errors.New("it without a time zone: that is status.time_zone")
	}
	if slices.ContainsFunc(fields, func(field string) bool { return strings.Trim(field, ",") == "" }) || len(fields) == 0 {
		return nil, errors.New(example)
	}
	// crontab(5) takes a step over all days as all days, and so wants both of the fields
	// about days to fit; the parser takes it as some, and wants one of them.
	if len(fields) == 5 && fields[2] != "*" && fields[4] != "*" && strings.Contains(fields[2]+fields[4], "*") {
		return nil, errors.New("a step such as */2 in one of the fields about days only where the other is *")
	}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", example, err)
	}
	return schedule, nil
}

// recurs tells what is wrong with how often a maintenance comes: never, before the last
// one is over, or most of the time.
func (f *fields) recurs(schedule cron.Schedule, takes time.Duration) {
	const most = 3000 // beginnings: years of a daily one, two days of the densest
	first := schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, -1, time.UTC))
	if first.IsZero() {
		f.bad("cron", "got %q, which never comes, want a day that there is", f.text("cron"))
		return
	}
	shortest, covered, last := time.Duration(0), takes, first
	for range most {
		next := schedule.Next(last)
		if next.IsZero() || next.Sub(first) > 5*365*day {
			break
		}
		if gap := next.Sub(last); shortest == 0 || gap < shortest {
			shortest = gap
		}
		covered, last = covered+takes, next
	}
	switch span := last.Sub(first); {
	case shortest > 0 && shortest < takes:
		f.bad("for", "got %s, want at most %s: the next one begins before this one is over", brief(takes), brief(shortest))
	case span > 0 && covered-takes > span/2:
		f.warn(f.node, f.where, "maintenance takes %.0f %% of all time, in which nobody is paged and nothing counts: plan less", 100*float64(covered-takes)/float64(span))
	}
}

// Over notes which maintenance is over, and can be taken out of the configuration.
func (c *Config) Over(now time.Time) Problems {
	var all Problems
	for i, m := range c.Maintenance {
		if end := m.From.Add(m.For); m.Cron == "" && end.Before(now) {
			over := c.places[i]
			over.Message += fmt.Sprintf("it was over at %s, and can be removed", end.Format(time.RFC3339))
			all = append(all, over)
		}
	}
	return all
}
