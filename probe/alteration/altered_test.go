package alteration_test

import (
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

func TestFields(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(mail) mail
		want  []string
	}{
		"a prefix":            {func(m mail) mail { return m.subject("[EXTERNAL] ", "") }, []string{"subject-prefix: [EXTERNAL]"}},
		"a prefix of stars":   {func(m mail) mail { return m.subject("*** SPAM *** ", "") }, []string{"subject-prefix: *** SPAM ***"}},
		"a prefix glued on":   {func(m mail) mail { return m.subject("EXT:", "") }, []string{"subject-prefix: EXT:"}},
		"an encoded prefix":   {func(m mail) mail { return m.subject("=?utf-8?Q?=E2=9A=A0_Extern=3A?= ", "") }, []string{"subject-prefix: ⚠ Extern:"}},
		"a prefix in latin-1": {func(m mail) mail { return m.with("Subject", "=?iso-8859-1?q?[Gr=F6=DFe]_?= "+m.value("Subject")) }, []string{"subject-prefix: [Größe]"}},
		"all of it encoded": {func(m mail) mail { return m.with("Subject", word("utf-8", "[Größe] "+m.value("Subject"))) },
			[]string{"subject-prefix: [Größe]"}},
		"a suffix":             {func(m mail) mail { return m.subject("", " [signed OK]") }, []string{"subject: [signed OK]"}},
		"prefix and suffix":    {func(m mail) mail { return m.subject("[SPAM] ", " (1)") }, []string{"subject-prefix: [SPAM]", "subject: (1)"}},
		"another Subject":      {func(m mail) mail { return m.with("Subject", "Blocked") }, []string{"subject: Blocked"}},
		"an empty Subject":     {func(m mail) mail { return m.with("Subject", "") }, []string{"subject: "}},
		"no Subject":           {func(m mail) mail { return m.without("Subject") }, []string{"field-removed: Subject"}},
		"a new Message-ID":     {func(m mail) mail { return m.with("Message-ID", "<1@gw>") }, []string{"message-id: <1@gw>"}},
		"no Message-ID":        {func(m mail) mail { return m.without("message-id") }, []string{"field-removed: Message-ID"}},
		"a second Message-ID":  {func(m mail) mail { return m.on("Message-ID: <1@gw>") }, nil},
		"a renamed author":     {func(m mail) mail { return m.with("From", "Mail via gw <mailpath@provider.example>") }, []string{"field-changed: From"}},
		"another author":       {func(m mail) mail { return m.with("From", "Mail delivery check <list@gw.example>") }, []string{"field-changed: From"}},
		"another local part":   {func(m mail) mail { return m.with("To", "<Mailpath-In@example.com>") }, []string{"field-changed: To"}},
		"one recipient more":   {func(m mail) mail { return m.with("To", "<mailpath-in@example.com>, a@b.example") }, []string{"field-changed: To"}},
		"a recipient garbled":  {func(m mail) mail { return m.with("To", "<<mailpath-in@example.com") }, []string{"field-changed: To"}},
		"another second":       {func(m mail) mail { return m.with("Date", "Mon, 23 Nov 2026 08:41:08 +0000") }, []string{"field-changed: Date"}},
		"no date":              {func(m mail) mail { return m.with("Date", "yesterday") }, []string{"field-changed: Date"}},
		"the tag's field gone": {func(m mail) mail { return m.without(probe.TagField) }, []string{"field-removed: X-Mailpath-Tag"}},
		"the tag's field cut": {func(m mail) mail { return m.with(probe.TagField, m.value(probe.TagField)[:60]) },
			[]string{"field-changed: X-Mailpath-Tag"}},
		"a header firewall": {func(m mail) mail {
			return asDelivered(m).without(probe.TagField).without("X-Auto-Response-Suppress").without("Auto-Submitted")
		}, []string{"field-removed: Auto-Submitted", "field-removed: X-Auto-Response-Suppress", "field-removed: X-Mailpath-Tag"}},
		"all at once, in order": {func(m mail) mail {
			return m.around("Beware!\r\n", "Bye\r\n").without(probe.TagField).with("From", "x@y.example").with("Message-ID", "<1@gw>").subject("[X] ", "")
		}, []string{"subject-prefix: [X]", "message-id: <1@gw>", "field-removed: X-Mailpath-Tag", "field-changed: From", "banner: Beware!", "footer: Bye"}},
		"text that cannot be shown": {func(m mail) mail { return m.subject("[\x1b[31m\u202eX"+strings.Repeat("y", 200)+"] ", "") },
			[]string{"subject-prefix: [ [31m�X" + strings.Repeat("y", 89)}},
	} {
		t.Run(name, func(t *testing.T) {
			sent := plain(t)
			check(t, sent, c.alter(mailOf(sent)), c.want...)
		})
	}
}

func TestText(t *testing.T) {
	const latin = "text/plain; charset=iso-8859-1"
	for name, c := range map[string]struct {
		alter func(mail) mail
		want  []string
	}{
		"a banner": {func(m mail) mail { return m.around("CAUTION: this mail came from outside.\r\n\r\n", "") },
			[]string{"banner: CAUTION: this mail came from outside."}},
		"a banner on our first line": {func(m mail) mail { return m.around("[External] ", "") }, []string{"banner: [External]"}},
		"a long banner": {func(m mail) mail { return m.around(strings.Repeat("Think before you click. ", 50)+"\r\n", "") },
			[]string{"banner: " + strings.Repeat("Think before you click. ", 4) + "Thi"}},
		"a footer": {func(m mail) mail { return m.around("", "\r\n-- \r\nConfidential.\r\nReally.\r\n") }, []string{"footer: -- Confidential. Really."}},
		"both":     {func(m mail) mail { return m.around("Above\r\n", "Below") }, []string{"banner: Above", "footer: Below"}},
		"quoted-printable": {func(m mail) mail {
			return m.as("text/plain; charset=utf-8", "quoted-printable", strings.ReplaceAll(quotedPrintable(m.body), "day", "d=61=\r\ny"))
		}, []string{"encoding: quoted-printable"}},
		"base64":              {func(m mail) mail { return m.as("text/plain; charset=utf-8", "BASE64 (x)", inBase64(m.body)) }, []string{"encoding: base64"}},
		"another charset":     {func(m mail) mail { return m.with("Content-Type", latin) }, []string{"encoding: iso-8859-1"}},
		"both of it":          {func(m mail) mail { return m.as(latin, "quoted-printable", quotedPrintable(m.body)) }, []string{"encoding: quoted-printable, iso-8859-1"}},
		"UTF-16":              {func(m mail) mail { return m.as("text/plain; charset=utf-16le", "base64", inBase64(wide(m.body))) }, []string{"encoding: base64, utf-16le"}},
		"a charset not known": {func(m mail) mail { return m.with("Content-Type", "text/plain; charset=x-none") }, []string{"encoding: x-none"}},
		"a banner in latin-1, encoded": {func(m mail) mail {
			return m.as(latin, "quoted-printable", "Achtung: Mail von au=DFen=\r\n!\r\n"+quotedPrintable(m.body))
		}, []string{"banner: Achtung: Mail von außen!", "encoding: quoted-printable, iso-8859-1"}},
		"HTML": {func(m mail) mail { return m.as("text/html; charset=utf-8", "7bit", page("", m.body, "")) }, []string{"format: text/html"}},
		"alternatives": {func(m mail) mail {
			return m.as(`multipart/alternative; boundary="=_b"`, "7bit", "For others\r\n"+part("Content-Type: text/plain", m.body)+
				part("Content-Type: text/html\r\nContent-Transfer-Encoding: base64", inBase64(page("<p>Beware</p>", m.body, "")))+end)
		}, []string{"format: multipart/alternative"}},
		"alternatives of HTML only": {func(m mail) mail {
			return m.as(`multipart/alternative; boundary="=_b"`, "7bit",
				part("Content-Type: text/html\r\nContent-Transfer-Encoding: base64", inBase64(page("<p>Beware</p>", m.body, "")))+end)
		}, []string{"banner: Beware", "format: multipart/alternative"}},
		"with a picture": {func(m mail) mail {
			return m.as(`multipart/mixed; boundary="=_b"`, "7bit", part("Content-Type: text/plain", m.body)+
				part("Content-Type: image/png\r\nContent-Transfer-Encoding: base64", "AAAA")+
				part("Content-Type: text/plain\r\nContent-Disposition: attachment; filename=x.txt", "not shown")+end)
		}, []string{"format: multipart/mixed"}},
		"a malformed Content-Type": {func(m mail) mail { return m.with("Content-Type", "text/plain; charset=utf-8; charset=utf-8; x") }, nil},
		"an unknown encoding":      {func(m mail) mail { return m.with("Content-Transfer-Encoding", "x-none") }, []string{"encoding: x-none"}},
		"a container of Outlook": {func(m mail) mail { return m.as("application/ms-tnef; name=winmail.dat", "base64", "AAAA") },
			[]string{"format: application/ms-tnef", "text: (no text)"}},
		"another word": {func(m mail) mail {
			m.body = strings.Replace(m.body, "small tests", "smart tests", 1)
			return m
		}, []string{"text: Good day. This mail is one of many smart tests. A program called hq-1,"}},
		"another word, between others'": {func(m mail) mail {
			m.body = strings.Replace(m.body, "small tests", "smart tests", 1)
			m.body = strings.Replace(m.body, "Good day", "[X] Good day", 1)
			return m.around("Above\r\n", "Below\r\n")
		}, []string{"text: Above"}},
		"a later word, between others'": {func(m mail) mail {
			m.body = strings.Replace(m.body, "You need not", "You must", 1)
			return m.around("Above\r\n", "Below\r\n")
		}, []string{"banner: Above", "footer: Below", "text: You must answer it, and you need not keep it. The line of letters"}},
		"without its end": {func(m mail) mail {
			m.body, _, _ = strings.Cut(m.body, "You need not")
			return m
		}, []string{"text: without: You need not answer it, and you need not keep it. The line of letters"}},
		"nothing left": {func(m mail) mail {
			m.body = " \r\n"
			return m
		}, []string{"text: (no text)"}},
		"replaced": {func(m mail) mail {
			m.body = "\r\nThis mail was removed.\r\nAsk."
			return m
		}, []string{"text: This mail was removed."}},
		"garbled, in another encoding": {func(m mail) mail {
			return m.as("text/plain; charset=utf-8", "quoted-printable", "Good d=41y\r\n")
		}, []string{"text: Good dAy"}},
	} {
		t.Run(name, func(t *testing.T) {
			sent := plain(t)
			check(t, sent, c.alter(mailOf(sent)), c.want...)
		})
	}
}

func wide(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.Write([]byte{c, 0})
	}
	return b.String()
}

func TestLinks(t *testing.T) {
	const text = "See https://mail.example/a?b=c, www.mail.example and\n<http://other.example/>.\n"
	const safe = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fmail.example%2Fa%3Fb%3Dc&data=05%7C02"
	const defense = "https://urldefense.com/v3/__http://other.example/__;!!x!y$"
	for name, c := range map[string]struct {
		alter func(string) string
		want  []string
	}{
		"untouched":       {func(s string) string { return s }, nil},
		"a slash and www": {func(s string) string { return strings.ReplaceAll(s, "www.mail.example ", "http://www.mail.example/ ") }, nil},
		"one rewritten":   {func(s string) string { return strings.ReplaceAll(s, "https://mail.example/a?b=c", safe) }, []string{"links: eur01.safelinks.protection.outlook.com"}},
		"two, and a banner with one": {func(s string) string {
			return "Report: https://report.example/1\r\n" + strings.NewReplacer("https://mail.example/a?b=c", safe, "http://other.example/", defense).Replace(s) + "https://foot.example"
		}, []string{"banner: Report: https://report.example/1", "footer: https://foot.example", "links: eur01.safelinks.protection.outlook.com", "links: urldefense.com"}},
		"two by one host": {func(s string) string {
			return strings.NewReplacer("https://mail.example/a?b=c", "https://gw.example?u=1", "http://other.example/", "https://gw.example?u=2").Replace(s)
		}, []string{"links: gw.example"}},
		"without its protocol": {func(s string) string { return strings.ReplaceAll(s, "https://mail", "hxxps://mail") },
			[]string{"text: See hxxps://mail.example/a?b=c, www.mail.example and"}},
	} {
		t.Run(name, func(t *testing.T) {
			sent := compose(t, prose(text))
			m := mailOf(sent)
			m.body = c.alter(m.body)
			check(t, sent, m, c.want...)
		})
	}
	sent := compose(t, prose(text))
	m := mailOf(sent)
	html := strings.NewReplacer("https://mail.example/a?b=c", "<a href=\""+strings.ReplaceAll(safe, "&", "&amp;")+"\">https://mail.example/a?b=c</a>",
		"<http://other.example/>", "&lt;<a class=x href='http://other.example/'>http://other.example/</a>&gt;").Replace(m.body)
	check(t, sent, m.as("text/html", "7bit", "<p>"+html+"<p>See <a href=\"https://x.example\">here"),
		"footer: See here", "links: eur01.safelinks.protection.outlook.com", "format: text/html")
}
