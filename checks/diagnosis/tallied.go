package diagnosis

import "github.com/mailpath/mailpath/probe"

// Tally is what has become so far of the messages that were sent along routes during the
// trouble that goes on, and how many of those in flight somebody is known to hold: a notice
// of delay says so, or they wait with us after a 4xx reply. Without a trouble, or for
// routes that have no part in it, it is zero.
func (m *Monitor) Tally(routes []string) (t Tally, held int) {
	if m.trouble == nil {
		return Tally{}, 0
	}
	for _, name := range routes {
		i, known := m.paths.route[name]
		if !known || !m.records[i].involved {
			continue
		}
		r := &m.records[i]
		t = t.Plus(r.tally)
		held += r.held()
	}
	return t, held
}

// held counts the messages in flight that somebody is known to hold.
func (r *record) held() int {
	n := 0
	for _, f := range r.flights {
		if f.counted != asNothing && f.counted != asTold && (f.queued || r.delayNoticed(f.id)) {
			n++
		}
	}
	return n
}

func (r *record) delayNoticed(id probe.ID) bool {
	for _, one := range r.returned {
		if one.id == id {
			return one.Delayed
		}
	}
	return false
}
