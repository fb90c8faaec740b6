package status

import (
	"net/http"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
)

// maxOutcomes is how many of the last messages are listed.
const maxOutcomes = 100

// nocPage is the page for those who repair.
type nocPage struct {
	frame
	Says       prose
	Troubles   []string
	Open       []told
	Routes     []routeRow
	Components []componentRow
	Findings   []findingRow
	Outcomes   []outcomeRow
	MayWrite   bool
}

type routeRow struct {
	Name, Direction, Mailbox string
	Health, Says             string
	Since, Last              stamp
	Reason                   string
	InFlight, Overdue        int
	Shortcut, Upkeep         bool
	Path                     []string
}

type componentRow struct {
	Name, Title, State, Says string
	Probability              string
	Findings                 int
}

type findingRow struct {
	Component, Check, Target, Reason, Advice string
	Since                                    stamp
}

type outcomeRow struct {
	At                     stamp
	ID, Route, Purpose     string
	Status, Says           string
	Latency, Place, Reason string
	Hops                   []hopRow
}

type hopRow struct{ Host, Component, Took string }

func (p *Page) noc(w http.ResponseWriter, r *http.Request) {
	p.cache.page("/noc", func() (int, []byte) {
		return p.pages.render(http.StatusOK, "noc.html", p.viewNOC(p.cfg.Board.Situation(), p.cfg.Board.Recent()))
	}).serve(w, r)
}

func (p *Page) viewNOC(s situation.Situation, recent []situation.Outcome) nocPage {
	t := p.teller(s)
	v := nocPage{
		frame: p.pages.frame(t, s, "", "noc", t.say("page.title.noc", s)),
		Says:  t.update(words.NOC, s), Troubles: t.troubles(s), MayWrite: p.cfg.Announce != nil,
	}
	for _, i := range s.Incidents {
		if i.Open() {
			v.Open = append(v.Open, t.incident(words.NOC, s, i))
		}
	}
	for _, d := range s.Directions {
		for _, r := range d.Routes {
			v.Routes = append(v.Routes, t.route(d, r))
		}
	}
	for _, c := range s.Components {
		v.Components = append(v.Components, t.component(c))
		v.Findings = append(v.Findings, t.findings(c)...)
	}
	for _, o := range recent[:min(len(recent), maxOutcomes)] {
		v.Outcomes = append(v.Outcomes, t.outcome(o))
	}
	return v
}

func (t teller) route(d situation.Direction, r situation.Route) routeRow {
	return routeRow{
		Name: r.Name, Direction: t.say("direction."+string(d.Direction), nil), Mailbox: r.Mailbox,
		Health: string(r.Health), Says: t.say("health."+string(r.Health), nil), Since: t.at("moment.seconds", r.Since), Last: t.at("moment.seconds", r.LastArrival),
		Reason: r.Reason, InFlight: r.InFlight, Overdue: r.Overdue, Shortcut: r.Shortcut, Upkeep: r.Maintenance, Path: r.Path,
	}
}

func (t teller) component(c situation.Component) componentRow {
	row := componentRow{Name: c.Name, Title: c.Title, State: string(c.State), Says: t.say("component."+string(c.State), nil), Findings: len(c.Findings)}
	if c.Probability > 0 {
		row.Probability = t.say("percent", c.Probability)
	}
	if c.Maintenance {
		row.State, row.Says = "maintenance", t.say("component.maintenance", nil)
	}
	return row
}

func (t teller) findings(c situation.Component) []findingRow {
	var all []findingRow
	for _, f := range c.Findings {
		all = append(all, findingRow{c.Title, f.Check, f.Target, f.Reason, f.Advice, t.at("moment.seconds", f.Since)})
	}
	return all
}

func (t teller) outcome(o situation.Outcome) outcomeRow {
	row := outcomeRow{
		At: t.at("moment.seconds", o.At), ID: o.ID, Route: o.Route, Purpose: t.say("purpose."+o.Purpose, nil),
		Status: string(o.Status), Says: t.say("status."+string(o.Status), nil), Reason: o.Reason,
	}
	if o.Latency > 0 {
		row.Latency = t.say("duration.short", o.Latency)
	}
	if o.Place != "" {
		row.Place = t.say("place."+o.Place, nil)
	}
	for _, h := range o.Hops {
		row.Hops = append(row.Hops, hopRow{h.Host, h.Component, t.say("hop.took", h)})
	}
	return row
}
