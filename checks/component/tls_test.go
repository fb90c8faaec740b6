package component_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/component"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

func certificate(e probe.Endpoint) probe.Checker {
	return component.TLS("gateway", e, "probe.example.org")
}

// Each port has its protocol, in which a certificate comes to be shown.
func TestTLSByPort(t *testing.T) {
	all := newCertificates(t)
	smtp := script{"say 220 mx", "hear", "say 250-mx\r\n250 STARTTLS", "hear", "say 220 go", "tls", "hear", "say 421 full"}
	for server, script := range map[string]script{
		"mx.test:25":   smtp,
		"mx.test:587":  smtp,
		"mx.test:465":  {"tls", "say 220 mx", "hear", "say 250 mx"},
		"mx.test:143":  {"say * OK [CAPABILITY IMAP4rev1 STARTTLS] ready", "hear", "say %T OK go", "tls", "hear", "say * CAPABILITY IMAP4rev1\r\n%T OK"},
		"mx.test:993":  {"tls", "say * OK [CAPABILITY IMAP4rev1] ready", "hear"},
		"mx.test:8443": {"tls"},
	} {
		t.Run(server, func(t *testing.T) {
			s := &peer{script: script, certificate: all.good(t, days, 60*days, "mx.test")}
			e := endpoint(server, "probe", all.file)
			e.TLS = smtpsend.WhenOffered
			checked := s.ask(t, e, certificate)
			wanted{probe.FindingOK, "the certificate is good for 60 days more, until 2000-03-01 00:00 UTC", "", 0}.hold(t, checked)
			if want := begin().Add(60 * days); !checked.NotAfter.Equal(want) || checked.Finding.Check != "tls" {
				t.Errorf("got %+v, want the check tls and a certificate until %v", checked, want)
			}
			if strings.Contains(s.words(), "LOGIN") {
				t.Errorf("the server heard %q, want no login", s.words())
			}
		})
	}
}

type peer = server

func TestTLSLifetime(t *testing.T) {
	all := newCertificates(t)
	for name, c := range map[string]struct {
		left time.Duration
		wanted
	}{
		"a month":       {30 * days, wanted{probe.FindingOK, "the certificate is good for 30 days more, until 2000-01-31 00:00 UTC", "", 0}},
		"21 days":       {21 * days, wanted{probe.FindingOK, "the certificate is good for 21 days more, until 2000-01-22 00:00 UTC", "", 0}},
		"less":          {21*days - time.Hour, wanted{probe.FindingWarning, "the certificate is good for 20 days more, until 2000-01-21 23:00 UTC; want more than 21 days", "Renew", 0}},
		"three days":    {3 * days, wanted{probe.FindingWarning, "the certificate is good for 3 days more, until 2000-01-04 00:00 UTC; want more than 21 days", "Renew", 0}},
		"less than 3":   {3*days - time.Hour, wanted{probe.FindingFailed, "the certificate is good for 2 days more, until 2000-01-03 23:00 UTC; want more than 3 days", "Renew", 0}},
		"hours":         {5 * time.Hour, wanted{probe.FindingFailed, "the certificate is good for 5 hours more, until 2000-01-01 05:00 UTC; want more than 3 days", "Renew", 0}},
		"minutes":       {59 * time.Minute, wanted{probe.FindingFailed, "the certificate is good for 59 minutes more, until 2000-01-01 00:59 UTC; want more than 3 days", "Renew", 0}},
		"none any more": {-time.Minute, wanted{probe.FindingFailed, "the certificate of mx.test expired on 1999-12-31 23:59 UTC, 1 minute ago, want one that is good now", "Renew", 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{script: script{"tls"}, certificate: all.good(t, 30*days, c.left, "mx.test")}
			checked := s.ask(t, endpoint("mx.test:8443", "", all.file), certificate)
			c.hold(t, checked)
		})
	}
}

func TestTLSWithoutACertificate(t *testing.T) {
	for name, c := range map[string]struct {
		at string
		script
		wanted
	}{
		"nobody listens":          {"mx.test:8443", nil, wanted{probe.FindingFailed, "refused the connection: the machine is up and nothing listens at the port, want a connection", "See whether", 0}},
		"no handshake":            {"mx.test:8443", script{"silence"}, wanted{probe.FindingFailed, "accepted the connection, no TLS handshake for 30 s: the server is up and does not answer", "hangs", 30 * time.Second}},
		"no TLS":                  {"mx.test:8443", script{"deaf", "say 220 mx"}, wanted{probe.FindingFailed, "does not get encrypted: tls: first record does not look like a TLS handshake", "speaks TLS from the first byte", 0}},
		"no banner":               {"mx.test:25", script{"silence"}, wanted{probe.FindingFailed, "accepted the connection, no banner for 30 s: the server is up and does not answer", "hangs", 30 * time.Second}},
		"no STARTTLS":             {"mx.test:25", script{"say 220 mx", "hear", "say 250 mx", "hear"}, wanted{probe.FindingFailed, "the dialogue broke off at ehlo: the server does not offer STARTTLS: is tls: implicit or none meant?", "server's log", 0}},
		"a greeting that is none": {"mx.test:143", script{"say * BYE"}, wanted{probe.FindingFailed, `did not greet as it should: greeting: waiting for the greeting: got "* BYE", want * OK`, "server's log", 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{script: c.script}
			checked := s.ask(t, endpoint(c.at, "", ""), certificate)
			c.hold(t, checked)
			if !checked.NotAfter.IsZero() {
				t.Errorf("got a certificate until %v, want none", checked.NotAfter)
			}
		})
	}
}

func TestACAFileThatIsNotThereIsUnknown(t *testing.T) {
	s := &server{script: script{"silence"}}
	checked := s.ask(t, endpoint("mx.test:8443", "", "/nowhere/at/all.pem"), certificate)
	wanted{probe.FindingUnknown, "could not ask: reading the CA file: the probe's own trouble: open /nowhere/at/all.pem: no such file or directory", "nothing is known", 0}.hold(t, checked)
}

func tcp(e probe.Endpoint) probe.Checker { return component.TCP("relay", e) }

func TestTCP(t *testing.T) {
	const packets, port = "See whether the machine is up", "See whether the service runs there"
	fails := func(errs ...error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) { return nil, errors.Join(errs...) }
	}
	call := func(n syscall.Errno) error { return fmt.Errorf("dial: %w", os.NewSyscallError("connect", n)) }
	hangs := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, c := range map[string]struct {
		dial func(context.Context, string, string) (net.Conn, error)
		wanted
	}{
		"connects":               {nil, wanted{probe.FindingOK, "took the connection in 0 ms", "", 0}},
		"refused":                {fails(call(syscall.ECONNREFUSED)), wanted{probe.FindingFailed, "refused the connection: the machine is up and nothing listens at the port, want a connection", port, 0}},
		"refused, and no IPv6":   {fails(call(syscall.ENETUNREACH), call(syscall.ECONNREFUSED)), wanted{probe.FindingFailed, "refused the connection: the machine is up and nothing listens at the port, want a connection", port, 0}},
		"no way":                 {fails(call(syscall.ENETUNREACH)), wanted{probe.FindingUnknown, "could not ask: this machine has no way to that network", "network of the machine that mailpath runs on", 0}},
		"no machine":             {fails(call(syscall.EHOSTUNREACH)), wanted{probe.FindingFailed, "the machine cannot be reached (no route to host), want a connection", packets, 0}},
		"swallowed":              {hangs, wanted{probe.FindingFailed, "no connection within 30 s: the machine is down or its packets are dropped, want a connection", packets, 30 * time.Second}},
		"no descriptors":         {fails(call(syscall.EMFILE)), wanted{probe.FindingUnknown, "could not ask: the probe's own trouble: dial: connect: too many open files", "on the machine that mailpath runs on", 0}},
		"no such name":           {fails(&net.DNSError{Name: "mx.test", IsNotFound: true}), wanted{probe.FindingFailed, "the name mx.test does not exist, want its address", "taken out of DNS", 0}},
		"no name server":         {fails(&net.DNSError{Name: "mx.test", Err: "server misbehaving", IsTemporary: true}), wanted{probe.FindingUnknown, "could not ask: the name mx.test could not be looked up: lookup mx.test: server misbehaving", "name servers", 0}},
		"something nobody knows": {fails(errors.New("it\x1b[2J exploded")), wanted{probe.FindingFailed, "no connection: it [2J exploded", packets, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			e := endpoint("mx.test:4190", "", "")
			e.Dial = c.dial
			checked := (&server{script: script{"silence"}}).ask(t, e, tcp)
			c.hold(t, checked)
		})
	}
}
