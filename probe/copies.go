package probe

import (
	"slices"
	"time"
)

// copies are the copies of one message that were seen.
type copies []copyOf

// copyOf is what one copy is known by: its Received fields, which two copies that
// took different ways do not share, and the server's name for it, which stays the
// same when it is moved.
type copyOf struct {
	chain   uint64
	emailID string
}

func (c *copies) add(f Seen) { *c = append(*c, copyOf{f.Chain, f.EmailID}) }

// has tells whether a sighting is of a copy that is accounted for: found again, or
// moved to another folder.
func (c copies) has(f Seen) bool {
	return slices.ContainsFunc(c, func(k copyOf) bool { return k.chain == f.Chain || f.EmailID != "" && k.emailID == f.EmailID })
}

// News tells whether a sighting would change anything. It would not if that copy is
// accounted for, if nobody can say any more what it is a copy of, or if it is in
// another mailbox than the one the message was sent to, or a quarantine: what comes
// back to a sender has not arrived.
func (t *Tracker) News(f Seen, now time.Time) bool {
	if fl := t.flights[f.ID]; fl != nil {
		return f.at(fl.Mailbox) && !fl.copies.has(f)
	}
	if old := t.settled[f.ID]; old != nil {
		return f.at(old.message.Mailbox) && !old.copies.has(f)
	}
	_, adopted := t.adoptable(f, now)
	return adopted
}

// at tells whether the sighting is where a message to a mailbox may be found.
func (f Seen) at(mailbox string) bool { return f.Mailbox == mailbox || f.Place == Quarantine }
