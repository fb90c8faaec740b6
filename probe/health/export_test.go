package health

import "time"

// Within is the age from which on a message of a route is overdue.
func (m *Monitor) Within(route string) time.Duration { return m.byName[route].within() }
