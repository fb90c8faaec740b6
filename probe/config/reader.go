package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// reader walks one document and collects what is wrong with it.
type reader struct {
	file            string // as the user named it
	dir             string // what relative paths are relative to
	problems, notes Problems
	warned          Problems // while reading
	references      []reference
	signing         func(DKIM) error // tells why a key cannot sign; only LoadAndRead has it
}

func newReader(file string) *reader {
	dir := filepath.Dir(file)
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return &reader{file: file, dir: dir}
}

// at is the problem at a node; where is the way of keys to it, empty at the top.
func (r *reader) at(n *yaml.Node, where, format string, args ...any) Problem {
	message := fmt.Sprintf(format, args...)
	if where != "" {
		message = where + ": " + message
	}
	return Problem{File: r.file, Line: max(n.Line, 1), Column: max(n.Column, 1), Message: message}
}

func (r *reader) wrong(n *yaml.Node, where, format string, args ...any) {
	r.problems = append(r.problems, r.at(n, where, format, args...))
}

func (r *reader) note(n *yaml.Node, where, format string, args ...any) {
	r.notes = append(r.notes, r.at(n, where, format, args...))
}

func (r *reader) warn(n *yaml.Node, where, format string, args ...any) {
	r.warned = append(r.warned, r.at(n, where, format, args...))
}

// document is the root of the only document in data, or nil after a problem.
func (r *reader) document(data []byte) *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		r.syntax(data, err)
		return nil
	}
	var first, second yaml.Node
	switch err := loader.Load(&first); {
	case errors.Is(err, io.EOF):
		r.wrong(&yaml.Node{}, "", "got an empty file, want a configuration; `mailpath config example` prints one")
		return nil
	case err != nil:
		r.syntax(data, err)
		return nil
	}
	switch err := loader.Load(&second); {
	case err == nil:
		r.wrong(&second, "", "got a second document, want one in a file")
		return nil
	case !errors.Is(err, io.EOF):
		r.syntax(data, err)
		return nil
	}
	return first.Content[0]
}

// syntax tells what the library could not read.
func (r *reader) syntax(data []byte, err error) {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		r.wrong(&yaml.Node{}, "", "reading YAML: %v", err)
		return
	}
	place := &yaml.Node{Line: load.Mark.Line, Column: load.Mark.Column}
	if place.Line == 0 { // the library knows only the offset of a byte it cannot read
		before := data[:min(load.Mark.Index, len(data))]
		place.Line = bytes.Count(before, []byte("\n")) + 1
		place.Column = len(before) - bytes.LastIndexByte(before, '\n')
	}
	context := ""
	if load.ContextMsg != "" {
		context = load.ContextMsg + ": "
	}
	r.wrong(place, "", "reading YAML: %s%s", context, load.Message)
}

// entry is one key and its value. The value is never an alias.
type entry struct {
	name       string
	key, value *yaml.Node
}

// entries gives the entries of a mapping in their order, each name once; wanted
// says what it should be, for when it is no mapping.
func (r *reader) entries(n *yaml.Node, where, wanted string) (entries []entry, ok bool) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, where, "got %s, want %s", kind(n), wanted)
		return nil, false
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolve(n.Content[i]), resolve(n.Content[i+1])
		switch line, seen := first[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			r.wrong(key, where, "got %s as a key, want text", kind(key))
		case key.Tag == "!!merge":
			r.wrong(key, where, "got a merge key (<<), want the keys themselves, or an alias for the whole mapping")
		case seen:
			r.wrong(key, where, "got key %q twice, first at line %d, want it once", key.Value, line)
		default:
			first[key.Value] = key.Line
			entries = append(entries, entry{key.Value, key, value})
		}
	}
	return entries, true
}

// items gives the entries of a list, none of them an alias.
func (r *reader) items(n *yaml.Node, where string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		r.wrong(n, where, "got %s, want a list", kind(n))
		return nil
	}
	items := make([]*yaml.Node, len(n.Content))
	for i, item := range n.Content {
		items[i] = resolve(item)
	}
	return items
}

// text is a scalar as it is written: names and titles may look like numbers. It is
// empty after a problem. The problem does not quote it, since it may be a secret
// that stands in the wrong place.
func (r *reader) text(n *yaml.Node, where string) string {
	plain := []string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}
	odd := strings.IndexFunc(n.Value, func(c rune) bool { return !unicode.IsPrint(c) })
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null":
		r.wrong(n, where, "got %s, want text", kind(n))
	case !slices.Contains(plain, n.Tag):
		r.wrong(n, where, "got text with the tag %s, want it without", n.Tag)
	case n.Value == "":
		r.wrong(n, where, "got empty text, want some")
	case odd >= 0:
		r.wrong(n, where, "got text with a character that does not print (%U), want one line of text", []rune(n.Value[odd:])[0])
	default:
		return n.Value
	}
	return ""
}

// resolve follows an alias to what it stands for, which is never an alias itself.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// kind says what a node is; text is not quoted, since it may be a secret.
func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	}
	return "text"
}
