package jsonlog

import (
	"encoding/json"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// head begins every line.
type head struct {
	Time  moment    `json:"time"`  // when it became known
	Event string    `json:"event"` // outcome, contradicted, duplicate, health, and so on: see docs/outcomes.md
	Seq   probe.Seq `json:"seq"`   // the number of the event in the journal
	Again bool      `json:"again,omitempty"`
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
	WaitedAt   []string `json:"waited_at,omitempty"`
	Messages   int      `json:"messages"`
	Missed     int      `json:"missed"`
	Late       int      `json:"late"`
	Refused    int      `json:"refused"`
	Lost       int      `json:"lost"`
	Bounced    int      `json:"bounced"` // of the lost
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

// hopClock: the clock of a host on the way was found wrong, was moved, or is right again.
type hopClock struct {
	head
	Host      string  `json:"host"`
	Component string  `json:"component"`
	OffsetMin float64 `json:"offset_min_seconds"` // beyond ours: positive if it is fast
	OffsetMax float64 `json:"offset_max_seconds"`
	Jumped    bool    `json:"jumped"`
}

// lineOf is the line of a change, which may have been written before; nil for a
// change that gets none.
func lineOf(c probe.Change, again bool) any {
	begin := func(o probe.Origin, event string) head { return head{moment(o.At), event, o.Seq, again} }
	switch c := c.(type) {
	case probe.Settled:
		return outcomeOf(begin(c.Origin, "outcome"), c)
	case probe.Answered:
		return deferredOf(begin(c.Origin, "deferred"), c)
	case probe.TriedAgain:
		return triedAgain{begin(c.Origin, "tried_again"), messageOf(c.Message), c.Try}
	case probe.ReportSeen:
		return reportOf(begin(c.Origin, "report"), c)
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
			begin(c.Origin, "recovered"), moment(c.Since), moment(c.RepairedAt), moment(c.DrainedAt), c.Longest.Seconds(), c.Components, c.WaitedAt,
			c.Messages, c.Missed, c.Late, c.Refused, c.Lost, c.Bounced, c.CutOff, c.Missing, c.NotKnown, c.Sentence,
		}
	case probe.ClockMoved:
		return clock{begin(c.Origin, "clock"), c.By.Seconds(), c.Between}
	case trace.ClockChanged:
		return hopClock{begin(c.Origin, "hop_clock"), c.Host, c.Component, c.Offset.Min.Seconds(), c.Offset.Max.Seconds(), c.Jumped}
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
