package diagnosis

import (
	"cmp"
	"slices"

	"github.com/mailpath/mailpath/probe"
)

// Component is something mail passes through that can fail.
type Component struct {
	Name  string
	Title string // for people, such as "the gateway's inbound filter"; empty: the name
}

// Route is one way for mail, with the components on it in the order in which mail
// passes them.
type Route struct {
	Name      string
	Path      []string
	Entry     string // the component whose server takes the mail from us; empty: the first of Path
	Server    string // that server, as host:port; empty: not known
	Direction probe.Direction
	Mailbox   string
}

// Topology is the components and the routes through them. A component that stands
// only in a path counts as one without a title; of two of one name the first by
// name and content counts. The order of both is of no consequence.
type Topology struct {
	Components []Component
	Routes     []Route
}

// paths is a topology in a fixed order, by numbers.
type paths struct {
	components []Component // by name
	routes     []Route     // by name
	component  map[string]int
	route      map[string]int
	path       [][]int // of each route: its components, each once
	entry      []int   // of each route: a component of its path, or none
}

const none = -1

func newPaths(t Topology) *paths {
	p := &paths{
		components: named(t.Components, func(c Component) string { return c.Name }, func(a, b Component) int { return cmp.Compare(a.Title, b.Title) }),
		routes:     named(t.Routes, func(r Route) string { return r.Name }, func(a, b Route) int { return slices.Compare(a.Path, b.Path) }),
	}
	p.addUntitled()
	p.component = numbered(p.components, func(c Component) string { return c.Name })
	p.route = numbered(p.routes, func(r Route) string { return r.Name })
	for _, r := range p.routes {
		p.path = append(p.path, p.numbers(r.Path))
		p.entry = append(p.entry, p.entryOf(r))
	}
	return p
}

// named sorts by name, then content, and keeps the first of each name.
func named[T any](all []T, name func(T) string, content func(a, b T) int) []T {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b T) int {
		return cmp.Or(cmp.Compare(name(a), name(b)), content(a, b))
	})
	return slices.CompactFunc(sorted, func(a, b T) bool { return name(a) == name(b) })
}

func numbered[T any](all []T, name func(T) string) map[string]int {
	numbers := make(map[string]int, len(all))
	for i, one := range all {
		numbers[name(one)] = i
	}
	return numbers
}

// addUntitled adds the components that stand only in paths.
func (p *paths) addUntitled() {
	known := numbered(p.components, func(c Component) string { return c.Name })
	for _, r := range p.routes {
		for _, name := range r.Path {
			if _, ok := known[name]; !ok {
				known[name] = none
				p.components = append(p.components, Component{Name: name})
			}
		}
	}
	slices.SortFunc(p.components, func(a, b Component) int { return cmp.Compare(a.Name, b.Name) })
}

func (p *paths) numbers(path []string) []int {
	numbers := make([]int, 0, len(path))
	for _, name := range path {
		if c := p.component[name]; !slices.Contains(numbers, c) {
			numbers = append(numbers, c)
		}
	}
	return numbers
}

func (p *paths) entryOf(r Route) int {
	if len(r.Path) == 0 {
		return none
	}
	name := cmp.Or(r.Entry, r.Path[0])
	if c, ok := p.component[name]; ok && slices.Contains(r.Path, name) {
		return c
	}
	return none
}

// title is a component in words.
func (p *paths) title(c int) string {
	return cmp.Or(p.components[c].Title, p.components[c].Name)
}

// inPathOrder sorts components as mail passes them, by the first route that holds
// all of them; what no route orders is sorted by name.
func (p *paths) inPathOrder(components []int) {
	slices.Sort(components)
	if len(components) < 2 {
		return
	}
	for r := range p.routes {
		if containsAll(p.path[r], components) {
			slices.SortFunc(components, func(a, b int) int {
				return cmp.Compare(slices.Index(p.path[r], a), slices.Index(p.path[r], b))
			})
			return
		}
	}
}

func containsAll(path, components []int) bool {
	return !slices.ContainsFunc(components, func(c int) bool { return !slices.Contains(path, c) })
}

func (p *paths) names(components []int) []string {
	names := make([]string, len(components))
	for i, c := range components {
		names[i] = p.components[c].Name
	}
	return names
}
