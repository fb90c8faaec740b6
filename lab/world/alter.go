package world

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// mail is a message taken apart: header fields with their folds and line ends, and
// the body below the empty line.
type mail struct {
	fields []string
	body   []byte
}

func parseMail(raw []byte) mail {
	header, body, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if found {
		header = append(header[:len(header):len(header)], "\r\n"...)
	}
	m := mail{body: body}
	for line := range strings.Lines(string(header)) {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			if last := len(m.fields) - 1; last >= 0 {
				m.fields[last] += line
				continue
			}
		}
		m.fields = append(m.fields, line)
	}
	return m
}

func (m mail) bytes() []byte {
	return append([]byte(strings.Join(m.fields, "")+"\r\n"), m.body...)
}

// fieldName is a field's name in lower case.
func fieldName(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return strings.ToLower(strings.TrimSpace(name))
}

// value is the text of the first field of a name.
func (m mail) value(name string) string {
	for _, f := range m.fields {
		if fieldName(f) == name {
			_, value, _ := strings.Cut(f, ":")
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// set replaces the first field of a name, or adds one.
func (m *mail) set(name, value string) {
	field := name + ": " + value + "\r\n"
	for i, f := range m.fields {
		if fieldName(f) == strings.ToLower(name) {
			m.fields[i] = field
			return
		}
	}
	m.fields = append(m.fields, field)
}

// Alter changes messages on their way. What is done to text is done to a body in one
// part, and decoded first if need be; one of several parts is left as it is.
type Alter struct {
	StripX        bool     // header fields whose names begin with "X-" are removed
	Strip         []string // header fields with these names are removed
	MarkSubject   bool     // the Subject gets the prefix "[SPAM] "
	SubjectPrefix string   // text put before the Subject, as it is
	NewMessageID  bool     // the Message-ID is replaced
	Tag           AlterTag // what happens to the tag of a test message
	RewriteLinks  string   // every http and https link becomes this text and the link, as in a query
	Banner        string   // a paragraph above the text
	Footer        string   // a paragraph below the text
	AddHTML       bool     // plain text becomes multipart/alternative, with HTML as its second part
	ReencodeBody  bool     // the body of a message in one part is encoded as base64
	QuoteBody     bool     // the body of a message in one part is encoded as quoted-printable, whatever it was
}

func (f Alter) check() error {
	for _, c := range []TagChange{f.Tag.Field, f.Tag.MessageID, f.Tag.Subject, f.Tag.Body} {
		if c != "" && c != RemoveTag && c != CorruptTag {
			return fmt.Errorf("alteration: got a change %q of a tag, want %q, %q or none", c, RemoveTag, CorruptTag)
		}
	}
	if f.ReencodeBody && f.QuoteBody {
		return errors.New("alteration: got two encodings of the body, want one")
	}
	if strings.ContainsAny(f.SubjectPrefix, "\r\n") {
		return fmt.Errorf("alteration: got the prefix %q of a Subject, want one line", f.SubjectPrefix)
	}
	return nil
}

// apply makes the fault's alterations; id is for the new Message-ID, and for a boundary.
func (f Alter) apply(raw []byte, id string) []byte {
	m := parseMail(raw)
	m.fields = slices.DeleteFunc(m.fields, func(field string) bool {
		name := fieldName(field)
		return f.StripX && strings.HasPrefix(name, "x-") || slices.ContainsFunc(f.Strip, func(s string) bool { return strings.EqualFold(s, name) })
	})
	f.Tag.apply(&m, id)
	if f.MarkSubject {
		m.set("Subject", "[SPAM] "+m.value("subject"))
	}
	if f.SubjectPrefix != "" {
		m.set("Subject", f.SubjectPrefix+m.value("subject"))
	}
	if f.NewMessageID {
		m.set("Message-ID", "<"+id+">")
	}
	f.alterText(&m)
	if f.AddHTML {
		m.addHTML(id)
	}
	if f.ReencodeBody {
		m.reencode()
	}
	if f.QuoteBody {
		m.quote()
	}
	return m.bytes()
}

// reencode writes the body as base64. A body of several parts may not be encoded as
// a whole (RFC 2045 section 6.4), one that is encoded already is left as it is.
func (m *mail) reencode() {
	switch strings.ToLower(m.value("content-transfer-encoding")) {
	case "", "7bit", "8bit", "binary":
	default:
		return
	}
	if strings.HasPrefix(strings.ToLower(m.value("content-type")), "multipart/") {
		return
	}
	m.body = inBase64(m.body)
	m.set("Content-Transfer-Encoding", "base64")
}

// inBase64 encodes a body in lines of 76 characters (RFC 2045 section 6.8).
func inBase64(text []byte) []byte {
	encoded := base64.StdEncoding.EncodeToString(text)
	var body bytes.Buffer
	for len(encoded) > 76 {
		body.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	body.WriteString(encoded + "\r\n")
	return body.Bytes()
}
