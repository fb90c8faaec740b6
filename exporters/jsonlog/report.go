package jsonlog

import (
	"github.com/mailpath/mailpath/probe"
)

// report is what a machine wrote because of a message.
type report struct {
	Kind       probe.ReportKind `json:"kind"`
	Status     string           `json:"status,omitempty"` // RFC 3463
	Diagnostic string           `json:"diagnostic,omitempty"`
	Recipient  string           `json:"recipient,omitempty"`
	Reporting  string           `json:"reporting,omitempty"` // the host that reports
	Remote     string           `json:"remote,omitempty"`    // the host that said it to that one
}

// reported: a report about a message was found.
type reported struct {
	head
	Level string `json:"level"`
	message
	Report  report       `json:"report"`
	FoundIn string       `json:"found_in"`       // a mailbox
	Told    probe.Status `json:"told,omitempty"` // the message had ended so, before
}

func reportOf(h head, c probe.ReportSeen) reported {
	return reported{h, levelOf(c.Report.Kind), messageOf(c.Message), report(c.Report), c.Mailbox, c.Told}
}

// levelOf says how much a report matters. An answer, or a success that somebody confirms,
// is nobody's trouble.
func levelOf(k probe.ReportKind) string {
	if k == probe.ReportFailed || k == probe.ReportDelayed {
		return "warn"
	}
	return "info"
}

// deferred: a message was turned away for now, and will be tried again.
type deferred struct {
	head
	message
	Try     int    `json:"try"`      // the first is 1
	AgainAt moment `json:"again_at"` // not "again": that marks a line that is written twice
	Reply   string `json:"reply,omitempty"`
}

// deferredOf is nil for an attempt that is not followed by another one: the outcome tells
// of it.
func deferredOf(h head, c probe.Answered) any {
	if c.Again.IsZero() {
		return nil
	}
	line := deferred{head: h, message: messageOf(c.Message), Try: c.Tries, AgainAt: moment(c.Again)}
	if c.Attempt.Reply != nil {
		line.Reply = c.Attempt.Reply.String()
	}
	return line
}

// triedAgain: a message is being handed over once more.
type triedAgain struct {
	head
	message
	Try int `json:"try"` // the second is 2
}
