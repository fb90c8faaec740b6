package world

import (
	"container/heap"
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// agenda does things at their times, one after the other, in one goroutine. Timers
// of their own (time.AfterFunc) would be shorter, but things due at the same
// instant would then run in any order, and closing would have to hunt for them.
type agenda struct {
	clock   probe.Clock
	changed chan struct{}
	stop    chan struct{}
	done    chan struct{}

	mu    sync.Mutex
	items agendaItems
	added uint64
}

// agendaItem is one thing to do. The number keeps things of the same time in order.
type agendaItem struct {
	due    time.Time
	number uint64
	do     func()
}

func newAgenda(clock probe.Clock) *agenda {
	a := &agenda{clock: clock, changed: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go a.run()
	return a
}

// after adds a thing to do. It may be called from what the agenda does.
func (a *agenda) after(d time.Duration, do func()) {
	a.mu.Lock()
	a.added++
	heap.Push(&a.items, agendaItem{due: a.clock.Now().Add(d), number: a.added, do: do})
	a.mu.Unlock()
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// close ends the agenda; what is still on it is not done. It must not be called
// from what the agenda does.
func (a *agenda) close() {
	close(a.stop)
	<-a.done
}

func (a *agenda) run() {
	defer close(a.done)
	for {
		select {
		case <-a.stop:
			return
		default:
		}
		do, wait := a.next()
		if do != nil {
			do()
			continue
		}
		if !a.rest(wait) {
			return
		}
	}
}

// next takes what is due off the agenda; if nothing is, it tells how long to wait,
// with a negative time for ever.
func (a *agenda) next() (func(), time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.items) == 0 {
		return nil, -1
	}
	if wait := a.clock.Until(a.items[0].due); wait > 0 {
		return nil, wait
	}
	return heap.Pop(&a.items).(agendaItem).do, 0
}

// rest waits, for ever if the time is negative, and tells whether to go on.
func (a *agenda) rest(wait time.Duration) bool {
	var due <-chan time.Time
	if wait >= 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-a.stop:
		return false
	case <-a.changed:
	case <-due:
	}
	return true
}

// agendaItems is a heap of things by time, then number.
type agendaItems []agendaItem

func (l agendaItems) Len() int { return len(l) }
func (l agendaItems) Less(i, j int) bool {
	if !l[i].due.Equal(l[j].due) {
		return l[i].due.Before(l[j].due)
	}
	return l[i].number < l[j].number
}
func (l agendaItems) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l *agendaItems) Push(x any)   { *l = append(*l, x.(agendaItem)) }
func (l *agendaItems) Pop() any {
	last := len(*l) - 1
	item := (*l)[last]
	*l = (*l)[:last]
	return item
}
