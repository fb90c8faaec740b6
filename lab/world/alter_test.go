package world_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// altered sends a message past a fault of the filter and gives what arrives: the header,
// and the body as it stands.
func altered(t *testing.T, f world.Alter, raw string) (mail.Header, string) {
	t.Helper()
	var h mail.Header
	var body []byte
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("antispam", f))
		must(t, sendRaw(t, w, "past-av-to-hq", envelope{}, raw))
		time.Sleep(aWhile)
		m, err := mail.ReadMessage(bytes.NewReader(onlyOne(t, w, "hq")))
		must(t, err)
		h = m.Header
		body, err = io.ReadAll(m.Body)
		must(t, err)
	})
	return h, string(body)
}

// plainText is a message in one part with a body in an encoding.
func plainText(kind, encoding, body string) string {
	return strings.ReplaceAll("Subject: Hello\nDate: today\nX-Two: 2\nX-One: 1\nContent-Type: "+kind+"\nContent-Transfer-Encoding: "+encoding+"\n\n", "\n", "\r\n") + body
}

func TestAlterText(t *testing.T) {
	const plain, text = "text/plain; charset=utf-8", "See http://a.example/?b=c&d.\r\nGrüße\r\n"
	const qp, b64 = "See http://a.example/?b=3Dc&d.\r\nGr=C3=BC=C3=9Fe\r\n", "U2VlIGh0dHA6Ly9hLmV4YW1wbGUvP2I9YyZkLg0KR3LDvMOfZQ0K\r\n"
	decorated := "Careful!\r\n\r\n" + text + "\r\nThe small print\r\n"
	tests := map[string]struct {
		fault        world.Alter
		raw          string
		kind, wanted string // Content-Type and body
		encoding     string
	}{
		"links": {world.Alter{RewriteLinks: "https://safe.example/?url="}, plainText(plain, "8bit", text), plain,
			"See https://safe.example/?url=http%3A%2F%2Fa.example%2F%3Fb%3Dc%26d.\r\nGrüße\r\n", "8bit"},
		"banner and footer":            {world.Alter{Banner: "Careful!", Footer: "The small print"}, plainText(plain, "8bit", text), plain, decorated, "8bit"},
		"the same in base64":           {world.Alter{Banner: "Careful!", Footer: "The small print"}, plainText(plain, "base64", b64), plain, wrapped(decorated), "base64"},
		"the same in quoted-printable": {world.Alter{Banner: "Careful!", Footer: "The small print"}, plainText(plain, "Quoted-Printable", qp), plain, "Careful!\r\n\r\n" + qp + "\r\nThe small print\r\n", "Quoted-Printable"},
		"banner in HTML":               {world.Alter{Banner: "a < b"}, plainText("text/html", "7bit", "<b>x</b>\r\n"), "text/html", "<p>a &lt; b</p>\r\n<b>x</b>\r\n", "7bit"},
		"quoted":                       {world.Alter{QuoteBody: true}, plainText(plain, "8bit", text), plain, qp, "quoted-printable"},
		"quoted, from base64":          {world.Alter{QuoteBody: true}, plainText(plain, "base64", b64), plain, qp, "quoted-printable"},
		"several parts":                {world.Alter{QuoteBody: true, Banner: "x", AddHTML: true, RewriteLinks: "x"}, plainText("multipart/mixed; boundary=q", "8bit", "--q\r\n\r\nhttp://a.example/\r\n--q--\r\n"), "multipart/mixed; boundary=q", "--q\r\n\r\nhttp://a.example/\r\n--q--\r\n", "8bit"},
		"broken base64":                {world.Alter{QuoteBody: true, Banner: "x"}, plainText(plain, "base64", "!!!\r\n"), plain, "!!!\r\n", "base64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h, body := altered(t, test.fault, test.raw)
			if body != test.wanted || h.Get("Content-Type") != test.kind || h.Get("Content-Transfer-Encoding") != test.encoding {
				t.Errorf("got %q in %q as %q\nwant %q in %q as %q", body, h.Get("Content-Type"), h.Get("Content-Transfer-Encoding"), test.wanted, test.kind, test.encoding)
			}
		})
	}
}

// wrapped is base64 in lines of 76 characters.
func wrapped(text string) string {
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	return encoded[:76] + "\r\n" + encoded[76:] + "\r\n"
}

func TestAlterHTML(t *testing.T) {
	for encoding, body := range map[string]string{"8bit": "1 < 2, Grüße\r\n", "quoted-printable": "1 < 2, Gr=C3=BC=C3=9Fe\r\n"} {
		h, got := altered(t, world.Alter{AddHTML: true}, plainText("text/plain; charset=utf-8", encoding, body))
		kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
		must(t, err)
		if kind != "multipart/alternative" || h.Get("MIME-Version") != "1.0" || h.Get("Content-Transfer-Encoding") == "quoted-printable" {
			t.Errorf("header: got %v, want multipart/alternative", h)
		}
		parts := multipart.NewReader(strings.NewReader(got), parameters["boundary"])
		for _, want := range [][2]string{{"text/plain; charset=utf-8", "1 < 2, Grüße\r\n"}, {"text/html; charset=utf-8", "<html><body><pre>\r\n1 &lt; 2, Grüße\r\n</pre></body></html>\r\n"}} {
			p, err := parts.NextRawPart()
			must(t, err)
			content := io.Reader(p)
			if got := p.Header.Get("Content-Transfer-Encoding"); got != encoding {
				t.Errorf("encoding of a part: got %q, want %q", got, encoding)
			} else if got == "quoted-printable" {
				content = quotedprintable.NewReader(p)
			}
			text, err := io.ReadAll(content)
			if got := [2]string{p.Header.Get("Content-Type"), string(text)}; err != nil || got != want {
				t.Errorf("part of %s: got %q, %v; want %q", encoding, got, err, want)
			}
		}
	}
}

func TestAlterFields(t *testing.T) {
	h, _ := altered(t, world.Alter{Strip: []string{"x-one", "Date"}, SubjectPrefix: "[EXTERNAL] ", MarkSubject: true}, plainText("text/plain", "7bit", "Hi\r\n"))
	if h.Get("Date") != "" || h.Get("X-One") != "" || h.Get("X-Two") != "2" || h.Get("Subject") != "[EXTERNAL] [SPAM] Hello" {
		t.Errorf("header: got %v, want the Subject marked twice and no Date and X-One", h)
	}
	inBubble(t, func(t *testing.T, w *world.World) {
		for _, f := range []world.Alter{{ReencodeBody: true, QuoteBody: true}, {SubjectPrefix: "a\r\nb"}, {Tag: world.AlterTag{Body: "burn"}}} {
			if w.Break("antispam", f) == nil {
				t.Errorf("breaking with %+v: got no error, want one", f)
			}
		}
	})
}

// TestAlterTag takes the tag from each carrier in turn, and wants it found on the others.
func TestAlterTag(t *testing.T) {
	key, err := probe.NewKey(rand.Reader)
	must(t, err)
	keys, err := probe.NewKeyring("lab", key)
	must(t, err)
	p := probe.Probe{Route: probe.Route{Name: "r", From: "mailpath@provider.example", To: "mailpath-in@example.com"}, Payload: payload.Plain(), Every: time.Minute}
	tag := probe.NewTag("lab", p, probe.Scheduled, time.Now(), time.Now())
	raw := string(probe.Compose(p, keys, tag).Raw)
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	body64 := base64.StdEncoding.EncodeToString([]byte(body))
	encoded := strings.Replace(head, "Encoding: 7bit", "Encoding: base64", 1) + "\r\n\r\n" + body64[:len(body64)/2] + "\r\n" + body64[len(body64)/2:] + "\r\n"
	inParts := strings.Replace(head, "text/plain; charset=utf-8", "multipart/mixed; boundary=q", 1) + "\r\n\r\n--q\r\n\r\n" + strings.TrimSpace(body) + "\r\n--q--\r\n"

	carriers := map[string]func(*world.AlterTag, world.TagChange){
		"subject": func(a *world.AlterTag, c world.TagChange) { a.Subject = c },
		"field":   func(a *world.AlterTag, c world.TagChange) { a.Field = c },
		"body":    func(a *world.AlterTag, c world.TagChange) { a.Body = c },
		"id":      func(a *world.AlterTag, c world.TagChange) { a.MessageID = c },
	}
	for name, set := range carriers {
		for _, change := range []world.TagChange{world.RemoveTag, world.CorruptTag} {
			for kind, raw := range map[string]string{"plain": raw, "base64": encoded, "parts": inParts} {
				t.Run(fmt.Sprintf("%s %s in %s", change, name, kind), func(t *testing.T) {
					var f world.Alter
					set(&f.Tag, change)
					h, got := altered(t, f, raw)
					if kind == "base64" {
						decoded, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, strings.NewReader(got)))
						must(t, err)
						got = string(decoded)
					}
					found := make(map[string]bool)
					_, found["subject"] = keys.FindShort(h.Get("Subject"))
					_, found["id"] = keys.FindShort(h.Get("Message-ID"))
					_, found["field"] = keys.FindFull(h.Get(probe.TagField))
					_, found["body"] = keys.FindFull(got)
					for carrier := range carriers {
						if found[carrier] == (carrier == name) {
							t.Errorf("tag in %s: got %t, want it in all but %s", carrier, found[carrier], name)
						}
					}
					left := map[string]string{"subject": h.Get("Subject"), "id": h.Get("Message-ID"), "field": h.Get(probe.TagField), "body": got}[name]
					if there := strings.Contains(left, "mp1"); there != (change == world.CorruptTag) {
						t.Errorf("%s: got %q, want a rest of the tag: %t", name, left, !there)
					}
					if kind == "parts" && !strings.HasSuffix(got, "\r\n--q--\r\n") {
						t.Errorf("body: got %q, want its last boundary", got)
					}
				})
			}
		}
	}
	for _, text := range []string{"mp1:\r\n", "mp1:a:b:c:d:e:f:g:h:i:j:k\r\n", "mp1:" + strings.Repeat("a:", 9) + strings.Repeat("b", 51) + "\r\n", "mp1:A" + strings.Repeat(":", 9) + strings.Repeat("b", 52) + "\r\n"} {
		if _, got := altered(t, world.Alter{Tag: world.AlterTag{Body: world.RemoveTag}}, plainText("text/plain", "7bit", text+strings.TrimSpace(body))); got != text+before(body, "mp1:")+"\r\n" {
			t.Errorf("body that begins with %q: got %q, want only the tag removed", text, got)
		}
	}
	h, got := altered(t, world.Alter{Tag: world.AlterTag{Field: world.CorruptTag, MessageID: world.CorruptTag, Subject: world.CorruptTag, Body: world.CorruptTag}}, raw)
	if got == body || len(got) != len(body) || differing(got, body) != 1 {
		t.Errorf("corrupted body: got\n%s\nwant one character of this changed\n%s", got, body)
	}
	if want := "<" + keys.SignShort(tag.ID) + "@provider.example>"; differing(h.Get("Message-ID"), want) != 1 {
		t.Errorf("corrupted Message-ID: got %s, want one character of %s changed", h.Get("Message-ID"), want)
	}
}

// differing counts the characters in which two texts of one length differ.
func differing(one, two string) int {
	if len(one) != len(two) {
		return -1
	}
	n := 0
	for i := range one {
		if one[i] != two[i] {
			n++
		}
	}
	return n
}

// before is what stands before a mark in a text.
func before(text, mark string) string {
	text, _, _ = strings.Cut(text, mark)
	return text
}
