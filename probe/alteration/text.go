package alteration

import (
	"bytes"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// body compares the text that was found with the one that was sent, as both read.
func (l *list) body(was, is content) {
	sentAs, foundAs := was.form(), is.form()
	same := foundAs.media == sentAs.media && foundAs.change(sentAs) == ""
	if same && sameWithoutSpace(string(was.raw), string(is.raw)) {
		return
	}
	reads := l.text(squash(was.read()), squash(is.read()), len(is.raw) >= probe.MaxBody)
	if foundAs.media != sentAs.media {
		l.add(probe.Reformatted, foundAs.media)
	} else if changed := foundAs.change(sentAs); changed != "" && reads {
		l.add(probe.Reencoded, changed)
	}
}

// text says what stands around our text and what became of it, and whether it reads as it
// did. Of a text that was cut off nobody can say what came behind.
func (l *list) text(was, is squashed, cut bool) bool {
	at := was.in(is)
	if at < 0 {
		return l.changed(was, is, cut)
	}
	l.around(is, at, at+len(was.text))
	l.rewritten(was, is, at)
	return true
}

// around names what stands above and below our text.
func (l *list) around(is squashed, from, to int) {
	if from > 0 {
		l.add(probe.Banner, is.before(from))
	}
	if to < len(is.text) {
		l.add(probe.Footer, is.from(to))
	}
}

// rewritten names where links of ours lead that have led elsewhere.
func (l *list) rewritten(was, is squashed, at int) {
	first := bytes.Count(is.text[:at], []byte(linkMark))
	for i, sent := range was.links {
		if now := is.links[first+i]; !sameLink(sent, now) {
			l.add(probe.LinksRewritten, hostOf(now))
		}
	}
}

// changed is for a text that is not all there. What stands above its first line and below
// its last one, where these are left, is told apart from what was changed between.
func (l *list) changed(was, is squashed, cut bool) bool {
	first, last := endLines(was.of)
	from := first.in(is)
	if from < 0 {
		if !cut {
			l.add(probe.TextChanged, firstOf(firstLine(is.of), "(no text)"))
		}
		return cut
	}
	differs := from + was.commonWith(is.text[from:])
	if cut && differs == len(is.text) {
		l.around(is, from, len(is.text))
		return true
	}
	to := bytes.LastIndex(is.text, last.text)
	if to += len(last.text); to < differs {
		to = len(is.text)
	}
	l.around(is, from, to)
	if differs == len(is.text) {
		l.add(probe.TextChanged, "without: "+was.lineAt(differs-from))
	} else {
		l.add(probe.TextChanged, is.lineAt(differs))
	}
	return false
}

// endLines gives the first and the last line that hold something.
func endLines(text string) (first, last squashed) {
	for line := range strings.Lines(text) {
		s := squash(line)
		if len(s.text) == 0 {
			continue
		}
		if len(first.text) == 0 {
			first = s
		}
		last = s
	}
	return first, last
}

// firstLine is the first line that holds something.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			return line
		}
	}
	return ""
}
