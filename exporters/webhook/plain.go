package webhook

import (
	"strings"
	"unicode"
)

// Plain is somebody's text without what could do harm where it is shown: control characters,
// marks that turn the direction of writing, characters that are not seen or are none; and cut, with an
// ellipsis, to a number of characters. Lines stay.
func Plain(text string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(text[:min(len(text), 16*limit)], "\uFFFD") {
		switch {
		case r == '\u2028' || r == '\u2029' || r == '\u0085':
			r = '\n'
		case r == '\t':
			r = ' '
		case r != '\n' && harmful(r):
			continue
		}
		if n++; n > limit {
			return strings.TrimSpace(b.String()) + "…"
		}
		b.WriteRune(r)
	}
	if len(text) > 16*limit {
		b.WriteString("…")
	}
	return strings.TrimSpace(b.String())
}

// Line is the same in one line.
func Line(text string, limit int) string {
	return Plain(strings.Join(strings.Fields(Plain(text, limit)), " "), limit)
}

// harmful tells whether a character is not to be shown. Joiners stay: scripts and emoji are
// written with them (U+200C, U+200D).
func harmful(r rune) bool {
	if r == '\u200c' || r == '\u200d' {
		return false
	}
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cs, r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}
