package report_test

import (
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

const (
	quotedTag = "mp1.w5bz.cerdgrcvmz3yq.uujlidwbdgiftipy"
	original  = "\n----- Original message -----\n\nReceived: from a.example by b.example\nFrom: mailpath-in@example.com\nSubject: Mail delivery check of 08:41:02 (" + quotedTag + ")\n"
)

// Whoever has the words of a bounce, and a tag of ours, has not always written one: it has
// the form of one as well.
func TestWordsAloneAreNoBounce(t *testing.T) {
	m := matcher(t)
	for name, c := range map[string]struct {
		header, text string
		want         probe.ReportKind // empty: it is no report
	}{
		"a person asks":                         {"From: Bob <bob@b.example>\nSubject: Message rejected", "Why was your message " + quotedTag + " rejected? It could not be delivered.\n", ""},
		"a person asks about an address":        {"From: Bob <bob@b.example>\nSubject: Message rejected", "Your message " + quotedTag + " could not be delivered to\nnobody@branch.example.com\nWhy?\n", ""},
		"a person pastes a reply":               {"From: Bob <bob@b.example>\nSubject: Mail could not be delivered", "It was rejected:\n<nobody@branch.example.com>: 550 5.1.1 user unknown\n" + original, ""},
		"a person is the postmaster":            {"From: Postmaster <postmaster@b.example>\nSubject: Message rejected", "Why was your message " + quotedTag + " rejected? It could not be delivered.\n", ""},
		"a person at an administrator's desk":   {"From: admin@b.example\nSubject: Delivery failure", "Delivery of " + quotedTag + " failed. Could you look at nobody@branch.example.com?\n", ""},
		"the postmaster's program":              {"From: Postmaster <postmaster@b.example>\nSubject: Message rejected", "Your message was rejected. It could not be delivered to:\n\nnobody@branch.example.com\n\n" + quotedTag + "\n", probe.ReportFailed},
		"an Alertmanager":                       {"From: alertmanager@b.example\nReturn-Path: <alertmanager@b.example>\nSubject: [FIRING:1] MailpathLost (route in): delivery failed on route in\nContent-Type: text/plain", "1 alert for alertname=MailpathLost\n\nLabels:\n - alertname = MailpathLost\nAnnotations:\n - summary = Message " + quotedTag + " could not be delivered\n - said = 550 5.1.1 user unknown\n", ""},
		"an Alertmanager, sent by root":         {"From: root@b.example\nSubject: [FIRING:1] delivery failed on route in", "The message " + quotedTag + " could not be delivered to:\nnobody@branch.example.com\n", ""},
		"an Alertmanager without a sender":      {"From: ops@b.example\nReturn-Path: <>\nSubject: [FIRING:1] delivery failed on route in", "The message " + quotedTag + " could not be delivered.\n", probe.ReportAnswer},
		"a Grafana":                             {"From: Grafana <grafana@b.example>\nSubject: [Alerting] Mail delivery failed", "Mail delivery failed: message " + quotedTag + " was rejected, 554 5.7.1 refused\n", ""},
		"root tells of a delay":                 {"From: root@mon.example\nSubject: mailpath: delivery delayed on route in", "Delivery of " + quotedTag + " is delayed: the server said: 451 4.7.1 try later\n", ""},
		"alerts tell of a delay":                {"From: Alerts <alerts@mon.example>\nSubject: delivery delayed on route in", "Delivery of " + quotedTag + " is delayed.\n", ""},
		"a no-reply tells of a failure":         {"From: no-reply@status.example\nSubject: Mail delivery problem", "Delivery of " + quotedTag + " failed with 550 5.1.1 user unknown at nobody@branch.example.com\n", ""},
		"a no-reply returns the message":        {"From: no-reply@mx.example\nSubject: Mail delivery failed", "Delivery failed:\n<nobody@branch.example.com>: 550 5.1.1 user unknown\n" + original, probe.ReportFailed},
		"alerts that are a bounce":              {"From: alerts@mon.example\nReturn-Path: <>\nSubject: Mail delivery failed", "Delivery failed:\n<nobody@branch.example.com>: 550 5.1.1 user unknown\n" + original, probe.ReportFailed},
		"a help desk acknowledges":              {"From: Help desk <help@b.example>\nAuto-Submitted: auto-replied\nSubject: Ticket received: [#4711] Message rejected", "We have received your request.\n\n> Your message " + quotedTag + " was not delivered to\n> nobody@branch.example.com\n", probe.ReportAnswer},
		"a help desk acknowledges a test":       {"From: help@b.example\nAuto-Submitted: auto-replied\nIn-Reply-To: <" + quotedTag + "@example.com>\nSubject: [#4711] Delivery failed?", "Thank you, we will look into it: " + quotedTag + "\n", probe.ReportAnswer},
		"a help desk acknowledges as noreply":   {"From: noreply@b.example\nSubject: Request received: mail could not be delivered", "We have received your request about " + quotedTag + ": it could not be delivered.\n", probe.ReportAnswer},
		"a machine answers that it is for good": {"From: nobody@branch.example.com\nAuto-Submitted: auto-replied\nSubject: Your mail", "Your message was not delivered: this address is closed. " + quotedTag + "\n", probe.ReportFailed},
	} {
		header := []byte(strings.ReplaceAll("To: mailpath-in@example.com\n"+c.header+"\n\n", "\n", "\r\n"))
		body := []byte(strings.ReplaceAll(c.text, "\n", "\r\n"))
		var got probe.ReportKind
		if r := read(t, m, header, body).Report; r != nil {
			got = r.Kind
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
