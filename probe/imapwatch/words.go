package imapwatch

import (
	"bytes"
	"strconv"
)

// words reads through one response (RFC 9051 section 9).
type words struct{ rest []byte }

// atom is what stands before the next space or special character.
func (w *words) atom() []byte {
	end := bytes.IndexFunc(w.rest, func(r rune) bool { return !isAtom(r) })
	if end < 0 {
		end = len(w.rest)
	}
	atom := w.rest[:end]
	w.rest = w.rest[end:]
	return atom
}

// isAtom tells whether a character may stand in an atom, as the library sees it.
func isAtom(r rune) bool {
	return r > ' ' && r < 0x7f && r != '(' && r != ')' && r != '{' && r != '%' && r != '*' && r != '"' && r != '\\' && r != ']'
}

// skip passes over a byte if it is the next one.
func (w *words) skip(b byte) bool {
	if len(w.rest) == 0 || w.rest[0] != b {
		return false
	}
	w.rest = w.rest[1:]
	return true
}

// spaces passes over all spaces.
func (w *words) spaces() { w.rest = bytes.TrimLeft(w.rest, " ") }

// number is a number above zero that fits.
func (w *words) number() (uint32, bool) { return numberOf(w.atom()) }

func numberOf(text []byte) (uint32, bool) {
	n, err := strconv.ParseUint(string(text), 10, 32)
	return uint32(n), err == nil && n > 0
}

// value is the next value: an atom, a string without what encloses it, or a list
// in its parentheses.
func (w *words) value() (value []byte, ok bool) {
	w.skip('~') // RFC 9051 section 4.3: a literal8
	switch {
	case len(w.rest) == 0:
		return nil, false
	case w.rest[0] == '"':
		return w.quoted()
	case w.rest[0] == '{':
		return w.literal()
	case w.rest[0] == '(':
		return w.list()
	}
	atom := w.atom()
	return atom, len(atom) > 0
}

func (w *words) quoted() ([]byte, bool) {
	for i := 1; i < len(w.rest); i++ {
		switch w.rest[i] {
		case '\\':
			i++
		case '"':
			text := w.rest[1:i]
			w.rest = w.rest[i+1:]
			return unescaped(text), true
		}
	}
	return nil, false
}

// unescaped is the text of a quoted string.
func unescaped(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		out = append(out, text[i])
	}
	return out
}

func (w *words) literal() ([]byte, bool) {
	end := bytes.IndexByte(w.rest, '\n')
	if end < 0 {
		return nil, false
	}
	line, rest := w.rest[:end+1], w.rest[end+1:]
	size, announced := literalAt(line)
	if !announced || bytes.LastIndexByte(line, '{') != 0 || size > uint64(len(rest)) {
		return nil, false
	}
	w.rest = rest[size:]
	return rest[:size], true
}

// list is a list with all that is nested in it.
func (w *words) list() ([]byte, bool) {
	all := w.rest
	if !bytes.HasPrefix(all, []byte("(")) {
		return nil, false
	}
	for depth := 0; len(w.rest) > 0; {
		switch b := w.rest[0]; b {
		case '"', '{':
			if _, ok := w.value(); !ok {
				return nil, false
			}
			continue
		case '(':
			depth++
		case ')':
			depth--
		}
		w.rest = w.rest[1:]
		if depth == 0 {
			return all[:len(all)-len(w.rest)], true
		}
	}
	return nil, false
}
