package probetest

import (
	"bytes"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// Reports reads reports as Bounce writes them, and no others.
type Reports struct{}

// MayReport implements probe.ReportReader.
func (Reports) MayReport(h probe.Header) bool {
	contentType, _ := h.Get("Content-Type")
	return strings.HasPrefix(contentType, "multipart/report")
}

// Read implements probe.ReportReader.
func (Reports) Read(_, body []byte) (probe.Report, []string, bool) {
	_, about, ok := bytes.Cut(body, []byte("Content-Type: message/rfc822\r\n"))
	return probe.Report{Kind: probe.ReportFailed, Status: "5.1.1"}, []string{string(about)}, ok
}

// Bounce is a report (RFC 3464) that a message could not be delivered. Like some that
// are met with, it has a tag field at its top, too.
func Bounce(m *probe.Message) []byte {
	_, tag, _ := strings.Cut(string(m.Raw), "\r\n"+probe.TagField+": ")
	tag, _, _ = strings.Cut(tag, "\r\nMIME-Version")
	lines := []string{
		"Return-Path: <>",
		"From: MAILER-DAEMON@mx.example.com",
		"To: <" + m.From + ">",
		"Subject: Undelivered Mail Returned to Sender",
		probe.TagField + ": " + tag,
		`Content-Type: multipart/report; report-type=delivery-status; boundary="b"`,
		"",
		"--b", "Content-Type: text/plain", "", "I'm sorry.", "",
		"--b", "Content-Type: message/delivery-status", "",
		"Reporting-MTA: dns; mx.example.com", "",
		"Final-Recipient: rfc822; " + m.To, "Action: failed", "Status: 5.1.1", "",
		"--b", "Content-Type: message/rfc822", "", string(m.Raw),
		"--b--", "",
	}
	return []byte(strings.Join(lines, "\r\n"))
}
