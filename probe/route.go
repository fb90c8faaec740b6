package probe

import (
	"fmt"
	"regexp"
	"time"
)

// Direction says which way a route runs, seen from the company.
type Direction string

// The directions.
const (
	Inbound    Direction = "inbound"      // from outside
	Internal   Direction = "internal"     // inside one site
	SiteToSite Direction = "site-to-site" // from one site to another
	Outbound   Direction = "outbound"     // to an outside provider
	Mobile     Direction = "mobile"       // to a phone
)

// Directions lists all directions in the order in which they are shown.
var Directions = [...]Direction{Inbound, Internal, SiteToSite, Outbound, Mobile}

// Route is one way for mail: a sender, a mailbox, a direction and the path of
// components between them. Sender, Mailbox and the components are names of the
// configuration; From and To are the envelope's addresses, the same for every
// message of the route, because greylisting remembers them (RFC 6647 section 2).
type Route struct {
	Name      string
	Direction Direction
	Sender    string
	Mailbox   string
	Path      []string
	From, To  string
	// Alters is what the path is meant to change in messages.
	Alters []MeantAlteration
	// Retry is how long to wait before each further try of a message that was refused
	// with a 4xx reply; empty: it is tried once.
	Retry []time.Duration
}

// Probe is a route, what is sent along it, how often, and what is expected.
type Probe struct {
	Route     Route
	Payload   Payload
	Every     time.Duration
	LateAfter time.Duration // from the dial on: later than this is a miss
	LostAfter time.Duration // from the dial on: not seen by then is lost
	Expect    Expectation
}

// Payload makes what a test message carries besides its tag.
type Payload interface {
	// Name is the payload's name in the configuration, the tag and the metrics.
	Name() string
	// Text is the prose of one message, in lines of at most 72 ASCII characters.
	// Consecutive messages differ, lest filters take them for a template.
	Text(Tag) string
}

// Purpose is why a message was sent.
type Purpose string

// The purposes.
const (
	Scheduled Purpose = "scheduled" // by the schedule
	Confirm   Purpose = "confirm"   // to confirm a suspicion
	Control   Purpose = "control"   // beside a canary
	Manual    Purpose = "manual"    // somebody asked for it
)

// Purposes lists all purposes.
var Purposes = [...]Purpose{Scheduled, Confirm, Control, Manual}

// MaxName is the longest name, in bytes, of a prober, route, payload, sender,
// mailbox or component: names travel in the tag.
const MaxName = 63

var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(@[a-z0-9]([a-z0-9._-]*[a-z0-9])?)?$`)

// CheckName says what is wrong with a name, or nil.
func CheckName(name string) error {
	if len(name) > MaxName {
		return fmt.Errorf("name %q has %d characters, want at most %d", name, len(name), MaxName)
	}
	if !namePattern.MatchString(name) {
		return fmt.Errorf("name %q: want lower-case letters, digits, '-', '_' and '.', beginning and ending with a letter or digit", name)
	}
	return nil
}
