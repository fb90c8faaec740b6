package probe

import (
	"context"
	"regexp"
	"time"
)

const (
	checkEvery = time.Minute
	// checkSoonest is the least time between two answers to the same check.
	checkSoonest = 10 * time.Second
)

// checkAlways makes a check every minute, and at once when there is cause. The first
// ones wait a little, each for another time: they may all ask the same server.
func (e *Engine) checkAlways(ctx context.Context, c Checker, first time.Duration) {
	if e.cfg.Clock.SleepUntil(ctx, e.cfg.Clock.Now().Add(first)) != nil {
		return
	}
	for ctx.Err() == nil {
		asked := e.asked.Told()
		began := e.cfg.Clock.Now()
		e.check(ctx, c)
		if e.cfg.Clock.SleepUntil(ctx, began.Add(checkSoonest)) != nil {
			return
		}
		rest, stop := context.WithTimeout(ctx, e.cfg.Clock.Until(began.Add(checkEvery)))
		select {
		case <-asked:
		case <-rest.Done():
		}
		stop()
	}
}

// askNow has all checks made soon.
func (e *Engine) askNow() { e.asked.Tell() }

// forgetChecks takes back what was found by checks that are not made any more: nobody
// would ever learn that it is not so any longer.
func (e *Engine) forgetChecks(ctx context.Context) {
	asked := make(map[[3]string]bool, len(e.cfg.Checks))
	for _, c := range e.cfg.Checks {
		asked[c.Question().key()] = true
	}
	e.mu.Lock()
	var gone []Event
	for _, f := range e.past.findings {
		if !asked[f.key()] && f.State != FindingUnknown {
			f.State, f.Reason, f.Advice = FindingUnknown, "not asked any more: the check is not configured", ""
			gone = append(gone, Event{At: e.cfg.Clock.Now(), Fact: FindingChanged(f)})
		}
	}
	e.mu.Unlock()
	if e.tell(ctx, gone...) == nil {
		e.awaitAll(ctx)
	}
}

// check makes a check, and journals its answer if it is another one than before.
func (e *Engine) check(ctx context.Context, c Checker) {
	answer, ok := e.answer(ctx, c)
	if !ok || ctx.Err() != nil {
		return // cut off by our own end: that says nothing
	}
	if e.cfg.Checked != nil {
		e.cfg.Checked(answer)
	}
	e.mu.Lock()
	news := e.past.findings.differs(answer.Finding)
	e.mu.Unlock()
	if news {
		_ = e.tell(ctx, Event{At: e.cfg.Clock.Now(), Fact: FindingChanged(answer.Finding)})
		e.awaitAll(ctx)
	}
}

// answer makes a check; one that panics gives no answer, and harms nobody else.
func (e *Engine) answer(ctx context.Context, c Checker) (answer Checked, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			q := c.Question()
			e.cfg.Log.Error("a check panicked: its last answer stands; this is a defect of mailpath, please report it",
				"check", q.Check, "target", q.Target, "component", q.Component, "panic", r)
			ok = false
		}
	}()
	return c.Check(ctx), true
}

// findings are the last answers to checks, by what was asked.
type findings map[[3]string]Finding

func (all findings) note(f Finding) { all[f.key()] = f }

func (f Finding) key() [3]string { return [3]string{f.Check, f.Target, f.Component} }

// numbers differ from one answer to the next without anything having changed.
var numbers = regexp.MustCompile(`[0-9.]+`)

// differs tells whether an answer is news: another state, or, unless all is well,
// another reason.
func (all findings) differs(f Finding) bool {
	last := all[f.key()]
	if f.State != last.State {
		return true
	}
	return f.State != FindingOK && numbers.ReplaceAllString(f.Reason, "") != numbers.ReplaceAllString(last.Reason, "")
}
