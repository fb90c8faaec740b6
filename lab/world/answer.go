package world

import (
	"fmt"
	"strings"
)

// Answer is a kind of automatic answer.
type Answer string

// The kinds of automatic answers.
const (
	OutOfOffice Answer = "out-of-office" // from <>, quotes the text (RFC 3834)
	Challenge   Answer = "challenge"     // wants the sender to confirm that it is no robot; from the mailbox's address
	ReadReceipt Answer = "read-receipt"  // a message disposition notification from <> (RFC 8098)
)

// answer answers a message that was delivered, if its mailbox does so and its sender is in
// this world.
func (w *World) answer(p parcel) {
	kind := w.stores[p.account.mailbox].answersWith()
	if kind == "" || p.from == "" || p.answer {
		return
	}
	s := w.stages[p.account.stage]
	to, _ := w.byAddress(p.from)
	if _, way := w.home[to.mailbox][s.component]; !way {
		w.log.Debug("answer not sent: its recipient is not in this world", "mailbox", p.account.mailbox, "to", p.from)
		return
	}
	from := ""
	if kind == Challenge {
		from = p.account.address
	}
	w.submit(s, s.hostFor(p), parcel{from: from, to: p.from, account: to, answer: true, raw: s.answerTo(p, kind)})
}

// reply is an automatic answer to a message.
type reply struct {
	parcel       // the message
	mail   mail  // the same, taken apart
	stamp  stamp // of the host that answers
	id     string
}

// answerTo writes an answer to a message, header and body.
func (s *stage) answerTo(p parcel, kind Answer) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	stamp := s.stamp(p, s.hostFor(p))
	r := reply{parcel: p, mail: parseMail(p.raw), stamp: stamp, id: amavisID(stamp)}
	subject := strings.ReplaceAll(r.mail.value("subject"), "\r\n", "") // RFC 5322 section 2.2.3
	switch kind {
	case OutOfOffice:
		return r.outOfOffice(subject)
	case Challenge:
		return r.text("Please confirm your message: "+subject, []string{"Auto-Submitted: auto-replied"},
			"This mailbox does not know you yet. Please confirm that you are no robot:",
			"https://confirm.example.com/"+r.id, "", "Your message \""+subject+"\" waits until you do.")
	default:
		return r.readReceipt(subject)
	}
}

// header writes the fields that all answers have.
func (r reply) header(subject string, more ...string) string {
	fields := []string{"From: <" + r.account.address + ">", "To: <" + r.from + ">", "Subject: " + subject,
		"Date: " + r.stamp.date(false), "Message-ID: <" + r.id + "@" + r.stamp.host.name + ">"}
	if id := r.mail.value("message-id"); id != "" {
		fields = append(fields, "In-Reply-To: "+id, "References: "+id)
	}
	return lines(append(append(fields, more...), "MIME-Version: 1.0")...)
}

// text is an answer in plain text.
func (r reply) text(subject string, more []string, body ...string) []byte {
	more = append(more, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
	return []byte(r.header(subject, more...) + "\r\n" + lines(body...))
}

func (r reply) outOfOffice(subject string) []byte {
	body := []string{"I am out of the office and will read your message when I am back.", "", fmt.Sprintf("%s wrote:", r.from)}
	content := r.mail.body
	if text, plain := r.mail.text(); plain {
		content = text
	}
	for line := range strings.Lines(string(content)) {
		body = append(body, "> "+strings.TrimRight(line, "\r\n"))
	}
	return r.text("Out of office: "+subject, []string{"Auto-Submitted: auto-replied", "Precedence: bulk"}, body...)
}

// readReceipt is a disposition notification that the sender has not asked for, which makes
// it a bad one (RFC 8098 section 2.1).
func (r reply) readReceipt(subject string) []byte {
	boundary := r.id + "/" + r.stamp.host.name
	var b strings.Builder
	b.WriteString(r.header("Read: "+subject, "Auto-Submitted: auto-replied",
		"Content-Type: multipart/report; report-type=disposition-notification;", "\tboundary=\""+boundary+"\"") + "\r\n")
	part := func(kind string, content ...string) {
		b.WriteString(lines("--"+boundary, "Content-Type: "+kind, "") + lines(content...))
	}
	part("text/plain; charset=utf-8", "Your message", "", "    Subject: "+subject, "", "was read on "+r.stamp.date(false)+".", "")
	fields := []string{"Reporting-UA: " + r.stamp.host.name + "; Mail world", "Final-Recipient: rfc822; " + r.to}
	if id := r.mail.value("message-id"); id != "" {
		fields = append(fields, "Original-Message-ID: "+id)
	}
	part("message/disposition-notification", append(fields, "Disposition: automatic-action/MDN-sent-automatically; displayed", "")...)
	part("text/rfc822-headers", strings.Join(r.mail.fields, ""))
	return append([]byte(b.String()), "--"+boundary+"--\r\n"...)
}
