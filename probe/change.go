package probe

import "time"

// Change is what an event changed. An exporter ignores kinds it does not know.
type Change interface {
	// Cause is the event that made the change.
	Cause() (Seq, time.Time)
}

// Origin is the event that made a change; changes embed it.
type Origin struct {
	Seq Seq
	At  time.Time
}

// Cause gives the event's number and time.
func (o Origin) Cause() (Seq, time.Time) { return o.Seq, o.At }

// Origin is the origin of the changes that an event makes.
func (e Event) Origin() Origin { return Origin{Seq: e.Seq, At: e.At} }

// The kinds of change.
type (
	// Sent tells that a message is in flight from now on.
	Sent struct {
		Origin
		Message Sending
	}
	// Answered tells that an attempt to hand a message over has ended. If the message is
	// settled by it, or was seen before, Settled follows.
	Answered struct {
		Origin
		Message Sending
		Attempt Attempted
		Tries   int       // attempts so far, this one included
		Again   time.Time // it will be tried again then; zero: it will not
	}
	// TriedAgain tells that a message is being handed over once more.
	TriedAgain struct {
		Origin
		Message Sending
		Try     int
	}
	// ReportSeen tells that a report about a message was found. If it settles the
	// message, Settled follows.
	ReportSeen struct {
		Origin
		Message Sending
		Report  Report
		Mailbox string // where the report was found
		Told    Status // the end the message had before; empty: it is in flight
	}
	// AttemptLost tells that nobody can tell how the handing over of a message ended: the
	// process that tried is gone. It may or may not arrive.
	AttemptLost struct {
		Origin
		Message Sending
	}
	// DeadlineMissed tells that a message was not there after its LateAfter.
	DeadlineMissed struct {
		Origin
		Message  Sending
		Certain  bool // the far side had accepted it, so the miss is the path's
		Cut      bool // the far side broke off before it said whether it accepted it
		Deferred bool // the far side turned it away for now, and it will be tried again
	}
	// Adopted tells that a message sent by a process that this journal does not know. Settled follows.
	Adopted struct {
		Origin
		Message Sending
	}
	// Settled tells that a message has its one outcome.
	Settled struct {
		Origin
		Message Sending
		Outcome Outcome
	}
	// Contradicted tells that a message was seen after another end had been told.
	Contradicted struct {
		Origin
		Message Sending
		Told    Status
		Place   Place
	}
	// Duplicated tells that another copy of a message was seen.
	Duplicated struct {
		Origin
		Message Sending
		Folder  string
	}
	// MailboxLooked tells that a mailbox was looked at completely.
	MailboxLooked struct {
		Origin
		Mailbox string
		Looks   int // since the last such change
	}
	// MailboxBlind tells that a mailbox cannot be watched.
	MailboxBlind struct {
		Origin
		Mailbox string
		Problem string
	}
	// ClockMoved tells that the machine's wall clock was moved.
	ClockMoved struct {
		Origin
		ClockStepped
	}
	// Missed tells that slots passed without a message being sent.
	Missed struct {
		Origin
		SlotsMissed
	}
	// Skipped tells that slots were left out on purpose.
	Skipped struct {
		Origin
		SlotsSkipped
	}
	// Suspicion tells that a route may have stopped carrying mail.
	Suspicion struct {
		Origin
		Suspected
	}
	// Found tells that a check has another answer than before.
	Found struct {
		Origin
		Finding
	}
	// HealthChanged tells that what is known of a route has changed.
	HealthChanged struct {
		Origin
		Route    string
		From, To Health
		Reason   string
	}
)

// Measured tells whether a message's time is a measurement of its route: it was
// scheduled, should have been delivered and was, and this prober saw it all the way.
// One that waited in our queue is none: how long is what the route's retry says.
func (c Settled) Measured() bool {
	m, o := c.Message, c.Outcome
	return m.Purpose == Scheduled && m.Expect == ExpectDelivered && o.Status.Arrived() && !o.Adopted && !o.Orphaned && o.Tries <= 1
}

// Health is what is known of one route now.
type Health string

// The states of health.
const (
	HealthUnknown Health = "unknown" // not yet known
	HealthOK      Health = "ok"
	HealthSlow    Health = "slow"
	HealthBroken  Health = "broken"
	HealthBlind   Health = "blind" // we cannot see
)

// Healths lists all states in the order in which they are shown.
var Healths = [...]Health{HealthOK, HealthSlow, HealthBroken, HealthBlind, HealthUnknown}

// Exporter tells the world about changes. Export is called from one goroutine and
// returns promptly. Changes whose number is at most the last one before the
// process began are a replay: they happened, and were told, before.
type Exporter interface {
	Export(Change)
}
