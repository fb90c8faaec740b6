package trace

// recent is a map that forgets: of the keys used last it keeps half its limit at
// least, and it never holds more than its limit.
type recent[V any] struct {
	limit      int
	young, old map[string]V
}

// get gives what is kept of a key, and keeps it for longer.
func (r *recent[V]) get(key string) (V, bool) {
	if v, found := r.young[key]; found {
		return v, true
	}
	v, found := r.old[key]
	if found {
		r.put(key, v)
	}
	return v, found
}

func (r *recent[V]) put(key string, v V) {
	if r.young == nil || len(r.young) >= r.limit/2 {
		r.young, r.old = make(map[string]V), r.young
	}
	r.young[key] = v
}
