package diagnosis

import "time"

// move moves all times that are remembered: from here on times go by a wall clock
// that was moved.
func (m *Monitor) move(by time.Duration) {
	for i := range m.records {
		m.records[i].move(by)
	}
	if m.trouble != nil {
		m.trouble.move(by)
	}
}

func (r *record) move(by time.Duration) {
	for i := range r.signs {
		r.signs[i].slot = moved(r.signs[i].slot, by)
	}
	for i := range r.waits {
		r.waits[i].slot = moved(r.waits[i].slot, by)
	}
	for i := range r.returned {
		r.returned[i].slot = moved(r.returned[i].slot, by)
	}
	moveFlights(r.flights, by)
	for _, t := range []*time.Time{&r.saidOf, &r.from, &r.failing, &r.good, &r.goodAt, &r.last} {
		*t = moved(*t, by)
	}
}

func (t *trouble) move(by time.Duration) {
	moveFlights(t.bySlot, by)
	for _, at := range []*time.Time{&t.since, &t.from, &t.until, &t.repaired, &t.judged} {
		*at = moved(*at, by)
	}
}

func moveFlights(all []flight, by time.Duration) {
	for i := range all {
		all[i].slot = moved(all[i].slot, by)
	}
}

// moved is a time moved; no time stays none.
func moved(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}
