package trace

import (
	"slices"
	"strings"
)

type partKind uint8

const (
	word partKind = iota
	comment
	semicolon
)

// part is a piece of a structured field body (RFC 5322 section 3.2). A comment's text
// is what stands between its outer parentheses.
type part struct {
	kind partKind
	text string
}

// maxQuoted is how long a quoted string may be: a lone quote protects nothing.
const maxQuoted = 256

// split takes a field body apart, in time that grows with its length. Comments nest; a
// parenthesis that never closes begins an empty one, and one that never opened only
// separates words. Quotes protect semicolons, and
// parentheses outside of comments.
func split(s string) []part { return appendParts(make([]part, 0, 24), s) }

func appendParts(parts []part, s string) []part {
	unclosed := unclosedAt(s)
	for i := 0; i < len(s); {
		switch s[i] {
		case ' ', ')':
			i++
		case ';':
			parts = append(parts, part{kind: semicolon})
			i++
		case '(':
			for len(unclosed) > 0 && unclosed[0] < i {
				unclosed = unclosed[1:]
			}
			if len(unclosed) > 0 && unclosed[0] == i {
				parts = append(parts, part{kind: comment})
				i++
				continue
			}
			n := commentLen(s[i:])
			parts = append(parts, part{comment, strings.Trim(s[i+1:i+n-1], " ")})
			i += n
		default:
			n := wordLen(s[i:])
			parts = append(parts, part{word, s[i : i+n]})
			i += n
		}
	}
	return parts
}

// unclosedAt tells where parentheses open that never close.
func unclosedAt(s string) []int {
	var buffer [16]int
	open := buffer[:0]
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i += escaped(s[i:])
		case '(':
			open = append(open, i)
		case ')':
			open = open[:max(len(open)-1, 0)]
		}
	}
	return slices.Clone(open)
}

// escaped is 1 if the backslash at the start takes the meaning off a parenthesis or
// backslash (RFC 5322 section 3.2.1). Names of Windows hold others, that do nothing.
func escaped(s string) int {
	if len(s) > 1 && strings.IndexByte(`()\`, s[1]) >= 0 {
		return 1
	}
	return 0
}

// commentLen is the length of the comment at the start, which is closed.
func commentLen(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i += escaped(s[i:])
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// wordLen is the length of the word at the start.
func wordLen(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ', '(', ')', ';':
			return i
		case '\\':
			i += escaped(s[i:])
		case '"':
			i += 1 + strings.IndexByte(s[i+1:min(len(s), i+1+maxQuoted)], '"')
		}
	}
	return len(s)
}
