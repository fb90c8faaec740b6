package probe

import "time"

// IncidentState is how far an incident has come.
type IncidentState string

// The states of an incident, in their usual order. A verdict that is withdrawn leads
// back to Investigating, a route that breaks again from Monitoring to one of the first two.
const (
	Investigating IncidentState = "investigating" // a route is broken; what failed is not known well enough to say
	Identified    IncidentState = "identified"    // which component failed is known
	Monitoring    IncidentState = "monitoring"    // mail arrives again; what was held drains
	Resolved      IncidentState = "resolved"
)

// IncidentStep is what happened in an incident.
type IncidentStep string

// The steps.
const (
	IncidentOpened     IncidentStep = "opened"
	IncidentJudged     IncidentStep = "verdict"    // another verdict than before, or none any more
	IncidentWidened    IncidentStep = "widened"    // another route is broken
	IncidentNarrowed   IncidentStep = "narrowed"   // a route is well again, not the last
	IncidentProgressed IncidentStep = "progress"   // the figures have changed
	IncidentRepaired   IncidentStep = "repaired"   // no route is broken any more
	IncidentRelapsed   IncidentStep = "relapsed"   // one is again
	IncidentDrained    IncidentStep = "drained"    // nothing that was overdue is waited for any more
	IncidentResolved   IncidentStep = "resolved"   // it is over
	IncidentMerged     IncidentStep = "merged"     // it has the same cause as an older one, into which it goes
	IncidentMaintained IncidentStep = "maintained" // maintenance was announced for all of its broken routes
)

// IncidentChanged is an incident as it is from this event on, whole: the last one of
// an incident stands. The event's time is that of what happened.
type IncidentChanged struct {
	ID    string // such as "2026-11-24-0841"; the same as long as the incident lasts
	Step  IncidentStep
	State IncidentState

	Began    time.Time // the first message that did not come through was sent then
	Opened   time.Time
	Repaired time.Time // the last time that mail began to arrive again; zero: it does not
	Drained  time.Time // zero: something that was overdue is still waited for
	Ended    time.Time // zero: it is open

	Routes     []string // that are or were broken in it, by name
	Broken     []string // of these: now
	Components []string // what most likely failed, in the order in which mail passes; several cannot be told apart. Empty: not known
	Confidence float64  // in that, 0 to 1
	Sentence   string   // the verdict in words
	Reasons    []string // for it

	Figures Figures
	Next    time.Time // when people were promised the next update, by mailpath itself; a Note may promise another
	Into    string    // the incident into which this one was merged
}

// Open tells whether the incident goes on.
func (i IncidentChanged) Open() bool { return i.Ended.IsZero() }

// Figures are what an incident has come to, by the test messages that were sent along
// its routes since it began.
type Figures struct {
	Messages int
	Missed   int           // not there in time
	Overdue  int           // of the missed: taken, and still waited for
	Held     int           // of those in flight: somebody is known to hold it and to try again
	Late     int           // of the missed: arrived after all
	Refused  int           // of the missed: never taken
	Lost     int           // of the missed: given up
	Bounced  int           // of the lost: came back
	Longest  time.Duration // by which a late one was delayed at most
}

// Note is what an operator tells people: an update on an incident, or, without one, an
// announcement. It is text of somebody's, in which anything may stand.
type Note struct {
	Incident string // its ID; empty: it is about no incident
	Text     string
	By       string    // who wrote it, as far as is known
	Next     time.Time // when the next update is promised; zero: nothing is promised
}

// Maintenance is a stretch of time in which routes may fail on purpose: nobody is paged,
// and messages that should arrive in it do not count for the objective.
type Maintenance struct {
	ID          string // the last word about an ID stands
	From, Until time.Time
	Routes      []string // by name; empty: all
	Text        string
	By          string // who announced it; empty: the configuration plans it
}

// Over tells whether a maintenance touches a route at some time from one to another.
func (m Maintenance) Over(route string, from, until time.Time) bool {
	return m.From.Before(m.Until) && !until.Before(m.From) && from.Before(m.Until) && m.covers(route)
}

func (Note) fact()            {}
func (Maintenance) fact()     {}
func (IncidentChanged) fact() {}

// The changes about what people are told.
type (
	// Noted tells that an operator has written something.
	Noted struct {
		Origin
		Note
	}
	// MaintenanceTold tells of a maintenance, or changes what was told of one.
	MaintenanceTold struct {
		Origin
		Maintenance
	}
	// IncidentTold tells what has become of an incident. It follows from an event of the
	// journal, never from another change: whoever tells people of it tells what is durable.
	IncidentTold struct {
		Origin
		IncidentChanged
	}
	// DayTold tells what a day has come to so far. The last one of a day stands.
	DayTold struct {
		Origin
		Totals
	}
)
