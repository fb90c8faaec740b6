package probe

import (
	"context"
	"maps"
	"slices"
	"time"
)

// unassessed are the mailboxes about which something is known that the assessor has
// not been asked about. The engine's lock guards it.
type unassessed map[string]bool

// reconsider makes the assessor be asked about a mailbox, if something is in flight
// into it or has just failed. It is called under the engine's lock.
func (e *Engine) reconsider(mailbox string) {
	e.unassessed[mailbox] = true
	e.assessable.Tell()
}

// assess asks what looks and failures give cause to, and acts on it.
func (e *Engine) assess(ctx context.Context, sends *sends) {
	for {
		told := e.assessable.Told()
		if due := e.suspicions(); len(due) > 0 && e.tell(ctx, due...) == nil {
			// Until they are applied the assessor gives the same again.
			e.awaitAll(ctx)
			for _, ev := range due {
				if s, ok := ev.Fact.(Suspected); ok {
					e.confirm(ctx, s, sends)
				}
			}
			continue
		}
		select {
		case <-told:
		case <-ctx.Done():
			return
		}
	}
}

// suspicions asks the assessor about all mailboxes that it should be asked about.
func (e *Engine) suspicions() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	var due []Event
	for _, mailbox := range slices.Sorted(maps.Keys(e.unassessed)) {
		due = append(due, e.cfg.Assessor.Due(e.cfg.Clock.Now(), mailbox, e.paces[mailbox].lastLook())...)
	}
	clear(e.unassessed)
	return due
}

// confirm sends at once what will tell whether a suspicion is true, as far as the
// senders' limits allow, and has the components on the way asked.
func (e *Engine) confirm(ctx context.Context, s Suspected, sends *sends) {
	e.cfg.Log.Info("route may have stopped carrying mail; sending more messages to know", "route", s.Route, "reason", s.Reason)
	e.askNow()
	for _, c := range s.Confirm {
		p, known := e.confirmable[c.Route]
		if !known {
			continue
		}
		p.LateAfter = c.Within
		for i := range c.Messages {
			now := e.cfg.Clock.Now()
			if !e.allowances[p.Route.Sender].spare(now) {
				e.cfg.Log.Warn("a confirmation was not sent: its sender has sent enough for now", "route", c.Route, "sender", p.Route.Sender)
				_ = e.tell(ctx, Event{At: now, Fact: SlotsSkipped{Route: c.Route, Payload: p.Payload.Name(), Slots: c.Messages - i, Reason: SenderLimit}})
				break
			}
			slot := e.confirmationSlot(now)
			sends.start(func(sending context.Context) { e.send(sending, p, Confirm, slot) })
		}
	}
}

// confirmationSlot gives each confirmation a slot of its own, to the millisecond as tags
// have it: a message is told from its double by it. Only assess calls it.
func (e *Engine) confirmationSlot(now time.Time) time.Time {
	if next := e.confirmed.Add(time.Millisecond); next.After(now) {
		now = next
	}
	e.confirmed = now
	return now
}

// confirmable is, for each route, the probe whose messages confirm a suspicion: one
// that expects delivery.
func confirmable(probes []Probe) map[string]Probe {
	byRoute := make(map[string]Probe)
	for _, p := range probes {
		if _, known := byRoute[p.Route.Name]; !known && p.Expect == ExpectDelivered {
			byRoute[p.Route.Name] = p
		}
	}
	return byRoute
}
