package health

import (
	"fmt"

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
	}
	return string(m)
}

// failure is one message that did not come through.
type failure struct {
	how  manner
	said string // the server's reply, or what went wrong; may be empty
}

// failureOf describes the end of a message that has not arrived.
func failureOf(o probe.Outcome) failure {
	f := failure{how: mannerOf(o.Status)}
	switch a := o.Attempt; {
	case a == nil:
	case a.Result == probe.Refused && a.Reply != nil:
		f.said = a.Reply.String()
	case a.Result != probe.Accepted:
		f.said = a.Problem
	}
	return f
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

// failures is a row of failures.
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

// reason says what the row was.
func (r *failures) reason() string {
	if r.alike {
		return fmt.Sprintf("%s messages in a row %s%s", inWords(r.count), r.last.how.many(), r.last.detail())
	}
	return fmt.Sprintf("%s messages in a row did not come through; the last one %s%s", inWords(r.count), r.last.how, r.last.detail())
}

// inWords writes the numbers that occur: a row that decides has three failures,
// and the tolerated deferrals at most besides.
func inWords(n int) string {
	switch n {
	case decisive:
		return "three"
	case decisive + 1:
		return "four"
	case decisive + tolerated:
		return "five"
	}
	return fmt.Sprint(n)
}
