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

// The kinds of fault. Refuse, Greylist and Cut strike where a message comes into a
// stage, Full and NoSuchUser where it is put into its mailbox, all others where it
// would leave the stage.
type (
	// Delay keeps every message that much longer.
	Delay struct{ By time.Duration }

	// Hold accepts messages and keeps them until the component is repaired. With a
	// lifetime, a message that comes while the fault is there and is held until it
	// has been at the component that long is given up, and its sender told.
	Hold struct{ Lifetime time.Duration } // zero: for ever

	// Drop accepts messages and throws them away.
	Drop struct{}

	// Duplicate hands every message on twice. The copies have different Received
	// fields, as two true copies have.
	Duplicate struct{}

	// Junk takes messages for spam: the last stage puts them into Junk.
	Junk struct{}

	// Quarantine keeps messages from their mailboxes: they are put into the mailbox
	// "quarantine", as they are, under fields that say whose they were. Only antispam
	// has it.
	Quarantine struct{}

	// Refuse refuses messages with a reply. Between stages, the stage before keeps a
	// message that was refused with a 4xx and tries again, until Config.GiveUpAfter;
	// with a 5xx, it gives the message up and tells its sender.
	Refuse struct {
		Code      int    // 400 to 599
		Enhanced  [3]int // RFC 3463; zero: made from the code
		Text      string
		AfterData bool // in the reply to the final dot instead of to RCPT
	}

	// Reject takes messages and then, when it has seen what is in them, gives them up
	// for good and tells their senders.
	Reject struct {
		Code     int    // 500 to 599; zero: 554
		Enhanced [3]int // RFC 3463; zero: 5.7.1 without a code, else made from the code
		Text     string
	}

	// Full is a mailbox that takes no more (552 5.2.2). The stage where it is has
	// taken the message by then, gives it up and tells the sender.
	Full struct{ Mailbox string } // empty: every mailbox there

	// NoSuchUser is a mailbox that is not there any more (550 5.1.1), found out as
	// late as with Full.
	NoSuchUser struct{ Mailbox string } // empty: every mailbox there

	// Greylist refuses each triplet of client address, envelope sender and recipient
	// with 451 4.7.1 until it is tried again after Delay and within Window, both
	// counted from its first try; it is accepted from then on. What is known of
	// triplets is forgotten with the fault.
	Greylist struct {
		Delay  time.Duration
		Window time.Duration // zero: two days; a triplet tried later begins anew
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

func (f Hold) check() error {
	if f.Lifetime < 0 {
		return fmt.Errorf("hold: got a lifetime of %v, want no negative time", f.Lifetime)
	}
	return nil
}

func (f Reject) check() error {
	if f.Code != 0 && (f.Code < 500 || f.Code > 599) {
		return fmt.Errorf("rejection: got code %d, want 500 to 599", f.Code)
	}
	return nil
}

func (f Greylist) check() error {
	if window := f.window(); f.Delay < 0 || window < f.Delay {
		return fmt.Errorf("greylist: got a delay of %v in a window of %v, want no negative time and a window that is not over before", f.Delay, window)
	}
	return nil
}

func (f CrashLoop) check() error {
	if f.Through < 0 || f.Through > 1 {
		return fmt.Errorf("crash loop: got share %g, want 0 to 1", f.Through)
	}
	return nil
}

func (Drop) check() error       { return nil }
func (Duplicate) check() error  { return nil }
func (Junk) check() error       { return nil }
func (Quarantine) check() error { return nil }
func (Full) check() error       { return nil }
func (NoSuchUser) check() error { return nil }
func (Cut) check() error        { return nil }

// place says what is wrong with a fault at a component, or nil.
func (w *World) place(component string, f Fault) error {
	var mailbox string
	switch f := f.(type) {
	case Quarantine:
		if component != antispam {
			return fmt.Errorf("quarantine: want it at %s, which puts mail there", antispam)
		}
		return nil
	case Full:
		mailbox = f.Mailbox
	case NoSuchUser:
		mailbox = f.Mailbox
	default:
		return nil
	}
	for _, a := range w.accounts {
		if a.stage == component && a.mailbox != quarantine && (mailbox == "" || mailbox == a.mailbox) {
			return nil
		}
	}
	return fmt.Errorf("%T: got mailbox %q, want one of the component or, at one that has any, none", f, mailbox)
}

// isHolding tells whether messages pile up in a stage with this fault.
func isHolding(f Fault) bool {
	switch f.(type) {
	case Hold, CrashLoop:
		return true
	default:
		return false
	}
}
