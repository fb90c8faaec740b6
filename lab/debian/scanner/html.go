package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html"
	"io"
	"mime"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
)

var bodyTags = regexp.MustCompile(`(?is)^(.*<body[^>]*>)?(.*?)(</body>.*)?$`)

// inHTML puts a paragraph above and one below the body of an HTML page.
func inHTML(page, above, below string) string {
	parts := bodyTags.FindStringSubmatch(page)
	return parts[1] + above + parts[2] + below + parts[3]
}

// withHTML makes a plain text one of two alternatives (RFC 2046 section 5.1.4), the
// other of which is a copy of it in HTML. What the header says of the content goes
// with the text.
func withHTML(plain *message.Entity) (*message.Entity, error) {
	content, err := io.ReadAll(plain.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the text: %w", err)
	}
	var outer, inner []string
	for _, field := range fieldsOf(plain.Header) {
		if strings.HasPrefix(key(field), "Content-") {
			inner = append(inner, field)
		} else {
			outer = append(outer, field)
		}
	}
	text := headerOf(inner)
	copied := set(text, "Content-Type", mime.FormatMediaType(htmlText, map[string]string{"charset": "utf-8"}))
	alternatives := mime.FormatMediaType("multipart/alternative", map[string]string{"boundary": rand.Text()})
	return message.NewMultipart(set(headerOf(outer), "Content-Type", alternatives), []*message.Entity{
		{Header: text, Body: bytes.NewReader(content)},
		{Header: copied, Body: strings.NewReader(page(string(content)))},
	})
}

// page shows a text as a mail program's HTML editor would.
func page(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
	for i, line := range lines {
		line = html.EscapeString(line)
		lines[i] = link.ReplaceAllString(line, `<a href="$0">$0</a>`)
	}
	return "<html><body>\r\n" + strings.Join(lines, "<br>\r\n") + "\r\n</body></html>\r\n"
}
