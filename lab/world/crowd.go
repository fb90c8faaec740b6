package world

import (
	"fmt"

	"github.com/mailpath/mailpath/probe"
)

// crowd gives the accounts of further mailboxes at headquarters.
func crowd(size int) []account {
	accounts := make([]account, size)
	for i := range accounts {
		n := fmt.Sprintf("%04d", i+1)
		accounts[i] = account{
			mailbox: "crowd-" + n, address: "crowd-" + n + "@example.com",
			username: "user-" + n, password: "maple-quarry-" + n, stage: storeHQ,
		}
	}
	return accounts
}

// everybody gives all accounts of a world with a crowd.
func everybody(size int) []account { return append(accounts(), crowd(size)...) }

// Crowd gives the names of the mailboxes that Config.Crowd asks for.
func (w *World) Crowd() []string {
	var names []string
	for _, a := range crowd(w.cfg.Crowd) {
		names = append(names, a.mailbox)
	}
	return names
}

// CrowdSender is who sends to the crowd: somebody outside, straight to the gateway,
// which wants no authentication.
func (w *World) CrowdSender() Sender {
	from, _, _ := w.Account(provider)
	return Sender{Name: "crowd", Entry: gatewayIn, From: from}
}

// CrowdRoutes gives routes from CrowdSender to the crowd, so many to each mailbox.
// All take the same way; a prober cannot know.
func (w *World) CrowdRoutes(each int) []probe.Route {
	sender := w.CrowdSender()
	var routes []probe.Route
	for _, a := range crowd(w.cfg.Crowd) {
		for n := range each {
			routes = append(routes, probe.Route{
				Name: fmt.Sprintf("%s-%d", a.mailbox, n+1), Direction: probe.Inbound, Sender: sender.Name, Mailbox: a.mailbox,
				Path: []string{gatewayIn, antispam, storeHQ}, From: sender.From, To: a.address,
			})
		}
	}
	return routes
}
