package probe

import (
	"sync"
	"time"
)

// Limit is how many messages a sender may send in a time, such as its provider allows.
type Limit struct {
	Messages int
	In       time.Duration
}

// Account is what a sender sends as. Senders of one account share its limits.
type Account struct {
	Name   string
	Limits []Limit
}

// ownLimit bounds the confirmations of each sender, whatever its provider allows.
var ownLimit = Limit{Messages: 60, In: 2 * time.Minute}

// SkipReason is why a slot is left out.
type SkipReason string

// The reasons.
const (
	TooManyInFlight SkipReason = "in_flight"    // back-pressure: what is sent is not delivered
	SenderLimit     SkipReason = "sender_limit" // the sender has sent as many as it may
)

// SkipReasons lists all reasons.
var SkipReasons = [...]SkipReason{TooManyInFlight, SenderLimit}

// allowance is what a sender may still send. Scheduled messages are never held back:
// that the schedule keeps to the limits is for the configuration to see to. What they
// leave is for confirmations.
type allowance struct {
	mu      sync.Mutex
	own     window
	limited []window
}

// newAllowances makes the allowance of each sender; one without an account has one of
// its own.
func newAllowances(senders map[string]Sender, accounts map[string]Account) map[string]*allowance {
	all := make(map[string]*allowance, len(senders))
	shared := make(map[string]*allowance, len(accounts))
	for name := range senders {
		account, given := accounts[name]
		if a := shared[account.Name]; given && a != nil {
			all[name] = a
			continue
		}
		a := &allowance{own: window{limit: ownLimit}}
		for _, l := range account.Limits {
			a.limited = append(a.limited, window{limit: l})
		}
		all[name] = a
		if given {
			shared[account.Name] = a
		}
	}
	return all
}

// sent notes a message that nobody asks leave for. No sender: its messages count nowhere.
func (a *allowance) sent(now time.Time) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.limited {
		a.limited[i].take(now)
	}
}

// room tells whether the account's limits leave room for one message that can wait; it is
// noted when it is sent.
func (a *allowance) room(now time.Time) bool {
	if a == nil {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.limited {
		if !a.limited[i].has(now) {
			return false
		}
	}
	return true
}

// spare tells whether one more message may be sent now, and notes it if so.
func (a *allowance) spare(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.own.has(now) {
		return false
	}
	for i := range a.limited {
		if !a.limited[i].has(now) {
			return false
		}
	}
	a.own.take(now)
	for i := range a.limited {
		a.limited[i].take(now)
	}
	return true
}

// window holds a limit in any stretch of its time: it remembers when the last messages
// were sent, as many as may be.
type window struct {
	limit Limit
	sent  []time.Time // a ring, as long as there were so many
	next  int
}

// has tells whether there is room for one message.
func (w *window) has(now time.Time) bool {
	return len(w.sent) < w.limit.Messages || now.Sub(w.sent[w.next]) >= w.limit.In
}

func (w *window) take(now time.Time) {
	if len(w.sent) < w.limit.Messages {
		w.sent = append(w.sent, now)
		return
	}
	w.sent[w.next] = now
	w.next = (w.next + 1) % len(w.sent)
}
