package diagnosis

import (
	"cmp"
	"math"
	"slices"
)

// How far the sets of faults are enumerated. Only components on a route that is bad
// can be to blame, so hundreds of components cost nothing while they are well. Up to
// maxForThree candidates, all sets of at most three are weighed (4,526 at most);
// beyond, of at most two, among the maxForTwo that explain most alone (20,101).
const (
	maxForThree = 30
	maxForTwo   = 200
)

// faults weighs sets of broken components against what is known.
type faults struct {
	candidates []int     // components
	alone      []float64 // of each candidate: prior, signs, and all its routes
	pairs      []float64 // of two candidates: the weight of the routes through both
	triples    []float64 // of three, if so many are enumerated

	sets    []faultSet
	highest float64
}

// faultSet is at most three candidates that are broken, and its log odds against
// that nothing is.
type faultSet struct {
	members [3]int
	size    int
	odds    float64
}

// newFaults enumerates the sets. through and entry are the odds of each route.
func newFaults(p *paths, known []counts, signs []float64) *faults {
	through, single := make([]float64, len(known)), slices.Clone(signs)
	blamed := make([]bool, len(p.components))
	for r, c := range known {
		var entry float64
		through[r], entry = c.odds()
		bad := c.isBad()
		for _, i := range p.path[r] {
			single[i] += through[r]
			blamed[i] = blamed[i] || bad
		}
		if p.entry[r] != none {
			single[p.entry[r]] += entry
		}
	}
	p.blameStores(known, through, single)
	f := &faults{candidates: candidatesOf(blamed, single)}
	for _, c := range f.candidates {
		f.alone = append(f.alone, single[c]+math.Log(prior/(1-prior)))
	}
	f.overlap(p, known, through)
	f.enumerate()
	return f
}

// candidatesOf is the components that may be to blame, in their order.
func candidatesOf(blamed []bool, single []float64) []int {
	var candidates []int
	for c, is := range blamed {
		if is {
			candidates = append(candidates, c)
		}
	}
	if len(candidates) > maxForTwo {
		slices.SortStableFunc(candidates, func(a, b int) int { return cmp.Compare(single[b], single[a]) })
		candidates = candidates[:maxForTwo]
		slices.Sort(candidates)
	}
	return candidates
}

// overlap sums the weights of the routes that pass two candidates, and three: a route
// with several broken components on it is explained once.
func (f *faults) overlap(p *paths, known []counts, through []float64) {
	n := len(f.candidates)
	f.pairs = make([]float64, n*n)
	if n <= maxForThree {
		f.triples = make([]float64, n*n*n)
	}
	position := make(map[int]int, n)
	for i, c := range f.candidates {
		position[c] = i
	}
	var on []int
	for r := range known {
		if through[r] == 0 {
			continue
		}
		on = on[:0]
		for _, c := range p.path[r] {
			if i, ok := position[c]; ok {
				on = append(on, i)
			}
		}
		slices.Sort(on)
		f.share(on, through[r])
	}
}

// share adds the weight of a route to all pairs and triples of the candidates on it.
func (f *faults) share(on []int, weight float64) {
	n := len(f.candidates)
	for x, i := range on {
		for y, j := range on[x+1:] {
			f.pairs[i*n+j] += weight
			if f.triples == nil {
				continue
			}
			for _, k := range on[x+y+2:] {
				f.triples[(i*n+j)*n+k] += weight
			}
		}
	}
}

func (f *faults) enumerate() {
	n := len(f.candidates)
	f.add(faultSet{})
	for i := range n {
		f.add(faultSet{[3]int{i}, 1, f.alone[i]})
		for j := i + 1; j < n; j++ {
			both := f.alone[i] + f.alone[j] - f.pairs[i*n+j]
			f.add(faultSet{[3]int{i, j}, 2, both})
			if f.triples == nil {
				continue
			}
			for k := j + 1; k < n; k++ {
				three := both + f.alone[k] - f.pairs[i*n+k] - f.pairs[j*n+k] + f.triples[(i*n+j)*n+k]
				f.add(faultSet{[3]int{i, j, k}, 3, three})
			}
		}
	}
}

func (f *faults) add(s faultSet) {
	f.sets = append(f.sets, s)
	f.highest = max(f.highest, s.odds)
}

// marginals is the probability of each class that at least one of its members is
// broken. of gives the class of each candidate.
func (f *faults) marginals(of []int, classes int) []float64 {
	sums, total := make([]float64, classes), 0.0
	for _, s := range f.sets {
		weight := math.Exp(s.odds - f.highest)
		total += weight
		for i, m := range s.members[:s.size] {
			if !slices.ContainsFunc(s.members[:i], func(other int) bool { return of[other] == of[m] }) {
				sums[of[m]] += weight
			}
		}
	}
	for i := range sums {
		sums[i] = min(1, sums[i]/total)
	}
	return sums
}
