package component_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/component"
	"github.com/mailpath/mailpath/probe"
)

func imap(e probe.Endpoint) probe.Checker { return component.IMAP("store", e) }

func TestIMAPInTheClear(t *testing.T) {
	const hangs = "Something in the server hangs"
	greeting := "say * OK [CAPABILITY IMAP4rev1] ready"
	in := script{greeting, "hear", "say %T OK [CAPABILITY IMAP4rev1] in", "hear", "say * BYE\r\n%T OK bye"}
	for name, c := range map[string]struct {
		user string
		script
		wanted
		heard string // the commands, without their tags
	}{
		"all is well": {"probe", in,
			wanted{probe.FindingOK, `greeted and let "probe" in, in 0 ms (longest: login 0 ms)`, "", 0}, `LOGIN "probe" "a secret", LOGOUT`},
		"nobody logs in": {"", script{greeting, "hear", "say * BYE\r\n%T OK bye"},
			wanted{probe.FindingOK, "greeted in 0 ms; nobody logged in, because no mailbox is configured at this server", "", 0}, "LOGOUT"},
		"no answer to LOGOUT": {"", script{greeting, "hear", "silence"},
			wanted{probe.FindingOK, "greeted in 0 ms; nobody logged in, because no mailbox is configured at this server", "", time.Second}, "LOGOUT"},
		"nobody listens": {"", nil,
			wanted{probe.FindingFailed, "refused the connection: the machine is up and nothing listens at the port, want a connection", "See whether the service runs", 0}, ""},
		"no greeting": {"", script{"silence"},
			wanted{probe.FindingFailed, "accepted the connection, no greeting for 15 s: the server is up and does not answer", hangs, 15 * time.Second}, ""},
		"half a greeting": {"", script{"part * OK", "silence"},
			wanted{probe.FindingFailed, "accepted the connection, no greeting for 30 s: the server is up and does not answer", hangs, 30 * time.Second}, ""},
		"one byte per second": {"", script{"slow * OK " + strings.Repeat("x", 100), "silence"},
			wanted{probe.FindingFailed, "accepted the connection, no greeting for 30 s: the server is up and does not answer", hangs, 30 * time.Second}, ""},
		"too busy": {"probe", script{"say * BYE too many connections"},
			wanted{probe.FindingFailed, `did not greet as it should: greeting: waiting for the greeting: got "* BYE too many connections", want * OK`, "server's log", 0}, ""},
		"another protocol": {"probe", script{"say 220 mx ready", "hear"},
			wanted{probe.FindingFailed, `did not greet as it should: greeting: waiting for the greeting: got "220 mx ready", want * OK`, "no mail server", 0}, ""},
		"a line without end": {"probe", script{"endless * OK " + strings.Repeat("x", 1000)},
			wanted{probe.FindingFailed, "did not greet as it should: greeting: waiting for the greeting: the server's line has no end: got more than 1 MiB", "server's log", 0}, ""},
		"no answer to the login": {"probe", script{greeting, "hear", "silence"},
			wanted{probe.FindingFailed, "greeted, and then no answer in the phase login for 15 s: the server is up and does not answer", hangs, 15 * time.Second}, `LOGIN "probe" "a secret"`},
		"a wrong password": {"probe", script{greeting, "hear", "say %T NO [AUTHENTICATIONFAILED] no", "hear", "say * BYE\r\n%T OK bye"},
			wanted{probe.FindingUnknown, `could not ask: login: the probe's own trouble: logging in: user "probe": imap: NO [AUTHENTICATIONFAILED] - no: check the user name and the password's file or variable`, "on the machine that mailpath runs on", 0}, `LOGIN "probe" "a secret", LOGOUT`},
		"nothing to check passwords with": {"probe", script{greeting, "hear", "say %T NO [UNAVAILABLE] later", "hear", "say * BYE\r\n%T OK bye"},
			wanted{probe.FindingFailed, `greeted, and then login: logging in: user "probe": imap: NO [UNAVAILABLE] - later: check the user name and the password's file or variable`, "such as a directory", 0}, `LOGIN "probe" "a secret", LOGOUT`},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{script: c.script}
			checked := s.ask(t, endpoint("imap.test:143", c.user, ""), imap)
			c.hold(t, checked)
			if got := withoutTags(s.words()); got != c.heard {
				t.Errorf("the server heard %q, want %q", got, c.heard)
			}
			if f := checked.Finding; f.Check != "imap" || f.Target != "imap.test:143" || f.Component != "store" {
				t.Errorf("got %+v, want the check imap of imap.test:143 in store", f)
			}
		})
	}
}

func endpoint(server, user, caFile string) probe.Endpoint {
	return probe.Endpoint{Server: server, TLS: probe.NoTLS, CAFile: caFile, Username: user,
		Password: func() (string, error) { return "a secret", nil }}
}

// withoutTags takes off the first word of each line that was heard.
func withoutTags(heard string) string {
	lines := strings.Split(heard, ", ")
	for i, line := range lines {
		_, lines[i], _ = strings.Cut(line, " ")
	}
	return strings.Join(lines, ", ")
}

func TestIMAPEncrypted(t *testing.T) {
	all := newCertificates(t)
	hello := script{"say * OK [CAPABILITY IMAP4rev1 STARTTLS] ready", "hear", "say %T OK go", "tls",
		"hear", "say * CAPABILITY IMAP4rev1\r\n%T OK", "hear", "say %T OK [CAPABILITY IMAP4rev1] in", "hear", "say * BYE\r\n%T OK bye"}
	for name, c := range map[string]struct {
		mode        probe.TLSMode
		certificate tls.Certificate
		script
		wanted
		until time.Time
	}{
		"starttls": {probe.StartTLS, all.good(t, days, 30*days, "imap.test"), hello,
			wanted{probe.FindingOK, `greeted and let "probe" in, in 0 ms (longest: login 0 ms)`, "", 0}, begin().Add(30 * days)},
		"from the first byte": {probe.ImplicitTLS, all.good(t, days, 30*days, "imap.test"), append(script{"tls", "say * OK ready"}, hello[4:]...),
			wanted{probe.FindingOK, `greeted and let "probe" in, in 0 ms (longest: login 0 ms)`, "", 0}, begin().Add(30 * days)},
		"expired": {probe.ImplicitTLS, all.good(t, 2*days, -days, "imap.test"), script{"tls"},
			wanted{probe.FindingFailed, "the certificate of imap.test expired on 1999-12-31 00:00 UTC, 1 day ago, want one that is good now", "Renew", 0}, begin().Add(-days)},
		"no handshake": {probe.ImplicitTLS, tls.Certificate{}, script{"silence"},
			wanted{probe.FindingFailed, "accepted the connection, no greeting for 15 s: the server is up and does not answer", "hangs", 15 * time.Second}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{script: c.script, certificate: c.certificate}
			e := endpoint("imap.test:993", "probe", all.file)
			e.TLS = c.mode
			checked := s.ask(t, e, imap)
			c.hold(t, checked)
			if !checked.NotAfter.Equal(c.until) {
				t.Errorf("got a certificate until %v, want %v", checked.NotAfter, c.until)
			}
		})
	}
}

// A password that cannot be read says nothing of the server.
func TestOwnTroubleIsUnknown(t *testing.T) {
	e := endpoint("imap.test:143", "probe", "")
	e.Password = func() (string, error) { return "", errors.New("no such file") }
	s := &server{script: script{"say * OK [CAPABILITY IMAP4rev1] ready", "hear", "say * BYE\r\n%T OK bye"}}
	checked := s.ask(t, e, imap)
	wanted{probe.FindingUnknown, "could not ask: login: logging in: the probe's own trouble: no such file", "nothing is known of the component", 0}.hold(t, checked)
}
