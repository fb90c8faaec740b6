package health

import (
	"fmt"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// manner is how a message failed, said of one message.
type manner string

// The manners. They are what a NOC engineer reads first, so they say what was
// seen, not what it may mean.
const (
	notInTime manner = "did not arrive in time"
	bounced   manner = "came back as a bounce"
	rejected  manner = "was rejected by the server"
	deferred  manner = "was put off by the server"
	unsent    manner = "could not be handed over"
	cutOff    manner = "was cut off by the server before it answered, and did not arrive"
)

// many is the manner said of several messages.
func (m manner) many() string {
	switch m {
	case bounced:
		return "came back as bounces"
	case rejected:
		return "were rejected by the server"
	case deferred:
		return "were put off by the server"
	case cutOff:
		return "were cut off by the server before it answered, and did not arrive"
	}
	return string(m)
}

// failure is one message that did not come through.
type failure struct {
	how  manner
	said string // the server's reply, what the bounce says, or what went wrong; may be empty
}

// failureOf describes the end of a message that has not arrived.
func failureOf(o probe.Outcome) failure {
	f := failure{how: mannerOf(o.Status)}
	switch a := o.Attempt; {
	case o.Report != nil:
		f.said = o.Report.Said()
	case a == nil:
	case a.Result == probe.Refused && a.Reply != nil:
		f.said = a.Reply.String()
	case a.Result != probe.Accepted:
		f.said = a.Problem
	}
	return f
}

// failureAtDeadline describes a message that was not there in time; f is nil if nothing
// is known of its being sent.
func failureAtDeadline(c probe.DeadlineMissed, f *flight) failure {
	switch {
	case c.Cut:
		return failure{how: cutOff}
	case c.Deferred && f != nil:
		return failure{how: deferred, said: f.said}
	case c.Deferred:
		return failure{how: deferred}
	}
	return failure{how: notInTime}
}

func mannerOf(s probe.Status) manner {
	switch s {
	case probe.Bounced:
		return bounced
	case probe.Rejected:
		return rejected
	case probe.Deferred:
		return deferred
	case probe.Unsent:
		return unsent
	}
	return notInTime
}

// detail is what was said, ready to be put behind a sentence.
func (f failure) detail() string {
	if f.said == "" {
		return ""
	}
	return " (" + f.said + ")"
}

// failures is what is told of the messages that did not come through.
type failures struct {
	count int
	alike bool // all in the same manner
	last  failure
}

func (r *failures) add(f failure) {
	r.alike = r.count == 0 || r.alike && r.last.how == f.how
	r.count++
	r.last = f
}

// restate replaces the last failure by what is known of it now.
func (r *failures) restate(f failure) {
	r.alike = r.count <= 1 || r.alike && r.last.how == f.how
	r.last = f
}

// share is the subject of a sentence about some of the last messages.
func share(some, all int) string {
	if some == all {
		return fmt.Sprintf("the last %d test messages", all)
	}
	return fmt.Sprintf("%d of the last %d test messages", some, all)
}

// reason says what the evidence is.
func (e *evidence) reason() string {
	subject := share(e.misses, e.signs)
	if e.failures.alike {
		return fmt.Sprintf("%s %s%s", subject, e.failures.last.how.many(), e.failures.last.detail())
	}
	return fmt.Sprintf("%s did not come through; the last one %s%s", subject, e.failures.last.how, e.failures.last.detail())
}

// reason says why the route is ok.
func (r *recovery) reason() string { return share(r.arrivals, r.signs) + " arrived in time" }

// brokenness says why the route is broken.
func (r *route) brokenness() string {
	switch {
	case !r.carried:
		return fmt.Sprintf("no message has ever arrived on this route, as far as the journal knows: %s; "+
			"check that sender %s may send to this address, and that mail to it comes to mailbox %s", r.evidence.reason(), r.sender, r.mailbox)
	case r.known == probe.HealthUnknown:
		return r.evidence.reason() + "; whether that is normal is not known"
	}
	return r.evidence.reason() + "; normally " + r.habit.words() + " fails"
}

// words says how many messages miss: one of so many.
func (h *habit) words() string {
	switch p := h.rate(); p {
	case leastMisses:
		return fmt.Sprintf("at most 1 in %.0f", 1/p)
	case mostMisses:
		return fmt.Sprintf("1 in %.0f or more", 1/p)
	default:
		return fmt.Sprintf("1 in %.0f", 1/p)
	}
}

// slowness says why the route is slow.
func (r *route) slowness() string {
	return fmt.Sprintf("mail takes %s, normally %s", inWords(r.lag.typical()), inWords(r.normal.quantile(0.5)))
}

// suspicious says why the route is suspected: a message that a look did not find, or
// the last miss.
func (r *route) suspicious(overdue *flight, looked time.Time) string {
	if overdue == nil {
		return fmt.Sprintf("a test message %s%s", r.startled.how, r.startled.detail())
	}
	normally := "they should take " + inWords(r.lateAfter) + " at most"
	if r.normal.known() {
		normally = "normally they take " + inWords(r.normal.quantile(0.5))
	}
	age := inWords(looked.Sub(overdue.start()))
	if overdue.began.IsZero() {
		return fmt.Sprintf("the server has let a message wait for %s and not taken it yet; %s", age, normally)
	}
	return fmt.Sprintf("a message has been on its way for %s; %s", age, normally)
}

// inWords writes a time as people say it, to two digits.
func inWords(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}
