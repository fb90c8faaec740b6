package prom

import (
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/mailpath/mailpath/probe"
)

// routes are the facts about the configured routes. They stand when the exporter has
// been made.
type routes struct {
	maker
	places map[string]int // in all, by name
	all    []route
}

type route struct {
	name, direction, sender, mailbox *dto.LabelPair
	path                             []*dto.LabelPair
	lateAfter                        time.Duration
}

func newRoutes(m maker) *routes { return &routes{maker: m, places: make(map[string]int)} }

// begin makes the series of a configured probe.
func (r *routes) begin(p probe.Probe) {
	if i, known := r.places[p.Route.Name]; known {
		r.all[i].lateAfter = min(r.all[i].lateAfter, p.LateAfter)
		return
	}
	l := r.labels
	added := route{
		name: l.pair("route", p.Route.Name), direction: l.pair("direction", string(p.Route.Direction)),
		sender: l.pair("sender", p.Route.Sender), mailbox: l.pair("mailbox", p.Route.Mailbox), lateAfter: p.LateAfter,
	}
	for _, component := range p.Route.Path {
		if pair := l.pair("component", component); !slices.Contains(added.path, pair) { // a path may come back to one
			added.path = append(added.path, pair)
		}
	}
	r.places[p.Route.Name] = len(r.all)
	r.all = append(r.all, added)
}

func (r *routes) sections() []section {
	return []section{
		gauge("route_info",
			"Always 1; the route's direction, sender and mailbox. Join on route to group by them.", r.info),
		gauge("route_component",
			"Always 1; one series for each component that the route passes through. Join on route to see what broken routes have in common.", r.components),
		gauge("route_late_after_seconds",
			"From when on a message of the route counts as missed; the least, if its payloads differ. Draw it as the threshold over delivery_seconds.", r.lateAfter),
	}
}

func (r *routes) info(p *page) {
	for _, x := range r.all {
		p.add(1, x.direction, x.mailbox, r.prober, x.name, x.sender, r.site)
	}
}

func (r *routes) components(p *page) {
	for _, x := range r.all {
		for _, component := range x.path {
			p.add(1, component, r.prober, x.name, r.site)
		}
	}
}

func (r *routes) lateAfter(p *page) {
	for _, x := range r.all {
		p.add(x.lateAfter.Seconds(), r.prober, x.name, r.site)
	}
}
