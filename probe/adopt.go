package probe

import (
	"maps"
	"time"
)

// adoptable tells whether a verified message that the journal does not know is
// taken over: its full tag is there, it is younger than the route's LostAfter and
// it was sent before this journal began.
func (t *Tracker) adoptable(f Seen, now time.Time) (Probe, bool) {
	p, configured := t.probes[f.Tag.Route+" "+f.Tag.Payload]
	if _, before := t.adopted[f.ID]; before {
		return p, false
	}
	return p, configured && f.at(p.Route.Mailbox) && f.Tag.Full && f.Tag.Sent.Before(t.began) && now.Sub(f.Tag.Sent) <= p.LostAfter
}

// noteAdopted keeps in mind, until a time, that a message was adopted: forgotten, it
// would be adopted again.
func (t *Tracker) noteAdopted(id ID, until time.Time) {
	maps.DeleteFunc(t.adopted, func(_ ID, old time.Time) bool { return old.Before(until.Add(-absentFor)) })
	t.adopted[id] = until
}

// adopt takes a message over. How long it really took nobody watched: INTERNALDATE
// must do.
func (t *Tracker) adopt(e Event, f Seen) []Change {
	p, _ := t.adoptable(f, e.At)
	t.noteAdopted(f.ID, e.At.Add(p.LostAfter))
	fl := &flight{Sending: describe(p, f.Tag), at: f.Tag.Sent, seen: &f, copies: copies{{f.Chain, f.EmailID}}}
	o := arrival(fl)
	o.Adopted = true
	if o.Observed > fl.LateAfter {
		o.Status = Late
	}
	return []Change{
		Adopted{Origin: e.Origin(), Message: fl.Sending},
		t.settle(e, fl, o),
	}
}
