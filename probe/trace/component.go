package trace

import (
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"
)

const (
	// maxHost is the longest name of a host that anything is remembered of, in bytes
	// (RFC 1035 section 2.3.4).
	maxHost = 255
	// maxHosts is how many hosts are remembered: their names come from mail.
	maxHosts = 20_000
)

// finder finds the components of hosts.
type finder struct {
	components map[string]claimant
	sorted     []claimant // by name
	paths      map[string][]string
	any        recent[string] // by host: its component on a route whose path has none of its own
}

// claimant is a component and what it claims.
type claimant struct {
	name     string
	patterns []pattern
}

// pattern is one of path.Match in canonical form. What it matches ends in tail, which
// rules out most hosts faster.
type pattern struct{ text, tail string }

func newFinder(c Config) *finder {
	f := &finder{components: make(map[string]claimant), paths: c.Paths, any: recent[string]{limit: maxHosts}}
	for _, component := range c.Components {
		claim := f.components[component.Name]
		claim.name = component.Name
		for _, p := range component.ReceivedBy {
			p = canonical(p)
			claim.patterns = append(claim.patterns, pattern{text: p, tail: p[strings.LastIndexAny(p, `*?[]\`)+1:]})
		}
		f.components[component.Name] = claim
	}
	f.sorted = slices.SortedFunc(maps.Values(f.components), func(a, b claimant) int { return strings.Compare(a.name, b.name) })
	return f
}

// canonical is the one form of a host's name: without regard to case (RFC 4343), and
// without the dot of the root.
func canonical(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// isLoopback tells whether a host in canonical form is named after the machine it runs on
// itself: by the usual names (RFC 6761 section 6.3 has localhost and all below it), or by an
// address, with or without the brackets of a literal (RFC 5321 section 4.1.3).
func isLoopback(host string) bool {
	switch host {
	case "":
		return false
	case "localhost", "localhost.localdomain", "localhost4", "localhost4.localdomain4",
		"localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback":
		return true
	}
	if first := host[0]; first == '[' || first == ':' || isDigit(first) {
		literal := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		ip, err := netip.ParseAddr(strings.TrimPrefix(literal, "ipv6:"))
		return err == nil && ip.Unmap().IsLoopback()
	}
	return strings.HasSuffix(host, ".localhost")
}

// of names the component of a host in canonical form on a route: one on its path before
// any other, in the path's order, and of several on the path the first that is not in
// passed, or else the last; then any other, by name. An empty route is none. A host
// that none claims is of Other.
func (f *finder) of(host, route string, passed []string) string {
	if host == "" {
		return Other
	}
	last := ""
	for _, name := range f.paths[route] {
		if !f.components[name].claims(host) {
			continue
		}
		if !slices.Contains(passed, name) {
			return name
		}
		last = name
	}
	if last != "" {
		return last
	}
	return f.anywhere(host)
}

// anywhere is the first component by name that claims a host.
func (f *finder) anywhere(host string) string {
	if name, known := f.any.get(host); known {
		return name
	}
	found := Other
	if i := slices.IndexFunc(f.sorted, func(c claimant) bool { return c.claims(host) }); i >= 0 {
		found = f.sorted[i].name
	}
	if len(host) <= maxHost {
		f.any.put(strings.Clone(host), found)
	}
	return found
}

func (c claimant) claims(host string) bool {
	for _, p := range c.patterns {
		if !strings.HasSuffix(host, p.tail) {
			continue
		}
		if match, err := path.Match(p.text, host); match && err == nil {
			return true
		}
	}
	return false
}
