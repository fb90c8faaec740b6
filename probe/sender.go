package probe

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sender hands messages over to a mail system.
type Sender interface {
	// Send makes one attempt and never retries. It returns promptly when the
	// context ends. It is safe for concurrent use.
	Send(context.Context, *Message) Attempt
}

// SenderFunc lets a function be a Sender.
type SenderFunc func(context.Context, *Message) Attempt

// Send calls the function.
func (f SenderFunc) Send(ctx context.Context, m *Message) Attempt { return f(ctx, m) }

// Result is how an attempt ended.
type Result uint8

// The results. The numbers stand in journals: they never change.
const (
	NotSent  Result = 1 // the message was not handed over, and nobody said no to it
	Accepted Result = 2 // the far side took responsibility (RFC 5321 section 4.2.5)
	Refused  Result = 3 // the far side said no, with the Reply
	Unknown  Result = 4 // the connection was lost after the final dot: it may have been taken
)

// String is the result in words.
func (r Result) String() string {
	switch r {
	case NotSent:
		return "not sent"
	case Accepted:
		return "accepted"
	case Refused:
		return "refused"
	case Unknown:
		return "answer unknown"
	}
	return fmt.Sprintf("result %d", uint8(r))
}

// ErrOurs is wrapped by an Attempt's error when the trouble is the probe's own:
// credentials, descriptors, a file that cannot be read, a cancelled context. It
// says nothing about the path.
var ErrOurs = errors.New("the probe's own trouble")

// Attempt is one try to hand a message over.
type Attempt struct {
	Result Result
	Began  time.Time // just before the dial; latency runs from here
	Phases []Phase   // in their order; the last one may be the one that failed
	Reply  *Reply    // the reply that decided, if there was one
	Err    error     // what went wrong, in words; nil when accepted
}

// Phase is one timed part of our own transaction.
type Phase struct {
	Name string // dns, connect, banner, ehlo, tls, auth, mail, rcpt, data, reply
	Took time.Duration
}

// Phases lists the phases of a transaction in their usual order; with implicit
// TLS, tls comes before banner.
var Phases = [...]string{"dns", "connect", "banner", "ehlo", "tls", "auth", "mail", "rcpt", "data", "reply"}

// Reply is what an SMTP server said (RFC 5321 section 4.2).
type Reply struct {
	Code     int
	Enhanced string // RFC 3463, such as "4.4.7"; empty if there was none
	Text     string
	QueueID  string // the far side's name for the message, where the text gives one
}

// Temporary tells a 4yz reply from a 5yz one (RFC 5321 section 4.2.1).
func (r *Reply) Temporary() bool { return r.Code/100 == 4 }

// String is the reply as the server wrote it.
func (r *Reply) String() string {
	if r.Enhanced == "" {
		return fmt.Sprintf("%d %s", r.Code, r.Text)
	}
	return fmt.Sprintf("%d %s %s", r.Code, r.Enhanced, r.Text)
}
