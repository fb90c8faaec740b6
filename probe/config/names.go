package config

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/mailpath/mailpath/probe"
	"go.yaml.in/yaml/v4"
)

// registry is the names of one kind: what each means once lists of servers are
// expanded, and which of them are used.
type registry struct {
	kind  string   // sender
	names []string // as they stand in the file, in its order
	keys  map[string]*yaml.Node
	means map[string][]string
	used  map[string]bool // by what they mean
}

func newRegistry(kind string) *registry {
	return &registry{kind: kind, keys: map[string]*yaml.Node{}, means: map[string][]string{}, used: map[string]bool{}}
}

// define adds a name of the file, and what it means if that is not itself.
func (g *registry) define(r *reader, e entry, where string, expanded ...string) {
	if len(expanded) == 0 {
		expanded = []string{e.name}
	}
	g.names = append(g.names, e.name)
	g.keys[e.name] = e.key
	for _, name := range expanded {
		if err := probe.CheckName(name); err != nil {
			r.wrong(e.key, where, "got %v", err)
		}
		if len(g.means[name]) > 0 {
			r.wrong(e.key, where, "got a second %s %q: lists of servers make one for each server, want other names", g.kind, name)
		}
		g.means[name] = []string{name}
	}
	g.means[e.name] = expanded
}

// find is what a name in the file means; nothing after a problem.
func (g *registry) find(r *reader, i item, name string) []string {
	means := g.means[name]
	switch {
	case len(g.names) == 0:
		r.wrong(i.node, i.where, "got unknown %s %q, want none: no %s is configured", g.kind, name, g.kind)
	case len(means) == 0:
		r.wrong(i.node, i.where, "got unknown %s %q, want %s", g.kind, name, choices(name, g.names))
	}
	for _, m := range means {
		g.used[m] = true
	}
	return means
}

// key is where a name stands in the file, and how, if it was made from a list of servers.
func (g *registry) key(name string) (*yaml.Node, string) {
	for _, written := range g.names {
		if written == name || slices.Contains(g.means[written], name) {
			return g.keys[written], written
		}
	}
	return &yaml.Node{}, name
}

// noteUnused tells which names of the file nothing uses.
func (g *registry) noteUnused(r *reader, section, user string) {
	for _, name := range g.names {
		if !slices.ContainsFunc(g.means[name], func(m string) bool { return g.used[m] }) {
			r.note(g.keys[name], section+"."+name, "no %s uses it", user)
		}
	}
}

// serverSuffixes tells the servers of one list apart, as briefly as it can be done:
// the first label of the host; for those that share it the whole host; for those
// that share that, host and port.
func serverSuffixes(servers []server) []string {
	suffixes := make([]string, len(servers))
	for _, form := range []func(server) string{firstLabel, wholeHost, hostAndPort} {
		before := slices.Clone(suffixes)
		for i, s := range servers {
			if before[i] == "" || count(before, before[i]) > 1 {
				suffixes[i] = form(s)
			}
		}
	}
	return suffixes
}

func count(words []string, word string) (n int) {
	for _, w := range words {
		if w == word {
			n++
		}
	}
	return n
}

func firstLabel(s server) string {
	if _, err := netip.ParseAddr(s.host); err == nil {
		return wholeHost(s)
	}
	label, _, _ := strings.Cut(wholeHost(s), ".")
	return label
}

// wholeHost is the host in the letters that a name may have.
func wholeHost(s server) string {
	plain := strings.NewReplacer(":", "-", "%", "-").Replace(strings.ToLower(s.host))
	return strings.Trim(plain, "-.")
}

func hostAndPort(s server) string { return wholeHost(s) + "-" + s.port }
