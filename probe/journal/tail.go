package journal

import (
	"slices"
	"sync"

	"github.com/mailpath/mailpath/probe"
)

// tailSize is how many of the newest events stay in memory at least. A follower that
// is not further behind is served without the disk.
const tailSize = 4096

// tail holds the newest events: those that are not on the disk yet, and a bounded
// number of others. Their numbers have no gaps. It is safe for concurrent use.
type tail struct {
	mu     sync.RWMutex
	state  probe.JournalState
	first  probe.Seq     // what is older is on the disk only
	events []probe.Event // never changed where followers may be reading
}

// begin sets an empty tail behind the newest event on the disk. Numbers below next
// have been used.
func (t *tail) begin(state probe.JournalState, next probe.Seq) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state, t.first = state, next
}

// publish adds events and forgets old ones; keep of them at least stay.
func (t *tail) publish(events []probe.Event, keep int) {
	if len(events) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, events...)
	t.state.Last = events[len(events)-1].Seq
	// Only half of them at a time: forgetting takes a copy.
	if keep = max(keep, tailSize); len(t.events) > 2*keep {
		t.cut(len(t.events) - keep)
	}
}

// forget leaves the events below a number to the disk.
func (t *tail) forget(before probe.Seq) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before > t.first {
		t.cut(min(int(before-t.first), len(t.events)))
	}
}

func (t *tail) cut(n int) {
	t.events = slices.Clone(t.events[n:])
	t.first += probe.Seq(n)
}

// since gives the events from a number on, and the number of the oldest that the
// tail could give.
func (t *tail) since(from probe.Seq) (events []probe.Event, first probe.Seq) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if skip := from - t.first; from >= t.first && skip < probe.Seq(len(t.events)) {
		events = t.events[skip:len(t.events):len(t.events)]
	}
	return events, t.first
}

func (t *tail) now() probe.JournalState {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.state
}
