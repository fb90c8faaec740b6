package diagnosis

import "slices"

// server is the server at a route's entry, in words.
func (r *reasons) server(route int) string {
	if s := r.routes[route].Server; s != "" {
		return "the server at " + s
	}
	return "the server of " + r.title(r.entry[route])
}

// attempts says what the servers at the entries of the bad routes did: those that took
// the mail, and what the others said.
func (r *reasons) attempts(all []AttemptEvidence) {
	r.accepted()
	said := make(map[string][]AttemptEvidence)
	for _, a := range all {
		said[a.Route] = append(said[a.Route], a)
	}
	told := 0
	for _, i := range r.byEntry() {
		if told < most && r.entry[i] != none && r.replies(i, said[r.routes[i].Name]) {
			told++
		}
	}
}

// byEntry is the bad routes, those first whose mail was not even taken.
func (r *reasons) byEntry() []int {
	var refused, taken []int
	for _, i := range r.bad {
		if r.known[i].atEntry > 0 {
			refused = append(refused, i)
		} else {
			taken = append(taken, i)
		}
	}
	return append(refused, taken...)
}

// accepted says who took all messages of the routes that enter at the suspect. Where
// no server is named, one sentence names the routes.
func (r *reasons) accepted() {
	var servers, routes []string
	for _, i := range r.bad {
		c, route := r.known[i], r.routes[i]
		switch {
		case c.misses == 0 || c.atEntry > 0 || !slices.Contains(r.suspect, r.entry[i]):
		case route.Server == "":
			routes = append(routes, route.Name)
		case !slices.Contains(servers, route.Server):
			servers = append(servers, route.Server)
		}
	}
	for _, s := range servers[:min(most, len(servers))] {
		r.say("the server at %s accepted every one of these messages: accepting is not delivering", s)
	}
	if more := len(routes) - most; more > 0 {
		routes = append(routes[:most], counted(more, "more route"))
	}
	if len(routes) > 0 {
		r.say("these messages of %s were accepted where they were handed over: accepting is not delivering", list(routes, "and"))
	}
}

// replies says what the server at a route's entry said, and tells whether that is new.
func (r *reasons) replies(route int, all []AttemptEvidence) bool {
	told := false
	for _, a := range all {
		told = r.reply(route, a) || told
	}
	return told
}

func (r *reasons) reply(route int, a AttemptEvidence) bool {
	told := false
	switch {
	case a.Said == "":
	case a.Said[0] >= '2' && a.Said[0] <= '5':
		told = r.say("%s answered %s", r.server(route), a.Said)
	default:
		told = r.say("%s could not be given the mail: %s", r.server(route), a.Said)
	}
	if a.Banner >= slowBanner {
		told = r.say("%s took %s to greet", r.server(route), long(a.Banner)) || told
	}
	return told
}
