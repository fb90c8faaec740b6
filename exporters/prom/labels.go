package prom

import (
	"slices"
	"strings"
	"sync"

	dto "github.com/prometheus/client_model/go"
)

// labels makes each label pair once, for all series that have it. It is safe for
// concurrent use.
type labels struct {
	mu    sync.Mutex
	known map[[2]string]*dto.LabelPair
}

// pair gives the pair of a name and a value.
func (l *labels) pair(name, value string) *dto.LabelPair {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := [2]string{name, value}
	if l.known[key] == nil {
		value = strings.ToValidUTF8(value, "\uFFFD") // else no format could carry it
		l.known[key] = &dto.LabelPair{Name: &name, Value: &value}
	}
	return l.known[key]
}

// pairs gives the pairs of the known values, and at last the one for all others.
func pairs[T ~string](l *labels, name string, known []T) []*dto.LabelPair {
	all := make([]*dto.LabelPair, 0, len(known)+1)
	for _, value := range known {
		all = append(all, l.pair(name, string(value)))
	}
	return append(all, l.pair(name, other))
}

// other stands for a label value that is none of those we know. What comes out of
// a mail or a newer journal never makes a series of its own.
const other = "other"

// position is where a value stands among the known ones. Others stand behind them,
// unless other is a known one itself.
func position[T ~string](value T, known []T) int {
	if i := slices.Index(known, value); i >= 0 {
		return i
	}
	if i := slices.Index(known, other); i >= 0 {
		return i
	}
	return len(known)
}

// label is the value if it is known.
func label[T ~string](value T, known []T) string {
	if slices.Contains(known, value) {
		return string(value)
	}
	return other
}
