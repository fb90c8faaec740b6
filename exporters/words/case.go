package words

import (
	"slices"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// Fate is what is known of mail that was sent in an incident. "Held, not lost" is said on
// evidence only.
type Fate string

// The fates.
const (
	Held      Fate = "held"      // somebody is known to hold some, and none is lost
	Late      Fate = "late"      // what has ended of it came late, and none is lost
	Lost      Fate = "lost"      // some is lost
	Waiting   Fate = "waiting"   // the incident is over, and some is still waited for
	Uncertain Fate = "uncertain" // none of these is known
	NoneLate  Fate = "none"      // no mail of people's was late or missing, as far as is known
)

func (v View) newCase(i situation.Incident) Case {
	c := Case{
		Incident: i, Began: v.at(i.Began), Opened: v.at(i.Opened), Back: v.at(i.Repaired),
		Ended: v.at(i.Ended), Next: v.at(i.NextUpdate), Works: true, Fate: fate(i),
	}
	until := v.At
	switch {
	case !i.Repaired.IsZero() && i.State != probe.Investigating && i.State != probe.Identified:
		until = i.Repaired
	case !i.Ended.IsZero():
		until = i.Ended
	}
	c.Lasted = max(0, until.Sub(i.Began).Seconds())
	c.Unseen = i.Open() && i.State != probe.Monitoring && len(i.Directions) > 0
	for _, d := range v.Directions {
		if !slices.Contains(i.Directions, d.Direction) {
			continue
		}
		if d.Condition != situation.Operational || d.Blind {
			c.Works = false
		}
		if seen, blind := seeing(d); !blind || len(seen) > 0 {
			c.Unseen = false
		}
	}
	if c.Works && i.Open() && i.State != probe.Monitoring && c.Fate == Uncertain {
		c.Fate = NoneLate
	}
	for _, u := range slices.Backward(i.Updates) {
		c.Notes = append(c.Notes, v.update(u))
	}
	return c
}

func fate(i situation.Incident) Fate {
	f := i.Figures
	switch {
	case f.Lost > 0:
		return Lost
	case f.Held > 0:
		return Held
	case !i.Open() && f.Overdue > 0:
		return Waiting
	case f.Late > 0:
		return Late
	case !i.Open() && f.Missed == 0:
		return NoneLate
	}
	return Uncertain
}

// Taken is how many of the test messages were taken: a message that was refused is
// not lost, as its sender is told.
func (c Case) Taken() int { return max(0, c.Figures.Messages-c.Figures.Refused) }

// Likely tells whether what is named as the cause is so more likely than not, by far.
func (c Case) Likely() bool { return len(c.Components) > 0 && c.Confidence >= 0.7 }
