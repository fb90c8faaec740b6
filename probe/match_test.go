package probe_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

// mailOf is one test message, cut into its header and its body.
type mailOf struct{ header, body string }

func compose(t testing.TB, ring *probe.Keyring) (mailOf, probe.Tag) {
	t.Helper()
	tag := newTag(ring.Prober(), "outside-to-hq")
	raw := string(probe.Compose(plainProbe("outside-to-hq"), ring, tag).Raw)
	header, body, found := strings.Cut(raw, "\r\n\r\n")
	if !found {
		t.Fatalf("message without an empty line:\n%s", raw)
	}
	return mailOf{"Return-Path: <mailpath@provider.example>\r\nReceived: from a by b; Mon, 23 Nov 2026 08:41:00 +0000\r\n" + header + "\r\n", body}, tag
}

// without takes all fields of a name out.
func (m mailOf) without(names ...string) mailOf {
	var kept []string
	dropping := false
	for line := range strings.Lines(m.header) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(line, ":")
			dropping = false
			for _, n := range names {
				dropping = dropping || strings.EqualFold(n, name)
			}
		}
		if !dropping {
			kept = append(kept, line)
		}
	}
	m.header = strings.Join(kept, "")
	return m
}

// with puts a field on top, in place of those of its name.
func (m mailOf) with(name, value string) mailOf {
	m = m.without(name)
	m.header = name + ": " + value + "\r\n" + m.header
	return m
}

func (m mailOf) subject() string {
	s, _ := probe.ParseHeader([]byte(m.header)).Get("Subject")
	return s
}

func quotedPrintable(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func inBase64(s string) string {
	encoded := base64.StdEncoding.EncodeToString([]byte(s))
	var b strings.Builder
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	return b.String() + encoded + "\r\n"
}

func quoted(body string) string { return "> " + strings.ReplaceAll(body, "\r\n", "\r\n> ") }

func TestMatch(t *testing.T) {
	strong := []string{probe.TagField, "Message-ID"}
	all := []string{probe.TagField, "Message-ID", "Subject"}
	ring := keyring(t, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"Mailpath@provider.example", "mailpath-in@example.com"}, nil)
	for name, c := range map[string]struct {
		change func(mailOf) mailOf
		want   probe.Carrier
	}{
		"as it was sent":                {func(m mailOf) mailOf { return m }, probe.InHeader},
		"the header field alone":        {func(m mailOf) mailOf { m.body = ""; return m.without("Message-ID", "Subject") }, probe.InHeader},
		"the Message-ID alone":          {func(m mailOf) mailOf { m.body = ""; return m.without(probe.TagField, "Subject") }, probe.InMessageID},
		"the Subject alone":             {func(m mailOf) mailOf { m.body = ""; return m.without(strong...) }, probe.InSubject},
		"the body alone":                {func(m mailOf) mailOf { return m.without(all...) }, probe.InBody},
		"nothing left":                  {func(m mailOf) mailOf { m.body = "Hello"; return m.without(all...) }, ""},
		"a malformed line above all":    {func(m mailOf) mailOf { m.header = "This is no field\r\n" + m.header; return m }, probe.InHeader},
		"LF line ends":                  {func(m mailOf) mailOf { m.header = strings.ReplaceAll(m.header, "\r", ""); return m }, probe.InHeader},
		"the header field damaged":      {func(m mailOf) mailOf { return m.with(probe.TagField, "mp1:cut off") }, probe.InMessageID},
		"a mark put before the Subject": {func(m mailOf) mailOf { return m.without(strong...).with("Subject", "[SPAM] ***EXTERN*** "+m.subject()) }, probe.InSubject},
		"the Subject encoded": {func(m mailOf) mailOf {
			return m.without(strong...).with("Subject", "=?utf-8?Q?=E2=9A=A0?= =?utf-8?Q?"+m.subject()+"?=")
		}, probe.InSubject},
		"the body in quoted-printable": {func(m mailOf) mailOf { m.body = quotedPrintable(m.body); return m.without(all...) }, probe.InBody},
		"the body in base64":           {func(m mailOf) mailOf { m.body = inBase64(m.body); return m.without(all...) }, probe.InBody},
		"the body in HTML": {func(m mailOf) mailOf {
			m.body = "<p>" + strings.ReplaceAll(m.body, "\r\n", "<br>\r\n") + "</p>"
			return m.without(all...)
		}, probe.InBody},
		"a warning above, a disclaimer below": {func(m mailOf) mailOf {
			m.body = "CAUTION: from outside\r\n-----\r\n" + m.body + "\r\n-- \r\nConfidential."
			return m.without(all...)
		}, probe.InBody},
		"released from quarantine": {func(m mailOf) mailOf { return m.with("Return-Path", "<>") }, probe.InHeader},
		"the author's name rewritten": {func(m mailOf) mailOf {
			return m.without(strong...).with("From", `"x (via gateway)" <MAILPATH@provider.example>`)
		}, probe.InSubject},
		"an answer": {func(m mailOf) mailOf {
			return m.without(probe.TagField).with("In-Reply-To", "<x@y>").with("Message-ID", "<z@y>")
		}, ""},
		"an answer that copied our field":  {func(m mailOf) mailOf { return m.with("References", "<x@y>") }, ""},
		"an answer without references":     {func(m mailOf) mailOf { return m.without(strong...).with("Subject", "Re: "+m.subject()) }, ""},
		"an answer in another language":    {func(m mailOf) mailOf { return m.without(strong...).with("Subject", "[EXT] AW: "+m.subject()) }, ""},
		"a forward by the mailbox's owner": {func(m mailOf) mailOf { return m.without(strong...).with("Subject", "Fwd: "+m.subject()) }, ""},
		"an inline forward, its Subject new": {func(m mailOf) mailOf {
			m.body = "see\r\n---------- Forwarded message ---------\r\n" + m.body
			return m.without(strong...).with("Subject", "look")
		}, ""},
		"an inline forward with the header shown": {func(m mailOf) mailOf {
			m.body = "see\r\n\r\nFrom: Mail delivery check\r\nSent: Monday\r\n" + m.body
			return m.without(strong...).with("Subject", "look")
		}, ""},
		"a warning that begins like a header, and says original message": {func(m mailOf) mailOf {
			m.body = "From: outside. The original message follows.\r\n\r\n" + m.body
			return m.without(all...)
		}, probe.InBody},
		"HTML with long styles": {func(m mailOf) mailOf {
			m.body = "<p style=\"" + strings.Repeat("mso-style-name:x;", 100) + "\">" + strings.ReplaceAll(m.body, "\r\n", "<br>\r\n")
			return m.without(all...)
		}, probe.InBody},
		"a quotation in HTML": {func(m mailOf) mailOf {
			m.body = "<p>Thanks</p><blockquote>" + strings.ReplaceAll(m.body, "\r\n", "<br>\r\n") + "</blockquote>"
			return m.without(strong...).with("Subject", "thanks")
		}, ""},
		"an automatic reply that hides it": {func(m mailOf) mailOf { return m.without(strong...).with("Subject", "Automatic reply: "+m.subject()) }, ""},
		"an absence":                       {func(m mailOf) mailOf { return m.without(strong...).with("Subject", "Abwesenheitsnotiz: "+m.subject()) }, ""},
		"a report that hides it":           {func(m mailOf) mailOf { return m.without(strong...).with("Subject", "Undeliverable: "+m.subject()) }, ""},
		"a quotation":                      {func(m mailOf) mailOf { m.body = quoted(m.body); return m.without(strong...).with("Subject", "look") }, ""},
		"from somebody else":               {func(m mailOf) mailOf { return m.without(strong...).with("From", "boss@example.com") }, ""},
		"a bounce": {func(m mailOf) mailOf {
			return m.without(strong...).with("Content-Type", "Multipart/Report; report-type=delivery-status").with("From", "mailer-daemon@example.com").with("Return-Path", "<>")
		}, ""},
		"a bounce that copied our field":       {func(m mailOf) mailOf { return m.with("Content-Type", "multipart/report; boundary=x") }, ""},
		"a bounce in plain text":               {func(m mailOf) mailOf { return m.with("From", "mailer-daemon@example.com").with("Return-Path", " < > ") }, ""},
		"from us, but with a null Return-Path": {func(m mailOf) mailOf { return m.without(strong...).with("Return-Path", "<>") }, ""},
		"an automatic answer":                  {func(m mailOf) mailOf { return m.with("Auto-Submitted", "auto-replied (vacation)") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			sent, tag := compose(t, ring)
			m := c.change(sent)
			got, carrier, err := matcher.Match([]byte(m.header+"\r\n"), func() ([]byte, error) { return []byte(m.body), nil })
			if err != nil {
				t.Fatal(err)
			}
			if carrier != c.want {
				t.Fatalf("got carrier %q, want %q in\n%s\n%s", carrier, c.want, m.header, m.body)
			}
			if c.want != "" && got.ID != tag.ID {
				t.Errorf("got id %v, want %v", got.ID, tag.ID)
			}
		})
	}
}

func TestMatchAsksForTheBodyOnlyInDoubt(t *testing.T) {
	ring := keyring(t, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"mailpath@provider.example"}, nil)
	m, _ := compose(t, ring)
	broken := errors.New("connection lost")
	body := func() ([]byte, error) { return nil, broken }
	if _, _, err := matcher.Match([]byte(m.header), body); err != nil {
		t.Errorf("a tagged header: got %v, want no question for the body", err)
	}
	if _, _, err := matcher.Match([]byte("From: boss@example.com\r\nSubject: hello\r\n"), body); err != nil {
		t.Errorf("foreign mail: got %v, want no question for the body", err)
	}
	untagged := m.without(probe.TagField, "Message-ID", "Subject")
	if _, _, err := matcher.Match([]byte(untagged.header), body); !errors.Is(err, broken) {
		t.Errorf("an untagged header from us: got %v, want %v", err, broken)
	}
}

func TestComposedMessageIsOneThatFiltersLeaveAlone(t *testing.T) {
	m, tag := compose(t, keyring(t, "hq-1", 1))
	h := probe.ParseHeader([]byte(m.header))
	for name, want := range map[string]string{
		"Auto-Submitted":            "auto-generated",
		"X-Auto-Response-Suppress":  "DR, RN, NRN, OOF, AutoReply",
		"Content-Type":              "text/plain; charset=utf-8",
		"Content-Transfer-Encoding": "7bit",
		"MIME-Version":              "1.0",
		"To":                        "<mailpath-in@example.com>",
	} {
		if got, _ := h.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"Precedence", "X-Autoreply", "List-Unsubscribe"} {
		if h.Has(name) {
			t.Errorf("got a field %s, want none", name)
		}
	}
	id, _ := h.Get("Message-ID")
	if id != strings.ToLower(id) || len(id) > 100 || !strings.HasSuffix(id, "@provider.example>") || !strings.Contains(id, tag.ID.String()) {
		t.Errorf("got Message-ID %q, want less than 100 lower-case characters with the id, in the sender's domain", id)
	}
	for line := range strings.Lines(m.header + "\r\n" + m.body) {
		if !strings.HasSuffix(line, "\r\n") || len(line) > 80 && !strings.HasPrefix(line, "Message-ID:") && !strings.HasPrefix(line, "Subject:") {
			t.Errorf("got line %q, want at most 78 characters and CRLF", line)
		}
	}
}

// FuzzMatch holds that hostile mail neither breaks the matcher nor is believed.
func FuzzMatch(f *testing.F) {
	ring := keyring(f, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"mailpath@provider.example"}, nil)
	foreign, _ := compose(f, keyring(f, "hq-1", 9))
	f.Add([]byte(foreign.header), []byte(foreign.body))
	f.Add([]byte(foreign.without(probe.TagField, "Message-ID", "Subject").header), []byte(inBase64(foreign.body)))
	f.Add([]byte("From: mailpath@provider.example\nSubject: =?utf-8?B?////?=\n"), []byte(quotedPrintable("mp1:abcd:=\n")))
	fromUs := "From: mailpath@provider.example\nDate: Mon, 23 Nov 2026 08:41:00 +0000\nSubject: (" + foreign.subject() + ")\n"
	f.Add([]byte(fromUs), []byte("a<br>From: x\n\nSent: y\n"+foreign.body))
	f.Add([]byte(fromUs+"Content-Type: multipart/mixed; boundary=b\n"), []byte("--b\nContent-Type: message/rfc822\n\n"+foreign.header+"\n"+foreign.body))
	for _, convert := range forms {
		f.Add([]byte(fromUs), []byte(convert(foreign.body)))
	}
	f.Fuzz(func(t *testing.T, header, body []byte) {
		if tag, carrier, err := matcher.Match(header, func() ([]byte, error) { return body, nil }); err != nil || carrier != "" {
			t.Errorf("got %+v by %q, %v, want nothing", tag, carrier, err)
		}
	})
}

// FuzzMatchAltered holds that a message of ours, however it is damaged, is taken
// for itself or for nothing. Each three bytes of edits replace a byte somewhere.
func FuzzMatchAltered(f *testing.F) {
	ring := keyring(f, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"mailpath@provider.example"}, nil)
	f.Add([]byte{})
	f.Add([]byte{0, 10, 'x', 1, 200, '\n', 2, 3, ':'})
	f.Fuzz(func(t *testing.T, edits []byte) {
		m, tag := compose(t, ring)
		raw := []byte(m.header + "\r\n" + m.body)
		for ; len(edits) >= 3; edits = edits[3:] {
			raw[(int(edits[0])<<8|int(edits[1]))%len(raw)] = edits[2]
		}
		header, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		got, carrier, err := matcher.Match(header, func() ([]byte, error) { return body, nil })
		if err != nil || carrier != "" && got.ID != tag.ID {
			t.Errorf("got %+v by %q, %v, want %v or nothing", got, carrier, err, tag.ID)
		}
	})
}
