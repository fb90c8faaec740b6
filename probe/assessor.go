package probe

import "time"

// Assessor judges from the changes it is given, in order: the health of routes, or
// what a diagnosis makes of it. It has no clock, no goroutine and no I/O: the same
// changes always give the same judgement.
type Assessor interface {
	// Apply returns what follows from a change.
	Apply(Change) []Change
	// Due returns the facts that are known now that a complete look at a mailbox, begun
	// at a time, is over: Suspected. It gives the same ones again until they are applied.
	Due(now time.Time, mailbox string, looked time.Time) []Event
}

// Assessors judge one after the other: each is given the changes and what the ones
// before it made of them.
type Assessors []Assessor

// Apply implements Assessor.
func (all Assessors) Apply(c Change) []Change {
	changes := []Change{c}
	for _, a := range all {
		for _, known := range changes {
			changes = append(changes, a.Apply(known)...)
		}
	}
	return changes[1:]
}

// Due implements Assessor.
func (all Assessors) Due(now time.Time, mailbox string, looked time.Time) []Event {
	var events []Event
	for _, a := range all {
		events = append(events, a.Due(now, mailbox, looked)...)
	}
	return events
}
