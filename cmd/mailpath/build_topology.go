package main

import (
	"net"
	"path"
	"slices"
	"strings"

	"github.com/mailpath/mailpath/checks/component"
	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/trace"
)

// buildTopology is who passes what, of the routes that are probed.
func buildTopology(cfg *config.Config, probes []probe.Probe) diagnosis.Topology {
	var t diagnosis.Topology
	for _, c := range cfg.Components {
		t.Components = append(t.Components, diagnosis.Component{Name: c.Name, Title: c.Title})
	}
	for _, r := range routesOf(probes) {
		server := serverOf(cfg, r.Sender)
		t.Routes = append(t.Routes, diagnosis.Route{
			Name: r.Name, Path: r.Path, Entry: entryOf(cfg, r.Path, server), Server: server, Direction: r.Direction, Mailbox: r.Mailbox,
		})
	}
	return t
}

// buildTracing is which hosts belong to which component, and the ways through them: of all
// routes, since mail takes those without a probe, too.
func buildTracing(cfg *config.Config) trace.Config {
	t := trace.Config{Paths: make(map[string][]string)}
	for _, c := range cfg.Components {
		t.Components = append(t.Components, trace.Component{Name: c.Name, ReceivedBy: c.ReceivedBy})
	}
	for _, r := range cfg.Routes {
		t.Paths[r.Name] = r.Path
	}
	return t
}

// buildTrail makes the reader of what the servers on the way wrote into a message. Of
// who sent it, it believes the servers that the message's mailbox trusts.
func buildTrail(mailboxes []config.Mailbox) func(probe.Observation) probe.Trail {
	trusted := make(map[string][]string, len(mailboxes))
	for _, m := range mailboxes {
		trusted[m.Name] = m.AuthservIDs
	}
	return func(o probe.Observation) probe.Trail {
		t := trace.Read(o.Header)
		return probe.Trail{Hops: t.Hops(), Auth: t.Authentication(trusted[o.Mailbox])}
	}
}

func serverOf(cfg *config.Config, sender string) string {
	for _, s := range cfg.Senders {
		if s.Name == sender {
			return s.SMTP.Server
		}
	}
	return ""
}

// entryOf is the component of a path whose server takes the mail from us: the one that
// is checked at that server, or that a Received field of that host would name; else the
// first.
func entryOf(cfg *config.Config, route []string, server string) string {
	host, _, _ := net.SplitHostPort(server)
	for _, name := range route {
		i := slices.IndexFunc(cfg.Components, func(c config.Component) bool { return c.Name == name })
		if i >= 0 && isAt(cfg.Components[i], server, host) {
			return name
		}
	}
	return ""
}

func isAt(c config.Component, server, host string) bool {
	for _, check := range c.Checks {
		if check.Kind == component.KindSMTP && strings.EqualFold(check.Target, server) {
			return true
		}
	}
	return slices.ContainsFunc(c.ReceivedBy, func(pattern string) bool {
		matches, err := path.Match(strings.ToLower(pattern), strings.ToLower(host))
		return err == nil && matches
	})
}
