package component_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/component"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

func smtp(e probe.Endpoint) probe.Checker { return component.SMTP("gateway", e, "probe.example.org") }

// What a server in the clear does, what is said of it, and what it heard.
func TestSMTPInTheClear(t *testing.T) {
	const hangs = "Something in the server hangs"
	for name, c := range map[string]struct {
		script
		wanted
		heard string
	}{
		"all is well": {script{"say 220 mx", "hear", "say 250 mx", "hear", "say 250 ok", "hear", "say 221 bye"},
			wanted{probe.FindingOK, "greeted and answered in 0 ms (longest: noop 0 ms)", "", 0}, "EHLO probe.example.org, NOOP, QUIT"},
		"a slow banner": {script{"wait 6s", "say 220 mx", "hear", "say 250 mx", "hear", "say 250 ok", "hear", "say 221 bye"},
			wanted{probe.FindingWarning, "the banner took 6 s, want at most 5 s", "the server's load", 6 * time.Second}, "EHLO probe.example.org, NOOP, QUIT"},
		"one byte per second": {script{"slow 220 mx", "hear", "say 250 mx", "hear", "say 250 ok", "hear"},
			wanted{probe.FindingWarning, "the banner took 8 s, want at most 5 s", "the server's load", 8 * time.Second}, "EHLO probe.example.org, NOOP, QUIT"},
		"HELO alone": {script{"say 220 mx", "hear", "say 502 what", "hear", "say 250 mx", "hear", "say 250 ok", "hear", "say 221 bye"},
			wanted{probe.FindingOK, "greeted and answered in 0 ms (longest: noop 0 ms)", "", 0}, "EHLO probe.example.org, HELO probe.example.org, NOOP, QUIT"},
		"no answer to QUIT": {script{"say 220 mx", "hear", "say 250 mx", "hear", "say 250 ok", "hear", "silence"},
			wanted{probe.FindingOK, "greeted and answered in 0 ms (longest: noop 0 ms)", "", 2 * time.Second}, "EHLO probe.example.org, NOOP, QUIT"},
		"nobody listens": {nil,
			wanted{probe.FindingFailed, "refused the connection: the machine is up and nothing listens at the port, want a connection", "See whether the service runs", 0}, ""},
		"no banner": {script{"silence"},
			wanted{probe.FindingFailed, "accepted the connection, no banner for 30 s: the server is up and does not answer", hangs, 30 * time.Second}, ""},
		"half a banner": {script{"part 220 m", "silence"},
			wanted{probe.FindingFailed, "began to answer and did not come to an end within 30 s, in the phase banner, want a whole answer", hangs, 30 * time.Second}, ""},
		"half a banner, and gone": {script{"part 220 m"},
			wanted{probe.FindingFailed, `the dialogue broke off at banner: the server closed the connection within a line: got "220 m"`, "server's log", 0}, ""},
		"too busy": {script{"say 421 4.3.2 too many connections", "hear", "say 221 bye"},
			wanted{probe.FindingFailed, `turned away with the banner "421 4.3.2 too many connections", want 220`, "limits on connections", 0}, "QUIT"},
		"no mail here": {script{"say 554 no mail from you", "hear", "say 221 bye"},
			wanted{probe.FindingFailed, `turned away with the banner "554 no mail from you", want 220`, "a list that this machine's address is on", 0}, "QUIT"},
		"another protocol": {script{"say SSH-2.0-OpenSSH_9.2", "hear"},
			wanted{probe.FindingFailed, `the dialogue broke off at banner: got "SSH-2.0-OpenSSH_9.2", want a reply: a code from 200 to 599 and a text (RFC 5321 section 4.2)`, "no mail server", 0}, ""},
		"an endless banner": {script{"flood 220-and so on"},
			wanted{probe.FindingFailed, "the dialogue broke off at banner: got more than 64 KiB of answers in one attempt, want a few lines to each command", "no mail server", 0}, ""},
		"an endless banner, slowly": {script{"slow 220-" + strings.Repeat("x", 100)},
			wanted{probe.FindingFailed, "began to answer and did not come to an end within 30 s, in the phase banner, want a whole answer", hangs, 30 * time.Second}, ""},
		"EHLO is refused": {script{"say 220 mx", "hear", "say 550 go away", "hear", "say 221 bye"},
			wanted{probe.FindingFailed, `answered EHLO with "550 go away", want 250`, "log says why", 0}, "EHLO probe.example.org, QUIT"},
		"no answer to NOOP": {script{"say 220 mx", "hear", "say 250 mx", "hear", "wait 1s", "silence"},
			wanted{probe.FindingFailed, "greeted, and then no answer to NOOP for 30 s: the server is up and does not answer", hangs, 30 * time.Second}, "EHLO probe.example.org, NOOP"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{script: c.script}
			checked := s.ask(t, probe.Endpoint{Server: "mx.test:25", TLS: probe.NoTLS}, smtp)
			c.hold(t, checked)
			if got := s.words(); got != c.heard {
				t.Errorf("the server heard %q, want %q", got, c.heard)
			}
			if f := checked.Finding; f.Check != "smtp" || f.Target != "mx.test:25" || f.Component != "gateway" || !checked.NotAfter.IsZero() {
				t.Errorf("got %+v, want the check smtp of mx.test:25 in gateway, and no certificate", checked)
			}
		})
	}
}

// Where encryption is only offered, what is wrong with it is a warning: mail passes.
func TestSMTPEncrypted(t *testing.T) {
	all := newCertificates(t)
	good := all.good(t, days, 30*days, "mx.test")
	foreign := newCertificates(t).good(t, days, 30*days, "mx.test")
	end := begin().Add(30 * days)
	const untrusted = `the certificate of mx.test is signed by "CN=mailpath lab authority", which is not trusted here, want an authority that is`
	hello := script{"say 220 mx", "hear", "say 250-mx\r\n250 STARTTLS", "hear"}
	whole := append(append(script{}, hello...), "say 220 go", "tls", "hear", "say 250 mx", "hear", "say 250 ok", "hear", "say 221 bye")
	for name, c := range map[string]struct {
		mode        probe.TLSMode
		certificate tls.Certificate
		script
		wanted
		until time.Time
	}{
		"offered and good": {smtpsend.WhenOffered, good, whole,
			wanted{probe.FindingOK, "greeted and answered in 0 ms (longest: noop 0 ms)", "", 0}, end},
		"required and good": {probe.StartTLS, good, whole,
			wanted{probe.FindingOK, "greeted and answered in 0 ms (longest: noop 0 ms)", "", 0}, end},
		"from the first byte": {probe.ImplicitTLS, good, script{"tls", "say 220 mx", "hear", "say 250 mx", "hear", "say 250 ok", "hear", "say 221 bye"},
			wanted{probe.FindingOK, "greeted and answered in 0 ms (longest: noop 0 ms)", "", 0}, end},
		"offered and untrusted": {smtpsend.WhenOffered, foreign, whole,
			wanted{probe.FindingWarning, "answers, and " + untrusted + ": servers that insist hold their mail", "ca_file", 0}, end},
		"required and untrusted": {probe.StartTLS, foreign, whole,
			wanted{probe.FindingFailed, untrusted, "ca_file", 0}, end},
		"for another name": {probe.StartTLS, all.good(t, days, days, "mx.example.net"), whole,
			wanted{probe.FindingFailed, "the certificate is for mx.example.net, want it for mx.test", "Name the server as its certificate does", 0}, begin().Add(days)},
		"expired": {probe.StartTLS, all.good(t, 3*days, -2*days, "mx.test"), whole,
			wanted{probe.FindingFailed, "the certificate of mx.test expired on 1999-12-30 00:00 UTC, 2 days ago, want one that is good now", "Renew the certificate now", 0}, begin().Add(-2 * days)},
		"not good yet": {probe.StartTLS, all.good(t, -days, 2*days, "mx.test"), whole,
			wanted{probe.FindingFailed, "the certificate is not good before 2000-01-02 00:00 UTC, want one that is good now", "clocks", 0}, begin().Add(2 * days)},
		"expired, where it is only offered": {smtpsend.WhenOffered, all.good(t, 3*days, -time.Hour, "mx.test"), whole,
			wanted{probe.FindingWarning, "answers, and the certificate of mx.test expired on 1999-12-31 23:00 UTC, 1 hour ago, want one that is good now: servers that insist hold their mail", "Renew", 0}, begin().Add(-time.Hour)},
		"not offered": {smtpsend.WhenOffered, good, script{"say 220 mx", "hear", "say 250 mx", "hear", "say 250 mx", "hear", "say 250 ok", "hear", "say 221 bye"},
			wanted{probe.FindingOK, "greeted and answered in 0 ms (longest: noop 0 ms)", "", 0}, time.Time{}},
		"required and not offered": {probe.StartTLS, good, script{"say 220 mx", "hear", "say 250 mx", "hear", "say 221 bye"},
			wanted{probe.FindingFailed, "the dialogue broke off at ehlo: the server does not offer STARTTLS: is tls: implicit or none meant?", "server's log", 0}, time.Time{}},
		"offered and refused": {smtpsend.WhenOffered, good, append(append(script{}, hello...), "say 454 not now", "hear", "say 221 bye"),
			wanted{probe.FindingWarning, `offers STARTTLS and answers it with "454 not now", want 220`, "why it does not encrypt", 0}, time.Time{}},
		"required and refused": {probe.StartTLS, good, append(append(script{}, hello...), "say 454 not now", "hear", "say 221 bye"),
			wanted{probe.FindingFailed, `offers STARTTLS and answers it with "454 not now", want 220`, "why it does not encrypt", 0}, time.Time{}},
		"a handshake without end": {smtpsend.WhenOffered, good, append(append(script{}, hello...), "say 220 go", "silence"),
			wanted{probe.FindingFailed, "began to encrypt and did not come to an end within 30 s: the server is up and does not answer", "hangs", 30 * time.Second}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{script: c.script, certificate: c.certificate}
			checked := s.ask(t, probe.Endpoint{Server: "mx.test:25", TLS: c.mode, CAFile: all.file}, smtp)
			c.hold(t, checked)
			if !checked.NotAfter.Equal(c.until) {
				t.Errorf("got a certificate until %v, want %v", checked.NotAfter, c.until)
			}
			if strings.Contains(s.words(), "MAIL") {
				t.Errorf("the server heard %q, want no mail", s.words())
			}
		})
	}
}
