package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Coverage is what routes can and cannot say, known before anything breaks.
type Coverage struct {
	Uncovered         []string     `json:"uncovered"`         // components on no route: their failure is never seen
	Indistinguishable [][]string   `json:"indistinguishable"` // each group is on exactly the same routes
	Suggestions       []Suggestion `json:"suggestions"`
}

// Suggestion is a route that would tell apart what the present ones cannot, given the
// suggestions before it.
type Suggestion struct {
	Path      []string   `json:"path"`
	Mailbox   string     `json:"mailbox"`
	Separates [][]string `json:"separates"` // pairs
	Text      string     `json:"text"`
}

// Coverage finds what the routes leave open, and the cheapest routes that would close
// it: ends of present paths, for a sender that hands mail to a component further
// behind, and present beginnings joined to present ends. Of these it takes, again
// and again, the one that separates most pairs, the shortest first.
func (t Topology) Coverage() Coverage {
	p := newPaths(t)
	columns := make([]string, len(p.components))
	for r := range p.routes {
		for _, c := range p.path[r] {
			columns[c] += fmt.Sprint(r, " ")
		}
	}
	var c Coverage
	for i, column := range columns {
		if column == "" {
			c.Uncovered = append(c.Uncovered, p.components[i].Name)
		}
	}
	groups := p.alike(columns)
	for _, g := range groups {
		c.Indistinguishable = append(c.Indistinguishable, p.names(g))
	}
	c.Suggestions = p.suggest(groups)
	return c
}

// alike groups the components on the same routes, each group in path order.
func (p *paths) alike(columns []string) [][]int {
	byColumn := make(map[string][]int)
	for c, column := range columns {
		byColumn[column] = append(byColumn[column], c)
	}
	var groups [][]int
	for c, column := range columns {
		if g := byColumn[column]; column != "" && len(g) > 1 && g[0] == c {
			groups = append(groups, slices.Clone(g))
		}
	}
	for _, g := range groups {
		p.inPathOrder(g)
	}
	return groups
}

// way is a route that could be.
type way struct {
	path    []int
	mailbox string
}

func (w way) compare(other way) int {
	return cmp.Or(cmp.Compare(len(w.path), len(other.path)), slices.Compare(w.path, other.path), cmp.Compare(w.mailbox, other.mailbox))
}

// maxJoined is how many routes are joined with one another: it takes the square of it.
// Beyond, only the ends of paths are considered.
const maxJoined = 500

// ways is the routes that could be, the shortest first, each once. Only those that
// separate something of a group are kept.
func (p *paths) ways(groups [][]int) []way {
	var all []way
	if len(groups) == 0 {
		return nil
	}
	keep := func(path []int, mailbox string) {
		w := way{path, mailbox}
		if slices.ContainsFunc(groups, func(g []int) bool { return len(w.pairs(g)) > 0 }) {
			all = append(all, way{slices.Clone(path), mailbox})
		}
	}
	for r, path := range p.path {
		for i := 1; i < len(path); i++ {
			keep(path[i:], p.routes[r].Mailbox)
		}
		for s, other := range p.path {
			if r != s && len(p.path) <= maxJoined {
				keep(joined(path, other), p.routes[s].Mailbox)
			}
		}
	}
	slices.SortFunc(all, way.compare)
	return slices.CompactFunc(all, func(a, b way) bool { return a.compare(b) == 0 })
}

// joined is the way from the beginning of one path to the end of another, changing
// where they first meet; nil if they do not, or if it would pass a component twice.
func joined(from, to []int) []int {
	for i, c := range from {
		j := slices.Index(to, c)
		if j < 0 {
			continue
		}
		path := slices.Concat(from[:i], to[j:])
		for k, c := range path {
			if slices.Contains(path[:k], c) {
				return nil
			}
		}
		return path
	}
	return nil
}

// pairs is the pairs of a group that a way separates: it passes one of them.
func (w way) pairs(group []int) [][]int {
	var pairs [][]int
	for i, a := range group {
		for _, b := range group[i+1:] {
			if slices.Contains(w.path, a) != slices.Contains(w.path, b) {
				pairs = append(pairs, []int{a, b})
			}
		}
	}
	return pairs
}

// suggest takes the best way until none separates any more.
func (p *paths) suggest(groups [][]int) []Suggestion {
	var suggestions []Suggestion
	ways := p.ways(groups)
	for {
		best, most := way{}, 0
		for _, w := range ways {
			n := 0
			for _, g := range groups {
				on, off := w.halves(g)
				n += len(on) * len(off)
			}
			if n > most {
				best, most = w, n
			}
		}
		if most == 0 {
			return suggestions
		}
		suggestions = append(suggestions, p.suggestion(best, groups))
		groups = best.split(groups)
	}
}

// split is the groups that are left when a way separates them. What stands alone is
// none: kept, it would double their number with each way.
func (w way) split(groups [][]int) [][]int {
	var left [][]int
	for _, g := range groups {
		on, off := w.halves(g)
		for _, half := range [][]int{on, off} {
			if len(half) > 1 {
				left = append(left, half)
			}
		}
	}
	return left
}

func (w way) halves(group []int) (on, off []int) {
	for _, c := range group {
		if slices.Contains(w.path, c) {
			on = append(on, c)
		} else {
			off = append(off, c)
		}
	}
	return on, off
}

func (p *paths) suggestion(w way, groups [][]int) Suggestion {
	s := Suggestion{Path: p.names(w.path), Mailbox: w.mailbox}
	var what []string
	for _, g := range groups {
		on, off := w.halves(g)
		if len(on) == 0 || len(off) == 0 {
			continue
		}
		for _, pair := range w.pairs(g) {
			s.Separates = append(s.Separates, p.names(pair))
		}
		if on[0] == g[0] {
			on, off = off, on
		}
		what = append(what, list(p.names(off), "and")+" from "+list(p.names(on), "and"))
	}
	s.Text = fmt.Sprintf("a route that enters at %s: path [%s] to mailbox %s separates %s",
		s.Path[0], strings.Join(s.Path, ", "), s.Mailbox, strings.Join(what, "; and "))
	return s
}
