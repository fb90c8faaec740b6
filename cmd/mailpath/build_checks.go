package main

import (
	"net"
	"strings"

	"github.com/mailpath/mailpath/checks/component"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// buildChecks makes the checks of a configuration, in its order.
func buildChecks(cfg *config.Config, clock probe.Clock) []component.Check {
	var checks []component.Check
	for _, c := range cfg.Components {
		for _, k := range c.Checks {
			checks = append(checks, buildCheck(cfg, c.Name, k, clock))
		}
	}
	return checks
}

func buildCheck(cfg *config.Config, name string, k config.Check, clock probe.Clock) component.Check {
	e := probe.Endpoint{Server: k.Target, Clock: clock}
	switch k.Kind {
	case component.KindSMTP:
		e, ehlo := asSender(cfg, e)
		return component.SMTP(name, e, ehlo)
	case component.KindIMAP:
		return component.IMAP(name, asMailbox(cfg, e))
	case component.KindTLS:
		e, ehlo := asSender(cfg, e)
		if e.CAFile == "" {
			e.CAFile = asMailbox(cfg, e).CAFile
		}
		return component.TLS(name, e, ehlo)
	case component.KindPrometheus:
		q := k.Query
		return component.Prometheus(name, component.Query{URL: q.URL, Query: q.Query, Threshold: q.Threshold, Below: q.Below, Means: q.Means}, clock)
	}
	return component.TCP(name, e)
}

// asSender reaches an SMTP server as the first sender there does, save that nobody
// logs in; without one, as others do by its port (RFC 8314 section 3, RFC 7435).
func asSender(cfg *config.Config, e probe.Endpoint) (as probe.Endpoint, ehlo string) {
	for _, s := range cfg.Senders {
		if strings.EqualFold(s.SMTP.Server, e.Server) {
			e.TLS, e.CAFile = s.SMTP.TLS, s.SMTP.CAFile
			return e, s.SMTP.EHLO
		}
	}
	e.TLS = smtpsend.WhenOffered
	switch port(e.Server) {
	case "465":
		e.TLS = probe.ImplicitTLS
	case "587":
		e.TLS = probe.StartTLS
	}
	return e, cfg.Senders[0].SMTP.EHLO
}

// asMailbox reaches an IMAP server as the first mailbox there does. Without one nobody
// logs in, so that the greeting at port 143 needs no TLS.
func asMailbox(cfg *config.Config, e probe.Endpoint) probe.Endpoint {
	for _, m := range cfg.Mailboxes {
		if strings.EqualFold(m.IMAP.Server, e.Server) {
			e.TLS, e.CAFile = m.IMAP.TLS, m.IMAP.CAFile
			return withAuth(e, m.IMAP.Auth)
		}
	}
	e.TLS = probe.ImplicitTLS
	if port(e.Server) == "143" {
		e.TLS = probe.NoTLS
	}
	return e
}

func port(server string) string {
	_, port, _ := net.SplitHostPort(server)
	return port
}
