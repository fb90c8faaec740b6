package probe

import "time"

// past is what the engine remembers of the journal beside the tracker: when each
// probe sent last, how routes are, what each day came to, and how far back the
// journal goes. Like the tracker it is what the events make it. The engine's lock
// guards it.
type past struct {
	slots    map[string]time.Time // the last slot sent, by probe
	forms    map[string]*form     // by route
	totals   *dayTotals
	findings findings      // the last answers to checks
	windows  Windows       // of maintenance
	started  Event         // the last Started; none: its number is 0
	stepped  time.Duration // by which the wall clock was moved since, as far as was told
	at       time.Time
	messages int    // sent
	marks    []mark // milestones of the journal, oldest first
}

// mark says how far the journal had come at a time.
type mark struct {
	seq      Seq
	at       time.Time
	messages int
}

// Marks are this far apart, in time and in messages.
const (
	markEvery    = 10 * time.Minute
	markMessages = 10_000
)

func newPast() *past {
	return &past{slots: make(map[string]time.Time), forms: make(map[string]*form), totals: newDayTotals(), findings: make(findings)}
}

// note takes in an event and what it changed.
func (p *past) note(e Event, changes []Change) {
	p.at = e.At
	p.totals.note(e, changes)
	switch f := e.Fact.(type) {
	case Sending:
		p.messages++
		if f.Purpose == Scheduled {
			p.slots[probeName(f.Route, f.Payload)] = f.Slot
		}
	case FindingChanged:
		p.findings.note(Finding(f))
	case Maintenance:
		p.windows.Apply(f)
	case Started:
		p.started, p.stepped = e, 0
	case ClockStepped:
		if f.Between {
			p.move(f.By)
		} else {
			p.stepped += f.By
		}
	}
	for _, c := range changes {
		p.form(c)
	}
	p.mark(e)
}

// form notes what a change says about how a route is.
func (p *past) form(c Change) {
	switch c := c.(type) {
	case HealthChanged:
		p.formOf(c.Route).broken = c.To == HealthBroken
	case Settled:
		if c.Measured() && c.Outcome.Source == ByLook {
			p.formOf(c.Message.Route).arrived(c.Outcome.Observed)
		}
	}
}

func (p *past) formOf(route string) *form {
	f := p.forms[route]
	if f == nil {
		f = new(form)
		p.forms[route] = f
	}
	return f
}

func (p *past) mark(e Event) {
	if n := len(p.marks); n > 0 && e.At.Sub(p.marks[n-1].at) < markEvery && p.messages-p.marks[n-1].messages < markMessages {
		return
	}
	p.marks = append(p.marks, mark{e.Seq, e.At, p.messages})
}

// move moves what the next slots and the pruning go by when the clock was moved.
func (p *past) move(by time.Duration) {
	for name, slot := range p.slots {
		p.slots[name] = slot.Add(by)
	}
	for i := range p.marks {
		p.marks[i].at = p.marks[i].at.Add(by)
	}
}

// probeName tells probes apart: two with the same route and payload there are not.
func probeName(route, payload string) string { return route + " " + payload }
