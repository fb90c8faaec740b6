package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
	"go.yaml.in/yaml/v4"
)

// allRoutes stands for every route, so no route may have it as its name.
const allRoutes = "all"

// routes reads one route of the file: one for each server of its sender.
func (r *reader) routes(e entry, known book) []Route {
	f := r.fields(e.value, "routes."+e.name, routeKeys)
	if e.name == allRoutes {
		r.wrong(e.key, f.where, "got %q as a name, want another: it stands for every route", e.name)
	}
	common := Route{
		Name:      e.name,
		Direction: f.direction(),
		Mailbox:   f.target(known),
		Path:      f.componentPath(known.components),
		Alters:    f.alters(),
		Retry:     f.retry(),
	}
	var routes []Route
	var names []string
	for _, sender := range f.refer("sender", known.senders) {
		one := common
		one.Sender = sender
		if sender != f.text("sender") {
			one.Name += sender[strings.LastIndex(sender, "@"):]
		}
		routes = append(routes, one)
		names = append(names, one.Name)
	}
	known.routes.define(r, e, f.where, names...)
	return routes
}

func (f *fields) direction() probe.Direction {
	var known []string
	for _, d := range probe.Directions {
		known = append(known, string(d))
	}
	got := probe.Direction(f.choice("direction", known))
	if got == probe.Mobile {
		f.note(f.values["direction"], f.path("direction"), "accepted; this version watches the mailbox over IMAP, not as a phone does")
	}
	return got
}

// refer is what the name under a key means.
func (f *fields) refer(key string, known *registry) []string {
	name := f.text(key)
	if name == "" {
		return nil
	}
	return known.find(f.reader, item{f.values[key], f.path(key)}, name)
}

// target is the mailbox that a route leads to.
func (f *fields) target(known book) string {
	mailbox := strings.Join(f.refer("mailbox", known.mailboxes), "")
	if known.quarantines[mailbox] {
		f.bad("mailbox", "got %q, which is a quarantine, want the mailbox that the mail is for", mailbox)
	}
	return mailbox
}

func (f *fields) componentPath(known *registry) []string {
	var path []string
	for _, w := range f.words("path") {
		path = append(path, known.find(f.reader, w.item, w.text)...)
	}
	if len(path) == 0 && !f.broken {
		f.note(f.node, f.where, "it has no path: what breaks on it cannot be localised")
	}
	return path
}

// probes reads the list of probes: one for each route and payload.
func (r *reader) probes(list []item, routes []Route, known *registry) []Probe {
	type stream struct{ route, payload string }
	var probes []Probe
	first := map[stream]int{} // the line of the probe that has it
	for _, i := range list {
		f := r.fields(i.node, i.where, probeKeys)
		one := f.schedule()
		taken := map[int][]string{} // the routes that an earlier line has
		for _, route := range f.probedRoutes(routes, known) {
			one.Route = route
			line, seen := first[stream{route, one.Payload}]
			if seen {
				taken[line] = append(taken[line], route)
				continue
			}
			first[stream{route, one.Payload}] = i.node.Line
			probes = append(probes, one)
		}
		for _, line := range slices.Sorted(maps.Keys(taken)) {
			r.wrong(i.node, i.where, "got payload %s on %s, as in the probe at line %d, want each payload once on a route",
				one.Payload, strings.Join(taken[line], ", "), line)
		}
	}
	return probes
}

// schedule reads what a probe is, save for its routes.
func (f *fields) schedule() Probe {
	var expectations []string
	for _, e := range probe.Expectations {
		expectations = append(expectations, string(e))
	}
	p := Probe{
		Payload:   f.choice("payload", payloads),
		Every:     f.duration("every", time.Second),
		LateAfter: f.duration("late_after", time.Millisecond),
		LostAfter: f.duration("lost_after", time.Millisecond),
		Expect:    probe.Expectation(f.choice("expect", expectations)),
	}
	if p.LostAfter > 0 && p.LostAfter <= p.LateAfter {
		f.bad("lost_after", "got %s, want more than late_after, which is %s", brief(p.LostAfter), brief(p.LateAfter))
	}
	return p
}

// probedRoutes gives the routes of a probe, expanded, in their order.
func (f *fields) probedRoutes(routes []Route, known *registry) []string {
	var names []string
	if f.broken {
		return nil
	}
	if f.values["routes"].Kind == yaml.SequenceNode {
		for _, w := range f.words("routes") {
			for _, name := range known.find(f.reader, w.item, w.text) {
				if slices.Contains(names, name) {
					f.wrong(w.node, w.where, "got route %q twice in one list, want it once", name)
					continue
				}
				names = append(names, name)
			}
		}
		return names
	}
	if got := f.text("routes"); got != "" && got != allRoutes {
		f.bad("routes", "got %q, want all or a list such as [%s]", got, got)
	}
	for _, route := range routes {
		known.used[route.Name] = true
		if !slices.Contains(names, route.Name) { // of two routes with one name it was told
			names = append(names, route.Name)
		}
	}
	return names
}
