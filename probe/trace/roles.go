package trace

import "slices"

// roles are the components of the hosts that mail passes, one after the other.
type roles struct {
	route     string
	host      string // the last, in canonical form
	component string // of it
	passed    []string
}

// next is the component of the host in canonical form that mail passes next. A host that
// hands on to itself, as some do within, has the same role still; one that mail comes
// back to has the next of those it has on the route's path.
func (f *finder) next(r *roles, host string) string {
	if host != r.host || host == "" {
		r.passed = append(r.passed, r.component)
		r.component = f.of(host, r.route, r.passed)
	}
	r.host = host
	return r.component
}

// ComponentsOf names the component of each of a trace's entries, on a route: of the hops
// that Hops gives as a Monitor does, of any other what it would be if it were one.
func (c Config) ComponentsOf(t *Trace, route string) []string {
	f, r := newFinder(c), roles{route: route}
	components := make([]string, len(t.Entries))
	tooMany := -maxHops // hops that are older than those that Hops gives
	for _, e := range t.Entries {
		if e.isStamped() {
			tooMany++
		}
	}
	for i, e := range slices.Backward(t.Entries) {
		now := &r
		switch {
		case !e.isStamped():
			now = r.aside()
		case tooMany > 0:
			tooMany--
			now = r.aside()
		}
		components[i] = f.next(now, canonical(e.By))
	}
	return components
}

// aside is a copy that may go its own way.
func (r *roles) aside() *roles {
	other := *r
	other.passed = slices.Clone(r.passed)
	return &other
}
