package words

import (
	"slices"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// Kind is what is to be said of mail of some directions.
type Kind string

// The kinds, the most urgent first.
const (
	Broken      Kind = "broken"      // it does not arrive
	Partial     Kind = "partial"     // some of it does not arrive
	Slow        Kind = "slow"        // it arrives late
	Signs       Kind = "signs"       // something is broken on its path, and it arrives all the same
	Maintained  Kind = "maintained"  // it is in maintenance
	Blind       Kind = "blind"       // nobody can see whether it arrives
	PartlyBlind Kind = "partlyblind" // that cannot be seen of some of it; what can be seen arrives
	NotYet      Kind = "notyet"      // that is not known yet
	Back        Kind = "back"        // it arrives again, and an incident is not over yet
	Works       Kind = "works"
)

var kinds = []Kind{Broken, Partial, Slow, Signs, Maintained, Blind, PartlyBlind, NotYet, Back, Works}

// Effect is what is to be said of mail of some directions together.
type Effect struct {
	Kind       Kind
	Directions []probe.Direction // in the order in which they are shown
	Since      Moment            // zero: not known, or of no matter
	Checked    Moment            // all of them were last seen to work then, or later; zero: one never was
	Takes      float64           // seconds that the slowest of them takes now; 0: not known
	Usual      float64           // seconds that that one usually takes; 0: not known
}

// View is what a template is given: the situation, cleaned and in the site's time zone, and
// what is to be told of it, sorted. If it is about one incident, it has the directions of
// that alone.
type View struct {
	situation.Situation
	AsOf    Moment
	One     *Case    // the only incident that is told of; nil: all are
	Effects []Effect // all that is not simply working, the most urgent first
	All     bool     // there is one effect, on all directions, which are several
	Works   Effect   // the rest; it has no directions if there is none
	Cases   []Case   // open incidents, the oldest first, and then those that have ended today
	Windows []Window // maintenance, the first to begin first
	News    []Update // announcements of the last day, the newest first
}

// Case is an incident as it is told.
type Case struct {
	situation.Incident
	Began, Opened, Back, Ended, Next Moment   // these hide the incident's own times; Back: mail has arrived again since then, zero: it does not, or never did
	Lasted                           float64  // seconds that mail did not arrive, up to now if it does not yet
	Works                            bool     // mail of all its directions arrives now
	Unseen                           bool     // it is open, and nobody can see whether mail of its directions arrives
	Fate                             Fate     // of mail that was sent in the meantime
	Notes                            []Update // the newest first
}

// Update is what somebody wrote, with its time.
type Update struct {
	situation.Update
	At, Next Moment
}

// Window is a maintenance.
type Window struct {
	situation.Maintenance
	From, Until Moment
	Over        bool
	Stated      bool // it goes on, and the effects say of all its directions that they are in maintenance
}

// view sorts what is to be told of a situation.
func (w *Words) view(s situation.Situation) View {
	v := w.newView(s)
	for _, i := range v.Incidents {
		if i.Open() || v.at(i.Ended).Today() {
			v.Cases = append(v.Cases, v.newCase(i))
		}
	}
	v.sort(v.Directions)
	for _, m := range v.Maintenance {
		v.Windows = append(v.Windows, v.window(m))
	}
	for _, u := range v.Announcements {
		if s.At.Sub(u.At) < 24*time.Hour {
			v.News = append(v.News, v.update(u))
		}
	}
	return v
}

func (v View) window(m situation.Maintenance) Window {
	w := Window{Maintenance: m, From: v.at(m.From), Until: v.at(m.Until), Over: !m.Now && m.Until.Before(v.At), Stated: m.Now && len(m.Directions) > 0}
	for _, d := range m.Directions {
		w.Stated = w.Stated && slices.ContainsFunc(v.Effects, func(e Effect) bool { return e.Kind == Maintained && slices.Contains(e.Directions, d) })
	}
	return w
}

// viewOf sorts what is to be told of one incident. The maintenance and the announcements
// are about something else.
func (w *Words) viewOf(s situation.Situation, i situation.Incident) View {
	v := w.newView(s)
	c := v.newCase(clean(i, w.cfg.Zone))
	v.One, v.Cases = &c, []Case{c}
	v.sort(slices.DeleteFunc(slices.Clone(v.Directions), func(d situation.Direction) bool {
		return !slices.Contains(i.Directions, d.Direction) && v.kind(d) != Works
	}))
	v.Directions = slices.DeleteFunc(v.Directions, func(d situation.Direction) bool { return !slices.Contains(i.Directions, d.Direction) })
	return v
}

func (w *Words) newView(s situation.Situation) View {
	s = clean(s, w.cfg.Zone)
	return View{Situation: s, AsOf: when(w.cfg.Zone, s.At, s.At)}
}

func (v View) at(t time.Time) Moment { return when(v.At.Location(), t, v.At) }

func (v View) update(u situation.Update) Update { return Update{u, v.at(u.At), v.at(u.Next)} }

// sort puts the directions together of which the same is to be said.
func (v *View) sort(all []situation.Direction) {
	for _, d := range all {
		kind := v.kind(d)
		e := Effect{Kind: kind, Directions: []probe.Direction{d.Direction}, Checked: v.at(d.LastGood)}
		if kind == Broken || kind == Partial || kind == Slow || kind == Signs {
			e.Since = v.at(v.since(d))
		}
		if kind == Back {
			e.Since = v.at(v.backSince(d))
		}
		if kind == Slow {
			e.Takes, e.Usual = takes(d), d.Usual
		}
		v.add(e)
	}
	slices.SortStableFunc(v.Effects, func(a, b Effect) int { return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind) })
	if n := len(v.Effects) - 1; n >= 0 && v.Effects[n].Kind == Works {
		v.Works, v.Effects = v.Effects[n], v.Effects[:n]
	}
	v.All = len(v.Effects) == 1 && len(all) > 1 && len(v.Effects[0].Directions) == len(all)
}

// add joins an effect with one that says the same, since the same minute.
func (v *View) add(e Effect) {
	for k := range v.Effects {
		o := &v.Effects[k]
		if o.Kind != e.Kind || o.Since.Truncate(time.Minute) != e.Since.Truncate(time.Minute) {
			continue
		}
		o.Directions = append(o.Directions, e.Directions...)
		if e.Checked.Before(o.Checked.Time) {
			o.Checked = e.Checked
		}
		if e.Takes > o.Takes {
			o.Takes, o.Usual = e.Takes, e.Usual
		}
		return
	}
	v.Effects = append(v.Effects, e)
}

// kind is what is to be said of a direction. What is seen counts: of routes that nobody
// can look at the last that was known is not said as if it were so now.
func (v View) kind(d situation.Direction) Kind {
	seen, blind := seeing(d)
	switch {
	case d.Condition == situation.UnderMaintenance:
		return Maintained
	case blind && len(seen) == 0:
		return Blind
	case slices.Contains(seen, probe.HealthBroken) || !blind && d.Condition == situation.MajorOutage || !blind && d.Condition == situation.PartialOutage:
		if d.Condition == situation.MajorOutage && !blind {
			return Broken
		}
		return Partial
	case slices.Contains(seen, probe.HealthSlow) || !blind && d.Condition == situation.Degraded:
		return Slow
	case blind && slices.Contains(seen, probe.HealthOK):
		return PartlyBlind
	case blind:
		return Blind
	case d.Condition == situation.Unknown:
		return NotYet
	}
	return v.kindOfWorking(d)
}

// kindOfWorking tells mail that arrives from mail that does so in an incident.
func (v View) kindOfWorking(d situation.Direction) Kind {
	kind := Works
	for _, c := range v.touching(d) {
		if c.State != probe.Monitoring {
			return Signs
		}
		kind = Back
	}
	return kind
}

// seeing is the health of the routes that people's mail goes along, those left out at which nobody
// can look; blind: there are such.
func seeing(d situation.Direction) (seen []probe.Health, blind bool) {
	if !d.Blind {
		return nil, false
	}
	for _, r := range d.Routes {
		if !r.Shortcut && r.Health != probe.HealthBlind && r.Health != probe.HealthUnknown {
			seen = append(seen, r.Health)
		}
	}
	return seen, true
}

// touching are the open incidents of a direction.
func (v View) touching(d situation.Direction) []Case {
	var all []Case
	for _, c := range v.Cases {
		if c.Open() && slices.Contains(c.Directions, d.Direction) {
			all = append(all, c)
		}
	}
	return all
}

// since is when it began: the first message that did not come through was sent then.
func (v View) since(d situation.Direction) time.Time {
	since := d.Since
	for k, c := range v.touching(d) {
		if began := c.Incident.Began; k == 0 || began.Before(since) {
			since = began
		}
	}
	return since
}

func (v View) backSince(d situation.Direction) time.Time {
	var since time.Time
	for _, c := range v.touching(d) {
		if c.Repaired.After(since) {
			since = c.Repaired
		}
	}
	return since
}

// takes is how long mail takes now, as far as it arrives.
func takes(d situation.Direction) float64 {
	for _, p := range slices.Backward(d.Latency) {
		if p.Median > 0 {
			return p.Median
		}
	}
	return 0
}
