package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// fields is one mapping whose keys are known.
type fields struct {
	*reader
	node    *yaml.Node
	where   string
	keys    []key
	broken  bool                  // it is no mapping, and that was told
	strange bool                  // it has other keys, and that was told
	values  map[string]*yaml.Node // of the known keys that are there or have a default
}

// fields reads a mapping against the keys it may have.
func (r *reader) fields(n *yaml.Node, where string, keys []key) *fields {
	f := &fields{reader: r, node: n, where: where, keys: keys, values: map[string]*yaml.Node{}}
	entries, ok := r.entries(n, where, "a mapping of "+orList(keyNames(keys)))
	f.broken = !ok
	for _, e := range entries {
		f.take(e)
	}
	for _, k := range keys {
		switch {
		case f.broken || f.values[k.name] != nil:
		case k.required:
			meaning, _, _ := strings.Cut(k.meaning, ";")
			r.wrong(n, where, "got no key %q, want it: %s", k.name, meaning)
		case k.fallback != "":
			f.values[k.name] = k.fallbackNode()
		}
	}
	return f
}

// take keeps an entry if its key is known.
func (f *fields) take(e entry) {
	switch k, known := f.key(e.name); {
	case !known:
		f.strange = true
		f.wrong(e.key, f.where, "got unknown key %q, want %s", e.name, choices(e.name, keyNames(f.keys)))
	case k.refused != "":
		f.strange = true
		f.wrong(e.key, f.where, "got key %q, want %s", e.name, k.refused)
	default:
		f.values[e.name] = e.value
	}
}

// key is what is known of a key.
func (f *fields) key(name string) (k key, known bool) {
	at := slices.IndexFunc(f.keys, func(k key) bool { return k.name == name })
	if at < 0 {
		return key{}, false
	}
	return f.keys[at], true
}

// path is the way of keys to one of the mapping's.
func (f *fields) path(name string) string {
	if f.where == "" {
		return name
	}
	return f.where + "." + name
}

// has tells whether the key is there or has a default.
func (f *fields) has(name string) bool { return f.values[name] != nil }

// bad tells what is wrong with the value of a key.
func (f *fields) bad(name, format string, args ...any) {
	f.wrong(f.values[name], f.path(name), format, args...)
}

// text is the value of a key; empty if the key is missing, or after a problem.
func (f *fields) text(name string) string {
	if !f.has(name) {
		return ""
	}
	return f.reader.text(f.values[name], f.path(name))
}

// choice is the value of a key that is one of a few words.
func (f *fields) choice(name string, known []string) string {
	got := f.text(name)
	switch {
	case got == "" || slices.Contains(known, got):
		return got
	case len(known) == 1:
		f.bad(name, "got %q, want %s: this version knows no other", got, known[0])
	default:
		f.bad(name, "got %q, want %s", got, choices(got, known))
	}
	return ""
}

// fields reads the mapping under a key; a missing one counts as broken.
func (f *fields) fields(name string, keys []key) *fields {
	if !f.has(name) {
		return &fields{reader: f.reader, node: f.node, where: f.path(name), broken: true}
	}
	return f.reader.fields(f.values[name], f.path(name), keys)
}

// item is one entry of a list.
type item struct {
	node  *yaml.Node
	where string
}

// items gives the entries of the list under a key. A list that is wanted, or that
// stands in for a default, has at least one.
func (f *fields) items(name string) []item {
	if !f.has(name) {
		return nil
	}
	list := f.values[name]
	nodes := f.reader.items(list, f.path(name))
	k, _ := f.key(name)
	if list.Kind == yaml.SequenceNode && len(nodes) == 0 && (k.required || k.fallback != "") {
		f.bad(name, "got an empty list, want at least one entry")
	}
	items := make([]item, len(nodes))
	for i, n := range nodes {
		items[i] = item{n, fmt.Sprintf("%s[%d]", f.path(name), i)}
	}
	return items
}

// word is one entry of a list of texts.
type word struct {
	item
	text string
}

// words gives the texts in the list under a key, each once.
func (f *fields) words(name string) []word {
	var words []word
	for _, i := range f.items(name) {
		text := f.reader.text(i.node, i.where)
		switch {
		case text == "":
		case slices.ContainsFunc(words, func(w word) bool { return w.text == text }):
			f.wrong(i.node, i.where, "got %q twice in one list, want it once", text)
		default:
			words = append(words, word{i, text})
		}
	}
	return words
}
