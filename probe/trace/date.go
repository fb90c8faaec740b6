package trace

import (
	"strings"
	"time"
)

// lastYear is the last that is read: a time is kept in nanoseconds since 1970, which reach
// to 2262. That moment itself stands for none.
const lastYear = 2200

// dateIn finds the date of a field: after the last semicolon that has one behind it
// (RFC 5322 section 3.6.7), or at the end of what stands before the first. The stamp has
// no time if there is none, or if its zone is not known.
func dateIn(parts []part) Stamp {
	end := len(parts)
	for i := len(parts) - 1; i >= -1; i-- {
		if i >= 0 && parts[i].kind != semicolon {
			continue
		}
		if s, left, ok := dateAmong(parts[i+1 : end]); ok && (i >= 0 || left == 0) {
			return s
		}
		end = i
	}
	return Stamp{}
}

// dateAmong reads the last date among parts without a semicolon; left is how many words
// come after it.
func dateAmong(parts []part) (s Stamp, left int, ok bool) {
	parts = parts[max(0, len(parts)-maxDateWords):]
	hasClock := false
	for _, p := range parts {
		hasClock = hasClock || p.kind == word && strings.IndexByte(p.text, ':') >= 0
	}
	if !hasClock {
		return Stamp{}, 0, false
	}
	d := dateText{words: make([]string, 0, 16)}
	for _, p := range parts {
		if p.kind == comment {
			d.comments = append(d.comments, placed{len(d.words), p.text})
		} else {
			d.add(p.text)
		}
	}
	d.trim()
	for k := len(d.words) - 1; k >= 0; k-- {
		if s, left, ok = d.read(k); ok {
			return s, left, true
		}
	}
	return Stamp{}, 0, false
}

// maxDateWords is how many words and comments a date is looked for among.
const maxDateWords = 64

// dateText is the words of a date and what stands around it.
type dateText struct {
	words    []string
	comments []placed
}

// placed is a comment, before the word of that number.
type placed struct {
	before int
	text   string
}

// add takes a word, with what damaged it undone: commas without a space after them,
// times with spaces in them, and quoted-printable.
func (d *dateText) add(w string) {
	if strings.IndexByte(w, '=') >= 0 {
		w = fromPrintable(w)
	}
	for w != "" {
		var piece string
		piece, w, _ = strings.Cut(w, ",")
		if len(piece) > len("2006-01-02T") && piece[10]|0x20 == 't' && isDigit(piece[0]) && isDigit(piece[9]) {
			d.words = append(d.words, piece[:10]) // RFC 3339
			piece = piece[11:]
		}
		if piece != "" && !d.join(piece) {
			d.words = append(d.words, piece)
		}
	}
}

// trim keeps the last words: one that is full of commas can make any number of them.
func (d *dateText) trim() {
	over := max(0, len(d.words)-maxDateWords)
	d.words = d.words[over:]
	for i := range d.comments {
		d.comments[i].before -= over
	}
}

// join puts "12:", "31:" and "43" together.
func (d *dateText) join(piece string) bool {
	if len(d.words) == 0 {
		return false
	}
	last := &d.words[len(d.words)-1]
	n := len(*last)
	if !isDigit((*last)[0]) || n > len("12:31:") {
		return false
	}
	if (*last)[n-1] == ':' && isDigit(piece[0]) || len(piece) > 1 && piece[0] == ':' && isDigit(piece[1]) && isDigit((*last)[n-1]) {
		*last += piece
		return true
	}
	return false
}

// fromPrintable decodes what quoted-printable (RFC 2045 section 6.7) has made of a word.
func fromPrintable(w string) string {
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		switch {
		case w[i] != '=':
			b.WriteByte(w[i])
		case strings.HasPrefix(w[i:], "=2B"), strings.HasPrefix(w[i:], "=2b"):
			b.WriteByte('+')
			i += 2
		case strings.HasPrefix(w[i:], "=3A"), strings.HasPrefix(w[i:], "=3a"):
			b.WriteByte(':')
			i += 2
		case strings.HasPrefix(w[i:], "=20"):
			b.WriteByte(',')
			i += 2
		}
	}
	return b.String()
}

// read reads the date whose time of day is word k; left is how many words come after it.
func (d *dateText) read(k int) (s Stamp, left int, ok bool) {
	c, rest, ok := readTimeOfDay(d.words[k])
	if !ok {
		return Stamp{}, 0, false
	}
	after := d.words[k+1:]
	if rest != "" {
		after = append([]string{rest}, after...)
	}
	after, american, ok := c.meridiem(after)
	if !ok {
		return Stamp{}, 0, false
	}
	day, ok := dayBefore(d.words[:k], american)
	if !ok {
		if day, after, ok = asctimeDay(d.words[:k], after); !ok {
			return Stamp{}, 0, false
		}
	}
	minutes, known, used := zoneOf(after)
	if !known {
		minutes, known = d.zoneInComment(k + 1)
	}
	at := time.Date(day.year, day.month, day.day, c.hour, c.minute, c.second, c.nano, time.UTC).Add(-time.Duration(minutes) * time.Minute)
	if at.Unix() <= 0 || at.Year() > lastYear {
		return Stamp{}, 0, false
	}
	left = wordsLeft(after[used:])
	if !known {
		return Stamp{}, left, true
	}
	return Stamp{At: at, ZoneKnown: true, Resolution: c.resolution, Source: c.source()}, left, true
}

// zoneInComment reads the zone in the first comment after the time of day, for a date
// that has none outside.
func (d *dateText) zoneInComment(after int) (minutes int, known bool) {
	for _, c := range d.comments {
		if c.before >= after {
			words := strings.Fields(c.text)
			minutes, known, used := zoneOf(words)
			return minutes, known && used == len(words)
		}
	}
	return 0, false
}

// wordsLeft counts the words after a date, without what Go's time.Time.String adds to
// one: the zone's name and the reading of the monotonic clock.
func wordsLeft(words []string) int {
	if len(words) > 0 {
		if _, known := zoneNames[words[0]]; known {
			words = words[1:]
		}
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "m") && strings.ContainsAny(words[0], "+-") {
		words = words[1:]
	}
	return len(words)
}
