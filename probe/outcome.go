package probe

import "time"

// Status is the end of one message.
type Status string

// The statuses.
const (
	Delivered Status = "delivered" // arrived before a look after LateAfter missed it
	Late      Status = "late"      // arrived after that, or by the store's stamp too late while nobody could look
	Lost      Status = "lost"      // accepted, and not there after LostAfter
	Bounced   Status = "bounced"   // a bounce came back
	Rejected  Status = "rejected"  // refused with a 5xx reply
	Deferred  Status = "deferred"  // refused with a 4xx reply
	Unsent    Status = "unsent"    // not handed over, and nobody said no
	Uncertain Status = "unknown"   // nobody knows whether it was taken, and it was never seen
)

// Statuses lists all statuses in the order in which they are shown.
var Statuses = [...]Status{Delivered, Late, Lost, Bounced, Rejected, Deferred, Unsent, Uncertain}

// Arrived tells whether the message reached the mailbox.
func (s Status) Arrived() bool { return s == Delivered || s == Late }

// Outcome is what became of one message. There is exactly one per message.
type Outcome struct {
	Status    Status
	Began     time.Time     // just before the dial; arrived messages only
	Latency   Interval      // from there to the arrival; arrived messages only
	Observed  time.Duration // the latency that is reported: a point of Latency
	Source    Source        // where Observed comes from
	Place     Place         // arrived messages only
	Folder    string        // arrived messages only
	Mailbox   string        // where it was found: its own, or a quarantine; arrived messages only
	Carrier   Carrier       // arrived messages only
	Trail     Trail         // arrived messages only
	Tries     int           // attempts made
	Deferred  time.Duration // from the first attempt to the last one, where it was tried again
	Altered   []Alteration  // arrived messages only
	Reordered bool          // it arrived after one that was sent after it on the same route
	Report    *Report       // that ended it; bounced messages only
	Missed    bool          // its deadline was missed and told before the end
	Counted   bool          // as a miss of the objective, then
	Adopted   bool          // found by its tag; sent by a process this journal does not know
	Orphaned  bool          // nobody could tell what became of it
	Attempt   *Attempted    // the last one; nil if orphaned or adopted
}

// Source is where a reported latency comes from.
type Source string

// The sources.
const (
	ByLook         Source = "look"         // the end of the look that found the message
	ByInternalDate Source = "internaldate" // the server's stamp, whole seconds: nobody was looking at the time
)

// Expectation is what should become of a payload on a route.
type Expectation string

// ExpectDelivered wants the message in the inbox.
const ExpectDelivered Expectation = "delivered"

// Expectations lists all expectations.
var Expectations = [...]Expectation{ExpectDelivered}

// Verdict is an outcome held against an expectation.
type Verdict string

// The verdicts.
const (
	Met          Verdict = "met"
	Violated     Verdict = "violated"
	Inconclusive Verdict = "inconclusive" // the outcome says nothing about the path
)

// Verdicts lists all verdicts.
var Verdicts = [...]Verdict{Met, Violated, Inconclusive}

// Judge holds an outcome against the expectation.
func (e Expectation) Judge(o Outcome) Verdict {
	switch {
	case o.Status == Uncertain, o.Status == Unsent && o.Attempt != nil && o.Attempt.Ours:
		return Inconclusive
	case o.Status == Delivered && o.Place == Inbox:
		return Met
	}
	return Violated
}
