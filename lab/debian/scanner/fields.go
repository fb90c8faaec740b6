package main

import (
	"net/textproto"
	"slices"
	"strings"

	"github.com/emersion/go-message"
)

// fieldsOf lists the fields of a header as they are written, each with its line ends,
// the first one first.
func fieldsOf(h message.Header) []string {
	var all []string
	for fields := h.Fields(); fields.Next(); {
		// It errs only for a field that was not read but made, with a bad name.
		if field, err := fields.Raw(); err == nil {
			all = append(all, string(field))
		}
	}
	return all
}

// headerOf is the opposite of fieldsOf.
func headerOf(fields []string) message.Header {
	var h message.Header
	for _, field := range slices.Backward(fields) { // each is put on top
		h.AddRaw([]byte(field))
	}
	return h
}

// key is the name of a field, in the one form that the library knows.
func key(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
}

// set gives a header one field of a name, in the place of the first one, or below all
// others: trace fields stay on top (RFC 5322 section 3.6.7).
func set(h message.Header, name, value string) message.Header {
	field := name + ": " + value + "\r\n"
	var changed []string
	done := false
	for _, old := range fieldsOf(h) {
		switch {
		case key(old) != textproto.CanonicalMIMEHeaderKey(name):
			changed = append(changed, old)
		case !done:
			changed, done = append(changed, field), true
		}
	}
	if !done {
		changed = append(changed, field)
	}
	return headerOf(changed)
}
