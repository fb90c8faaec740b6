package config

import (
	"slices"
	"strings"
	"time"
)

// warnings tells what is allowed and will not work well: what would be found out in
// production.
func (r *reader) warnings(c *Config, known book) Problems {
	var all Problems
	watched := make(map[string]bool) // addresses
	for _, m := range c.Mailboxes {
		watched[strings.ToLower(m.Address)] = true
	}
	for _, s := range c.Senders {
		if known.senders.used[s.Name] && !watched[strings.ToLower(s.From)] {
			key, name := known.senders.key(s.Name)
			all = append(all, r.at(key, "senders."+name+".from",
				"nobody watches the mailbox of %s: bounces that come back to it are not seen; add it to mailboxes", s.From))
		}
	}
	all = append(all, r.endlessQueues(c, known)...)
	all = append(all, r.unaligned(c, known)...)
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

// useReturns notes that mailboxes without a route are of use all the same: what comes
// back to a sender arrives there, or what a filter keeps.
func (b book) useReturns(c *Config) {
	from := make(map[string]bool)
	for _, s := range c.Senders {
		from[strings.ToLower(s.From)] = true
	}
	for _, m := range c.Mailboxes {
		if m.Quarantine || from[strings.ToLower(m.Address)] {
			b.mailboxes.used[m.Name] = true
		}
	}
}

// endlessQueues warns of tries that come too late.
func (r *reader) endlessQueues(c *Config, known book) Problems {
	var all Problems
	for _, route := range c.Routes {
		var last time.Duration
		for _, wait := range route.Retry {
			last += wait
		}
		for _, p := range c.Probes {
			if p.Route != route.Name || len(route.Retry) == 0 {
				continue
			}
			key, name := known.routes.key(route.Name)
			if last >= p.LostAfter {
				all = append(all, r.at(key, "routes."+name+".retry", "the last try is %s after the first, when the message has been given up (lost_after is %s): wait less, or raise lost_after", brief(last), brief(p.LostAfter)))
			}
			if first := route.Retry[0]; first >= p.LateAfter {
				all = append(all, r.at(key, "routes."+name+".retry", "a message that is turned away once is late: the second try is %s after the first, and late_after is %s; wait less, or raise late_after", brief(first), brief(p.LateAfter)))
			}
		}
	}
	return all
}

// unaligned warns of signatures that DMARC does not count (RFC 7489 section 3.1.1): the
// domain that signs is not that of the address, nor one above it.
func (r *reader) unaligned(c *Config, known book) Problems {
	var all Problems
	for _, s := range c.Senders {
		if s.DKIM == nil {
			continue
		}
		if own := strings.ToLower(domain(s.From)); own != s.DKIM.Domain && !strings.HasSuffix(own, "."+s.DKIM.Domain) {
			key, name := known.senders.key(s.Name)
			all = append(all, r.at(key, "senders."+name+".dkim", "%s signs for %s: for DMARC such a signature does not count; use a key of %s, or of a domain above it", s.DKIM.Domain, s.From, own))
		}
	}
	return all
}

// doubled tells of quarantines that are another mailbox's account: what is there would be
// seen twice, in two places.
func (r *reader) doubled(c *Config, known book) {
	account := func(m Mailbox) string {
		if m.IMAP.Auth == nil {
			return ""
		}
		return strings.ToLower(m.IMAP.Server) + " " + m.IMAP.Auth.Username
	}
	for _, kept := range c.Mailboxes {
		if !kept.Quarantine {
			continue
		}
		for _, m := range c.Mailboxes {
			if m.Name != kept.Name && account(m) == account(kept) && account(m) != "" {
				key, name := known.mailboxes.key(kept.Name)
				r.wrong(key, "mailboxes."+name, "got the account of mailbox %s, want one of its own: a message there would be in both", m.Name)
			}
		}
	}
}
