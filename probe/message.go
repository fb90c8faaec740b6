package probe

import (
	"fmt"
	"strings"
	"time"
)

// Message is one test message, ready to be handed to a Sender.
type Message struct {
	Tag      Tag
	From, To string // envelope addresses, without angle brackets
	Envelope string // names the message in reports about it (ENVID, RFC 3461 section 4.4): the tag's short form
	Raw      []byte // header and body, CRLF line ends (RFC 5322)
}

// Compose writes the message of a tag. It is one that filters leave alone and
// auto-responders do not answer: RFC 3834 section 5, MS-OXCMAIL 2.2.3.2.14 (all
// but NDR is suppressed: a bounce is evidence), a Message-ID that is never used
// twice, natural text that varies.
func Compose(p Probe, keys *Keyring, tag Tag) *Message {
	short, full := keys.SignShort(tag.ID), keys.SignFull(tag)
	_, domain, _ := strings.Cut(p.Route.From, "@")
	var b strings.Builder
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	field("Date", tag.Sent.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	field("From", "Mail delivery check <"+p.Route.From+">")
	field("To", "<"+p.Route.To+">")
	field("Subject", fmt.Sprintf("Mail delivery check of %s (%s)", tag.Sent.UTC().Format("15:04:05"), short))
	field("Message-ID", "<"+short+"@"+domain+">")
	field("Auto-Submitted", "auto-generated")
	field("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply")
	field(TagField, strings.Join(chunks(full, 60), "\r\n "))
	field("MIME-Version", "1.0")
	field("Content-Type", "text/plain; charset=utf-8")
	field("Content-Transfer-Encoding", "7bit")
	b.WriteString("\r\n")
	for line := range strings.Lines(p.Payload.Text(tag)) {
		b.WriteString(strings.TrimRight(line, "\r\n") + "\r\n")
	}
	b.WriteString("\r\n")
	for _, line := range chunks(full, 60) {
		b.WriteString(line + "\r\n")
	}
	return &Message{Tag: tag, From: p.Route.From, To: p.Route.To, Envelope: short, Raw: []byte(b.String())}
}

// chunks cuts s into pieces of n bytes.
func chunks(s string, n int) []string {
	var pieces []string
	for len(s) > n {
		pieces, s = append(pieces, s[:n]), s[n:]
	}
	return append(pieces, s)
}

// describe is the durable description of a message about to be sent.
func describe(p Probe, tag Tag) Sending {
	return Sending{
		ID: tag.ID, Route: tag.Route, Payload: tag.Payload, Purpose: tag.Purpose, Slot: tag.Slot,
		Sender: p.Route.Sender, Mailbox: p.Route.Mailbox, LateAfter: p.LateAfter, LostAfter: p.LostAfter, Expect: p.Expect, Retry: p.Route.Retry,
	}
}

// Interval is a span of time that something is known to lie in: no earlier than
// Min, no later than Max.
type Interval struct {
	Min, Max time.Duration
}

// Width is how much is not known.
func (i Interval) Width() time.Duration { return i.Max - i.Min }
