package probe

import (
	"bytes"
	"strings"
)

// Field is one header field (RFC 5322 section 2.2), unfolded.
type Field struct {
	Name, Value string
}

// Header is the header of a message, in its order.
type Header []Field

// Limits of what is read of a header somebody else wrote.
const (
	maxHeaderBytes  = 1 << 20
	maxHeaderFields = 2000
)

// ParseHeader reads a header up to the first empty line. It never fails: a line
// that is no field is passed over, where the usual readers would lose everything
// below it. Line ends may be CRLF or LF; a field's lines are joined by one space.
func ParseHeader(raw []byte) Header {
	raw = raw[:min(len(raw), maxHeaderBytes)]
	var h Header
	var value []string // the lines of the last field of h
	flush := func() {
		if len(h) > 0 && value != nil {
			h[len(h)-1].Value = strings.Join(value, " ")
		}
		value = nil
	}
	for line := range bytes.Lines(raw) {
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" || len(h) > maxHeaderFields {
			break
		}
		if text[0] == ' ' || text[0] == '\t' {
			if value != nil {
				value = append(value, strings.Trim(text, " \t"))
			}
			continue
		}
		flush()
		name, rest, found := strings.Cut(text, ":")
		name = strings.TrimRight(name, " \t")
		if !found || name == "" || strings.ContainsAny(name, " \t") {
			continue
		}
		h = append(h, Field{Name: name})
		value = append(value, strings.Trim(rest, " \t"))
	}
	flush()
	return h
}

// All gives the values of every field of that name, top to bottom.
func (h Header) All(name string) []string {
	var values []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// Get gives the first value of that name.
func (h Header) Get(name string) (string, bool) {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}

// Has tells whether there is a field of that name.
func (h Header) Has(name string) bool {
	_, found := h.Get(name)
	return found
}
