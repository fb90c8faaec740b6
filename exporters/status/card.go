package status

import (
	"slices"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// card is one direction.
type card struct {
	ID        string
	Title     string
	Condition situation.Condition
	Sign      string // the symbol: the condition, or blind
	Says      string
	Since     stamp
	Blind     bool
	Last      stamp  // the last good delivery; empty: none
	None      string // said then
	Usual     string
	Takes     string // what it takes now, if that is another thing
	Incidents []string
	Line      sparkline
	Upkeep    bool // maintenance goes on in a part of it
}

func (t teller) cards(s situation.Situation) []card {
	var all []card
	for _, d := range s.Directions {
		all = append(all, t.card(d))
	}
	return all
}

func (t teller) card(d situation.Direction) card {
	c := card{
		ID: "direction-" + string(d.Direction), Title: t.say("direction."+string(d.Direction), nil), Condition: d.Condition, Sign: string(d.Condition),
		Says: t.say("condition."+string(d.Condition), nil), Since: t.at("card.since", d.Since), Blind: d.Blind, Last: t.at("card.last", d.LastGood),
		Incidents: d.Incidents, Line: t.sparkline(d), Upkeep: d.Maintenance && d.Condition != situation.UnderMaintenance,
	}
	if d.Blind && !slices.ContainsFunc(d.Routes, troubled) {
		c.Sign, c.Says = "blind", t.say("condition.blind", nil)
	}
	if d.LastGood.IsZero() {
		c.None = t.say("card.last.none", nil)
	}
	if d.Usual > 0 {
		c.Usual = t.say("card.usual", d.Usual)
	}
	if n := len(d.Latency); n > 0 && d.Condition == situation.Degraded && d.Latency[n-1].Median > 0 {
		c.Takes = t.say("card.takes", d.Latency[n-1].Median)
	}
	return c
}

// troubled tells whether mail along a route is seen to be in trouble: that other routes
// cannot be seen hides nothing of it.
func troubled(r situation.Route) bool {
	return !r.Shortcut && (r.Health == probe.HealthBroken || r.Health == probe.HealthSlow)
}

// way is the path that mail takes in one direction.
type way struct {
	Title string
	Paths [][]node
	More  int // paths that are left out
}

// node is a component on a path.
type node struct {
	Title string
	State string // as the symbols are named
	Says  string
}

// maxPaths is how many paths of one direction are drawn; /noc has all routes.
const maxPaths = 4

// ways are the paths of all directions. Routes that differ in nothing but the server that
// takes their mail have one path.
func (t teller) ways(s situation.Situation) []way {
	components := make(map[string]situation.Component, len(s.Components))
	for _, c := range s.Components {
		components[c.Name] = c
	}
	var all []way
	for _, d := range s.Directions {
		w := way{Title: t.say("direction."+string(d.Direction), nil)}
		for _, path := range paths(d) {
			if len(w.Paths) == maxPaths {
				w.More++
				continue
			}
			w.Paths = append(w.Paths, t.nodes(path, components))
		}
		if len(w.Paths) > 0 {
			all = append(all, w)
		}
	}
	return all
}

// paths are the different ones of a direction, from the beginning on.
func paths(d situation.Direction) [][]string {
	var all [][]string
	for _, r := range d.Routes {
		same := func(p []string) bool { return slices.Equal(p, r.Path) }
		if !r.Shortcut && len(r.Path) > 0 && !slices.ContainsFunc(all, same) {
			all = append(all, r.Path)
		}
	}
	return all
}

func (t teller) nodes(path []string, components map[string]situation.Component) []node {
	var all []node
	for _, name := range path {
		c, known := components[name]
		if !known {
			c = situation.Component{Title: name, State: situation.ComponentUnknown}
		}
		n := node{c.Title, string(c.State), t.say("component."+string(c.State), nil)}
		if c.Maintenance {
			n.State, n.Says = "maintenance", t.say("component.maintenance", nil)
		}
		all = append(all, n)
	}
	return all
}
