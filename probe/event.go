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
}

// Attempted is the end of the attempt to hand a message over.
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
	Folder   string
	Ref      Ref
	Absent   time.Time // an earlier complete look that did not find it began then; zero: there was none
	Present  time.Time // it was there at this time
	Internal time.Time // INTERNALDATE; zero if unknown
	Chain    uint64    // hash of its Received fields: the same copy has the same
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

func (Sending) fact()        {}
func (Attempted) fact()      {}
func (Seen) fact()           {}
func (Looked) fact()         {}
func (Blind) fact()          {}
func (MissedDeadline) fact() {}
func (Expired) fact()        {}
func (Orphaned) fact()       {}
func (SlotsMissed) fact()    {}
