package probe

import "time"

// ended is what is remembered of a settled message.
type ended struct {
	message Sending
	status  Status
	kept    bool // it was found in quarantine, and nowhere else yet
	at      time.Time
	copies  copies // none: it was never seen
	reports reports
}

// absentFor is how long a message that did not arrive is remembered: queues keep
// mail for days (RFC 5321 section 4.5.4.1) before they give up.
const absentFor = 7 * 24 * time.Hour

// remember keeps a settled message for as long as another copy of it, or the
// message itself, may still turn up, and forgets older ones. A message forgotten
// is never counted again: it was sent after the journal began.
func (t *Tracker) remember(end *ended) {
	t.settled[end.message.ID] = end
	if end.status.Arrived() {
		t.arrived = append(t.arrived, end.message.ID)
	} else {
		t.absent = append(t.absent, end.message.ID)
	}
	t.arrived = t.forget(t.arrived, end.at, 0)
	t.absent = t.forget(t.absent, end.at, absentFor)
}

// maxRemembered bounds, at each, how many messages that arrived, and that did not,
// are remembered.
const maxRemembered = 100_000

// forget drops the messages at the front that are old enough.
func (t *Tracker) forget(ids []ID, now time.Time, atLeast time.Duration) []ID {
	for len(ids) > 0 {
		oldest := t.settled[ids[0]]
		if len(ids) <= maxRemembered && now.Sub(oldest.at) <= max(oldest.message.LostAfter, atLeast) {
			break
		}
		delete(t.settled, ids[0])
		ids = ids[1:]
	}
	return ids
}
