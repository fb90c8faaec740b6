package probe

import (
	"time"
)

// Seq is an event's number in its journal. Numbers rise; they may have gaps.
type Seq uint64

// Event is one fact, with the time at which it became known. The journal numbers it.
type Event struct {
	Seq  Seq
	At   time.Time
	Fact Fact
}

// Fact is what an event says. The kinds below are all there are.
type Fact interface{ fact() }

// Sending is durable before the first byte of a message goes out. It describes
// the message for all later events.
type Sending struct {
	ID        ID
	Route     string
	Payload   string
	Purpose   Purpose
	Slot      time.Time
	Sender    string
	Mailbox   string
	LateAfter time.Duration
	LostAfter time.Duration
	Expect    Expectation
	Retry     []time.Duration // the waits before further tries after a 4xx reply; empty: it is tried once
	// Maintenance says that the path may fail on purpose while the message is on its way:
	// it is outside of the objective.
	Maintenance bool
}

// Retrying is durable before the first byte of another try to hand over a message that
// was refused with a 4xx reply. Attempted follows, as after Sending.
type Retrying struct {
	ID  ID
	Try int // the second is 2
}

// GaveUp says that a message which was to be tried again will not be: its route is not
// configured any more.
type GaveUp struct{ ID ID }

// Attempted is the end of an attempt to hand a message over.
type Attempted struct {
	ID      ID
	Result  Result
	Ours    bool // the trouble was the probe's own
	Began   time.Time
	Phases  []Phase
	Reply   *Reply
	Problem string // the attempt's error in words; empty when accepted
}

// Seen is a message of ours found by a look.
type Seen struct {
	ID       ID
	Tag      Tag // as read; Full unless only a short form survived
	Carrier  Carrier
	Mailbox  string
	Ref      Ref
	Absent   time.Time // an earlier complete look that did not find it began then; zero: there was none
	Present  time.Time // it was there at this time
	Internal time.Time // INTERNALDATE; zero if unknown
	Chain    uint64    // hash of its Received fields: the same copy has the same
	EmailID  string    // the server's name for the message in all folders; empty if it gives none
	Trail    Trail     // what the servers on the way wrote
	Place    Place     // empty in old journals: told by the folder's name
	Altered  []Alteration
}

// Reported is a report about a message of ours, found by a look at any mailbox.
type Reported struct {
	ID      ID
	Mailbox string
	Ref     Ref
	Sum     uint64 // hash of its header: the same report found again has the same
	Report  Report
}

// Looked is a complete look at a mailbox. Found messages have Seen events before it.
type Looked struct {
	Mailbox      string
	Began, Ended time.Time
	Looks        int // complete looks since the last Looked of this process, this one included
}

// Blind says that a mailbox cannot be watched.
type Blind struct {
	Mailbox string
	Problem string
}

// MissedDeadline says that a complete look begun after a message's LateAfter did not find it.
type MissedDeadline struct{ ID ID }

// Expired says that a complete look begun after a message's LostAfter did not find it.
type Expired struct{ ID ID }

// Orphaned says that nobody can tell any more what became of a message: the process
// that sent it ended before its attempt did, or its mailbox is not watched any more.
type Orphaned struct{ ID ID }

// SlotsMissed counts slots of a probe that passed without a message being sent.
type SlotsMissed struct {
	Route, Payload string
	Slots          int
	Reason         string
}

// SlotsSkipped counts slots of a probe that were left out on purpose.
type SlotsSkipped struct {
	Route, Payload string
	Slots          int
	Reason         SkipReason
}

// Suspected says that a route may have stopped carrying mail, and what is sent at once
// to know. The messages of the route that were in flight then count as one miss.
type Suspected struct {
	Route   string
	Reason  string
	Confirm []Confirmation
}

// Confirmation is what one route is sent to confirm a suspicion.
type Confirmation struct {
	Route    string
	Messages int
	Within   time.Duration // their deadline, from the dial on
}

// FindingChanged says that a check has another answer than before.
type FindingChanged Finding

// Started is the beginning of a process that runs by the schedule. With the machine's
// uptime it tells, after a restart, whether the wall clock moved meanwhile.
type Started struct {
	Boot   string        // names the boot of the machine; empty: unknown
	Uptime time.Duration // since that boot
}

// ClockStepped says that the machine's wall clock was moved: forward if By is positive.
type ClockStepped struct {
	By time.Duration
	// Between says that it happened between the last process and this one, whose
	// times go by the moved clock: what is in flight moves along. Otherwise the times
	// of the process go on as they were.
	Between bool
}

// Totals are what each route has come to on one day so far, all events before this
// one included. The last one of a day is kept when the events themselves are pruned.
type Totals struct {
	Day    time.Time // its beginning, in UTC
	Routes []RouteTotals
}

// RouteTotals is what one route has come to on one day: what was told on that day.
type RouteTotals struct {
	Route                string
	Sent, Adopted        int // messages of all purposes
	Ended                []StatusTotal
	SLOEvents, SLOMisses int
	Measured             int // arrivals whose time is a measurement, as in delivery_seconds
	Sum, Longest         time.Duration
}

// StatusTotal counts the messages that ended in one status.
type StatusTotal struct {
	Status   Status
	Messages int
}

func (Sending) fact()        {}
func (Retrying) fact()       {}
func (GaveUp) fact()         {}
func (Reported) fact()       {}
func (Attempted) fact()      {}
func (Seen) fact()           {}
func (Looked) fact()         {}
func (Blind) fact()          {}
func (MissedDeadline) fact() {}
func (Expired) fact()        {}
func (Orphaned) fact()       {}
func (SlotsMissed) fact()    {}
func (SlotsSkipped) fact()   {}
func (Suspected) fact()      {}
func (FindingChanged) fact() {}
func (Started) fact()        {}
func (ClockStepped) fact()   {}
func (Totals) fact()         {}
