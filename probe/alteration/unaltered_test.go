package alteration_test

import (
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/alteration"
)

// asDelivered is what every server on the way adds.
func asDelivered(m mail) mail {
	return m.on(
		"Return-Path: <mailpath@provider.example>", "Delivered-To: mailpath-in@example.com",
		"Received: from mx1.example.com by imap.example.com\r\n\twith LMTP id abc; Mon, 23 Nov 2026 08:41:08 +0000",
		"Authentication-Results: mx1.example.com; dkim=pass header.d=provider.example",
		"X-Spam-Status: No, score=-1.1", "X-MS-Exchange-Organization-SCL: -1", "ARC-Seal: i=1; a=rsa-sha256; cv=none",
		"DKIM-Signature: v=1; a=rsa-sha256; d=provider.example; s=x;\r\n\th=from:to; bh=AA==; b=AA==",
		"Thread-Topic: Mail delivery check", "X-Subject: [SPAM] other",
	)
}

// What mail systems do to any mail is no alteration.
func TestUnaltered(t *testing.T) {
	for name, alter := range map[string]func(mail) mail{
		"as it was sent":  func(m mail) mail { return m },
		"with new fields": asDelivered,
		"a Subject in encoded words": func(m mail) mail {
			return m.with("Subject", "=?utf-8?B?TWFpbCBkZWxpdmVyeQ==?= =?iso-8859-1?Q?_check?="+strings.TrimPrefix(m.value("Subject"), "Mail delivery check"))
		},
		"a Subject folded within a word": func(m mail) mail {
			s := m.value("Subject")
			return m.with("Subject", s[:50]+"\r\n\t"+s[50:])
		},
		"names in other letters": func(m mail) mail {
			for i, f := range m.fields {
				name, value, _ := strings.Cut(f, ":")
				m.fields[i] = strings.ToLower(name) + ":" + value
			}
			return m
		},
		"fields folded and spaced anew": func(m mail) mail {
			tag := m.value(probe.TagField)
			return m.with(probe.TagField, tag[:40]+"\r\n\t"+tag[40:]).with("X-Auto-Response-Suppress", "DR,RN,NRN,\r\n OOF,AutoReply")
		},
		"From quoted": func(m mail) mail { return m.with("From", `"Mail delivery check" <mailpath@PROVIDER.example>`) },
		"From encoded": func(m mail) mail {
			return m.with("From", `=?utf-8?q?Mail_delivery_check?= <mailpath@provider.example>`)
		},
		"To without brackets": func(m mail) mail {
			return m.with("To", "mailpath-in@example.com (none)").with("To", "mailpath-in@example.com")
		},
		"the Date in another zone":   func(m mail) mail { return m.with("Date", "Mon, 23 Nov 2026 09:41:07 +0100 (CET)") },
		"the Date without a weekday": func(m mail) mail { return m.with("Date", "23 Nov 26 08:41:07 GMT") },
		"LF line ends": func(m mail) mail {
			m.body = strings.ReplaceAll(m.body, "\r\n", "\n")
			return m
		},
		"blank space and lines at the end": func(m mail) mail {
			m.body = strings.ReplaceAll(m.body, ".\r\n", ".  \r\n") + "\r\n\r\n \r\n"
			return m
		},
		"without the blank lines at its end": func(m mail) mail {
			m.body = strings.TrimRight(m.body, "\r\n")
			return m
		},
		"lines broken anew": func(m mail) mail {
			m.body = strings.ReplaceAll(strings.ReplaceAll(m.body, "\r\n", " "), " mails ", "\r\nmails ")
			return m
		},
		"8bit": func(m mail) mail { return m.with("Content-Transfer-Encoding", "8bit") },
		"a Content-Type written otherwise": func(m mail) mail {
			return m.with("Content-Type", "Text/PLAIN;\r\n\tcharset=\"UTF-8\"")
		},
		"flowed": func(m mail) mail {
			m = m.with("Content-Type", "text/plain; charset=utf-8; format=flowed; delsp=no")
			m.body = strings.ReplaceAll(m.body, "\r\n", " \r\n ")
			return m
		},
		"without the fields that say what is so anyhow": func(m mail) mail {
			return m.without("Content-Transfer-Encoding").without("MIME-Version").without("Content-Type")
		},
		"cut where the search ends": func(m mail) mail {
			m.body += strings.Repeat(" \r\n", probe.MaxBody)
			return m
		},
	} {
		t.Run(name, func(t *testing.T) {
			sent := plain(t)
			check(t, sent, alter(mailOf(sent)))
		})
	}
}

// A payload may well have lines that mailbox files mangle, and links.
func TestMangledAndUnmangled(t *testing.T) {
	sent := compose(t, prose("From here on\n>From there\nsee https://mail.example/x.\n"))
	m := mailOf(sent)
	m.body = strings.Replace(strings.Replace(m.body, ">From", ">>From", 1), "From here", ">From here", 1)
	check(t, sent, m, "text: >>From there")
	m.body = strings.Replace(m.body, ">>From", ">From", 1)
	check(t, sent, m)
}

// Nothing is said about what nobody has looked at.
func TestUnknown(t *testing.T) {
	sent := plain(t)
	o := mailOf(sent).subject("[X] ", "").around("Beware\r\n", "").found()
	for name, c := range map[string]struct {
		found probe.Observation
		want  string
	}{
		"no header":    {probe.Observation{Body: o.Body}, ""},
		"no body":      {probe.Observation{Header: o.Header}, "subject-prefix: [X]\n"},
		"nothing":      {probe.Observation{}, ""},
		"an empty one": {probe.Observation{Header: o.Header, Body: []byte{}}, "subject-prefix: [X]\ntext: (no text)\n"},
	} {
		if got := show(alteration.Find(sent, c.found)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Where the text was cut off, nobody can say what came behind.
func TestCutOff(t *testing.T) {
	sent := plain(t)
	text := mailOf(sent).body
	for name, c := range map[string]struct {
		above int
		want  []string
	}{
		"within our text":   {probe.MaxBody - 300, []string{"banner: xxxx xxxx"}},
		"before our text":   {probe.MaxBody + 5, nil},
		"right behind it":   {probe.MaxBody - len(text), []string{"banner: xxxx xxxx"}},
		"within its banner": {probe.MaxBody, nil},
	} {
		t.Run(name, func(t *testing.T) {
			above := "xxxx xxxx\r\n" + strings.Repeat("\r\n", (c.above-11)/2)
			check(t, sent, mailOf(sent).around(above+strings.Repeat(" ", c.above-len(above)), "\r\nfoot"), c.want...)
		})
	}
}
