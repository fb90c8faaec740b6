package probetest

import (
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// fixedPace asks for a look every step, or none if the step is zero.
type fixedPace struct {
	clock   probe.Clock
	changed probe.Signal
	mu      sync.Mutex
	step    time.Duration
	last    time.Time
}

func (p *fixedPace) Changed() <-chan struct{} { return p.changed.Told() }

func (p *fixedPace) Next() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step == 0 {
		return time.Time{}
	}
	return p.last.Add(p.step)
}

func (p *fixedPace) set(step time.Duration, last time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if step >= 0 {
		p.step = step
	}
	if !last.IsZero() {
		p.last = last
	}
}
