package diagnosis

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Diagnosis is one suspect: a component, or several that cannot be told apart.
type Diagnosis struct {
	Components []string // in the order in which mail passes them
	Confidence float64  // the probability, 0 to 1, that at least one of them is broken
	Reasons    []string
	Sentence   string
}

// Score is the probability, 0 to 1, that a component is broken.
type Score struct {
	Component   string
	Probability float64
}

// Diagnose says what most likely broke, the most likely first. Confidences are
// marginal: two faults at once are two diagnoses of high confidence. It is empty when
// no route is bad.
func Diagnose(t Topology, e Evidence) []Diagnosis {
	p := newPaths(t)
	known := p.countsOf(e.Routes)
	p.returned(known, e.Bounces)
	return p.explain(p.judge(known, e), known, e)
}

// leastConfidence is the confidence below which a suspect is not worth a word: about
// what every component has before anything is known. The first is always told.
const leastConfidence = 0.02

// suspect is a component, or several that cannot be told apart.
type suspect struct {
	components []int
	confidence float64
}

// verdict is what the evidence comes to.
type verdict struct {
	suspects []suspect // the most likely first
	scores   []float64 // of each component
}

func (p *paths) judge(known []counts, e Evidence) verdict {
	f := newFaults(p, known, p.signs(e))
	each := make([]int, len(f.candidates))
	for i := range each {
		each[i] = i
	}
	scores := f.marginals(each, len(each))
	of, classes := p.classes(f.candidates, scores, known)
	v := verdict{scores: make([]float64, len(p.components))}
	for i, c := range f.candidates {
		v.scores[c] = scores[i]
	}
	for i, confidence := range f.marginals(of, len(classes)) {
		v.suspects = append(v.suspects, suspect{classes[i], confidence})
	}
	p.rank(v.suspects)
	for len(v.suspects) > 1 && v.suspects[len(v.suspects)-1].confidence < leastConfidence {
		v.suspects = v.suspects[:len(v.suspects)-1]
	}
	return v
}

func (p *paths) rank(all []suspect) {
	for _, s := range all {
		p.inPathOrder(s.components)
	}
	slices.SortFunc(all, func(a, b suspect) int {
		return cmp.Or(cmp.Compare(b.confidence, a.confidence), cmp.Compare(a.components[0], b.components[0]))
	})
}

// apart is how many times as likely one of two components on the same routes must be
// for the other evidence to tell them apart.
const apart = 3

// classes puts the candidates together that cannot be told apart: all routes that
// tell anything pass both or neither, and no other evidence decides between them.
// of gives the class of each candidate.
func (p *paths) classes(candidates []int, scores []float64, known []counts) (of []int, classes [][]int) {
	order := make([]int, len(candidates)) // by routes, the most likely first
	for i := range order {
		order[i] = i
	}
	columns := p.columns(known)
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(columns[candidates[a]], columns[candidates[b]]), cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b))
	})
	of = make([]int, len(candidates))
	first := none // the likeliest of the class
	for _, i := range order {
		if first == none || columns[candidates[i]] != columns[candidates[first]] || scores[i]*apart < scores[first] {
			classes = append(classes, nil)
			first = i
		}
		of[i] = len(classes) - 1
		classes[of[i]] = append(classes[of[i]], candidates[i])
	}
	return of, classes
}

// columns is, of each component, the routes through it that tell anything, as a key.
func (p *paths) columns(known []counts) []string {
	keys := make([][]byte, len(p.components))
	for r, c := range known {
		if !c.telling() {
			continue
		}
		for _, i := range p.path[r] {
			keys[i] = binary.BigEndian.AppendUint32(keys[i], uint32(r))
		}
	}
	columns := make([]string, len(keys))
	for i, k := range keys {
		columns[i] = string(k)
	}
	return columns
}
