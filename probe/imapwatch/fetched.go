package imapwatch

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// fetched is what is taken from a FETCH response (RFC 9051 section 7.5.2).
type fetched struct {
	uid      uint32
	internal []byte // INTERNALDATE, if it can be read
	emailID  string
	body     []byte // the one body section that was asked for
	hasBody  bool
}

// fetch writes a FETCH response with the UID in front, where the library needs it,
// and without an INTERNALDATE that cannot be read. Without a UID it says nothing of
// a message that we could name; it is dropped, and will be missed.
func (f *filter) fetch(n uint32, w *words) {
	w.spaces()
	list, ok := w.list()
	if !ok {
		return
	}
	m, ok := readFetched(&words{list[1 : len(list)-1]})
	if !ok || m.uid == 0 {
		return
	}
	if (m.emailID != "" || m.hasBody) && f.sideTakes(m) {
		return
	}
	f.write("* ").writeNumber(n).write(" FETCH (UID ").writeNumber(m.uid)
	if m.internal != nil {
		f.write(` INTERNALDATE "`).write(string(m.internal)).write(`"`)
	}
	if m.hasBody {
		f.write(" BODY[] {").write(strconv.Itoa(len(m.body))).write("}\r\n")
		f.written = append(f.written, m.body...)
	}
	f.write(")\r\n")
}

func readFetched(w *words) (m fetched, ok bool) {
	for w.spaces(); len(w.rest) > 0; w.spaces() {
		name, isSection := itemName(w)
		w.spaces()
		isString := len(w.rest) > 0 && (w.rest[0] == '"' || w.rest[0] == '{')
		value, ok := w.value()
		if !ok || name == "" {
			return m, false
		}
		switch {
		case isSection && !m.hasBody:
			m.hasBody = true
			if isString { // else NIL
				m.body = value
			}
		case name == "UID":
			m.uid, _ = numberOf(value)
		case name == "INTERNALDATE":
			if _, err := time.Parse(dateTime, string(value)); err == nil {
				m.internal = value
			}
		case name == "EMAILID" && bytes.HasPrefix(value, []byte("(")): // RFC 8474 section 5.1
			m.emailID = string(bytes.Trim(value, "() "))
		}
	}
	return m, true
}

// dateTime is how a date-time is written (RFC 9051 section 9).
const dateTime = "_2-Jan-2006 15:04:05 -0700"

// itemName reads the name of an item and passes over the section and the offset
// that may stand behind it: BODY[HEADER]<0>.
func itemName(w *words) (name string, isSection bool) {
	atom := w.atom()
	// An atom may hold "[", and may not hold "]" or a space.
	before, _, isSection := bytes.Cut(atom, []byte("["))
	name = strings.ToUpper(string(before))
	if !isSection {
		return name, false
	}
	_, rest, closed := bytes.Cut(w.rest, []byte("]"))
	if !closed {
		return "", false
	}
	w.rest = rest
	if w.skip('<') {
		_, rest, _ = bytes.Cut(w.rest, []byte(">"))
		w.rest = rest
	}
	return name, name == "BODY"
}
