package alteration

import (
	"bytes"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// squashed is a text without its white space, so that it can be found again however its
// lines were broken. A link in it is a single byte.
type squashed struct {
	text  []byte
	at    []int32 // where each byte of text stood in of
	links []string
	of    string
}

// linkMark stands for a link in a squashed text. Text of others holds none: control characters
// are left out as white space is.
const linkMark = "\x00"

// squash leaves out white space, and the ">" that mailbox files put before a "From " that
// begins a line.
func squash(of string) squashed {
	s := squashed{text: make([]byte, 0, len(of)), at: make([]int32, 0, len(of)), of: of}
	lineBegins, wordBegins := true, true
	for i := 0; i < len(of); {
		if wordBegins {
			if n := linkAt(of[i:]); n > 0 {
				s.put(i, linkMark)
				s.links = append(s.links, of[i:i+n])
				i, lineBegins, wordBegins = i+n, false, false
				continue
			}
		}
		r, n := utf8.DecodeRuneInString(of[i:])
		mangled := lineBegins && r == '>' && strings.HasPrefix(of[i:], ">From ")
		if !isSpace(r) && !mangled {
			s.put(i, of[i:i+n])
		}
		lineBegins, wordBegins = r == '\n', !isWord(r)
		i += n
	}
	return s
}

func (s *squashed) put(at int, text string) {
	for range len(text) {
		s.at = append(s.at, int32(at))
	}
	s.text = append(s.text, text...)
}

// in finds s in other; -1: it is not there. An empty text is nowhere.
func (s squashed) in(other squashed) int {
	if len(s.text) == 0 {
		return -1
	}
	return bytes.Index(other.text, s.text)
}

// before is the text up to a byte.
func (s squashed) before(n int) string { return s.of[:s.offset(n)] }

// from is the text from a byte on.
func (s squashed) from(n int) string { return s.of[s.offset(n):] }

func (s squashed) offset(n int) int {
	if n < len(s.at) {
		return int(s.at[n])
	}
	return len(s.of)
}

// lineAt is the line that a byte stands in, or the last one.
func (s squashed) lineAt(n int) string {
	at := s.offset(n)
	from := strings.LastIndexByte(s.of[:at], '\n') + 1
	line, _, _ := strings.Cut(s.of[from:], "\n")
	return line
}

// commonWith counts the bytes that two texts begin with in common.
func (s squashed) commonWith(other []byte) int {
	n := 0
	for n < len(s.text) && n < len(other) && s.text[n] == other[n] {
		n++
	}
	return n
}

// isWord tells whether a link cannot begin behind a character.
func isWord(r rune) bool { return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// linkAt is the length of the link that text begins with; 0: there is none. Punctuation
// that ends a sentence is not part of it.
func linkAt(text string) int {
	if c := text[0] | 0x20; c != 'h' && c != 'w' || !isLink(text) {
		return 0
	}
	end := strings.IndexFunc(text, func(r rune) bool { return isSpace(r) || strings.ContainsRune(`<>"`, r) })
	if end < 0 {
		end = len(text)
	}
	return len(strings.TrimRight(text[:end], `.,;:!?'")]}*_`))
}

// isLink tells whether a text begins like a link.
func isLink(text string) bool {
	for _, begin := range [...]string{"https://", "http://", "www."} {
		if len(text) > len(begin) && strings.EqualFold(text[:len(begin)], begin) {
			return true
		}
	}
	return false
}

// sameLink compares where two links lead.
func sameLink(a, b string) bool { return plainLink(a) == plainLink(b) }

func plainLink(l string) string {
	if strings.EqualFold(l[:min(len(l), 4)], "www.") {
		l = "http://" + l
	}
	return strings.TrimSuffix(l, "/")
}

// hostOf is the host that a link leads to, or the link if that cannot be told.
func hostOf(l string) string {
	if u, err := url.Parse(plainLink(l)); err == nil && u.Host != "" {
		return u.Host
	}
	return l
}

// maxText is how much, in bytes, is told of an alteration.
const maxText = 100

// oneLine makes a text one line that can be shown, of at most maxText bytes.
func oneLine(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		if isSpace(r) {
			space = b.Len() > 0
			continue
		}
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		if b.Len()+utf8.RuneLen(r)+1 > maxText {
			break
		}
		if space {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		space = false
	}
	return b.String()
}
