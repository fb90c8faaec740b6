package imapwatch

import (
	"sync"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/probe"
)

// notices keeps what the server tells of the open folder by itself. It is told
// from the goroutine that reads, and must never make it wait.
type notices struct {
	clock  probe.Clock
	pushed chan struct{} // holds a value when there may be new messages

	mu       sync.Mutex
	exists   []existence
	expunged bool
	news     bool // exists says something new
	count    census
}

// existence is an EXISTS response (RFC 9051 section 7.4.1): at that time the
// folder held so many messages.
type existence struct {
	messages uint32
	at       time.Time
}

// maxExistences bounds what is kept of a server that does not stop telling.
const maxExistences = 256

// census is what is known of the number of messages in the open folder.
type census struct {
	known    bool
	messages uint32
	removals int // how often messages have been removed
}

func newNotices(clock probe.Clock) *notices {
	return &notices{clock: clock, pushed: make(chan struct{}, 1)}
}

func (n *notices) handler() *imapclient.UnilateralDataHandler {
	return &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				n.existing(*data.NumMessages)
			}
		},
		Expunge: func(uint32) { n.removed() },
	}
}

// existing is told that the folder holds so many messages. Some servers say it at
// the beginning of each IDLE: the number that is known wakes nobody.
func (n *notices) existing(messages uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.news = n.news || !n.count.known || n.count.messages != messages
	n.count.known, n.count.messages = true, messages
	if len(n.exists) == maxExistences { // the last one then speaks for those between
		n.exists = n.exists[:maxExistences-1]
	}
	n.exists = append(n.exists, existence{messages, n.clock.Now()})
	if !n.news {
		return
	}
	select {
	case n.pushed <- struct{}{}:
	default:
	}
}

// removed is told that messages are gone, by EXPUNGE or by VANISHED, which does
// not give the numbers that they had.
func (n *notices) removed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.expunged = true
	n.count.known = false
	n.count.removals++
}

// opened is told how many messages the folder that was opened held then.
func (n *notices) opened(messages uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.expunged {
		n.count.known, n.count.messages = true, messages
	}
}

// counted is what is known now of the number of messages.
func (n *notices) counted() census {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.count
}

// urgent tells whether there are new messages, as far as the server is believed.
func (n *notices) urgent() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.news
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
	n.exists, n.expunged, n.news = nil, false, false
	select {
	case <-n.pushed:
	default:
	}
	return t
}

// forget is told that another folder is about to be opened.
func (n *notices) forget() {
	n.take()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.count.known = false
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
