package diagnosis

import (
	"fmt"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Diagnosed tells what most likely broke: when a route becomes broken, and again when
// the verdict becomes another one.
type Diagnosed struct {
	probe.Origin
	Since     time.Time // the first message that did not come through was sent then
	Diagnoses []Diagnosis
	Scores    []Score // of every component, by name
	Repaired  bool    // no route is broken any more: no diagnoses, all scores zero. Recovered follows
}

// Recovered tells that a trouble is over: no route is broken any more, and what was
// sent during it has arrived or been given up.
type Recovered struct {
	probe.Origin
	Since      time.Time
	RepairedAt time.Time    // the first message in time on the last route to be well again arrived
	DrainedAt  time.Time    // the last message sent during the trouble was accounted for
	Components []string     // what was most likely broken
	WaitedAt   []string     // where late mail has waited: the component, or one of these. Empty: that is not known, or not one place
	Tally                   // of the routes that were broken, all together
	Routes     []RouteTally // the same of each of them, in the order in which they broke
	Sentence   string
}

// Tally is what became of the messages that were sent during a trouble.
type Tally struct {
	Longest  time.Duration // by which a late one was delayed at most
	Messages int           // all, but those that NotKnown counts and those that the probe could not send
	Missed   int           // not there in time, or not seen to be: all that late, refused, lost, cut off and missing count
	Late     int           // of the missed: arrived after all
	Refused  int           // of the missed: never taken, so not lost
	Lost     int           // of the missed: taken, and given up or bounced
	Bounced  int           // of the lost: came back as bounces
	CutOff   int           // of the missed: the server broke off before it said whether it took them; not seen yet
	Missing  int           // of the missed: taken, and still in flight, all for more than an hour
	NotKnown int           // apart: nobody can tell whether they were taken, because of the probe itself
}

// RouteTally is the tally of one route.
type RouteTally struct {
	Route string
	Tally
}

// Plus is the tally of both together.
func (r Tally) Plus(o Tally) Tally {
	return Tally{
		Longest: max(r.Longest, o.Longest), Messages: r.Messages + o.Messages, Missed: r.Missed + o.Missed, Late: r.Late + o.Late, Refused: r.Refused + o.Refused,
		Lost: r.Lost + o.Lost, Bounced: r.Bounced + o.Bounced, CutOff: r.CutOff + o.CutOff, Missing: r.Missing + o.Missing, NotKnown: r.NotKnown + o.NotKnown,
	}
}

// Overdue counts the messages that were missed and are still waited for.
func (r Tally) Overdue() int { return r.Missed - r.Late - r.Refused - r.Lost - r.CutOff - r.Missing }

func (r Recovered) sentence(waitedAt []string) string {
	parts := []string{fmt.Sprintf("Mail arrives again since %s; the trouble began at %s.", clock(r.RepairedAt), clock(r.Since))}
	if r.Late > 0 {
		parts = append(parts, fmt.Sprintf("Mail was delayed by up to %s.", long(r.Longest)))
		if len(waitedAt) > 0 {
			parts = append(parts, fmt.Sprintf("It had waited at %s.", list(waitedAt, "or")))
		}
	}
	of := counted(r.Messages, "test message")
	taken := r.Messages - r.Refused - r.CutOff
	if taken < r.Messages {
		of = counted(taken, "test message") + " that the servers took"
	}
	if taken > 0 && r.Lost == 0 && r.Missing == 0 {
		parts = append(parts, fmt.Sprintf("None of %s was lost.", of))
	}
	if r.Lost > 0 {
		parts = append(parts, fmt.Sprintf("Lost: %d of %s.", r.Lost, of))
	}
	if r.Bounced > 0 {
		parts = append(parts, fmt.Sprintf("Of these came back as bounces: %d.", r.Bounced))
	}
	if r.Missing > 0 {
		parts = append(parts, fmt.Sprintf("Still missing: %d of %s.", r.Missing, of))
	}
	for _, apart := range []struct {
		what     string
		messages int
	}{
		{"Never taken by the server", r.Refused},
		{"Cut off by the server before it answered, and not seen", r.CutOff},
		{"Not known whether they were taken, because mailpath itself was stopped or failed while it sent them", r.NotKnown},
	} {
		if apart.messages > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d.", apart.what, apart.messages))
		}
	}
	return strings.Join(parts, " ")
}

// clock is a time of day in words.
func clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }
