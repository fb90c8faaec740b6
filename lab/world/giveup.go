package world

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// notification is what a sender wants to be told about a message (RFC 3461 section 4).
type notification struct {
	id       string           // ENVID
	headers  bool             // RET=HDRS: a report returns only the header
	about    []smtp.DSNNotify // NOTIFY; none: what the servers see fit
	original string           // ORCPT, type and address
}

// originalRecipient is ORCPT as a report repeats it.
func originalRecipient(options *smtp.RcptOptions) string {
	if options.OriginalRecipient == "" {
		return ""
	}
	return strings.ToLower(string(options.OriginalRecipientType)) + ";" + options.OriginalRecipient
}

// allows tells whether the sender lets itself be told.
func (n notification) allows(what smtp.DSNNotify) bool {
	return len(n.about) == 0 || slices.Contains(n.about, what)
}

// verdict is what a stage has to tell about a message that it could not hand on.
type verdict struct {
	failed bool              // given up; else: delayed
	status smtp.EnhancedCode // RFC 3463
	reply  *smtp.SMTPError   // what was said; nil: nothing
	remote host              // who said it; zero: the stage itself
	until  time.Time         // delayed: how long it is tried; zero: for ever
}

// failed is a refusal for good.
func failed(reply *smtp.SMTPError, remote host) verdict {
	return verdict{failed: true, status: reply.EnhancedCode, reply: reply, remote: remote}
}

// expired is the end of a message that waited too long: RFC 3463 X.4.7. The reply to the
// last try is nil if there was none.
func expired(reply *smtp.SMTPError, remote host) verdict {
	return verdict{failed: true, status: smtp.EnhancedCode{4, 4, 7}, reply: reply, remote: remote}
}

// delayed is a message that waits: on account of the reply, or of the stage itself.
func delayed(reply *smtp.SMTPError, remote host) verdict {
	v := verdict{status: smtp.EnhancedCode{4, 0, 0}, reply: reply, remote: remote}
	if reply != nil {
		v.status = reply.EnhancedCode
	}
	return v
}

// reply is what a rejection would have told the client.
func (f Reject) reply() *smtp.SMTPError {
	refused := Refuse{Code: f.Code, Enhanced: f.Enhanced, Text: cmp.Or(f.Text, "Message content rejected")}
	if f.Code == 0 {
		refused.Code = 554
		refused.Enhanced = cmp.Or(f.Enhanced, [3]int{5, 7, 1})
	}
	return refused.reply()
}

// noMailbox is why a message cannot be put into its mailbox, or nil.
func noMailbox(f Fault, p parcel) *smtp.SMTPError {
	if f, ok := f.(Full); ok && !p.unknown && (f.Mailbox == "" || f.Mailbox == p.account.mailbox) {
		return smtpError(552, smtp.EnhancedCode{5, 2, 2}, fmt.Sprintf("<%s>: Mailbox is full", p.to))
	}
	if f, ok := f.(NoSuchUser); p.unknown || ok && (f.Mailbox == "" || f.Mailbox == p.account.mailbox) {
		return smtpError(550, smtp.EnhancedCode{5, 1, 1}, fmt.Sprintf("<%s>: User unknown", p.to))
	}
	return nil
}

// giveUp ends a message at a stage. Whoever is responsible for it tells the sender.
func (w *World) giveUp(s *stage, p parcel, v verdict) {
	s.drop()
	w.log.Debug("message given up", "component", s.component, "status", v.status, "reply", v.reply)
	w.report(p, v)
}

// report sends a delivery status notification from the stage that is responsible for a
// message to its sender, if there is a sender who wants it. There is none to a report: what
// cannot be delivered is dropped (RFC 5321 section 4.5.5).
func (w *World) report(p parcel, v verdict) {
	about := smtp.DSNNotifyDelayed
	if v.failed {
		about = smtp.DSNNotifyFailure
	}
	if p.from == "" || !p.wants.allows(about) {
		return
	}
	if v.failed {
		p.at.bounce()
	}
	to, _ := w.byAddress(p.from)
	if _, way := w.home[to.mailbox][p.at.component]; !way {
		p.at.drop()
		w.log.Debug("report not sent: its recipient is not in this world", "component", p.at.component, "to", p.from)
		return
	}
	w.submit(p.at, p.at.hostFor(p), parcel{to: p.from, account: to, raw: p.at.reportOn(p, v)})
}

// submit hands in a message that a host of a stage has written itself. It leaves in spite of the
// stage's own fault, which may be what it tells about.
func (w *World) submit(s *stage, at host, p parcel) {
	stay := s.originate(&p, at)
	w.agenda.after(stay, func() { w.pass(s, p) })
}
