package imapwatch

import (
	"sync"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/probe"
)

// notices keeps what the server tells of the open folder by itself. The library
// calls its handler from the goroutine that reads: it must never wait.
type notices struct {
	clock  probe.Clock
	pushed chan struct{} // holds a value when something was told

	mu       sync.Mutex
	exists   []existence
	expunged bool
}

// existence is an EXISTS response (RFC 9051 section 7.4.1): at that time the
// folder held so many messages.
type existence struct {
	messages uint32
	at       time.Time
}

func newNotices(clock probe.Clock) *notices {
	return &notices{clock: clock, pushed: make(chan struct{}, 1)}
}

func (n *notices) handler() *imapclient.UnilateralDataHandler {
	return &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				n.note(func() { n.exists = append(n.exists, existence{*data.NumMessages, n.clock.Now()}) })
			}
		},
		Expunge: func(uint32) { n.note(func() { n.expunged = true }) },
	}
}

func (n *notices) note(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
	select {
	case n.pushed <- struct{}{}:
	default:
	}
}

// peek tells whether there may be new messages.
func (n *notices) peek() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.exists) > 0
}

// take gives what was told since it was last taken.
func (n *notices) take() told {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := told{exists: n.exists, expunged: n.expunged}
	n.exists, n.expunged = nil, false
	select {
	case <-n.pushed:
	default:
	}
	return t
}

// told is what the server told since the last look.
type told struct {
	exists   []existence
	expunged bool
}

// shown is the earliest time at which the message with a sequence number is known
// to have been there, at the latest when it was fetched. After an EXPUNGE the
// numbers have moved and prove nothing.
func (t told) shown(sequence uint32, fetched time.Time) time.Time {
	if t.expunged {
		return fetched
	}
	for _, e := range t.exists {
		if sequence <= e.messages {
			return e.at
		}
	}
	return fetched
}
