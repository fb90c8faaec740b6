package world

import (
	"bytes"
	"encoding/base64"
	"html"
	"io"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"strings"
)

// encoding is the body's transfer encoding (RFC 2045 section 6), in lower case.
func (m mail) encoding() string { return strings.ToLower(m.value("content-transfer-encoding")) }

// kind is the media type, in lower case and without parameters; what has none is plain
// text (RFC 2045 section 5.2).
func (m mail) kind() string {
	kind, _, _ := strings.Cut(strings.ToLower(m.value("content-type")), ";")
	if kind = strings.TrimSpace(kind); kind == "" {
		return "text/plain"
	}
	return kind
}

// text decodes the body, and tells whether it is text in one part.
func (m mail) text() ([]byte, bool) {
	if !strings.HasPrefix(m.kind(), "text/") {
		return nil, false
	}
	var decoder io.Reader
	switch m.encoding() {
	case "", "7bit", "8bit", "binary":
		return m.body, true
	case "base64":
		decoder = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(m.body))
	case "quoted-printable":
		decoder = quotedprintable.NewReader(bytes.NewReader(m.body))
	default:
		return nil, false
	}
	text, err := io.ReadAll(decoder)
	return text, err == nil
}

// setText replaces the text of a body, in the encoding that it has.
func (m *mail) setText(text []byte) {
	switch m.encoding() {
	case "base64":
		m.body = inBase64(text)
	case "quoted-printable":
		m.body = inQuotedPrintable(text)
	default:
		m.body = text
	}
}

// inQuotedPrintable encodes a body (RFC 2045 section 6.7). The writes to memory do not
// fail.
func inQuotedPrintable(text []byte) []byte {
	var body bytes.Buffer
	w := quotedprintable.NewWriter(&body)
	w.Write(text)
	w.Close()
	return body.Bytes()
}

// quote writes the body as quoted-printable.
func (m *mail) quote() {
	if text, ok := m.text(); ok {
		m.body = inQuotedPrintable(text)
		m.set("Content-Transfer-Encoding", "quoted-printable")
	}
}

var link = regexp.MustCompile(`https?://[^\s<>"]+`)

// alterText makes the alterations of the text.
func (f Alter) alterText(m *mail) {
	text, ok := m.text()
	if !ok || f.RewriteLinks == "" && f.Banner == "" && f.Footer == "" {
		return
	}
	if f.RewriteLinks != "" {
		text = link.ReplaceAllFunc(text, func(l []byte) []byte { return []byte(f.RewriteLinks + url.QueryEscape(string(l))) })
	}
	paragraph, below := func(text string) []byte { return []byte(text + "\r\n\r\n") }, func(text string) []byte { return []byte("\r\n" + text + "\r\n") }
	if m.kind() == "text/html" {
		paragraph = func(text string) []byte { return []byte("<p>" + html.EscapeString(text) + "</p>\r\n") }
		below = paragraph
	}
	if f.Banner != "" {
		text = append(paragraph(f.Banner), text...)
	}
	if f.Footer != "" {
		text = append(text[:len(text):len(text)], below(f.Footer)...)
	}
	m.setText(text)
}

// addHTML makes plain text the first part of multipart/alternative (RFC 2046 section
// 5.1.4); the second is the same as HTML.
func (m *mail) addHTML(id string) {
	text, ok := m.text()
	if !ok || m.kind() != "text/plain" {
		return
	}
	part := mail{body: m.body}
	encoding, content := m.value("content-transfer-encoding"), m.value("content-type")
	if encoding != "" {
		part.set("Content-Transfer-Encoding", encoding)
	}
	second := part
	second.fields = append([]string(nil), part.fields...)
	_, parameters, _ := strings.Cut(content, ";")
	if content != "" {
		part.set("Content-Type", content)
		parameters = ";" + parameters
	}
	second.set("Content-Type", strings.TrimSuffix("text/html"+parameters, ";"))
	second.setText([]byte("<html><body><pre>\r\n" + html.EscapeString(string(text)) + "</pre></body></html>\r\n"))
	boundary := "alternative-" + id
	m.set("MIME-Version", "1.0")
	m.set("Content-Type", "multipart/alternative; boundary=\""+boundary+"\"")
	if encoding != "8bit" && encoding != "binary" { // RFC 2045 section 6.4 allows a whole no other
		encoding = "7bit"
	}
	m.set("Content-Transfer-Encoding", encoding)
	var body bytes.Buffer
	for _, p := range []mail{part, second} {
		body.WriteString("--" + boundary + "\r\n")
		body.Write(p.bytes())
		body.WriteString("\r\n")
	}
	body.WriteString("--" + boundary + "--\r\n")
	m.body = body.Bytes()
}
