package world

import (
	"fmt"
	"time"
)

// Fault is what can be wrong with a component. The kinds below are all there are.
type Fault interface {
	// check says what is wrong with the fault's own values, or nil.
	check() error
}

// The kinds of fault. Refuse and Cut strike where a message comes into a stage,
// all others where it would leave it.
type (
	// Delay keeps every message that much longer.
	Delay struct{ By time.Duration }

	// Hold accepts messages and keeps them until the component is repaired.
	Hold struct{}

	// Drop accepts messages and throws them away.
	Drop struct{}

	// Duplicate hands every message on twice. The copies have different Received
	// fields, as two true copies have.
	Duplicate struct{}

	// Junk takes messages for spam: the last stage puts them into Junk.
	Junk struct{}

	// Alter changes messages on their way.
	Alter struct {
		StripX       bool // header fields whose names begin with "X-" are removed
		MarkSubject  bool // the Subject gets the prefix "[SPAM] "
		NewMessageID bool // the Message-ID is replaced
		ReencodeBody bool // the body of a message in one part is encoded as base64
	}

	// Refuse refuses messages with a reply. Between stages, the stage before keeps a
	// message that was refused with a 4xx and tries again; with a 5xx, the message is
	// dropped.
	Refuse struct {
		Code      int    // 400 to 599
		Enhanced  [3]int // RFC 3463; zero: made from the code
		Text      string
		AfterData bool // in the reply to the final dot instead of to RCPT
	}

	// CrashLoop is a filter that dies of every message it is given. Its stage goes
	// on answering 250 and holds the mail. Through, from 0 to 1, is the share of the
	// messages that do not kill it.
	CrashLoop struct{ Through float64 }

	// Cut closes the connection after the final dot, without a reply. The message
	// was taken or not; who sent it cannot know (RFC 1047). Between stages, the stage
	// before tries again; a message that was taken then arrives twice.
	Cut struct{ Taken bool }
)

func (f Delay) check() error {
	if f.By < 0 {
		return fmt.Errorf("delay: got %v, want no negative time", f.By)
	}
	return nil
}

func (f Refuse) check() error {
	if f.Code < 400 || f.Code > 599 {
		return fmt.Errorf("refusal: got code %d, want 400 to 599", f.Code)
	}
	return nil
}

func (f CrashLoop) check() error {
	if f.Through < 0 || f.Through > 1 {
		return fmt.Errorf("crash loop: got share %g, want 0 to 1", f.Through)
	}
	return nil
}

func (Hold) check() error      { return nil }
func (Drop) check() error      { return nil }
func (Duplicate) check() error { return nil }
func (Junk) check() error      { return nil }
func (Alter) check() error     { return nil }
func (Cut) check() error       { return nil }

// isHolding tells whether messages pile up in a stage with this fault.
func isHolding(f Fault) bool {
	switch f.(type) {
	case Hold, CrashLoop:
		return true
	default:
		return false
	}
}
