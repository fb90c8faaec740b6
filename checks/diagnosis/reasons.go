package diagnosis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mailpath/mailpath/probe"
)

// most is how many routes of a kind are named as reasons; the rest is counted.
const most = 3

// reasons collects what speaks for a suspect, and what against it.
type reasons struct {
	*paths
	suspect []int
	known   []counts
	isBad   []bool // of each route
	said    []string

	bad   []int        // the bad routes through the suspect
	on    map[int]bool // all components on these
	clear map[int]bool // of these: some good route says they are well
}

// explain puts a verdict in words.
func (p *paths) explain(v verdict, known []counts, e Evidence) []Diagnosis {
	var all []Diagnosis
	isBad := make([]bool, len(known))
	for r, c := range known {
		isBad[r] = c.isBad()
	}
	for _, s := range v.suspects {
		all = append(all, Diagnosis{
			Components: p.names(s.components),
			Confidence: s.confidence,
			Reasons:    p.reasons(s, known, isBad, e),
			Sentence:   p.sentence(s, p.mailboxes(s, known)),
		})
	}
	return all
}

func (p *paths) reasons(s suspect, known []counts, isBad []bool, e Evidence) []string {
	r := &reasons{paths: p, suspect: s.components, known: known, isBad: isBad, on: make(map[int]bool), clear: make(map[int]bool)}
	r.badRoutes()
	r.exonerations()
	r.goodRoutes()
	r.attempts(e.Attempts)
	r.findings(e.Findings)
	r.bounces(e.Bounces)
	r.hops(e.Hops)
	r.blindness()
	return r.said
}

// say says something, once: several routes may have the same to tell. It tells
// whether that was new.
func (r *reasons) say(format string, args ...any) bool {
	sentence := fmt.Sprintf(format, args...)
	if slices.Contains(r.said, sentence) {
		return false
	}
	r.said = append(r.said, sentence)
	return true
}

// through tells whether a route passes the suspect.
func (r *reasons) through(route int) bool {
	return slices.ContainsFunc(r.path[route], func(c int) bool { return slices.Contains(r.suspect, c) })
}

// it is the suspect, in words.
func (r *reasons) it() string {
	if len(r.suspect) == 1 {
		return r.title(r.suspect[0])
	}
	return list(r.titles(r.suspect), "and")
}

func (r *reasons) badRoutes() {
	for i := range r.known {
		if !r.isBad[i] || !r.through(i) {
			continue
		}
		r.bad = append(r.bad, i)
		for _, on := range r.path[i] {
			r.on[on] = true
		}
	}
	slices.SortStableFunc(r.bad, func(a, b int) int { return cmp.Compare(r.known[b].misses, r.known[a].misses) })
	for _, i := range r.bad[:min(most, len(r.bad))] {
		r.say("%s %s", called(r.routes[i]), r.known[i].becomes())
	}
	if more := len(r.bad) - most; more > 0 {
		are := "are"
		if more == 1 {
			are = "is"
		}
		r.say("%s through %s %s in trouble, too", counted(more, "more route"), r.it(), are)
	}
}

// exonerations names the good routes that pass the other components of the bad ones:
// the one that clears most first, and none that clears nothing new.
func (r *reasons) exonerations() {
	for range most {
		best, cleared := none, []int(nil)
		for i, c := range r.known {
			if c.arrivals == 0 || !c.telling() || r.isBad[i] || r.through(i) {
				continue
			}
			if news := r.clears(i); len(news) > len(cleared) {
				best, cleared = i, news
			}
		}
		if best == none {
			return
		}
		for _, c := range cleared {
			r.clear[c] = true
		}
		r.say("%s passes %s as well, and %s", r.routes[best].Name, list(r.titles(cleared), "and"), r.known[best].arrive())
	}
}

// clears is the components that a route says are well, and no one named before.
func (r *reasons) clears(route int) []int {
	var news []int
	for _, c := range r.path[route] {
		if r.on[c] && !r.clear[c] {
			news = append(news, c)
		}
	}
	return news
}

// goodRoutes names what speaks against the suspect.
func (r *reasons) goodRoutes() {
	named := 0
	for i, c := range r.known {
		if c.telling() && c.arrivals > 0 && !r.isBad[i] && r.through(i) && named < most {
			named++
			r.say("against it: %s passes %s, and %s", r.routes[i].Name, r.it(), c.arrive())
		}
	}
}

func (r *reasons) findings(all []probe.Finding) {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b probe.Finding) int {
		return cmp.Or(cmp.Compare(a.Check, b.Check), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Reason, b.Reason))
	})
	for _, f := range sorted {
		if !r.accuses(f.Component) {
			continue
		}
		switch f.State {
		case probe.FindingFailed, probe.FindingWarning:
			r.say("%s (the %s check of %s)", f.Reason, f.Check, f.Target)
		case probe.FindingOK:
			r.say("the %s check of %s is good, which says little: a part that is dead inside may still answer", f.Check, f.Target)
		}
	}
}

// accuses tells whether a component is one of the suspect's.
func (r *reasons) accuses(component string) bool {
	c, ok := r.component[component]
	return ok && slices.Contains(r.suspect, c)
}

func (r *reasons) hops(all []HopEvidence) {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b HopEvidence) int {
		return cmp.Or(cmp.Compare(b.Took, a.Took), slices.Compare(a.Held, b.Held), slices.Compare(a.Next, b.Next))
	})
	told := 0
	for _, h := range sorted {
		held, next := r.titled(h.Held), r.titled(h.Next)
		if told == most || len(held) == 0 || h.Took <= 0 || !slices.ContainsFunc(slices.Concat(h.Held, h.Next), r.accuses) {
			continue
		}
		before := ""
		if len(next) > 0 {
			before = fmt.Sprintf(", before %s had it", list(next, "or"))
		}
		if r.say("late mail waited %s at %s%s", long(h.Took), list(held, "or"), before) {
			told++
		}
	}
}

// blindness names the routes that would have had something to say.
func (r *reasons) blindness() {
	named := 0
	for i, c := range r.known {
		if c.health == probe.HealthBlind && slices.ContainsFunc(r.path[i], func(on int) bool { return r.on[on] }) && named < most {
			named++
			r.say("%s is blind and says nothing", r.routes[i].Name)
		}
	}
}
