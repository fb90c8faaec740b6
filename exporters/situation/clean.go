package situation

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mailpath/mailpath/probe"
)

// How long texts may be, in characters.
const (
	maxText   = 4000 // what an operator writes, with its newlines
	maxLine   = 1000 // one sentence
	maxName   = 120  // of a person or a host
	maxReason = 500  // what a server said

	maxReasons = 50 // of a verdict
)

// perCharacter is how many bytes of a text are read for each character that it may have:
// what is longer is cut, however little of it can be shown.
const perCharacter = 16

// Clean makes a text of anybody's harmless to show, and bounds it: valid UTF-8 of at most so
// many characters, without control characters, without those that turn the direction
// of writing or cannot be seen, and with at most one empty line in a row. Newlines stay, all
// kinds of them as "\n". What is cut off ends in an ellipsis. It is no escaping: whoever
// writes HTML or XML does that.
func Clean(text string, limit int) string { return clean(text, limit, '\n') }

// CleanLine is Clean in one line: what separates lines, and any white space, becomes one space.
func CleanLine(text string, limit int) string { return clean(text, limit, ' ') }

// clean lets a run of white space through as one character, or as up to two newlines if
// there are some in it, where newlines are kept.
func clean(text string, limit int, newline rune) string {
	text, cut := beginning(text, limit)
	var kept []rune
	spaces, newlines := 0, 0
	last := rune(0)
	for _, c := range text {
		pair := last == '\r' && c == '\n'
		last = c
		switch {
		case pair:
			continue
		case breaksLine(c):
			newlines++
			continue
		case unicode.IsSpace(c):
			spaces++
			continue
		case !Visible(c):
			continue
		}
		if len(kept) > 0 {
			kept = append(kept, gap(spaces, newlines, newline)...)
		}
		kept = append(kept, c)
		spaces, newlines = 0, 0
		if len(kept) > limit {
			break
		}
	}
	if len(kept) <= limit && !cut {
		return string(kept)
	}
	short := strings.TrimRightFunc(string(kept[:max(0, min(len(kept), limit-1))]), unicode.IsSpace)
	return short + "…"
}

// beginning is as much of a text as is read, ending with a whole character.
func beginning(text string, limit int) (string, bool) {
	most := perCharacter * limit
	if len(text) <= most {
		return text, false
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most], true
}

// gap is what stands for a run of white space.
func gap(spaces, newlines int, newline rune) []rune {
	switch {
	case newlines > 0 && newline == '\n':
		return []rune("\n\n")[:min(newlines, 2)]
	case newlines+spaces > 0:
		return []rune{' '}
	}
	return nil
}

// breaksLine tells the characters that begin a new line (Unicode Standard, section 5.8).
func breaksLine(c rune) bool {
	return c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == 0x85 || c == 0x2028 || c == 0x2029
}

// Visible tells the characters that show. Of those that only format, as the controls of
// the direction of writing do (UAX 9), the two are kept that join letters (U+200C, U+200D):
// some scripts and emoji cannot be written without them.
func Visible(c rune) bool {
	if c == 0x200c || c == 0x200d || ' ' <= c && c <= '~' {
		return true
	}
	return !unicode.In(c, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co) && c != 0x034f && c != 0x115f && c != 0x1160 && c != 0x3164 && c != 0xffa0
}

// cleaned is a change with the texts of people, of mail and of servers in it made harmless,
// so that they are so wherever they are shown, and are kept no longer than they are shown.
func cleaned(c probe.Change) probe.Change {
	switch c := c.(type) {
	case probe.Noted:
		c.Text, c.By = Clean(c.Text, maxText), CleanLine(c.By, maxName)
		return c
	case probe.MaintenanceTold:
		c.Text, c.By = Clean(c.Text, maxText), CleanLine(c.By, maxName)
		return c
	case probe.IncidentTold:
		c.Sentence = CleanLine(c.Sentence, maxLine)
		reasons := make([]string, 0, min(len(c.Reasons), maxReasons))
		for _, text := range c.Reasons[:min(len(c.Reasons), maxReasons)] {
			reasons = append(reasons, CleanLine(text, maxLine))
		}
		c.Reasons = reasons
		return c
	}
	return c
}
