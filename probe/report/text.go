package report

import (
	"bytes"
	"html"
	"io"
	"mime"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
)

// Limits of what is kept, and of what is looked through, in bytes.
const (
	maxDiagnostic = 500
	maxName       = 255
	maxProse      = 32 << 10 // of a report's own words
	maxSubject    = 2 << 10
)

// lower is a text in lower case, with the apostrophe that keyboards have.
func lower(s string) string { return strings.ToLower(strings.ReplaceAll(s, "’", "'")) }

var lineEnd = regexp.MustCompile(`\r*\n|\r`)

// withLF makes all line ends LF.
func withLF(b []byte) []byte {
	if bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	return lineEnd.ReplaceAll(b, []byte("\n"))
}

// inUTF8 reads what is no UTF-8 as Latin-1.
func inUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	latin := make([]rune, len(b))
	for i, c := range b {
		latin[i] = rune(c)
	}
	return string(latin)
}

// oneLine is a text without control characters, white space made one, of at most limit
// bytes.
func oneLine(s string, limit int) string {
	s = s[:min(len(s), 8*limit)]
	var b strings.Builder
	space := false
	for _, r := range strings.ToValidUTF8(s, "") {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case !unicode.IsPrint(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if b.Len()+utf8.RuneLen(r) > limit {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// decoded is a field's value with its encoded words (RFC 2047) decoded where they can be.
func decoded(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	d := mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
		if decoder, err := charset.Reader(name, r); err == nil {
			return decoder, nil
		}
		return r, nil
	}}
	if text, err := d.DecodeHeader(s[:min(len(s), maxSubject)]); err == nil {
		return strings.ToValidUTF8(text, "")
	}
	return s
}

var (
	hidden = regexp.MustCompile(`(?is)<(style|script|head)\b.*?</(style|script|head)>|<!--.*?-->`)
	breaks = regexp.MustCompile(`(?i)<(br|/p|/div|/tr|/li|/h[1-6]|/td|p|div|hr)\b[^<>]*>`)
	markup = regexp.MustCompile(`</?[A-Za-z!][^<>]*>`)
)

// fromHTML is the text of an HTML part, in lines as they are shown.
func fromHTML(s string) string {
	s = hidden.ReplaceAllString(s, " ")
	s = strings.ReplaceAll(s, "\n", " ")
	s = breaks.ReplaceAllString(s, "\n")
	s = markup.ReplaceAllString(s, "")
	return strings.ReplaceAll(html.UnescapeString(s), "\u00a0", " ")
}

var quoting = regexp.MustCompile(`(?m)^[ \t]*(?:[>|][ \t]*)+`)

// unquoted is a text without the marks of quotation at the start of its lines, so that
// what was folded before it was quoted is whole again.
func unquoted(s string) string {
	if !strings.ContainsAny(s, ">|") {
		return s
	}
	return quoting.ReplaceAllString(s, "")
}
