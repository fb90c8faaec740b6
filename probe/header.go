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

// maxHeaderBytes is how much is read of a header somebody else wrote. The number of
// fields has no limit of its own: those that count can stand below thousands of others.
const maxHeaderBytes = 1 << 20

// ParseHeader reads a header up to the first empty line, 1 MiB of it at most. It never
// fails: a line that is no field is passed over, where the usual readers would lose
// everything below it. So are empty lines, a byte order mark and the From line of a
// mailbox file above the first field, and NUL bytes anywhere. Lines end in LF with any
// number of CR before it, or in CR alone; a field's lines are joined by one space. A
// line that is no field continues the one above if that ends in a soft line break of
// quoted-printable (RFC 2045 section 6.7), which whoever copied the header left in.
func ParseHeader(raw []byte) Header {
	raw = raw[:min(len(raw), maxHeaderBytes)]
	rest := string(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	ends := lineEndsOf(rest)
	r := headerReader{header: make(Header, 0, min(strings.Count(rest, "\n")+1, len(rest)/10+1))}
	for rest != "" {
		var line string
		var whole bool
		line, rest, whole = ends.cut(rest)
		if line == "" && whole && len(r.header) > 0 {
			break
		}
		r.line(withoutNUL(line))
	}
	r.flush()
	return r.header
}

// lineEnds is how the lines of a header end.
type lineEnds uint8

const (
	usual  lineEnds = iota // in LF or CRLF
	mixed                  // in LF with any number of CR before it, and there are CR elsewhere
	bareCR                 // the first ends in a CR that belongs to no LF
)

func lineEndsOf(s string) lineEnds {
	if strings.Count(s, "\r") == strings.Count(s, "\r\n") {
		return usual
	}
	if i := strings.IndexAny(s, "\r\n"); strings.HasPrefix(strings.TrimLeft(s[i:], "\r"), "\n") {
		return mixed
	}
	return bareCR
}

// cut takes the first line off. It is not whole if it ends in a CR amid lines that end
// in LF: an empty one is then no end of the header.
func (e lineEnds) cut(s string) (line, rest string, whole bool) {
	if e == usual {
		line, rest, _ = strings.Cut(s, "\n")
		return strings.TrimSuffix(line, "\r"), rest, true
	}
	i := strings.IndexAny(s, "\r\n")
	if i < 0 {
		return s, "", true
	}
	line, rest = s[:i], s[i:]
	if e == bareCR {
		return line, strings.TrimPrefix(rest[1:], "\n"), true
	}
	rest = strings.TrimLeft(rest, "\r")
	after, whole := strings.CutPrefix(rest, "\n")
	return line, after, whole
}

func withoutNUL(line string) string {
	if strings.IndexByte(line, 0) < 0 {
		return line
	}
	return strings.ReplaceAll(line, "\x00", "")
}

// headerReader puts lines together to fields.
type headerReader struct {
	header Header
	open   bool   // the last field may go on
	value  string // of the last field, while it has one line
	folded []byte // its value, when it has more
	isFold bool   // it has
}

func (r *headerReader) line(line string) {
	if line == "" {
		return
	}
	if line[0] == ' ' || line[0] == '\t' {
		r.fold(line)
		return
	}
	soft := r.endsSoft()
	name, rest, found := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	isField := found && name != "" && !strings.ContainsAny(name, " \t") && (!soft || isLetter(name[0]))
	if !isField && soft {
		r.folded = append(r.folded[:len(r.folded)-1], strings.TrimRight(line, " \t")...)
		return
	}
	r.flush()
	if isField {
		r.header = append(r.header, Field{Name: name})
		r.value, r.open = strings.Trim(rest, " \t"), true
	}
}

// fold adds a line to the last field.
func (r *headerReader) fold(line string) {
	text := strings.Trim(line, " \t")
	if !r.open || text == "" {
		return
	}
	r.startFold()
	if len(r.folded) > 0 {
		r.folded = append(r.folded, ' ')
	}
	r.folded = append(r.folded, text...)
}

func (r *headerReader) startFold() {
	if !r.isFold {
		r.folded, r.isFold = append(r.folded[:0], r.value...), true
	}
}

// endsSoft tells whether the last line ends in a soft line break; if so, the value
// stands in folded.
func (r *headerReader) endsSoft() bool {
	if !r.open || !r.isFold && !strings.HasSuffix(r.value, "=") {
		return false
	}
	r.startFold()
	return bytes.HasSuffix(r.folded, []byte("="))
}

// flush ends the last field: what comes before the next one belongs to none.
func (r *headerReader) flush() {
	if r.open {
		value := r.value
		if r.isFold {
			value = string(r.folded)
		}
		r.header[len(r.header)-1].Value = value
	}
	r.open, r.isFold = false, false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

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
