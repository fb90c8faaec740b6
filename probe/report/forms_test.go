package report_test

import (
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/report"
)

const daemon = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.host.example\nTo: us@example.com\nSubject: "

// standard is a report with a delivery status and nothing else.
func standard(status string) (header, body string) {
	return daemon + "Mail\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n", "--b\n\nText.\n--b\nContent-Type: message/delivery-status\n\n" + status + "\n--b--\n"
}

func readText(header, body string) (probe.Report, bool) {
	r, _, ok := report.Reader{}.Read([]byte(header+"\n"), []byte(body))
	return r, ok
}

// Delivery statuses as they should and should not be.
func TestDeliveryStatus(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		want   probe.Report
	}{
		"two types, a port, a dot at the end": {
			"Reporting-MTA: DNS;MX.Example.NET.\n\nFinal-Recipient: RFC822 ; <a@b.example>\nAction: Failed\nStatus: 5.4.1 (no answer)\nRemote-MTA: dns;[192.0.2.7]:25\nDiagnostic-Code: X-PowerMTA; smtp;554  5.4.1\t no\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.4.1", Diagnostic: "smtp;554 5.4.1 no", Recipient: "a@b.example", Reporting: "mx.example.net", Remote: "[192.0.2.7]"},
		},
		"no empty line between the groups": {
			"Reporting-MTA: dns; mx.example.net\nFinal-Recipient: rfc822; a@b.example\nAction: delayed\nStatus: 4.2.0\nFinal-Recipient: rfc822; c@b.example\nAction: failed\nStatus: 5.2.2\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.2.2", Recipient: "c@b.example", Reporting: "mx.example.net"},
		},
		"an empty line below each field": {
			"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; a@b.example\n\nAction: failed\n\nStatus: 5.2.2\n\nDiagnostic-Code: smtp; 552 full\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.2.2", Diagnostic: "552 full", Recipient: "a@b.example", Reporting: "mx.example.net"},
		},
		"a status that says nothing": {
			"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.7.1 go\n 550 5.7.1 away\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.7.1", Diagnostic: "550-5.7.1 go 550 5.7.1 away", Recipient: "a@b.example", Reporting: "mx.example.net"},
		},
		"a status of another class than what was said": {
			"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 451 4.7.1 later\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.0.0", Diagnostic: "451 4.7.1 later", Recipient: "a@b.example", Reporting: "mx.example.net"},
		},
		"no status": {
			"Reporting-MTA: dns; mx.example.net\n\nOriginal-Recipient: rfc822;a@b.example\nAction: failed\nDiagnostic-Code: smtp; 550 no\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.0.0", Diagnostic: "550 no", Recipient: "a@b.example", Reporting: "mx.example.net"},
		},
		"no action, permanent": {
			"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822;a@b.example\nStatus: 5.1.1\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.1.1", Recipient: "a@b.example", Reporting: "mx.example.net"},
		},
		"an expansion": {
			"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822;a@b.example\nAction: expanded\nStatus: 2.1.5\n",
			probe.Report{Kind: probe.ReportExpanded, Status: "2.1.5", Recipient: "a@b.example", Reporting: "mx.example.net"},
		},
		"a name that is none": {
			"Reporting-MTA: dns; mx/1\n\nFinal-Recipient: rfc822;a@b.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx one\nReceived-From-MTA: dns; not.this.example\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.1.1", Recipient: "a@b.example", Reporting: "mx.host.example", Remote: "mx"},
		},
	} {
		header, body := standard(c.status)
		if got, ok := readText(header, body); !ok || got != c.want {
			t.Errorf("%s: got %+v (%v), want %+v", name, got, ok, c.want)
		}
	}
}

// Words of systems that have no delivery status.
func TestProse(t *testing.T) {
	for name, c := range map[string]struct {
		subject, text string
		want          probe.Report
	}{
		"a phone number and a version are no replies": {
			"Undeliverable mail", "Your message could not be delivered.\nCall 555 1234 or ext. 550.\nDomino Release 5.0.9\n",
			probe.Report{Kind: probe.ReportFailed, Diagnostic: "Your message could not be delivered.", Reporting: "mx.host.example"},
		},
		"an address is no status": {
			"failure", "The message was not delivered to a@b.example, 5.4.3.2 is down.\n",
			probe.Report{Kind: probe.ReportFailed, Diagnostic: "The message was not delivered to a@b.example, 5.4.3.2 is down.", Recipient: "a@b.example", Reporting: "mx.host.example"},
		},
		"a session": {
			"Delivery failure", "Could not deliver to a@b.example\n--> RCPT TO:<a@b.example>\n<-- 550 5.7.1 <a@b.example>: relay denied\n--> QUIT\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.7.1", Diagnostic: "550 5.7.1 <a@b.example>: relay denied", Recipient: "a@b.example", Reporting: "mx.host.example"},
		},
		"several lines of a reply": {
			"Delivery failure", "Delivery to a@b.example failed:\n\n550-5.1.1 No such user.\n550-5.1.1 Look again\n550 5.1.1 at https://b.example/\n\nBye\n",
			probe.Report{Kind: probe.ReportFailed, Status: "5.1.1", Diagnostic: "550-5.1.1 No such user. 550-5.1.1 Look again 550 5.1.1 at https://b.example/", Recipient: "a@b.example", Reporting: "mx.host.example"},
		},
		"a delay that tells what failed": {
			"Delivery problem", "Your message could not be delivered for 4 hours:\n<a@b.example>: 451 4.7.1 try later\nIt will be retried; you do not need to resend it.\n",
			probe.Report{Kind: probe.ReportDelayed, Status: "4.7.1", Diagnostic: "451 4.7.1 try later", Recipient: "a@b.example", Reporting: "mx.host.example"},
		},
		"given up after a delay": {
			"Mail delivery failed", "The message was delayed and has expired. I've given up.\n<a@b.example>: retry timeout exceeded\n",
			probe.Report{Kind: probe.ReportFailed, Diagnostic: "retry timeout exceeded", Recipient: "a@b.example", Reporting: "mx.host.example"},
		},
		"a temporary reply in a failure": {
			"Mail could not be delivered", "The server mx.b.example replied: 421 4.4.2 timeout\n",
			probe.Report{Kind: probe.ReportFailed, Status: "4.4.2", Diagnostic: "421 4.4.2 timeout", Reporting: "mx.host.example", Remote: "mx.b.example"},
		},
	} {
		if got, ok := readText(daemon+c.subject+"\n", c.text); !ok || got != c.want {
			t.Errorf("%s: got %+v (%v), want %+v", name, got, ok, c.want)
		}
	}
}

// Hostile reports are read to their bounds.
func TestBounds(t *testing.T) {
	deep := strings.Repeat("Content-Type: message/rfc822\n\n", 2000)
	many := strings.Repeat("--b\nContent-Type: text/plain\n\nmp1.aaaa.bbbb\n", 4000)
	long := strings.Repeat("550 5.1.1 <a@b.example> said: ", 8000)
	for name, body := range map[string]string{"deep": "--b\n" + deep, "many parts": many, "a long line": "--b\n\n" + long, "many lines": "--b\n\n" + strings.ReplaceAll(long, ": ", ":\n")} {
		r, about, ok := report.Reader{}.Read([]byte(daemon+"Undelivered\nContent-Type: multipart/report; boundary=b\n\n"), []byte(body))
		size := 0
		for _, text := range about {
			size += len(text)
		}
		if !ok || len(r.Diagnostic) > 500 || len(about) > 64 || size > 1<<20 {
			t.Errorf("%s: got a report: %v, %d bytes of diagnostic, %d texts of %d bytes, want at most 500, 64 and 1 MiB", name, ok, len(r.Diagnostic), len(about), size)
		}
	}
}
