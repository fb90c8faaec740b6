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
