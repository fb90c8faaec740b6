package main

import (
	"strings"
	"testing"
)

// crlf writes a text with the line ends of mail.
func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

func TestAlter(t *testing.T) {
	page := crlf("From: a@example.com\nMIME-Version: 1.0\nContent-Type: text/html\n\n<html><BODY class=x>see http://a.example/?b&amp;c</body></html>\n")
	mixed := crlf(`Received: by b.example
Content-Type: multipart/mixed; boundary=x
MIME-Version: 1.0

--x
Content-Type: multipart/alternative; boundary=y

--y
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

R3LDvMOfZQ0K
--y
Content-Type: text/html

<p>Hi</p>
--y--

--x
Content-Type: text/plain
Content-Disposition: attachment

as it was
--x--
`)
	for _, test := range []struct {
		name  string
		alter alterations
		raw   string
		want  string
	}{
		{
			"all texts of a multipart, but no attachment", alterations{Footer: "--"}, mixed,
			strings.NewReplacer("R3LDvMOfZQ0K", "R3LDvMOfZQ0KLS0NCg==", "<p>Hi</p>", "<p>Hi</p><p>--</p>\r\n").Replace(mixed),
		},
		{
			"a page", alterations{Banner: "a & b", LinkPrefix: "https://s.example/"}, page,
			strings.NewReplacer("x>see http://a.example/?b&amp;c", "x><p>a &amp; b</p>\r\nsee https://s.example/http%3A%2F%2Fa.example%2F%3Fb%26c").Replace(page),
		},
		{"nothing to do", alterations{}, "no mail", "no mail"},
		{
			"a header alone, whatever the body is", alterations{SubjectPrefix: "[é]", NewMessageID: true, StripFields: "X-"},
			crlf("x-a: b\n c\nSUBJECT:  d\n e\nx: f\nContent-Type: text/plain; charset=none\n\n\xff\n"),
			crlf("SUBJECT: =?utf-8?q?[=C3=A9]?= d\n e\nx: f\nContent-Type: text/plain; charset=none\n\n\xff\n"),
		},
		{
			"a text that ceases to be ASCII", alterations{Footer: "ü"}, crlf("From: a@example.com\nContent-Type: text/plain; charset=us-ascii; format=flowed\n\nb=c\n"),
			crlf("From: a@example.com\nContent-Type: text/plain; charset=utf-8; format=flowed\nMIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\nb=3Dc\n=C3=BC\n"),
		},
		{
			"a spam flag in the place of the sender's", alterations{MarkSpam: true}, crlf("X-Spam-Flag: NO\nFrom: a@example.com\nX-Spam-Flag: NO\n\nb\n"),
			crlf("X-Spam-Flag: YES\nFrom: a@example.com\n\nb\n"),
		},
		{"a message without a body", alterations{Banner: "b"}, crlf("From: a@example.com\n\n"), crlf("From: a@example.com\nMIME-Version: 1.0\n\nb\n\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.alter.alter([]byte(test.raw), "scan.example")
			if err != nil || string(got) != test.want {
				t.Errorf("altering: got %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

func TestAlterationsAreRead(t *testing.T) {
	var a alterations
	if err := a.Set(`{"Banner": "b", "MarkSpam": true}`); err != nil || a != (alterations{Banner: "b", MarkSpam: true}) {
		t.Errorf("reading alterations: got %+v (%v), want the two", a, err)
	}
	if err := a.Set(`{"Bannner": "b"}`); err == nil {
		t.Error("reading an alteration that there is not: got no error, want one")
	}
}

func FuzzAlter(f *testing.F) {
	f.Add([]byte("Subject: a\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhttp://a\r\n--x--\r\n"))
	f.Add([]byte("Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGJvZHk+\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all := alterations{SubjectPrefix: "a", Banner: "b", Footer: "c", LinkPrefix: "d", StripFields: "x-", Encoding: "base64", NewMessageID: true, AddHTML: true, MarkSpam: true}
		// It may refuse, but must not die.
		if altered, err := all.alter(raw, "scan.example"); err == nil && !strings.Contains(string(altered), "X-Spam-Flag: YES\r\n") {
			t.Errorf("altering %q: got %q, want the flag in it", raw, altered)
		}
	})
}
