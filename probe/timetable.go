package probe

import (
	"container/heap"
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// timetable is when each probe sends next, as a heap: one goroutine for all of them.
type timetable []*line

// line is one probe's line of the timetable.
type line struct {
	probe    Probe
	schedule Schedule
	next     time.Time
	sending  atomic.Int32 // attempts under way
	pressure *pressure    // of the route
}

func (t timetable) Len() int           { return len(t) }
func (t timetable) Less(i, j int) bool { return t[i].next.Before(t[j].next) }
func (t timetable) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timetable) Push(x any)        { *t = append(*t, x.(*line)) }
func (t *timetable) Pop() any          { panic("no line ever leaves the timetable") }

// timetable makes the timetable of this process. Slots that passed since the last
// one in the journal are counted as missed: nobody sent then.
func (e *Engine) timetable(ctx context.Context) *timetable {
	t := new(timetable)
	pressures := make(map[string]*pressure)
	var missed []Event
	now := e.cfg.Clock.Now()
	for _, p := range e.cfg.Probes {
		name := probeName(p.Route.Name, p.Payload.Name())
		if pressures[p.Route.Name] == nil {
			pressures[p.Route.Name] = new(pressure)
		}
		l := &line{probe: p, pressure: pressures[p.Route.Name], schedule: NewSchedule(e.cfg.Keys.Prober()+" "+name, p.Every)}
		first, passed := e.firstSlot(l, name, now)
		if passed > 0 {
			missed = append(missed, missedSlots(now, p, passed, "no process was running"))
		}
		l.next = first
		*t = append(*t, l)
	}
	heap.Init(t)
	if len(missed) > 0 {
		e.cfg.Log.Warn("slots passed while no process was running", "probes", len(missed))
		_ = e.tell(ctx, missed...)
	}
	return t
}

// firstSlot is the first slot of this process, and how many passed before it. A slot
// that was sent is never sent again, nor one before it.
func (e *Engine) firstSlot(l *line, name string, now time.Time) (first time.Time, passed int) {
	e.mu.Lock()
	last := e.past.slots[name]
	e.mu.Unlock()
	switch {
	case last.IsZero():
	case last.After(now.Add(l.probe.Every)):
		e.cfg.Log.Warn("the journal has slots in the future: the clock was wrong then, or is now", "probe", name, "last_slot", last)
	case last.After(now):
		return l.schedule.Next(last), 0
	default:
		passed = max(0, l.schedule.Passed(last, l.schedule.Last(now)))
	}
	return l.schedule.Next(now), passed
}

// schedule sends a message at each slot until the context ends. It never waits for
// one to end: a stuck message delays no other.
func (e *Engine) schedule(ctx context.Context, t *timetable, sends *sends) {
	if len(*t) == 0 {
		<-ctx.Done()
		return
	}
	for {
		l := (*t)[0]
		if e.cfg.Clock.SleepUntil(ctx, l.next) != nil {
			return
		}
		due := l.next
		if now := l.schedule.Last(e.cfg.Clock.Now()); now.After(due) {
			e.missed(sends, l.probe, l.schedule.Passed(due, now), "the process was stopped or the machine was too busy")
			due = now
		}
		e.sendAt(due, l, sends)
		l.next = l.schedule.Next(due)
		heap.Fix(t, 0)
	}
}

// sendAt sends the message of a slot, if not too many of the probe are under way, nor
// of the route in flight.
func (e *Engine) sendAt(slot time.Time, l *line, sends *sends) {
	if !e.admits(l, slot) {
		e.tellSoon(Event{At: e.cfg.Clock.Now(), Fact: SlotsSkipped{Route: l.probe.Route.Name, Payload: l.probe.Payload.Name(), Slots: 1, Reason: TooManyInFlight}})
		return
	}
	if l.sending.Add(1) > maxSending {
		l.sending.Add(-1)
		e.missed(sends, l.probe, 1, fmt.Sprintf("%d messages of this route are still being handed over", maxSending))
		return
	}
	sends.start(func(sending context.Context) {
		defer l.sending.Add(-1)
		e.send(sending, l.probe, Scheduled, slot)
	})
}

// admits asks the back-pressure, and says when it begins and ends.
func (e *Engine) admits(l *line, slot time.Time) bool {
	e.mu.Lock()
	inFlight := e.tracker.inFlight[l.probe.Route.Name]
	e.mu.Unlock()
	before := l.pressure.spacing
	admitted := l.pressure.admits(slot, l.probe.Every, inFlight)
	switch after := l.pressure.spacing; {
	case before <= l.probe.Every && after > l.probe.Every:
		e.cfg.Log.Warn("too many test messages are in flight: sending at most one a minute until they are delivered", "route", l.probe.Route.Name, "in_flight", inFlight)
	case before > l.probe.Every && after <= l.probe.Every:
		e.cfg.Log.Info("test messages are delivered again: sending at the usual interval", "route", l.probe.Route.Name)
	}
	return admitted
}

func (e *Engine) missed(sends *sends, p Probe, slots int, reason string) {
	e.cfg.Log.Warn("slots missed", "route", p.Route.Name, "slots", slots, "reason", reason)
	missed := missedSlots(e.cfg.Clock.Now(), p, slots, reason)
	sends.start(func(ctx context.Context) { _ = e.tell(ctx, missed) })
}

func missedSlots(now time.Time, p Probe, slots int, reason string) Event {
	return Event{At: now, Fact: SlotsMissed{Route: p.Route.Name, Payload: p.Payload.Name(), Slots: slots, Reason: reason}}
}
