package trace

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what is read of one field.
const (
	maxText  = 255      // bytes of what is kept of a text
	maxField = 16 << 10 // bytes of a field's body: of a longer one the middle is left out
	fieldEnd = 1 << 10  // bytes of its end that are kept then: the date stands there
)

// readable is a field's body as it is safe to show: valid UTF-8 without control
// characters. What is no UTF-8 is read as Latin-1.
func readable(s string) string {
	if len(s) > maxField {
		s = s[:maxField-fieldEnd] + " " + s[len(s)-fieldEnd:]
	}
	if !isPlain(s) {
		s = withoutControls(s)
	}
	if strings.IndexByte(s, '&') >= 0 {
		s = fromHTML.Replace(s)
	}
	return s
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func withoutControls(s string) string {
	if !utf8.ValidString(s) {
		latin := make([]rune, len(s))
		for i := range len(s) {
			latin[i] = rune(s[i])
		}
		s = string(latin)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', unicode.IsSpace(r) && !unicode.IsControl(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, s)
}

// fromHTML undoes what web archives and bounces do to a header.
var fromHTML = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#43;", "+", "&#45;", "-", "&#x2B;", "+", "&#x2b;", "+", "&#58;", ":", "&plus;", "+", "&minus;", "-", "&nbsp;", " ", "&amp;", "&")

// short is a text of at most 255 bytes.
func short(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
