package words

import (
	"strings"
	"time"
)

// Moment is a time as people are told it: by the clock of the site, seen from the time Now.
// Templates choose between its parts.
type Moment struct {
	time.Time
	Now time.Time
}

// when makes one. A zero time makes a moment for which IsZero holds.
func when(zone *time.Location, t, now time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	return Moment{t.In(zone), now.In(zone)}
}

// Clock is the time of day, such as 08:41.
func (m Moment) Clock() string { return m.Format("15:04") }

// Seconds is the time of day to the second.
func (m Moment) Seconds() string { return m.Format("15:04:05") }

// ISODate is the day, such as 2026-11-24.
func (m Moment) ISODate() string { return m.Format(time.DateOnly) }

// Month counts from 1 for January.
func (m Moment) Month() int { return int(m.Time.Month()) }

// Weekday counts from 0 for Sunday.
func (m Moment) Weekday() int { return int(m.Time.Weekday()) }

// Zone abbreviates the time zone, such as CET. One that has no abbreviation is told as
// its offset, such as UTC+03:00.
func (m Moment) Zone() string {
	name, _ := m.Time.Zone()
	if strings.ContainsAny(name, "+-0123456789") || name == "" {
		return "UTC" + m.Format("-07:00")
	}
	return name
}

// SameZone tells whether Zone was, or will be, the same at the time Now.
func (m Moment) SameZone() bool { return m.Zone() == Moment{Time: m.Now}.Zone() }

// Today tells whether the time is on the day of Now.
func (m Moment) Today() bool { return m.ISODate() == Moment{Time: m.Now}.ISODate() }

// SameYear tells whether it is in the year of Now.
func (m Moment) SameYear() bool { return m.Year() == m.Now.Year() }

// Passed tells whether the time is over. A minute that is told without seconds is over when
// it ends.
func (m Moment) Passed() bool { return !m.IsZero() && !m.Now.Before(m.Add(time.Minute)) }
