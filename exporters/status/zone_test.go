package status

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

// Every day of the strip stands there once, by its own date, also those on which the clocks
// are changed, and in zones that change them at midnight.
func TestDaysOnWhichTheClocksChange(t *testing.T) {
	for _, c := range []struct{ zone, last string }{
		{"Europe/Berlin", "2026-11-24"}, {"Africa/Cairo", "2026-05-20"}, {"America/Santiago", "2026-10-01"}, {"Europe/Berlin", "2026-04-30"},
		{"Australia/Lord_Howe", "2026-11-01"}, {"UTC", "2026-11-24"}, {"Africa/Cairo", "2026-11-24"}, {"Pacific/Kiritimati", "2026-11-24"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		w, err := words.Load(words.Config{Language: "en", Zone: zone})
		if err != nil {
			t.Fatal(err)
		}
		last, err := time.Parse(time.DateOnly, c.last)
		if err != nil {
			t.Fatal(err)
		}
		var d situation.Direction
		for n := range 90 {
			d.Days = append(d.Days, situation.Day{Date: last.AddDate(0, 0, n-89).Format(time.DateOnly), Condition: situation.Operational, Events: 1})
		}
		now := time.Date(last.Year(), last.Month(), last.Day(), 23, 59, 0, 0, zone)
		h := teller{w, now}.history(situation.Situation{Directions: []situation.Direction{d}})
		for n, day := range d.Days {
			date := last.AddDate(0, 0, n-89)
			want := date.Format("2 January")
			if date.Year() != now.Year() {
				want = date.Format("2 January 2006")
			}
			row := h.Rows[89-n].Date
			if got := h.Strips[0].Bars[n].Text; !strings.HasPrefix(got, want+": ") || row.ISO != day.Date || row.Text != want {
				t.Errorf("%s, %s: got %q, and %+v in the table; want %s", c.zone, day.Date, got, row, want)
			}
		}
	}
}

// All times on a page are the site's, whatever zone they come in.
func TestTimesAreTheSites(t *testing.T) {
	s := disrupted(probe.Identified)
	i := &s.Incidents[0]
	tokyo := time.FixedZone("JST", 9*60*60)
	for _, at := range []*time.Time{&i.Began, &i.Opened, &i.Changed, &i.NextUpdate, &i.Updates[0].At, &i.Timeline[0].At, &s.Directions[0].LastGood, &s.Directions[0].Since, &s.Maintenance[0].From} {
		*at = at.In(tokyo)
	}
	p := newPage(t, &testBoard{s: s, recent: []situation.Outcome{{At: noon.In(tokyo), ID: "1", Route: "inside-hq", Status: probe.Delivered, Purpose: "scheduled"}}}, nil)
	for _, target := range []string{"/incidents/" + i.ID, "/", "/noc"} {
		d := parse(t, target, bodyOf(t, get(p, target, "")))
		times := d.all("time")
		for _, e := range times {
			if at := e.attrs["datetime"]; len(at) > len(time.DateOnly) && !strings.HasSuffix(at, "+01:00") {
				t.Errorf("%s: got %s (%s), want a time of the site", target, at, e.text.String())
			}
		}
		if text := d.elements[0].text.String(); len(times) < 5 || strings.Contains(text, "JST") || strings.Contains(text, "16:41") || !strings.Contains(text, "08:41") {
			t.Errorf("%s: got %d times, want them in CET alone", target, len(times))
		}
	}
}
