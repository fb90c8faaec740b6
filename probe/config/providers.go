package config

import (
	"net"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// provider is a mail service whose limits for one account are published. The figures are
// the providers' own, of 2026; where they depend on the contract, the usual one's.
type provider struct {
	title    string
	hosts    []string // names, or endings that begin with a dot
	domains  []string // of the addresses it is about; none: all
	sends    []probe.Limit
	receives []probe.Limit
}

const day = 24 * time.Hour

// providers gives all that are known; the first one that fits is meant.
func providers() []provider {
	return []provider{
		{
			title: "Exchange Online", hosts: []string{"smtp.office365.com", "outlook.office365.com", ".mail.protection.outlook.com"},
			sends:    []probe.Limit{{Messages: 30, In: time.Minute}, {Messages: 10_000, In: day}},
			receives: []probe.Limit{{Messages: 3600, In: time.Hour}},
		},
		{
			title: "Gmail", hosts: []string{"smtp.gmail.com", "imap.gmail.com"}, domains: []string{"gmail.com", "googlemail.com"},
			sends:    []probe.Limit{{Messages: 500, In: day}},
			receives: []probe.Limit{{Messages: 60, In: time.Minute}, {Messages: 3600, In: time.Hour}},
		},
		{
			title: "Google Workspace", hosts: []string{"smtp.gmail.com", "imap.gmail.com"},
			sends:    []probe.Limit{{Messages: 2000, In: day}},
			receives: []probe.Limit{{Messages: 60, In: time.Minute}, {Messages: 3600, In: time.Hour}},
		},
		{title: "Google's relay", hosts: []string{"smtp-relay.gmail.com"}, sends: []probe.Limit{{Messages: 10_000, In: day}}},
		{title: "iCloud", hosts: []string{"smtp.mail.me.com"}, sends: []probe.Limit{{Messages: 1000, In: day}}},
		{title: "Yahoo", hosts: []string{"smtp.mail.yahoo.com"}, sends: []probe.Limit{{Messages: 500, In: day}}},
	}
}

// providerOf is the provider behind a server, for an address; known is false if it is
// nobody's whose limits are known.
func providerOf(server, address string) (p provider, known bool) {
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		host = server
	}
	for _, p := range providers() {
		if p.serves(strings.ToLower(strings.TrimSuffix(host, "."))) && p.knows(strings.ToLower(domain(address))) {
			return p, true
		}
	}
	return provider{}, false
}

func (p provider) serves(host string) bool {
	for _, h := range p.hosts {
		if host == h || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h) {
			return true
		}
	}
	return false
}

func (p provider) knows(domain string) bool {
	for _, d := range p.domains {
		if d == domain {
			return true
		}
	}
	return len(p.domains) == 0
}
