package config

import (
	"slices"
	"strings"
)

// warnings tells what is allowed and will not work well: what would be found out in
// production.
func (r *reader) warnings(c *Config, known book) Problems {
	var all Problems
	watched := make(map[string]bool) // addresses
	for _, m := range c.Mailboxes {
		if known.mailboxes.used[m.Name] {
			watched[strings.ToLower(m.Address)] = true
		}
	}
	for _, s := range c.Senders {
		if known.senders.used[s.Name] && !watched[strings.ToLower(s.From)] {
			key, name := known.senders.key(s.Name)
			all = append(all, r.at(key, "senders."+name+".from",
				"nobody watches the mailbox of %s: bounces that come back to it are not seen; add it to mailboxes, with a route into it", s.From))
		}
	}
	for _, t := range c.Traffic() {
		if t.Over == "" {
			continue
		}
		registry, section := known.mailboxes, "mailboxes."
		name := t.Mailbox
		if t.Sender != "" {
			registry, section = known.senders, "senders."
			name, _, _ = strings.Cut(t.Sender, ", ")
		}
		key, name := registry.key(name)
		all = append(all, r.at(key, section+name, "the schedule asks for %s: send less often, or on fewer routes", t.Over))
	}
	return slices.Compact(all.sorted())
}
