package alteration

import (
	"bytes"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message"
	// Text of others comes in many charsets.
	_ "github.com/emersion/go-message/charset"

	"github.com/mailpath/mailpath/probe"
)

// content is a header with the text below it, as it came.
type content struct {
	header probe.Header
	raw    []byte
}

// form is what a header says about the form of the text below it (RFC 2045).
type form struct {
	media    string // type and subtype, in lower case
	charset  string // in lower case; empty: not said
	encoding string // the transfer encoding, in lower case; empty: none
}

func (c content) form() form {
	value := c.contentType()
	media, params, err := mime.ParseMediaType(value)
	if err != nil {
		media, _, _ = strings.Cut(value, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	if !strings.Contains(media, "/") {
		media = "text/plain" // RFC 2045 section 5.2
	}
	return form{media: media, charset: strings.ToLower(params["charset"]), encoding: transferEncoding(c.header)}
}

func (c content) contentType() string {
	value, _ := c.header.Get("Content-Type")
	return value[:min(len(value), maxValue)]
}

// transferEncoding is the encoding that has to be taken off, without comments.
func transferEncoding(h probe.Header) string {
	value, _ := h.Get("Content-Transfer-Encoding")
	value, _, _ = strings.Cut(strings.ToLower(value), "(")
	value = strings.Trim(value, " \t;")
	switch value {
	case "7bit", "8bit", "binary":
		return ""
	}
	return value
}

// change names in what the form of a text is another than it was.
func (f form) change(was form) string {
	var changed []string
	if f.encoding != was.encoding {
		changed = append(changed, firstOf(f.encoding, "none"))
	}
	if f.charset != "" && f.charset != was.charset {
		changed = append(changed, f.charset)
	}
	return strings.Join(changed, ", ")
}

func firstOf(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// read gives the text as a reader would see it, in UTF-8.
func (c content) read() string {
	var h message.Header
	if value := c.contentType(); value != "" {
		h.Set("Content-Type", value)
	}
	h.Set("Content-Transfer-Encoding", transferEncoding(c.header))
	e, _ := message.New(h, bytes.NewReader(c.raw)) // an unknown charset is read as it is
	parts := maxParts
	return textOf(e, 0, &parts).text
}

const (
	maxDepth = 6                 // of parts within parts
	maxParts = 50                // of a message
	maxRead  = 4 * probe.MaxBody // bytes of a part, when it is decoded
)

// shown is the text of a part, and how much it is worth beside another form of it.
type shown struct {
	text string
	is   worth
}

type worth int

const (
	nothing worth = iota
	html
	plain
)

// textOf reads the text of a part and of the parts within: of alternatives the plain one,
// of all others one below the other. What is attached is not shown.
func textOf(e *message.Entity, depth int, parts *int) shown {
	if *parts--; *parts < 0 || depth > maxDepth {
		return shown{}
	}
	if disposition, _, _ := e.Header.ContentDisposition(); depth > 0 && strings.EqualFold(disposition, "attachment") {
		return shown{}
	}
	media, _, err := e.Header.ContentType()
	switch {
	case strings.HasPrefix(media, "multipart/"):
		return textOfParts(e, media == "multipart/alternative", depth, parts)
	case media == "message/rfc822":
		return textOfMessage(e, depth, parts)
	case media == "text/html":
		return shown{textOfHTML(readAll(e.Body)), html}
	case strings.HasPrefix(media, "text/") || err != nil:
		return shown{readAll(e.Body), plain}
	}
	return shown{}
}

// readAll keeps what could be decoded before an error: the text may have been cut off.
func readAll(r io.Reader) string {
	read, _ := io.ReadAll(io.LimitReader(r, maxRead))
	return string(read)
}

func textOfParts(e *message.Entity, alternative bool, depth int, parts *int) shown {
	var all shown
	for reader := e.MultipartReader(); reader != nil && *parts > 0; {
		part, err := reader.NextPart()
		if part == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			break
		}
		s := textOf(part, depth+1, parts)
		switch {
		case s.is == nothing || alternative && s.is <= all.is:
		case alternative || all.is == nothing:
			all = s
		default:
			all = shown{all.text + "\n" + s.text, max(all.is, s.is)}
		}
	}
	return all
}

func textOfMessage(e *message.Entity, depth int, parts *int) shown {
	within, err := message.Read(e.Body)
	if within == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return shown{}
	}
	return textOf(within, depth+1, parts)
}
