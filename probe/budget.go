package probe

import (
	"sync"
	"time"
)

// budget bounds how often something is done: once per interval on average, with as
// many at once as fit into the burst. It is the virtual scheduling form of the
// generic cell rate algorithm (ITU-T I.371): one time is all it keeps. Whoever
// spends more than there is goes into debt, which delays the next. It is safe for
// concurrent use.
type budget struct {
	interval, burst time.Duration

	mu   sync.Mutex
	paid time.Time // all that was spent is earned by then
}

// earliest is when the next one is due; a time in the past means now.
func (b *budget) earliest() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.paid.Add(-b.burst)
}

// spend notes that one was done.
func (b *budget) spend(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.paid.Before(now) {
		b.paid = now
	}
	b.paid = b.paid.Add(b.interval)
	if most := now.Add(b.burst + longestDebt); b.paid.After(most) {
		b.paid = most
	}
}

// longestDebt bounds how long whoever has overspent must wait: many that wait for the
// same moment pass at once.
const longestDebt = 2 * time.Second
