package probe

import "time"

// lastArrival is the arrival on a route of the message that was sent last.
type lastArrival struct {
	began   time.Time // its last attempt
	mailbox string
	ref     Ref
	present time.Time
}

// reordered tells whether a message that has arrived was overtaken: one of its route
// whose handing over began when this one had been taken was there before (RFC 4737
// section 3). What nobody can tell, such as the order of two folders in one look, is no.
func (t *Tracker) reordered(fl *flight) bool {
	if fl.attempt == nil {
		return false
	}
	taken := fl.attempt.Began
	for _, p := range fl.attempt.Phases {
		taken = taken.Add(p.Took)
	}
	last, any := t.newest[fl.Route]
	if any && !taken.After(last.began) {
		return last.precedes(fl.seen)
	}
	if !any || fl.attempt.Began.After(last.began) {
		t.newest[fl.Route] = lastArrival{fl.attempt.Began, fl.seen.Mailbox, fl.seen.Ref, fl.seen.Present}
	}
	return false
}

// precedes tells whether it was certainly there before another: UIDs rise in a folder
// (RFC 9051 section 2.3.1.1), or a look that began after it had been seen did not find
// the other.
func (l lastArrival) precedes(f *Seen) bool {
	if l.mailbox == f.Mailbox && l.ref.Folder == f.Ref.Folder && l.ref.UIDValidity == f.Ref.UIDValidity {
		return l.ref.UID < f.Ref.UID
	}
	return !f.Absent.IsZero() && !f.Absent.Before(l.present)
}
