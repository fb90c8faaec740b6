package main

import (
	"context"
	"net"
	"slices"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/report"
	"github.com/mailpath/mailpath/probe/smtpsend"
	"github.com/mailpath/mailpath/probe/trace"
)

// dialer replaces the network; nil is TCP.
type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// buildWorld makes probes, senders and watchers for the routes of a mail world.
func buildWorld(w *world.World, dial dialer, keys *probe.Keyring, clock probe.Clock) parts {
	p := newParts()
	p.topology, p.tracing, p.updateEvery = worldTopology(w), worldTracing(w), demoStatus.UpdateEvery
	var from []string
	for _, s := range w.Senders() {
		from = append(from, s.From)
		p.senders[s.Name] = smtpsend.New(smtpsend.Config{
			Endpoint: worldEndpoint(w.SMTP(s.Entry), s.Username, s.Password, dial, clock),
			EHLO:     "probe.mailpath.example",
		})
	}
	for _, r := range w.Routes() {
		p.probes = append(p.probes, probe.Probe{
			Route: r, Payload: payload.Plain(), Every: demoEvery,
			LateAfter: demoLateAfter, LostAfter: demoLostAfter, Expect: probe.ExpectDelivered,
		})
	}
	matcher := probe.NewMatcher(keys, from, report.Reader{})
	mailboxes := worldMailboxes(p.probes)
	p.asides, p.windows = watched(mailboxes, p.probes)
	for _, m := range mailboxes {
		_, username, password := w.Account(m.Name)
		cfg := imapwatch.Config{
			Endpoint: worldEndpoint(w.IMAP(m.Name), username, password, dial, clock),
			Mailbox:  m.Name, Folders: []string{"INBOX", imapwatch.JunkFolder}, Matcher: matcher, Window: demoLostAfter, Bodies: true,
		}
		if m.Quarantine {
			cfg.Place = probe.Quarantine
		}
		w := imapwatch.New(cfg)
		p.watchers[m.Name], p.cleaners[m.Name] = w, w
	}
	return p
}

// worldMailboxes is where mail of the probes may turn up in a mail world.
func worldMailboxes(probes []probe.Probe) []config.Mailbox {
	all := []config.Mailbox{{Name: "quarantine", Quarantine: true}}
	for _, p := range probes {
		m := config.Mailbox{Name: p.Route.Mailbox, Address: p.Route.To}
		if !slices.ContainsFunc(all, func(known config.Mailbox) bool { return known.Name == m.Name }) {
			all = append(all, m)
		}
	}
	return all
}

// worldTopology is who passes what in a mail world, and what people call it.
func worldTopology(w *world.World) diagnosis.Topology {
	titles := map[string]string{
		"internet": "the Internet and our MX records", "gateway-in": "the gateway's inbound filter", "antispam": "the anti-spam filter",
		"store-hq": "the mailbox server at headquarters", "link-branch": "the link to the branch office",
		"store-branch": "the mailbox server at the branch", "gateway-out": "the gateway's outbound side",
	}
	entries := make(map[string]string)
	for _, s := range w.Senders() {
		entries[s.Name] = s.Entry
	}
	var t diagnosis.Topology
	for _, name := range world.Components() {
		t.Components = append(t.Components, diagnosis.Component{Name: name, Title: titles[name]})
	}
	for _, r := range w.Routes() {
		t.Routes = append(t.Routes, diagnosis.Route{
			Name: r.Name, Path: r.Path, Entry: entries[r.Sender], Server: w.SMTP(entries[r.Sender]), Direction: r.Direction, Mailbox: r.Mailbox,
		})
	}
	return t
}

// worldTracing is which hosts of a mail world belong to which component.
func worldTracing(w *world.World) trace.Config {
	t := trace.Config{Paths: make(map[string][]string)}
	for _, name := range world.Components() {
		t.Components = append(t.Components, trace.Component{Name: name, ReceivedBy: w.Hosts(name)})
	}
	for _, r := range w.Routes() {
		t.Paths[r.Name] = r.Path
	}
	return t
}

func worldEndpoint(server, username, password string, dial dialer, clock probe.Clock) probe.Endpoint {
	return probe.Endpoint{
		Server: server, TLS: probe.NoTLS, Username: username, Clock: clock, Dial: dial,
		Password: func() (string, error) { return password, nil },
	}
}
