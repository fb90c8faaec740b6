package probe_test

import (
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

// wrapped is the message as an attachment.
func wrapped(m mailOf, note, header string) string {
	return "--b\r\nContent-Type: text/plain\r\n\r\n" + note + "\r\n--b\r\n" + header + "\r\n\r\n" + m.header + "\r\n" + m.body + "\r\n--b--\r\n"
}

func asHTML(text string) string { return strings.ReplaceAll(text, "\r\n", "<br>") }

// about is what somebody makes of a message of ours. It is written by one of our senders,
// since a watched mailbox may well be one.
type about struct {
	subject     string // SUBJECT stands for ours
	fields      string // further ones
	contentType string
	body        func(sent mailOf) string
	byDateAlone bool // nothing but the Date shows what it is
}

func (a about) mail(sent mailOf) mailOf {
	m := mailOf{header: "Return-Path: <mailpath-in@example.com>\r\nReceived: from a by b; Mon, 23 Nov 2026 08:53:21 +0000\r\n" +
		"From: Test Mailbox <mailpath-in@example.com>\r\nTo: <boss@example.com>\r\nSubject: " + strings.ReplaceAll(a.subject, "SUBJECT", sent.subject()) +
		"\r\nMessage-ID: <new@example.com>\r\nMIME-Version: 1.0\r\n" + a.fields, body: a.body(sent)}
	if a.contentType != "" {
		m = m.with("Content-Type", a.contentType)
	}
	return m
}

// check holds that each is no arrival, as it is and, lest the prefix of its Subject does it
// all, with the Subject of ours.
func checkAbout(t *testing.T, table map[string]about) {
	t.Helper()
	t.Parallel()
	ring := keyring(t, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"mailpath@provider.example", "mailpath-in@example.com"}, nil)
	for name, a := range table {
		sent, _ := compose(t, ring)
		neverArrives(t, matcher, name, a.mail(sent), a.byDateAlone && !strings.Contains(a.subject, ":"))
		a.subject = "SUBJECT"
		neverArrives(t, matcher, name+", without a prefix", a.mail(sent), a.byDateAlone)
		a.subject = "have a look"
		neverArrives(t, matcher, name+", with a Subject of its own", a.mail(sent), a.byDateAlone)
	}
}

func TestForwardsNeverArrive(t *testing.T) {
	inline := func(announce, from, date, to, subject string) func(mailOf) string {
		return func(m mailOf) string {
			return "FYI\r\n\r\n" + announce + shownHead(m, from, date, to, subject) + m.body
		}
	}
	const mixed = "multipart/mixed; boundary=b"
	checkAbout(t, map[string]about{
		"Outlook":             {"FW: SUBJECT", "", "", inline("", "From:", "Sent:", "To:", "Subject:"), false},
		"Outlook, older":      {"FW: SUBJECT", "", "", inline("-----Original Message-----\r\n", "From:", "Sent:", "To:", "Subject:"), false},
		"Outlook in German":   {"WG: SUBJECT", "", "", inline("", "Von:", "Gesendet:", "An:", "Betreff:"), false},
		"Outlook in French":   {"TR: SUBJECT", "", "", inline("", "De :", "Envoyé :", "À :", "Objet :"), false},
		"Outlook in Spanish":  {"RV: SUBJECT", "", "", inline("", "De:", "Enviado el:", "Para:", "Asunto:"), false},
		"Outlook in Italian":  {"I: SUBJECT", "", "", inline("", "Da:", "Inviato:", "A:", "Oggetto:"), false},
		"Outlook in Polish":   {"PD: SUBJECT", "", "", inline("", "Od:", "Wysłano:", "Do:", "Temat:"), false},
		"Outlook in Dutch":    {"FW: SUBJECT", "", "", inline("", "Van:", "Verzonden:", "Aan:", "Onderwerp:"), false},
		"Outlook in Swedish":  {"VB: SUBJECT", "", "", inline("", "Från:", "Skickat:", "Till:", "Ämne:"), false},
		"Outlook in Russian":  {"FW: SUBJECT", "", "", inline("", "От:", "Отправлено:", "Кому:", "Тема:"), false},
		"Outlook in Chinese":  {"转发: SUBJECT", "", "", inline("", "发件人:", "发送时间:", "收件人:", "主题:"), false},
		"Outlook in Japanese": {"転送: SUBJECT", "", "", inline("", "差出人:", "送信日時:", "宛先:", "件名:"), false},
		"Outlook in HTML": {"FW: SUBJECT", "", "text/html", func(m mailOf) string {
			return `<p class="MsoNormal">FYI</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>From:</b> Mail delivery check &lt;mailpath@provider.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> x<br><b>Subject:</b> ` + m.subject() + "</p></div></div><p>" + asHTML(m.body) + "</p>"
		}, false},
		"Outlook on the web": {"Fw: SUBJECT", "", "text/html", func(m mailOf) string {
			return `<div>FYI</div><hr><div id="divRplyFwdMsg" dir="ltr"><font><b>From:</b> Mail</font></div><div>` + asHTML(m.body) + "</div>"
		}, false},
		"Gmail":           {"Fwd: SUBJECT", "", "", inline("---------- Forwarded message ---------\r\n", "From:", "Date:", "Subject:", "To:"), false},
		"Gmail in German": {"Fwd: SUBJECT", "", "", inline("---------- Weitergeleitete Nachricht ---------\r\n", "Von:", "Datum:", "Betreff:", "An:"), false},
		"Gmail in HTML": {"Fwd: SUBJECT", "", "text/html", func(m mailOf) string {
			return `<div dir="ltr"><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">---------- Forwarded message ---------<br></div>` + asHTML(m.body) + "</div></div>"
		}, false},
		"Apple": {"Fwd: SUBJECT", "", "", func(m mailOf) string {
			return "\r\n\r\n> Begin forwarded message:\r\n> \r\n" + quoted(shownHead(m, "From:", "Date:", "To:", "Subject:")+m.body)
		}, false},
		"Apple in French":       {"TR: SUBJECT", "", "", inline("Début du message réexpédié :\r\n\r\n", "De:", "Date:", "À:", "Objet:"), false},
		"Apple in HTML":         {"Fwd: SUBJECT", "", "text/html", func(m mailOf) string { return `FYI<br><blockquote type="cite">` + asHTML(m.body) + "</blockquote>" }, false},
		"Thunderbird":           {"Fwd: SUBJECT", "", "", inline("-------- Forwarded Message --------\r\n", "Subject:", "Date:", "From:", "To:"), false},
		"Thunderbird in German": {"WG: SUBJECT", "", "", inline("-------- Weitergeleitete Nachricht --------\r\n", "Betreff:", "Datum:", "Von:", "An:"), false},
		"Thunderbird in HTML":   {"Fwd: SUBJECT", "", "text/html", func(m mailOf) string { return `<div class="moz-forward-container">` + asHTML(m.body) + "</div>" }, false},
		"Notes":                 {"Fw: SUBJECT", "", "", inline("----- Forwarded by Jo Doe/Acme on 23.11.2026 09:53 -----\r\n\r\n", "From:", "Date:", "To:", "Subject:"), false},
		"Notes in German":       {"WG: SUBJECT", "", "", inline("----- Weitergeleitet von Jo Doe/Acme am 23.11.2026 09:53 -----\r\n\r\n", "Von:", "Datum:", "An:", "Betreff:"), false},
		"copied by hand":        {"SUBJECT", "", "", func(m mailOf) string { return "Look at this:\r\n\r\n" + m.body }, true},
		"in a language not known": {"SUBJECT", "", "", func(m mailOf) string {
			return "== Áframsent ==\r\nFrá - Mail\r\n\r\n" + m.body
		}, true},
		"attached": {"Fwd: SUBJECT", "", mixed, func(m mailOf) string { return wrapped(m, "FYI", "Content-Type: message/rfc822") }, false},
		"attached, named": {"Fwd: SUBJECT", "", mixed, func(m mailOf) string {
			return wrapped(m, "", "Content-Disposition: attachment; filename=x.eml\r\nContent-Type: message/rfc822; name=x.eml")
		}, false},
		"attached, its fields in another order": {"SUBJECT", "", mixed, func(m mailOf) string {
			return wrapped(m.with("From", "<mailpath@provider.example>"), "FYI", "Content-Type: message/rfc822")
		}, false},
		"its header shown, in another order": {"SUBJECT", "", "", func(m mailOf) string {
			return "FYI\r\n" + m.with("From", "<mailpath@provider.example>").without("Return-Path").header + "\r\n" + m.body
		}, false},
		"attached as a file": {"SUBJECT", "", mixed, func(m mailOf) string { return wrapped(m, "", "Content-Type: application/octet-stream; name=x.eml") }, false},
		"attached, encoded": {"SUBJECT", "", mixed, func(m mailOf) string {
			return "--b\r\nContent-Type: text/plain\r\n\r\nFYI\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + inBase64(m.header+"\r\n"+m.body) + "--b--\r\n"
		}, false},
		"the message itself": {"SUBJECT", "", "message/rfc822", func(m mailOf) string { return m.header + "\r\n" + m.body }, false},
		"released as attachment": {"SUBJECT", "X-Amavis: released\r\n", mixed, func(m mailOf) string {
			return wrapped(m, "Released by admin", "Content-Type: message/rfc822\r\nContent-Disposition: inline")
		}, false},
	})
}

func TestRepliesNeverArrive(t *testing.T) {
	checkAbout(t, map[string]about{
		"top-posted":            {"Re: SUBJECT", "In-Reply-To: <x@y>\r\n", "", func(m mailOf) string { return "Why?\r\n\r\n" + m.body }, false},
		"with References alone": {"SUBJECT", "References: <x@y>\r\n", "", func(m mailOf) string { return m.body }, false},
		"quoted":                {"Re: SUBJECT", "", "", func(m mailOf) string { return "On Mon, 23 Nov 2026, Mail wrote:\r\n" + quoted(m.body) + "\r\nWhy?\r\n" }, false},
		"quoted without a mark": {"Re: SUBJECT", "", "", func(m mailOf) string { return "Why?\r\n\r\nOn Mon, 23 Nov 2026, Mail wrote:\r\n\r\n" + m.body }, false},
		"quoted with bars":      {"Re: SUBJECT", "", "", func(m mailOf) string { return "| " + strings.ReplaceAll(m.body, "\r\n", "\r\n| ") }, false},
		"in German":             {"AW: SUBJECT", "", "", func(m mailOf) string { return "Warum?\r\n\r\nAm 23.11.2026 um 09:41 schrieb Mail:\r\n\r\n" + m.body }, false},
		"in Russian":            {"Re: SUBJECT", "", "", func(m mailOf) string { return "?\r\n\r\n23.11.2026, Mail написал(а):\r\n\r\n" + m.body }, false},
		"from Outlook, no references": {"RE: SUBJECT", "", "", func(m mailOf) string {
			return "Why?\r\n\r\n" + shownHead(m, "From:", "Sent:", "To:", "Subject:") + m.body
		}, false},
		"from Outlook, with bold": {"RE: SUBJECT", "", "", func(m mailOf) string {
			return "Why?\r\n\r\n" + shownHead(m, "*From:*", "*Sent:*", "*To:*", "*Subject:*") + m.body
		}, false},
		"from a phone": {"SUBJECT", "", "text/html", func(m mailOf) string {
			return `Why?<div id="ms-outlook-mobile-reference-message">` + asHTML(m.body) + "</div>"
		}, false},
		"with an empty line between":   {"RE: SUBJECT", "", "", func(m mailOf) string { return "Why?\r\n\r\nFrom: Mail\r\n\r\nSent: Monday\r\n\r\n" + m.body }, false},
		"that copied our header field": {"Re: SUBJECT", probe.TagField + ": TAG\r\nIn-Reply-To: <x@y>\r\n", "", func(m mailOf) string { return m.body }, false},
		"with nothing quoted":          {"SUBJECT", "", "", func(mailOf) string { return "Why?\r\n" }, true},
		"quoted in HTML and in plain": {"Re: SUBJECT", "", "multipart/alternative; boundary=b", func(m mailOf) string {
			return "--b\r\n\r\nWhy?\r\n" + quoted(m.body) + "\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
				quotedPrintable("Why?<div class=\"gmail_quote\">"+m.body+"</div>") + "\r\n--b--\r\n"
		}, false},
	})
}

// topped is what a program makes that copies our header field, our Message-ID and all to
// the top of its own message.
func TestAutomaticMailNeverArrives(t *testing.T) {
	t.Parallel()
	ring := keyring(t, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"mailpath@provider.example", "mailpath-in@example.com"}, nil)
	const daemon = "Mail Delivery System <MAILER-DAEMON@mx.example.com>"
	for name, c := range map[string]struct {
		from, subject, path string
		fields              [][2]string
	}{
		"Postfix":                  {daemon, "Undelivered Mail Returned to Sender", "<>", [][2]string{{"Content-Type", "multipart/report; report-type=delivery-status; boundary=b"}, {"Auto-Submitted", "auto-replied"}}},
		"Postfix, cut off":         {daemon, "SUBJECT", "", [][2]string{{"Content-Type", "multipart/mixed; boundary=b"}}},
		"qmail":                    {"MAILER-DAEMON@mx.example.com", "failure notice", "<>", nil},
		"qmail, no Return-Path":    {"MAILER-DAEMON@mx.example.com", "SUBJECT", "", nil},
		"Exim":                     {"Mail Delivery System <Mailer-Daemon@mx.example.com>", "Mail delivery failed: returning message to sender", "<>", [][2]string{{"X-Failed-Recipients", "x@example.com"}}},
		"Exim, from us":            {"mailpath-in@example.com", "SUBJECT", "", [][2]string{{"X-Failed-Recipients", "x@example.com"}}},
		"Exchange":                 {"postmaster@example.com", "Undeliverable: SUBJECT", "<>", [][2]string{{"Content-Type", "multipart/report; report-type=delivery-status"}, {"In-Reply-To", "<x@y>"}}},
		"Exchange, by its Subject": {"mailpath-in@example.com", "Unzustellbar: SUBJECT", "", nil},
		"Notes":                    {"Postmaster <postmaster@acme.example>", "DELIVERY FAILURE: User not listed", "", nil},
		"an MTA without a name":    {"<>", "SUBJECT", "", nil},
		"an MTA, bare":             {"MAILER-DAEMON (Mail Delivery Subsystem)", "SUBJECT", "", nil},
		"a report alone":           {"x@gw.example", "SUBJECT", "", [][2]string{{"Content-Type", "message/delivery-status"}}},
		"an absence, Exchange":     {"mailpath-in@example.com", "Automatic reply: SUBJECT", "<>", [][2]string{{"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"}}},
		"an absence in German":     {"mailpath-in@example.com", "Automatische Antwort: SUBJECT", "", nil},
		"an absence in Dutch":      {"mailpath-in@example.com", "Automatisch antwoord: SUBJECT", "", nil},
		"vacation":                 {"mailpath-in@example.com", "SUBJECT", "<>", [][2]string{{"Auto-Submitted", "auto-replied (vacation)"}}},
		"Gmail's absence":          {"mailpath-in@example.com", "SUBJECT", "", [][2]string{{"X-Autoreply", "yes"}, {"Precedence", "bulk"}}},
		"a notification of Sieve":  {"mailpath-in@example.com", "SUBJECT", "", [][2]string{{"Auto-Submitted", "auto-notified; owner-email=x@y"}}},
		"a forward of everything":  {"mailpath-in@example.com", "Fwd: SUBJECT", "", nil},
	} {
		sent, _ := compose(t, ring)
		m := sent.with("From", c.from).with("Subject", strings.ReplaceAll(c.subject, "SUBJECT", sent.subject())).without("Return-Path")
		if c.path != "" {
			m = m.with("Return-Path", c.path)
		}
		for _, f := range c.fields {
			m = m.with(f[0], f[1])
		}
		m.body = "Your message could not be delivered, or nobody is here.\r\n\r\n" + sent.header + "\r\n" + sent.body
		neverArrives(t, matcher, name, m, false)
		neverArrives(t, matcher, name+", the copied fields gone", m.without(probe.TagField, "Message-ID"), false)
	}
}
