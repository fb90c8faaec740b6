// Package situation says what works and what does not: one picture of all that people are
// told, from which the status page, the feeds, the texts and the commands are made.
//
// A Board is a probe.Exporter: it takes in every change, those of a replay too, and gives
// the Situation at any time, whole and not shared with anybody. The types below are also
// the JSON of /api/v1/status, which docs/status.md describes.
package situation

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Condition is how something works, in the words that status pages use.
type Condition string

// The conditions, the best first. What is in maintenance is so whatever else it is.
const (
	Operational      Condition = "operational"          // mail arrives, as fast as it should
	Degraded         Condition = "degraded_performance" // mail arrives, and slower than it should
	PartialOutage    Condition = "partial_outage"       // some of it does not arrive
	MajorOutage      Condition = "major_outage"         // it does not arrive
	UnderMaintenance Condition = "under_maintenance"    // what does not work, or all of it, is in a maintenance
	Unknown          Condition = "unknown"              // nothing is known yet, or nobody can look
)

// Situation is what works and what does not, at one moment. Times are in the site's zone.
type Situation struct {
	At       time.Time `json:"at"`                // when this was so
	Company  string    `json:"company,omitempty"` // for titles
	Contact  string    `json:"contact,omitempty"` // whom to ask, in words
	URL      string    `json:"url,omitempty"`     // of the status page
	Site     string    `json:"site,omitempty"`    // where this mailpath runs, by its name
	Prober   string    `json:"prober"`            // the name of this mailpath among others
	TimeZone string    `json:"time_zone"`         // of the site (IANA)

	Condition     Condition     `json:"condition"`     // the worst of the directions of which anything is known
	Directions    []Direction   `json:"directions"`    // those that have routes, as they are shown: inbound, internal, site-to-site, outbound, mobile
	Components    []Component   `json:"components"`    // in the order of the configuration
	Incidents     []Incident    `json:"incidents"`     // open ones first, the oldest first; then those of the last days, the newest first
	Maintenance   []Maintenance `json:"maintenance"`   // that is going on or planned, the first to begin first
	Announcements []Update      `json:"announcements"` // about no incident, the newest first
	Troubles      []Trouble     `json:"troubles"`      // mailpath's own
}

// Direction is all routes of one direction. Routes that enter the path behind its
// beginning tell apart what broke; people do not send mail along them, so they have no
// part in the condition.
type Direction struct {
	Direction   probe.Direction `json:"direction"`          // inbound, internal, site-to-site, outbound or mobile
	Condition   Condition       `json:"condition"`          // of its routes that are no shortcuts, together
	Since       time.Time       `json:"since,omitzero"`     // it is so; of one that goes on since before what the journal keeps, since then
	Blind       bool            `json:"blind"`              // a mailbox cannot be watched: what is said is as of last_good
	LastGood    time.Time       `json:"last_good,omitzero"` // the last message that arrived in time was seen then
	Usual       float64         `json:"usual_seconds"`      // what mail takes when all is well; 0: not known
	Latency     []Point         `json:"latency"`            // the last three hours, oldest first, or less where mail is sent more often than every 30 s; points without messages are left out
	Incidents   []string        `json:"incidents"`          // open ones that touch it, by ID
	Maintenance bool            `json:"maintenance"`        // one is going on
	Routes      []Route         `json:"routes"`             // by name, shortcuts behind the others
	Days        []Day           `json:"days"`               // the last 90, oldest first
}

// Point is the scheduled messages that were due to be sent in one stretch of time, as far as
// is known what became of them.
type Point struct {
	At     time.Time `json:"at"`             // its beginning
	Median float64   `json:"median_seconds"` // of what the messages took that arrived, late ones included; 0: none did
	Worst  float64   `json:"worst_seconds"`  // the most that one took; 0: none arrived
	Missed int       `json:"missed"`         // were not there in time
	Count  int       `json:"count"`          // how many there were, the missed ones included
}

// Day is what a direction came to on one day of the site. The counts are kept by day of UTC:
// each goes to the date that it is at the site at noon UTC, or to today if that is to come.
// Incidents are placed by the site's midnights. Outside of incidents more than 1 % of misses
// make a day degraded.
type Day struct {
	Date      string    `json:"date"`                // such as 2026-11-24
	Condition Condition `json:"condition"`           // the worst of its incidents and misses; unknown: no messages
	Events    int       `json:"slo_events"`          // messages that counted for the objective
	Misses    int       `json:"slo_misses"`          // of these: not there in time
	Incidents []string  `json:"incidents,omitempty"` // that touched it, by ID
}

// Route is one way for mail.
type Route struct {
	Name        string       `json:"name"`                  // of the configuration
	Mailbox     string       `json:"mailbox"`               // where it ends, by name
	Path        []string     `json:"path"`                  // the components that mail passes, in order, by name
	Shortcut    bool         `json:"shortcut"`              // it enters the path of another one behind its beginning
	Health      probe.Health `json:"health"`                // ok, slow, broken, blind or unknown
	Since       time.Time    `json:"since,omitzero"`        // it is so
	Reason      string       `json:"reason,omitempty"`      // for its health, in words
	LastArrival time.Time    `json:"last_arrival,omitzero"` // the last message arrived then, in time or not
	InFlight    int          `json:"in_flight"`             // messages on their way
	Overdue     int          `json:"overdue"`               // of these
	Maintenance bool         `json:"maintenance"`           // one is going on
}

// ComponentState is what is known of a component.
type ComponentState string

// The states of a component.
const (
	ComponentWorks     ComponentState = "works"     // mail passes it
	ComponentSuspected ComponentState = "suspected" // it may be what broke
	ComponentFailed    ComponentState = "failed"    // it, or one that cannot be told from it, is what broke
	ComponentUnknown   ComponentState = "unknown"   // no mail passes it that arrives in time, and nothing points to it
)

// Component is something mail passes through.
type Component struct {
	Name        string         `json:"name"`        // of the configuration
	Title       string         `json:"title"`       // for people
	State       ComponentState `json:"state"`       // what is known of it
	Probability float64        `json:"probability"` // that it is broken, 0 to 1
	Maintenance bool           `json:"maintenance"` // one is going on, of all routes through it
	Findings    []Finding      `json:"findings"`    // what checks found wrong
}

// Finding is what a check found wrong.
type Finding struct {
	Check  string    `json:"check"`            // the kind of check, such as smtp
	Target string    `json:"target"`           // what was asked, such as a host and port
	Reason string    `json:"reason"`           // what was got, and what would be right
	Advice string    `json:"advice,omitempty"` // what to do next
	Since  time.Time `json:"since"`            // it is wrong
}

// Incident is what is told of one.
type Incident struct {
	ID         string              `json:"id"`                   // such as 2026-11-24-0841
	State      probe.IncidentState `json:"state"`                // investigating, identified, monitoring or resolved
	Began      time.Time           `json:"began"`                // the first message that did not come through was sent then
	Opened     time.Time           `json:"opened"`               // it was known then
	Repaired   time.Time           `json:"repaired,omitzero"`    // mail began to arrive again, the last time
	Drained    time.Time           `json:"drained,omitzero"`     // nothing that was overdue was waited for any more
	Ended      time.Time           `json:"ended,omitzero"`       // absent while it is open
	Changed    time.Time           `json:"changed"`              // when people were told something last
	NextUpdate time.Time           `json:"next_update,omitzero"` // was promised for then

	Directions []probe.Direction `json:"directions"` // in the order in which they are shown
	Routes     []string          `json:"routes"`     // that are or were broken in it
	Broken     []string          `json:"broken"`     // of these: now
	Components []Named           `json:"components"` // what most likely failed
	Confidence float64           `json:"confidence"` // in that, 0 to 1
	Sentence   string            `json:"sentence"`   // the verdict in words
	Reasons    []string          `json:"reasons"`    // for it
	Figures    Figures           `json:"figures"`    // what it has come to
	Timeline   []Entry           `json:"timeline"`   // oldest first
	Updates    []Update          `json:"updates"`    // oldest first
}

// Open tells whether the incident goes on.
func (i Incident) Open() bool { return i.Ended.IsZero() }

// Named is a component with its title.
type Named struct {
	Name  string `json:"name"`  // of the configuration
	Title string `json:"title"` // for people
}

// Figures are those of probe.Figures.
type Figures struct {
	Messages int     `json:"messages"`        // test messages sent along its routes since it began
	Missed   int     `json:"missed"`          // not there in time
	Overdue  int     `json:"overdue"`         // of the missed: taken, and still waited for
	Held     int     `json:"held"`            // of those in flight: somebody is known to hold it and to try again
	Late     int     `json:"late"`            // of the missed: arrived after all
	Refused  int     `json:"refused"`         // of the missed: never taken
	Lost     int     `json:"lost"`            // of the missed: given up
	Bounced  int     `json:"bounced"`         // of the lost: came back
	Longest  float64 `json:"longest_seconds"` // by which a late one was delayed at most
}

// Entry is one line of an incident's timeline.
type Entry struct {
	At         time.Time           `json:"at"`                 // when it happened
	Step       probe.IncidentStep  `json:"step"`               // opened, verdict, widened, narrowed, repaired, relapsed, drained, resolved, merged or maintained
	State      probe.IncidentState `json:"state"`              // of the incident from then on
	Routes     []string            `json:"routes"`             // that are broken after it
	Components []Named             `json:"components"`         // what most likely failed
	Confidence float64             `json:"confidence"`         // in that, 0 to 1
	Sentence   string              `json:"sentence,omitempty"` // the verdict in words
}

// Update is what an operator wrote.
type Update struct {
	At   time.Time `json:"at"`            // when it was written
	Text string    `json:"text"`          // may have newlines; plain text, never HTML
	By   string    `json:"by,omitempty"`  // who wrote it, as far as is known
	Next time.Time `json:"next,omitzero"` // the next update is promised for then
}

// Maintenance is a stretch of time in which mail may fail on purpose.
type Maintenance struct {
	ID         string            `json:"id"`            // the same as long as it is the same maintenance
	From       time.Time         `json:"from"`          // it begins
	Until      time.Time         `json:"until"`         // it ends
	Now        bool              `json:"now"`           // it is going on
	Told       time.Time         `json:"told,omitzero"` // people were told of it last
	Directions []probe.Direction `json:"directions"`    // that it touches
	Routes     []string          `json:"routes"`        // empty: all
	Text       string            `json:"text"`          // plain text, never HTML
	By         string            `json:"by,omitempty"`  // who announced it; absent: the configuration plans it
}

// Trouble is something that mailpath itself cannot do.
type Trouble string

// The troubles.
const (
	TroubleBlind     Trouble = "blind"     // a mailbox cannot be watched
	TroubleUnwritten Trouble = "unwritten" // the journal cannot be written
	TroubleNotYet    Trouble = "not_yet"   // it has only just begun: some routes are not known yet
)

// Outcome is the end of one message, for the engineer.
type Outcome struct {
	At      time.Time    `json:"at"`                       // the end was known
	ID      string       `json:"id"`                       // of the message, as in its Subject
	Route   string       `json:"route"`                    // by name
	Purpose string       `json:"purpose"`                  // scheduled, confirm, control or manual
	Status  probe.Status `json:"status"`                   // delivered, late, lost, bounced, rejected, deferred, unsent or unknown
	Latency float64      `json:"latency_seconds,omitzero"` // of one that arrived
	Place   string       `json:"place,omitempty"`          // of one that arrived: inbox, junk, quarantine or other
	Reason  string       `json:"reason,omitempty"`         // the server's reply, the bounce, the probe's own trouble
	Hops    []Hop        `json:"hops,omitempty"`           // the servers it passed, in order
}

// Hop is how long one server had a message, as far as the stamps tell.
type Hop struct {
	Host      string  `json:"host"`                // as it names itself in the Received field
	Component string  `json:"component,omitempty"` // of the configuration
	Least     float64 `json:"least_seconds"`       // it had the message for so long at least; below zero: the clocks disagree
	Most      float64 `json:"most_seconds"`        // and at most
}
