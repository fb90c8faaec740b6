package world

import (
	"bytes"
	"encoding/base64"
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

// apply makes the fault's alterations; id is for the new Message-ID.
func (f Alter) apply(raw []byte, id string) []byte {
	m := parseMail(raw)
	if f.StripX {
		kept := m.fields[:0]
		for _, field := range m.fields {
			if !strings.HasPrefix(fieldName(field), "x-") {
				kept = append(kept, field)
			}
		}
		m.fields = kept
	}
	if f.MarkSubject {
		m.set("Subject", "[SPAM] "+m.value("subject"))
	}
	if f.NewMessageID {
		m.set("Message-ID", "<"+id+">")
	}
	if f.ReencodeBody {
		m.reencode()
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
	encoded := base64.StdEncoding.EncodeToString(m.body)
	var body bytes.Buffer
	for len(encoded) > 76 {
		body.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	body.WriteString(encoded + "\r\n")
	m.body = body.Bytes()
	m.set("Content-Transfer-Encoding", "base64")
}
