package world

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Components gives the components, from outside to inside and out again.
func Components() []string {
	return []string{internet, gatewayIn, antispam, storeHQ, linkBranch, storeBranch, gatewayOut}
}

const (
	internet    = "internet"
	gatewayIn   = "gateway-in"
	antispam    = "antispam"
	storeHQ     = "store-hq"
	linkBranch  = "link-branch"
	storeBranch = "store-branch"
	gatewayOut  = "gateway-out"
)

// The mailboxes.
const (
	hq       = "hq"
	branch   = "branch"
	provider = "provider"

	// quarantine is where the anti-spam filter puts what it will not hand on. No mail
	// can be sent to it.
	quarantine = "quarantine"
)

// plan is how a stage is built. The link has no host and writes nothing into the
// mail: it is a line, not a server.
type plan struct {
	component string
	host      host  // that takes mail in
	final     host  // that takes mail in for a mailbox of this stage; zero: host
	imap      host  // of the mailbox server, if there is one
	arrival   trace // what is written when mail comes
	departure trace // what is written when mail goes on; nil: nothing
}

// plans gives the stages. The company's clocks show Central European winter time,
// the provider's UTC, so that readers of the mail have zones to get wrong.
func plans() []plan {
	cet := time.FixedZone("CET", 3600)
	at := func(name, ip string) host { return host{name: name, ip: ip, zone: cet} }
	outside := func(name, ip string) host { return host{name: name, ip: ip, zone: time.UTC} }
	return []plan{
		{component: internet, host: outside("smtp.provider.example", "198.51.100.25"), final: outside("mx.provider.example", "198.51.100.26"),
			imap: outside("imap.provider.example", "198.51.100.27"), arrival: eximReceived},
		{component: gatewayIn, host: at("mx1.example.com", "203.0.113.25"), arrival: symantecReceived},
		{component: antispam, host: at("antispam.example.com", "192.0.2.24"), imap: at("quarantine.example.com", "192.0.2.25"), arrival: postfixReceived, departure: amavisReceived},
		{component: storeHQ, host: at("mail.hq.example.com", "192.0.2.10"), imap: at("imap.hq.example.com", "192.0.2.11"), arrival: postfixReceived},
		{component: linkBranch},
		{component: storeBranch, host: at("mail.branch.example.com", "192.0.2.130"), imap: at("imap.branch.example.com", "192.0.2.131"), arrival: postfixReceived},
		{component: gatewayOut, host: at("out1.example.com", "203.0.113.26"), arrival: postfixReceived},
	}
}

// account is a mailbox and who may read it and send from it.
type account struct {
	mailbox            string
	address            string
	username, password string
	stage              string // where the mailbox is
}

// accounts gives the mailboxes. The users' names are not their addresses, as in most
// companies, so that whoever takes one for the other is found out.
func accounts() []account {
	return []account{
		{mailbox: hq, address: "mailpath-in@example.com", username: "mailpath-in", password: "walnut-harbour-hq", stage: storeHQ},
		{mailbox: branch, address: "mailpath-b@branch.example.com", username: "mailpath-b", password: "copper-meadow-branch", stage: storeBranch},
		{mailbox: provider, address: "mailpath@provider.example", username: "mailpath", password: "violet-canyon-provider", stage: internet},
		{mailbox: quarantine, address: "quarantine@example.com", username: "mailpath-q", password: "granite-lagoon-quarantine", stage: antispam},
	}
}

// nextStages gives, for each mailbox, those of a crowd among them, which stage follows
// which. A stage that is not there refuses to relay; the mailbox's own stage is the last.
func nextStages(size int) map[string]map[string]string {
	toHQ := map[string]string{internet: gatewayIn, gatewayIn: antispam, antispam: storeHQ, storeBranch: linkBranch, linkBranch: storeHQ, storeHQ: ""}
	toBranch := map[string]string{internet: gatewayIn, gatewayIn: antispam, antispam: storeHQ, storeHQ: linkBranch, linkBranch: storeBranch, storeBranch: ""}
	toProvider := map[string]string{storeBranch: linkBranch, linkBranch: storeHQ, storeHQ: gatewayOut, gatewayOut: internet, internet: ""}
	next := map[string]map[string]string{hq: toHQ, branch: toBranch, provider: toProvider}
	for _, a := range crowd(size) {
		next[a.mailbox] = toHQ
	}
	return next
}

// homeStages gives nextStages with what the stages need beside for mail that they write
// themselves, reports and answers, which must reach all senders from wherever it begins:
// both sides of the gateway send out through the outbound one, which hands mail for the
// company to its mailbox server.
func homeStages(size int) map[string]map[string]string {
	home := nextStages(size)
	for mailbox, next := range home {
		if mailbox == provider {
			next[gatewayIn], next[antispam] = gatewayOut, gatewayOut
		} else {
			next[gatewayOut] = storeHQ
		}
	}
	return home
}

// entryPlan is an SMTP server where mail comes in from outside the world. With an
// account it is a submission server, which wants authentication.
type entryPlan struct {
	stage   string
	account string // a mailbox's name; empty: anybody
}

func entryPlans() []entryPlan {
	return []entryPlan{{internet, provider}, {gatewayIn, ""}, {antispam, ""}, {storeHQ, hq}, {storeBranch, branch}}
}

// Sender is somebody who sends along routes: where, and as whom.
type Sender struct {
	Name               string
	Entry              string // the component whose SMTP server is spoken to
	From               string
	Username, Password string // empty: without authentication
}

// Senders gives the senders that the routes name.
func (w *World) Senders() []Sender {
	sender := func(name, entry, mailbox string) Sender {
		address, username, password := w.Account(mailbox)
		return Sender{Name: name, Entry: entry, From: address, Username: username, Password: password}
	}
	pastAV := sender("past-av", antispam, provider)
	pastAV.Username, pastAV.Password = "", ""
	return []Sender{sender("outside", internet, provider), pastAV, sender("hq", storeHQ, hq), sender("branch", storeBranch, branch)}
}

// Routes gives the routes on which the components can be told apart.
func (w *World) Routes() []probe.Route {
	from := make(map[string]string)
	for _, s := range w.Senders() {
		from[s.Name] = s.From
	}
	route := func(name string, d probe.Direction, sender, mailbox string, path ...string) probe.Route {
		to, _, _ := w.Account(mailbox)
		return probe.Route{Name: name, Direction: d, Sender: sender, Mailbox: mailbox, Path: path, From: from[sender], To: to}
	}
	return []probe.Route{
		route("outside-to-hq", probe.Inbound, "outside", hq, internet, gatewayIn, antispam, storeHQ),
		route("past-av-to-hq", probe.Inbound, "past-av", hq, antispam, storeHQ),
		route("inside-hq", probe.Internal, "hq", hq, storeHQ),
		route("inside-branch", probe.Internal, "branch", branch, storeBranch),
		route("hq-to-branch", probe.SiteToSite, "hq", branch, storeHQ, linkBranch, storeBranch),
		route("hq-to-outside", probe.Outbound, "hq", provider, storeHQ, gatewayOut, internet),
	}
}

// Hosts gives the names that a component's hosts have in Received fields; the link
// has none.
func (w *World) Hosts(component string) []string {
	var names []string
	for _, p := range plans() {
		for _, h := range []host{p.host, p.final, p.imap} {
			if p.component == component && h.name != "" {
				names = append(names, h.name)
			}
		}
	}
	return names
}
