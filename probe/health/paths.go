package health

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// nearMost is how many routes near a path are kept: more than are sent to, because
// some may be blind.
const nearMost = 3 * burstOthers

// paths knows which routes go through the same components.
type paths struct {
	components map[string]int // numbers them
	byKey      map[string]*path
	all        []*path // in the order of the configuration
}

// path is a set of components, and the routes that go through them.
type path struct {
	components []int
	routes     []*route
	near       []*route // found when they are first asked for
	found      bool
}

func newPaths() *paths {
	return &paths{components: make(map[string]int), byKey: make(map[string]*path)}
}

// add gives the path of a route. The order of its components does not matter.
func (ps *paths) add(r *route, components []string) *path {
	set := slices.Compact(slices.Sorted(slices.Values(components)))
	key := strings.Join(set, " ")
	p := ps.byKey[key]
	if p == nil {
		p = new(path)
		for _, c := range set {
			if _, known := ps.components[c]; !known {
				ps.components[c] = len(ps.components)
			}
			p.components = append(p.components, ps.components[c])
		}
		ps.byKey[key] = p
		ps.all = append(ps.all, p)
	}
	p.routes = append(p.routes, r)
	return p
}

// near gives the routes that share a component with a path, the most telling first.
// Two routes that share the same of its components say the same about it, so they
// come in rounds: of each set of shared components one, then of each a second one,
// and so on. Within a round, and within a set, those come first whose paths differ
// least: the fewer other components could be to blame, the more their answer says.
// Finding them costs one pass over all different paths, once for each path.
func (ps *paths) near(p *path) []*route {
	if p.found {
		return p.near
	}
	p.found = true
	kinds := ps.kinds(p)
	for round, more := 0, true; more && len(p.near) < nearMost; round++ {
		more = false
		for _, k := range kinds {
			from, to := k.round(round)
			p.near = append(p.near, k.routes[from:to]...)
			more = more || to > from
		}
	}
	return p.near
}

// kind are the routes that share the same components with a path.
type kind struct {
	paths   []*path
	differs []int // by how many components, as the paths
	routes  []*route
}

// round is which of the routes come in a round: one, but of those that go through
// exactly the same components one more at first, being the one that asks.
func (k *kind) round(n int) (from, to int) {
	from, to = n, n+1
	if k.differs[0] == 0 {
		to++
		if n > 0 {
			from++
		}
	}
	return min(from, len(k.routes)), min(to, len(k.routes))
}

// kinds gives the kinds of routes that share something with a path, the one that has
// the most similar path first.
func (ps *paths) kinds(p *path) []*kind {
	bit := make([]uint64, len(ps.components))
	for i, c := range p.components {
		bit[c] = 1 << (i % 64)
	}
	byShared := make(map[uint64]*kind)
	order := make(map[*kind]int)
	for _, other := range ps.all {
		var shared uint64
		for _, c := range other.components {
			shared |= bit[c]
		}
		if shared == 0 {
			continue
		}
		k := byShared[shared]
		if k == nil {
			k = new(kind)
			byShared[shared], order[k] = k, len(order)
		}
		k.add(other, len(p.components)+len(other.components)-2*bits.OnesCount64(shared))
	}
	kinds := slices.SortedFunc(maps.Keys(order), func(a, b *kind) int {
		return cmp.Or(cmp.Compare(a.differs[0], b.differs[0]), cmp.Compare(order[a], order[b]))
	})
	for _, k := range kinds {
		for _, other := range k.paths {
			k.routes = append(k.routes, other.routes[:min(len(other.routes), nearMost)]...)
		}
	}
	return kinds
}

// add puts a path in its place; more than nearMost are of no use.
func (k *kind) add(p *path, differs int) {
	i, _ := slices.BinarySearch(k.differs, differs+1) // behind those that differ as much
	if i >= nearMost {
		return
	}
	k.paths, k.differs = slices.Insert(k.paths, i, p), slices.Insert(k.differs, i, differs)
	if len(k.paths) > nearMost {
		k.paths, k.differs = k.paths[:nearMost], k.differs[:nearMost]
	}
}
