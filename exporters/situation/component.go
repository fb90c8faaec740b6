package situation

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// components is what is known of the components.
type components struct {
	all      []diagnosis.Component // in the order of the configuration
	titles   map[string]string
	routes   map[string][]string // through each
	score    map[string]float64
	leaders  []string // what most likely broke
	findings map[question]Finding
	asked    map[question]string // of findings: the component
}

// question is what a check asks.
type question struct{ check, target string }

// maxFindings bounds what is kept of checks: they are configured, but old journals may
// hold others.
const maxFindings = 1000

func newComponents(t diagnosis.Topology) *components {
	c := &components{
		titles: make(map[string]string), routes: make(map[string][]string), score: make(map[string]float64),
		findings: make(map[question]Finding), asked: make(map[question]string),
	}
	for _, x := range t.Components {
		c.add(x)
	}
	for _, r := range t.Routes {
		for _, name := range r.Path {
			c.add(diagnosis.Component{Name: name})
			if !slices.Contains(c.routes[name], r.Name) {
				c.routes[name] = append(c.routes[name], r.Name)
			}
		}
	}
	return c
}

func (c *components) add(x diagnosis.Component) {
	if _, known := c.titles[x.Name]; !known {
		c.titles[x.Name] = CleanLine(cmp.Or(x.Title, x.Name), maxName)
		c.all = append(c.all, x)
	}
}

// diagnosed takes in a verdict and tells whether it names other components than the last.
func (c *components) diagnosed(d diagnosis.Diagnosed) bool {
	clear(c.score)
	for _, s := range d.Scores {
		c.score[s.Component] = s.Probability
	}
	var leaders []string
	if len(d.Diagnoses) > 0 {
		leaders = slices.Clone(d.Diagnoses[0].Components)
	}
	changed := !slices.Equal(leaders, c.leaders)
	c.leaders = leaders
	return changed
}

func (c *components) found(f probe.Found) {
	q := question{f.Check, f.Target}
	was, known := c.findings[q]
	delete(c.findings, q)
	delete(c.asked, q)
	if f.State != probe.FindingFailed || len(c.findings) >= maxFindings {
		return
	}
	since := f.At
	if known {
		since = was.Since
	}
	c.findings[q] = Finding{
		Check: f.Check, Target: CleanLine(f.Target, maxReason), Reason: CleanLine(f.Reason, maxReason), Advice: CleanLine(f.Advice, maxLine), Since: since,
	}
	c.asked[q] = f.Component
}

// components are all as they are shown.
func (v *view) components() []Component {
	c := v.b.components
	failed := make(map[string]bool)
	for _, i := range v.open {
		if i.State == probe.Identified {
			for _, name := range i.Components {
				failed[name] = true
			}
		}
	}
	findings := v.findings()
	shown := make([]Component, 0, len(c.all))
	for _, x := range c.all {
		shown = append(shown, Component{
			Name: x.Name, Title: c.titles[x.Name], State: v.stateOf(x.Name, failed), Probability: c.score[x.Name],
			Maintenance: len(c.routes[x.Name]) > 0 && !slices.ContainsFunc(c.routes[x.Name], func(r string) bool { return !v.maintained(r) }),
			Findings:    append([]Finding{}, findings[x.Name]...),
		})
	}
	return shown
}

// suspectFrom is how likely a component must be broken to be shown as suspected, if
// none is likelier.
const suspectFrom = 0.5

func (v *view) stateOf(name string, failed map[string]bool) ComponentState {
	c := v.b.components
	switch {
	case failed[name]:
		return ComponentFailed
	case c.score[name] >= suspectFrom, slices.Contains(c.leaders, name):
		return ComponentSuspected
	case slices.ContainsFunc(c.routes[name], func(r string) bool {
		known := v.b.routes[r]
		return known != nil && known.health == probe.HealthOK
	}):
		return ComponentWorks
	}
	return ComponentUnknown
}

// findings are what is wrong, by component.
func (v *view) findings() map[string][]Finding {
	c := v.b.components
	if len(c.findings) == 0 {
		return nil
	}
	by := make(map[string][]Finding)
	for _, q := range slices.SortedFunc(maps.Keys(c.findings), func(a, b question) int {
		return cmp.Or(cmp.Compare(a.check, b.check), cmp.Compare(a.target, b.target))
	}) {
		f := c.findings[q]
		f.Since = v.local(f.Since)
		by[c.asked[q]] = append(by[c.asked[q]], f)
	}
	return by
}

// named gives components with their titles.
func (v *view) named(names []string) []Named {
	all := make([]Named, 0, len(names))
	for _, name := range names {
		all = append(all, Named{Name: name, Title: cmp.Or(v.b.components.titles[name], name)})
	}
	return all
}

// local is a time as it is shown; none stays none.
func (v *view) local(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.Round(0).In(v.b.cfg.Zone)
}
