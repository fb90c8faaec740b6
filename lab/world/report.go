package world

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// BounceStyle is a form of bounces.
type BounceStyle string

// The forms of bounces. Only the standard one can be read by a rule.
const (
	StandardBounces BounceStyle = ""      // multipart/report (RFC 3464)
	QmailBounces    BounceStyle = "qmail" // plain text (QSBMF)
	EximBounces     BounceStyle = "exim"  // plain text and X-Failed-Recipients, as before Exim 4.90
)

// report is a delivery status notification about a message.
type report struct {
	parcel            // the message it is about
	verdict           // what became of it
	stamp   stamp     // of the stage that reports
	arrived time.Time // when it had come, by the same clock
	id      string    // of the report
}

// reportOn writes a report about a message, header and body.
func (s *stage) reportOn(p parcel, v verdict) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	stamp := s.stamp(p, s.hostFor(p))
	r := report{parcel: p, verdict: v, stamp: stamp, arrived: p.since.Add(s.ahead), id: amavisID(stamp)}
	switch {
	case v.failed && s.form == QmailBounces:
		return r.qmail()
	case v.failed && s.form == EximBounces:
		return r.exim()
	default:
		return r.standard()
	}
}

// lines joins lines with line ends.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n" }

// oneLine takes the line ends and other control characters out of a text.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// said is the reply as a client logs it.
func (r report) said() string {
	e := r.reply.EnhancedCode
	return oneLine(fmt.Sprintf("%d %d.%d.%d %s", r.reply.Code, e[0], e[1], e[2], r.reply.Message))
}

// why says in words what happened.
func (r report) why() string {
	switch {
	case r.reply == nil:
		return "the message is still waiting here"
	case r.remote.name == "":
		return "the message was not delivered: " + r.said()
	default:
		return fmt.Sprintf("host %s[%s] said: %s", r.remote.name, r.remote.ip, r.said())
	}
}

// header writes a header that all forms share.
func (r report) header(from, subject string, more ...string) string {
	return lines(append([]string{
		"From: " + from, "To: <" + r.from + ">", "Subject: " + subject,
		"Date: " + r.stamp.date(false), "Message-ID: <" + r.id + "@" + r.stamp.host.name + ">",
	}, more...)...)
}

// standard is the form of RFC 3464, in a multipart/report (RFC 6522).
func (r report) standard() []byte {
	subject, text := "Undelivered Mail Returned to Sender", "could not be delivered to its recipient. It is not tried again."
	if !r.failed {
		subject, text = "Delayed Mail (still being retried)", "has not been delivered yet. You need not send it again."
	}
	boundary := r.id + "/" + r.stamp.host.name
	encoding := "7bit"
	if strings.ContainsFunc(string(r.raw)+r.to+r.why(), func(c rune) bool { return c > unicode.MaxASCII }) {
		encoding = "8bit"
	}
	var b strings.Builder
	b.WriteString(r.header("Mail Delivery System <MAILER-DAEMON@"+r.stamp.host.name+">", subject,
		"Auto-Submitted: auto-replied", "MIME-Version: 1.0",
		"Content-Type: multipart/report; report-type=delivery-status;", "\tboundary=\""+boundary+"\"", "Content-Transfer-Encoding: "+encoding, ""))
	part := func(kind string, content ...string) {
		b.WriteString(lines("--"+boundary, "Content-Type: "+kind) + lines(content...))
	}
	part("text/plain; charset=utf-8", "Content-Transfer-Encoding: "+encoding, "", "This is the mail system at host "+r.stamp.host.name+".", "",
		"Your message "+text, "", "<"+r.to+">: "+r.why(), "")
	part("message/delivery-status", append([]string{""}, r.status()...)...)
	kind, returned := r.returned()
	part(kind, "Content-Transfer-Encoding: "+encoding, "", returned)
	return append([]byte(b.String()), "--"+boundary+"--\r\n"...)
}

// status gives the fields of message/delivery-status: of the message, and below an empty
// line of its recipient.
func (r report) status() []string {
	fields := []string{"Reporting-MTA: dns; " + r.stamp.host.name}
	add := func(name, value string) { fields = append(fields, name+": "+oneLine(value)) }
	if r.wants.id != "" {
		add("Original-Envelope-Id", r.wants.id)
	}
	arrival := r.stamp
	arrival.at = r.arrived
	add("Arrival-Date", arrival.date(false))
	fields = append(fields, "")
	if r.wants.original != "" {
		add("Original-Recipient", r.wants.original)
	}
	add("Final-Recipient", "rfc822; "+r.to)
	add("Action", map[bool]string{true: "failed", false: "delayed"}[r.failed])
	add("Status", fmt.Sprintf("%d.%d.%d", r.verdict.status[0], r.verdict.status[1], r.verdict.status[2]))
	if r.remote.name != "" {
		add("Remote-MTA", "dns; "+r.remote.name)
	}
	if r.reply != nil {
		add("Diagnostic-Code", "smtp; "+r.said())
	}
	if !r.until.IsZero() {
		until := r.stamp
		until.at = r.until.Add(r.arrived.Sub(r.since))
		add("Will-Retry-Until", until.date(false))
	}
	return append(fields, "")
}

// returned is what a report gives back of the message: all of it or, if the sender wanted
// that or the message still waits, its header (RFC 3461 section 4.3).
func (r report) returned() (kind, content string) {
	if r.failed && !r.wants.headers {
		return "message/rfc822", string(r.raw)
	}
	return "text/rfc822-headers", strings.Join(parseMail(r.raw).fields, "")
}

// qmail is the form of qmail-send, QSBMF.
func (r report) qmail() []byte {
	said := "Sorry, the message has been in the queue too long."
	if r.reply != nil {
		said = r.said()
	}
	if r.reply != nil && r.remote.name != "" {
		said = lines(r.remote.ip+" does not like recipient.", "Remote host said: "+r.said()) + "Giving up on " + r.remote.ip + "."
	}
	head := r.header("MAILER-DAEMON@"+r.stamp.host.name, "failure notice")
	return []byte(head + lines("", "Hi. This is the qmail-send program at "+r.stamp.host.name+".",
		"I'm afraid I wasn't able to deliver your message to the following addresses.",
		"This is a permanent error; I've given up. Sorry it didn't work out.", "",
		"<"+r.to+">:", said, "", "--- Below this line is a copy of the message.", "", "Return-Path: <"+r.from+">") + string(r.raw))
}

// exim is the form of Exim before it learnt RFC 3464.
func (r report) exim() []byte {
	said := []string{"    retry timeout exceeded"}
	if r.reply != nil {
		said = []string{"    " + r.said()}
	}
	if r.reply != nil && r.remote.name != "" {
		said = []string{fmt.Sprintf("    host %s [%s]", r.remote.name, r.remote.ip), "    SMTP error from remote mail server: " + r.said()}
	}
	head := r.header("Mail Delivery System <Mailer-Daemon@"+r.stamp.host.name+">", "Mail delivery failed: returning message to sender",
		"X-Failed-Recipients: "+r.to, "Auto-Submitted: auto-replied")
	return []byte(head + lines(append(append([]string{"", "This message was created automatically by mail delivery software.", "",
		"A message that you sent could not be delivered to one or more of its",
		"recipients. This is a permanent error. The following address(es) failed:", "", "  " + r.to}, said...),
		"", "------ This is a copy of the message, including all the headers. ------", "")...) + string(r.raw))
}
