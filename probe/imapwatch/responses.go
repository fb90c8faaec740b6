package imapwatch

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// The tags of our commands beside the library begin with ours, its own with theirs.
const (
	ours   = 'S'
	theirs = 'T'
)

// tagged writes the answer that ends a command (RFC 9051 section 7.1). A line that
// begins with no tag of a command is no answer.
func (f *filter) tagged(w *words) error {
	tag := w.atom()
	if len(tag) == 0 || tag[0] != ours && tag[0] != theirs || !w.skip(' ') {
		return nil
	}
	if number, ok := numberOf(tag[1:]); !ok || len(strconv.FormatUint(uint64(number), 10)) != len(tag)-1 {
		return nil
	}
	kind := strings.ToUpper(string(w.atom()))
	if kind != "OK" && kind != "NO" && kind != "BAD" {
		return fmt.Errorf("the server answers %q, want OK, NO or BAD", excerpt(w.rest, kind))
	}
	if tag[0] == ours {
		f.sideEnds(string(tag), kind)
		return nil
	}
	f.write(string(tag)).write(" ").write(kind).write(" ").writeStatus(w, kind == "OK" && f.login.Swap(false))
	return nil
}

// excerpt is the beginning of what a server said, for an error.
func excerpt(rest []byte, kind string) string {
	return kind + string(rest[:min(len(rest), 100)])
}

// untagged writes what the server tells, if the library is to have it.
func (f *filter) untagged(w *words) error {
	word := w.atom()
	if n, isNumber := messageNumber(word); isNumber {
		w.spaces()
		f.ofMessages(n, strings.ToUpper(string(w.atom())), w)
		return nil
	}
	kind := strings.ToUpper(string(word))
	switch kind {
	case "BYE":
		f.writeText(w.rest)
		return fmt.Errorf("the server ends the session: %q", f.written)
	case "VANISHED": // RFC 7162 section 3.2.10
		f.notices.removed()
	case "OK":
		f.untaggedOK(w)
	case "CAPABILITY":
		f.offer(w.rest)
		f.write("* CAPABILITY").write(string(f.capabilities)).write("\r\n")
	case "STATUS":
		f.status(w)
	case "LIST":
		f.list(w)
	case "SEARCH":
		return f.search(w)
	case "ESEARCH":
		return f.extendedSearch(w)
	}
	return nil
}

// messageNumber is a number at the beginning of a response; 0 is one.
func messageNumber(word []byte) (uint32, bool) {
	n, err := strconv.ParseUint(string(word), 10, 32)
	return uint32(n), err == nil
}

// ofMessages writes what is told of the open folder's messages.
func (f *filter) ofMessages(n uint32, kind string, w *words) {
	switch {
	case kind == "EXISTS", kind == "EXPUNGE" && n > 0:
		f.write("* ").writeNumber(n).write(" ").write(kind).write("\r\n")
	case kind == "FETCH":
		f.fetch(n, w)
	}
}

// isStatus tells whether a word begins a status response (RFC 9051 section 7.1).
func isStatus(word []byte) bool {
	for _, kind := range []string{"OK", "NO", "BAD", "BYE", "PREAUTH"} {
		if strings.EqualFold(string(word), kind) {
			return true
		}
	}
	return false
}

// untaggedOK writes the codes that EXAMINE and the login bring. Other status
// responses are for people, and nobody reads them here.
func (f *filter) untaggedOK(w *words) {
	code, argument, _ := cutCode(w)
	n, isNumber := numberOf(argument)
	switch {
	case code == capability:
		f.offer(argument)
		f.write("* CAPABILITY").write(string(f.capabilities)).write("\r\n")
	case (code == "UIDVALIDITY" || code == "UIDNEXT") && isNumber:
		f.write("* OK [").write(code).write(" ").writeNumber(n).write("] -\r\n")
	}
}

// writeStatus writes a code, if it has an argument that can be read or none, and
// the text for people. The answer to a login gets the capabilities that were told
// last: without, the library would ask for them at a time of its own.
func (f *filter) writeStatus(w *words, login bool) {
	code, argument, text := cutCode(w)
	if code == capability {
		f.offer(argument)
	}
	switch {
	case code == capability, login:
		f.write("[CAPABILITY").write(string(f.capabilities)).write("] ")
	case code != "" && len(argument) == 0 && code != "APPENDUID" && code != "COPYUID":
		f.write("[").write(code).write("] ")
	}
	f.write("- ").writeText(text).write("\r\n")
}

// capability is the name of a response and of a code (RFC 9051 section 7.1).
const capability = "CAPABILITY"

// offer takes note of capabilities.
func (f *filter) offer(list []byte) {
	f.capabilities = atoms(list)
	f.toldSince.Store(true)
}

// entering says that a login is about to begin, told whether the server has told
// its capabilities since.
func (f *filter) entering()  { f.toldSince.Store(false); f.login.Store(true) }
func (f *filter) told() bool { return f.toldSince.Load() }

// cutCode takes a response code off the text (RFC 9051 section 7.1).
func cutCode(w *words) (code string, argument, text []byte) {
	w.spaces()
	inner, text, closed := bytes.Cut(w.rest, []byte("]"))
	if !bytes.HasPrefix(inner, []byte("[")) || !closed {
		return "", nil, w.rest
	}
	c := words{inner[1:]}
	code = strings.ToUpper(string(c.atom()))
	return code, bytes.TrimSpace(c.rest), text
}

// atoms gives the words of a list that are atoms, each behind a space.
func atoms(list []byte) []byte {
	text := []byte{}
	for _, word := range bytes.Fields(list) {
		w := words{word}
		if atom := w.atom(); len(w.rest) == 0 {
			text = append(append(text, ' '), atom...)
		}
	}
	return text
}

// status writes a STATUS response (RFC 9051 section 7.3.4). One that cannot be read
// is dropped: a folder that nothing is known of is opened and read.
func (f *filter) status(w *words) {
	w.spaces()
	before := w.rest
	if _, ok := w.value(); !ok {
		return
	}
	name := before[:len(before)-len(w.rest)]
	w.spaces()
	list, ok := w.list()
	if !ok {
		return
	}
	inner := words{list[1 : len(list)-1]}
	f.write("* STATUS ").write(string(name)).write(" (")
	for between := ""; len(inner.rest) > 0; {
		item := strings.ToUpper(string(inner.atom()))
		inner.spaces()
		value, ok := inner.value()
		inner.spaces()
		if !ok {
			break
		}
		n, isNumber := messageNumber(value)
		if isNumber && (item == "MESSAGES" || n > 0 && (item == "UIDNEXT" || item == "UIDVALIDITY")) {
			f.write(between).write(item).write(" ").writeNumber(n)
			between = " "
		}
	}
	f.write(")\r\n")
}

// search writes a SEARCH response (RFC 3501 section 7.2.5). What it does not name
// counts as absent: one that cannot be read must not pass for an empty one.
func (f *filter) search(w *words) error {
	all := w.rest
	f.write("* SEARCH")
	for w.spaces(); len(w.rest) > 0 && w.rest[0] != '('; w.spaces() { // RFC 7162 section 3.1.5: (MODSEQ n)
		n, ok := w.number()
		if !ok {
			return fmt.Errorf("reading the answer to SEARCH: got %q, want numbers", excerpt(all, ""))
		}
		f.write(" ").writeNumber(n)
	}
	f.write("\r\n")
	return nil
}

// extendedSearch writes an ESEARCH response (RFC 9051 section 7.3.4): whose it is,
// and ALL of it.
func (f *filter) extendedSearch(w *words) error {
	all := w.rest
	w.spaces()
	f.write("* ESEARCH ")
	// Without the tag, the library wants another space in its place.
	if correlator, ok := w.list(); ok {
		c := words{correlator[1 : len(correlator)-1]}
		name := c.atom()
		c.spaces()
		tag, ok := c.value()
		if atoms := (&words{tag}).atom(); !ok || !strings.EqualFold(string(name), "TAG") || len(atoms) != len(tag) {
			return fmt.Errorf("reading the answer to SEARCH: got %q, want its tag", excerpt(all, ""))
		}
		f.write(`(TAG "`).write(string(tag)).write(`")`)
	}
	f.write(" UID")
	for w.spaces(); len(w.rest) > 0; w.spaces() {
		name := strings.ToUpper(string(w.atom()))
		if name == "UID" {
			continue
		}
		w.spaces()
		value, ok := w.value()
		if !ok || name == "" || name == "ALL" && !isStaticSet(value) {
			return fmt.Errorf("reading the answer to SEARCH: got %q, want words and values, and numbers in ALL", excerpt(all, ""))
		}
		if name == "ALL" {
			f.write(" ALL ").write(string(value))
		}
	}
	f.write("\r\n")
	return nil
}

// isStaticSet tells whether text is a set of numbers without "*".
func isStaticSet(text []byte) bool {
	for part := range bytes.SplitSeq(text, []byte(",")) {
		first, last, isRange := bytes.Cut(part, []byte(":"))
		if _, ok := numberOf(first); !ok {
			return false
		}
		if _, ok := numberOf(last); isRange && !ok {
			return false
		}
	}
	return true
}
