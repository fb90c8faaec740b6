package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"mime"
	"net/url"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// alterations are what the scanner does to each message; the lab's Alterations, which
// come as JSON, say what each of them means.
type alterations struct {
	SubjectPrefix  string
	Banner, Footer string
	LinkPrefix     string
	StripFields    string
	Encoding       string
	NewMessageID   bool
	AddHTML        bool
	MarkSpam       bool
}

// Set reads them as a flag.
func (a *alterations) Set(text string) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(a); err != nil {
		return fmt.Errorf("reading alterations: %w", err)
	}
	return nil
}

func (a *alterations) String() string { return "" } // the default, for flag

// changesBody tells whether there is a need to look below the header.
func (a *alterations) changesBody() bool {
	return a.Banner != "" || a.Footer != "" || a.LinkPrefix != "" || a.Encoding != "" || a.AddHTML
}

// alter makes the alterations; host is for the new Message-ID. What none of them is
// for stays as it was, byte by byte.
func (a *alterations) alter(raw []byte, host string) ([]byte, error) {
	if *a == (alterations{}) {
		return raw, nil
	}
	rest := bufio.NewReader(bytes.NewReader(raw))
	fields, err := textproto.ReadHeader(rest)
	if err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	header := a.header(message.Header{Header: fields}, host)
	var text bytes.Buffer
	if !a.changesBody() {
		if err := textproto.WriteHeader(&text, header.Header); err != nil {
			return nil, err
		}
		_, err := rest.WriteTo(&text)
		return text.Bytes(), err
	}
	if !header.Has("MIME-Version") {
		header = set(header, "MIME-Version", "1.0")
	}
	whole, err := a.entity(message.New(header, rest))
	if err != nil {
		return nil, err
	}
	if a.AddHTML && kind(whole) == plainText {
		if whole, err = withHTML(whole); err != nil {
			return nil, err
		}
	}
	err = whole.WriteTo(&text)
	return text.Bytes(), err
}

// header alters what stands above the body.
func (a *alterations) header(h message.Header, host string) message.Header {
	var kept []string
	for _, field := range fieldsOf(h) {
		name, value, _ := strings.Cut(field, ":")
		switch {
		case a.StripFields != "" && strings.HasPrefix(strings.ToLower(name), strings.ToLower(a.StripFields)):
			continue
		case a.SubjectPrefix != "" && key(field) == "Subject":
			// Encoded words stay apart from one another (RFC 2047 section 5).
			field = name + ": " + mime.QEncoding.Encode("utf-8", a.SubjectPrefix) + " " + strings.TrimLeft(value, " \t")
		case a.NewMessageID && key(field) == "Message-Id":
			field = name + ": <" + rand.Text() + "@" + host + ">\r\n"
		}
		kept = append(kept, field)
	}
	if a.MarkSpam {
		return set(headerOf(kept), "X-Spam-Flag", "YES")
	}
	return headerOf(kept)
}

// entity alters the texts of a message or a part of one; it takes what message.New
// gives. A message within the message is left alone.
func (a *alterations) entity(e *message.Entity, err error) (*message.Entity, error) {
	if err != nil {
		return nil, err // an unknown encoding or charset
	}
	if parts := e.MultipartReader(); parts != nil {
		return a.multipart(e.Header, parts)
	}
	content, err := io.ReadAll(e.Body)
	if err != nil {
		return nil, fmt.Errorf("reading a part: %w", err)
	}
	text := string(content)
	header := e.Header
	switch kind(e) {
	case plainText:
		text = a.linked(text)
		text = around(a.Banner, "\r\n\r\n") + text + around(a.Footer, "\r\n")
		header = a.textHeader(header, text)
	case htmlText:
		text = inHTML(a.linked(text), paragraph(a.Banner), paragraph(a.Footer))
		header = a.textHeader(header, text)
	}
	return &message.Entity{Header: header, Body: strings.NewReader(text)}, nil
}

func (a *alterations) multipart(header message.Header, parts message.MultipartReader) (*message.Entity, error) {
	var all []*message.Entity
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return message.NewMultipart(header, all)
		}
		if part, err = a.entity(part, err); err != nil {
			return nil, err
		}
		all = append(all, part)
	}
}

// textHeader says how a text is written from now on.
func (a *alterations) textHeader(h message.Header, text string) message.Header {
	encoding := strings.ToLower(h.Get("Content-Transfer-Encoding"))
	ascii := strings.IndexFunc(text, func(c rune) bool { return c > '~' }) < 0
	switch {
	case a.Encoding != "":
		encoding = a.Encoding
	case !ascii && (encoding == "" || encoding == "7bit"):
		encoding = "quoted-printable"
	}
	if encoding != "" {
		h = set(h, "Content-Transfer-Encoding", encoding)
	}
	if mediaType, parameters, err := h.ContentType(); !ascii && err == nil {
		now := map[string]string{}
		maps.Copy(now, parameters) // which is nil without a field
		now["charset"] = "utf-8"
		h = set(h, "Content-Type", mime.FormatMediaType(mediaType, now))
	}
	return h
}

const (
	plainText = "text/plain"
	htmlText  = "text/html"
)

// kind is the media type of an entity, empty for an attachment; without a field for it
// that is plain text (RFC 2045 section 5.2).
func kind(e *message.Entity) string {
	if disposition, _, _ := e.Header.ContentDisposition(); disposition == "attachment" {
		return ""
	}
	if !e.Header.Has("Content-Type") {
		return plainText
	}
	mediaType, _, _ := e.Header.ContentType()
	return strings.ToLower(mediaType)
}

var link = regexp.MustCompile(`https?://[^\s"'<>]+`)

// linked leads the links of a text through the scanner's own address.
func (a *alterations) linked(text string) string {
	if a.LinkPrefix == "" {
		return text
	}
	return link.ReplaceAllStringFunc(text, func(to string) string {
		return a.LinkPrefix + url.QueryEscape(html.UnescapeString(to))
	})
}

func around(text, after string) string {
	if text == "" {
		return ""
	}
	return text + after
}

func paragraph(text string) string {
	if text == "" {
		return ""
	}
	return "<p>" + html.EscapeString(text) + "</p>\r\n"
}
