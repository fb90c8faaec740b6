package calendar_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/calendar"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func planning(t *testing.T, windows ...calendar.Window) *calendar.Calendar {
	t.Helper()
	c, err := calendar.New(windows)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// told is maintenance in one line each, in UTC.
func told(all []probe.Maintenance) string {
	var lines []string
	for _, m := range all {
		lines = append(lines, fmt.Sprint(m.ID, " ", m.From.UTC().Format("02T15:04"), "-", m.Until.UTC().Format("02T15:04")))
	}
	return strings.Join(lines, ", ")
}

func TestWhatIsPlanned(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	once := calendar.Window{Title: "filter", From: at(t, "2026-12-01T22:00:00+01:00"), Until: at(t, "2026-12-02T00:00:00+01:00")}
	weekly := calendar.Window{Title: "patch", Cron: "30 22 * * tue", For: 2 * time.Hour, Zone: berlin}
	for name, tt := range map[string]struct {
		windows     []calendar.Window
		from, until string
		want        string
	}{
		"one that comes again":        {[]calendar.Window{weekly}, "2026-11-30T00:00:00Z", "2026-12-09T00:00:00Z", "patch 2026-12-01T21:30:00Z 01T21:30-01T23:30, patch 2026-12-08T21:30:00Z 08T21:30-08T23:30"},
		"one that has begun":          {[]calendar.Window{once, weekly}, "2026-12-01T22:00:00Z", "2026-12-01T22:00:01Z", "filter 2026-12-01T21:00:00Z 01T21:00-01T23:00, patch 2026-12-01T21:30:00Z 01T21:30-01T23:30"},
		"one that ends as asked":      {[]calendar.Window{once, weekly}, "2026-12-01T23:30:00Z", "2026-12-02T00:00:00Z", ""},
		"one that begins as it ends":  {[]calendar.Window{once, weekly}, "2026-12-01T20:00:00Z", "2026-12-01T21:00:00Z", ""},
		"nothing configured":          {nil, "2026-12-01T20:00:00Z", "2026-12-01T21:00:00Z", ""},
		"a time that ends too soon":   {[]calendar.Window{weekly}, "2026-12-09T00:00:00Z", "2026-11-30T00:00:00Z", ""},
		"two of a title at one time":  {[]calendar.Window{weekly, weekly}, "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", "patch 2026-12-01T21:30:00Z 01T21:30-01T23:30, patch 2026-12-01T21:30:00Z #2 01T21:30-01T23:30"},
		"no zone":                     {[]calendar.Window{{Title: "x", Cron: "@daily", For: time.Hour}}, "2026-12-01T00:30:00Z", "2026-12-02T00:00:00Z", "x 2026-12-01T00:00:00Z 01T00:00-01T01:00"},
		"longer than between asking":  {[]calendar.Window{{Title: "x", Cron: "@monthly", For: 100 * time.Hour, Zone: berlin}}, "2026-12-03T12:00:00Z", "2026-12-03T12:00:01Z", "x 2026-11-30T23:00:00Z 30T23:00-05T03:00"},
		"shown never, fixed":          {[]calendar.Window{{Title: "x", Cron: "30 2 * * sun", For: time.Hour, Zone: berlin}}, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", "x 2026-03-29T01:00:00Z 29T01:00-29T02:00"},
		"shown never, every hour":     {[]calendar.Window{{Title: "x", Cron: "30 * * * *", For: 9 * time.Minute, Zone: berlin}}, "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z", "x 2026-03-29T00:30:00Z 29T00:30-29T00:39, x 2026-03-29T01:30:00Z 29T01:30-29T01:39"},
		"shown twice, fixed":          {[]calendar.Window{{Title: "x", Cron: "30 2 * * sun", For: time.Hour, Zone: berlin}}, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", "x 2026-10-25T00:30:00Z 25T00:30-25T01:30"},
		"shown twice, every hour":     {[]calendar.Window{{Title: "x", Cron: "30 * * * *", For: 9 * time.Minute, Zone: berlin}}, "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", "x 2026-10-25T00:30:00Z 25T00:30-25T00:39, x 2026-10-25T01:30:00Z 25T01:30-25T01:39"},
		"two that come to one moment": {[]calendar.Window{{Title: "x", Cron: "0,30 2 * * *", For: time.Minute, Zone: berlin}}, "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z", "x 2026-03-29T01:00:00Z 29T01:00-29T01:01"},
		"a day that was left out":     {[]calendar.Window{{Title: "x", Cron: "0 12 * * *", For: time.Hour, Zone: zone(t, "Pacific/Apia")}}, "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z", "x 2011-12-29T22:00:00Z 29T22:00-29T23:00, x 2011-12-30T10:00:00Z 30T10:00-30T11:00, x 2011-12-30T22:00:00Z 30T22:00-30T23:00"},
		"a time that is never":        {[]calendar.Window{{Title: "x", Cron: "0 0 30 2 *", For: time.Hour}}, "2026-01-01T00:00:00Z", "2036-01-01T00:00:00Z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(planning(t, tt.windows...).Planned(at(t, tt.from), at(t, tt.until)))
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// What is planned carries all that was configured, and nobody who announced it.
func TestAMaintenanceIsWhatItsWindowSays(t *testing.T) {
	w := calendar.Window{Title: "new filter", Routes: []string{"a", "b"}, From: at(t, "2026-12-01T22:00:00Z"), Until: at(t, "2026-12-01T23:00:00Z")}
	got := planning(t, w).Planned(w.From, w.Until)
	want := probe.Maintenance{ID: "new filter 2026-12-01T22:00:00Z", From: w.From, Until: w.Until, Routes: w.Routes, Text: "new filter"}
	if len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v alone", got, want)
	}
}

func TestWindowsThatAreNone(t *testing.T) {
	noon := at(t, "2026-12-01T12:00:00Z")
	for _, tt := range []struct {
		window calendar.Window
		want   string
	}{
		{calendar.Window{Title: "x", From: noon, Until: noon}, `reading maintenance "x": got an end, 2026-12-01 12:00:00 +0000 UTC, that is not after its beginning, 2026-12-01 12:00:00 +0000 UTC`},
		{calendar.Window{Title: "x", Cron: "@every 5m", For: time.Minute}, `reading maintenance "x": got cron @every, which begins at no time that can be told, want five fields`},
		{calendar.Window{Title: "x", Cron: "TZ=Europe/Berlin", For: time.Minute}, `reading maintenance "x": got cron "TZ=Europe/Berlin", want it without a time zone of its own`},
		{calendar.Window{Title: "x", Cron: "@daily"}, `reading maintenance "x": got a length of 0s, want more than nothing`},
		{calendar.Window{Title: "x", Cron: "* * * *", For: time.Minute}, `reading maintenance "x": reading cron: expected exactly 5 fields, found 4: [* * * *]`},
	} {
		_, err := calendar.New([]calendar.Window{tt.window})
		if err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// Whoever asks about thousands of years of a window that comes every minute gets the
// first of them, soon.
func TestSillyRangesAreBounded(t *testing.T) {
	w := calendar.Window{Title: "x", Cron: "* * * * *", For: 30 * time.Second, Zone: zone(t, "Europe/Berlin")}
	from := at(t, "2026-12-01T00:00:00Z")
	for _, long := range []time.Time{from.AddDate(7000, 0, 0), from.AddDate(1, 0, 0), from.Add(1001 * time.Minute)} {
		got := planning(t, w).Planned(from, long)
		if len(got) != 1000 || !got[0].From.Equal(from) || !got[999].From.Equal(from.Add(999*time.Minute)) {
			t.Errorf("until %v: got %d, from %v, want the first 1000", long, len(got), got[0].From)
		}
	}
}

// The race detector sees what several who ask at once share.
func TestACalendarIsAskedBySeveral(t *testing.T) {
	c := planning(t, calendar.Window{Title: "x", Cron: "@daily", For: time.Hour, Zone: zone(t, "Europe/Berlin")})
	from := at(t, "2026-03-01T00:00:00Z")
	want := told(c.Planned(from, from.AddDate(0, 1, 0)))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if got := told(c.Planned(from, from.AddDate(0, 1, 0))); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	all.Wait()
}

// field is a field of cron and what it means.
type field struct {
	text string
	fits func(int) bool
}

func every(int) bool { return true }

func those(all ...int) func(int) bool { return func(n int) bool { return slices.Contains(all, n) } }

// schedules are combined from these: minutes, hours, days of the week.
var (
	someMinutes = []field{{"0", those(0)}, {"30", those(30)}, {"*/20", those(0, 20, 40)}, {"7,59", those(7, 59)}}
	someHours   = []field{{"*", every}, {"2", those(2)}, {"0", those(0)}, {"1-3", those(1, 2, 3)}, {"*/2", func(n int) bool { return n%2 == 0 }}}
	someDays    = []field{{"*", every}, {"sun", those(0)}, {"mon-fri", those(1, 2, 3, 4, 5)}}
)

// The walk over the wall clock comes to what looking at the clocks each minute does, in
// zones that change by an hour, by half an hour, at midnight, and not at all.
func TestPlannedIsWhatTheClocksShow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ zone, from string }{
		{"Europe/Berlin", "2026-03-27T00:00:00Z"}, {"Europe/Berlin", "2026-10-23T00:00:00Z"},
		{"Australia/Lord_Howe", "2026-04-03T00:00:00Z"}, {"Australia/Lord_Howe", "2026-10-02T00:00:00Z"},
		{"America/Asuncion", "2023-03-24T00:00:00Z"}, {"America/Asuncion", "2023-09-30T00:00:00Z"},
		{"Asia/Kolkata", "2026-03-27T00:00:00Z"},
	} {
		z, from := zone(t, tt.zone), at(t, tt.from)
		until := from.Add(96 * time.Hour)
		for _, minute := range someMinutes {
			for _, hour := range someHours {
				for _, day := range someDays {
					cron := fmt.Sprint(minute.text, " ", hour.text, " * * ", day.text)
					c := planning(t, calendar.Window{Title: "x", Cron: cron, For: time.Minute, Zone: z})
					var got []time.Time
					for _, m := range c.Planned(from, until) {
						got = append(got, m.From)
					}
					want := looked(from, until, z, hour.text == "*", func(wall time.Time) bool {
						return minute.fits(wall.Minute()) && hour.fits(wall.Hour()) && day.fits(int(wall.Weekday()))
					})
					if !slices.EqualFunc(got, want, time.Time.Equal) {
						t.Errorf("%s in %s from %s: got %v, want %v", cron, tt.zone, tt.from, got, want)
					}
				}
			}
		}
	}
}

// looked steps through the minutes and looks at the clocks.
func looked(from, until time.Time, z *time.Location, everyHour bool, fits func(wall time.Time) bool) []time.Time {
	var starts []time.Time
	shown := func(t time.Time) time.Time {
		t = t.In(z)
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
	}
	newest := shown(from.Add(-time.Minute)) // that the clocks have shown
	for t := from; t.Before(until); t = t.Add(time.Minute) {
		wall := shown(t)
		begins := fits(wall) && (everyHour || wall.After(newest))
		for never := newest.Add(time.Minute); never.Before(wall) && !everyHour; never = never.Add(time.Minute) {
			begins = begins || fits(never)
		}
		if begins {
			starts = append(starts, t)
		}
		if wall.After(newest) {
			newest = wall
		}
	}
	return starts
}
