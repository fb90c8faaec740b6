package jsonlog

import (
	"encoding/json"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// head begins every line.
type head struct {
	Time  moment    `json:"time"`  // when it became known
	Event string    `json:"event"` // outcome, contradicted, duplicate, health, and so on: see docs/outcomes.md
	Seq   probe.Seq `json:"seq"`   // the number of the event in the journal
	Again bool      `json:"again,omitempty"`
}

// message says which test message a line is about.
type message struct {
	ID      probe.ID      `json:"id"`
	Route   string        `json:"route"`
	Payload string        `json:"payload"`
	Purpose probe.Purpose `json:"purpose"`
	Mailbox string        `json:"mailbox"`
	Slot    *moment       `json:"slot,omitempty"`
}

// outcome is the one line that each message gets in the end.
type outcome struct {
	head
	message
	Status  probe.Status  `json:"status"`
	Verdict probe.Verdict `json:"verdict"` // the outcome held against the expectation
	*arrival
	*attempt
	Adopted  bool `json:"adopted,omitempty"`
	Orphaned bool `json:"orphaned,omitempty"`
}

// arrival is what is known of a message that arrived.
type arrival struct {
	Latency    float64       `json:"latency_seconds"`
	LatencyMin float64       `json:"latency_min_seconds"`
	LatencyMax float64       `json:"latency_max_seconds"`
	Source     probe.Source  `json:"latency_source,omitempty"`
	Place      probe.Place   `json:"place,omitempty"`
	Folder     string        `json:"folder,omitempty"`
	Carrier    probe.Carrier `json:"carrier,omitempty"`
}

// attempt is what is known of the handing over, when it was seen to end.
type attempt struct {
	Sent    moment             `json:"sent"` // just before the dial
	Delay   *float64           `json:"schedule_delay_seconds,omitempty"`
	Phases  map[string]float64 `json:"phases_seconds,omitempty"`
	Reply   string             `json:"reply,omitempty"`
	QueueID string             `json:"queue_id,omitempty"`
	Problem string             `json:"problem,omitempty"`
}

// contradicted: a message was found after another end had been told.
type contradicted struct {
	head
	message
	Told  probe.Status `json:"told"` // not "status": the message has a line with that already
	Place probe.Place  `json:"place,omitempty"`
}

// duplicate: a further copy of a message was found.
type duplicate struct {
	head
	message
	Folder string `json:"folder,omitempty"`
}

// health: what is known of a route has changed.
type health struct {
	head
	Route  string       `json:"route"`
	From   probe.Health `json:"from"`
	To     probe.Health `json:"to"`
	Reason string       `json:"reason,omitempty"`
}

// blind: a mailbox cannot be watched.
type blind struct {
	head
	Mailbox string `json:"mailbox"`
	Problem string `json:"problem,omitempty"`
}

// missed: slots of the schedule passed without a message.
type missed struct {
	head
	Route   string `json:"route"`
	Payload string `json:"payload"`
	Slots   int    `json:"slots"`
	Reason  string `json:"reason,omitempty"`
}

// skipped: slots of the schedule were left out on purpose.
type skipped struct {
	head
	Route   string           `json:"route"`
	Payload string           `json:"payload"`
	Slots   int              `json:"slots"`
	Reason  probe.SkipReason `json:"reason,omitempty"`
}

// suspicion: a route may have stopped, and is sent more messages at once.
type suspicion struct {
	head
	Route  string `json:"route"`
	Reason string `json:"reason,omitempty"`
}

// finding: a check has another answer than before.
type finding struct {
	head
	Check     string             `json:"check"`
	Target    string             `json:"target"`
	Component string             `json:"component,omitempty"`
	State     probe.FindingState `json:"state"`
	Reason    string             `json:"reason,omitempty"`
	Advice    string             `json:"advice,omitempty"`
}

// verdict: which component most likely broke.
type verdict struct {
	head
	Since    moment    `json:"since"`
	Repaired bool      `json:"repaired,omitempty"` // no route is broken any more
	Suspects []suspect `json:"suspects,omitempty"` // the most likely first
}

type suspect struct {
	Components []string `json:"components"` // several: they cannot be told apart
	Confidence float64  `json:"confidence"`
	Sentence   string   `json:"sentence"`
	Reasons    []string `json:"reasons,omitempty"`
}

// recovered: a trouble is over.
type recovered struct {
	head
	Since      moment   `json:"since"`
	RepairedAt moment   `json:"repaired_at"`
	DrainedAt  moment   `json:"drained_at"`
	Longest    float64  `json:"longest_delay_seconds"`
	Components []string `json:"components,omitempty"`
	Messages   int      `json:"messages"`
	Missed     int      `json:"missed"`
	Late       int      `json:"late"`
	Refused    int      `json:"refused"`
	Lost       int      `json:"lost"`
	CutOff     int      `json:"cut_off"`
	Missing    int      `json:"missing"`
	NotKnown   int      `json:"not_known"` // apart from messages
	Sentence   string   `json:"sentence"`
}

// clock: the machine's wall clock was moved.
type clock struct {
	head
	By      float64 `json:"by_seconds"` // forward if positive
	Between bool    `json:"between"`    // between two processes
}

// lineOf is the line of a change, which may have been written before; nil for a
// change that gets none.
func lineOf(c probe.Change, again bool) any {
	begin := func(o probe.Origin, event string) head { return head{moment(o.At), event, o.Seq, again} }
	switch c := c.(type) {
	case probe.Settled:
		return outcomeOf(begin(c.Origin, "outcome"), c)
	case probe.Contradicted:
		return contradicted{begin(c.Origin, "contradicted"), messageOf(c.Message), c.Told, c.Place}
	case probe.Duplicated:
		return duplicate{begin(c.Origin, "duplicate"), messageOf(c.Message), c.Folder}
	case probe.HealthChanged:
		return health{begin(c.Origin, "health"), c.Route, c.From, c.To, c.Reason}
	case probe.MailboxBlind:
		return blind{begin(c.Origin, "blind"), c.Mailbox, c.Problem}
	case probe.Missed:
		return missed{begin(c.Origin, "slots_missed"), c.Route, c.Payload, c.Slots, c.Reason}
	case probe.Skipped:
		return skipped{begin(c.Origin, "slots_skipped"), c.Route, c.Payload, c.Slots, c.Reason}
	case probe.Suspicion:
		return suspicion{begin(c.Origin, "suspicion"), c.Route, c.Reason}
	case probe.Found:
		f := c.Finding
		return finding{begin(c.Origin, "finding"), f.Check, f.Target, f.Component, f.State, f.Reason, f.Advice}
	case diagnosis.Diagnosed:
		return verdictOf(begin(c.Origin, "verdict"), c)
	case diagnosis.Recovered:
		return recovered{
			begin(c.Origin, "recovered"), moment(c.Since), moment(c.RepairedAt), moment(c.DrainedAt), c.Longest.Seconds(), c.Components,
			c.Messages, c.Missed, c.Late, c.Refused, c.Lost, c.CutOff, c.Missing, c.NotKnown, c.Sentence,
		}
	case probe.ClockMoved:
		return clock{begin(c.Origin, "clock"), c.By.Seconds(), c.Between}
	}
	return nil
}

func verdictOf(h head, c diagnosis.Diagnosed) verdict {
	v := verdict{head: h, Since: moment(c.Since), Repaired: c.Repaired}
	for _, d := range c.Diagnoses {
		v.Suspects = append(v.Suspects, suspect{d.Components, d.Confidence, d.Sentence, d.Reasons})
	}
	return v
}

func messageOf(m probe.Sending) message {
	return message{
		ID: m.ID, Route: m.Route, Payload: m.Payload, Purpose: m.Purpose, Mailbox: m.Mailbox, Slot: knownMoment(m.Slot),
	}
}

func outcomeOf(h head, c probe.Settled) outcome {
	o := c.Outcome
	line := outcome{
		head: h, message: messageOf(c.Message),
		Status: o.Status, Verdict: c.Message.Expect.Judge(o), Adopted: o.Adopted, Orphaned: o.Orphaned,
	}
	if o.Status.Arrived() {
		line.arrival = &arrival{
			Latency: o.Observed.Seconds(), LatencyMin: o.Latency.Min.Seconds(), LatencyMax: o.Latency.Max.Seconds(),
			Source: o.Source, Place: o.Place, Folder: o.Folder, Carrier: o.Carrier,
		}
	}
	if o.Attempt != nil {
		line.attempt = attemptOf(c.Message, o.Attempt)
	}
	return line
}

func attemptOf(m probe.Sending, a *probe.Attempted) *attempt {
	line := &attempt{Sent: moment(a.Began), Problem: a.Problem}
	if m.Purpose == probe.Scheduled { // the others have no slot to be late for
		delay := a.Began.Sub(m.Slot).Seconds()
		line.Delay = &delay
	}
	for _, p := range a.Phases {
		if line.Phases == nil {
			line.Phases = make(map[string]float64, len(a.Phases))
		}
		line.Phases[p.Name] += p.Took.Seconds() // a phase may come twice: EHLO before and after STARTTLS
	}
	if a.Reply != nil {
		line.Reply, line.QueueID = a.Reply.String(), a.Reply.QueueID
	}
	return line
}

// moment is a time as the log writes it: RFC 3339, UTC, whole milliseconds, always
// of the same length, so that lines sort as text.
type moment time.Time

// MarshalJSON implements json.Marshaler.
func (m moment) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Time(m).UTC().Format("2006-01-02T15:04:05.000Z"))
}

// knownMoment is nil for a time that is not known.
func knownMoment(t time.Time) *moment {
	if t.IsZero() {
		return nil
	}
	m := moment(t)
	return &m
}
