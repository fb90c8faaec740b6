package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/mailpath/mailpath/probe/trace"
)

// leg is one line of a waterfall: who had the message, from when, and for how long.
type leg struct {
	above     string // a line of its own before it, such as the date
	mark      string // one character at the left
	when      string
	host      string
	component string // empty or other: not shown
	with      string
	took      string
	middle    time.Duration // what the bar is of
	faint     bool          // the bar is of something that is not certain
	remark    string        // in the place of the bar
	notes     []string      // lines of their own below
}

// Widths, in columns of a terminal.
const (
	usualWidth = 80  // everything fits, unless host names are too long for it
	mostWidth  = 100 // nothing is wider
	maxHost    = 60
	shortHost  = 24
	maxWith    = 10
	shortBar   = 6
	longBar    = 24
)

// page is text for a person. It keeps the first error.
type page struct {
	w   io.Writer
	err error
}

func (p *page) line(text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(text, " "))
	}
}

// say writes sentences, wrapped.
func (p *page) say(format string, args ...any) {
	indent := format[:len(format)-len(strings.TrimLeft(format, " "))]
	for line := range wrapped(fmt.Sprintf(format, args...), usualWidth-len(indent)) {
		p.line(indent + line)
	}
}

// item writes a point of a list, wrapped.
func (p *page) item(format string, args ...any) {
	lead := "- "
	for line := range wrapped(fmt.Sprintf(format, args...), usualWidth-len(lead)) {
		p.line(lead + line)
		lead = "  "
	}
}

// waterfall writes the legs under their headings. Bars are in proportion to the longest.
func (p *page) waterfall(when, host, with, took string, legs []leg) {
	c := columnsFor(when, host, with, legs)
	p.line(c.row("", when, host, with, took))
	var longest time.Duration
	for _, l := range legs {
		longest = max(longest, l.middle)
	}
	for _, l := range legs {
		if l.above != "" {
			p.line("  " + l.above)
		}
		p.line(c.row(l.mark, l.when, hostLabel(l.host, l.component, c.host), begin(printable(l.with), maxWith), l.rest(c, longest)))
		for _, note := range l.notes {
			p.line(strings.Repeat(" ", 4+c.when) + "^ " + cut(printable(note), usualWidth-6-c.when))
		}
	}
}

// rest is what stands behind the other columns: the interval, and its bar or a remark.
func (l leg) rest(c columns, longest time.Duration) string {
	switch b := l.bar(longest, c.bar); {
	case l.took == "":
		return l.remark
	case l.remark != "":
		return pad(l.took, c.took) + "  " + l.remark
	case b != "":
		return pad(l.took, c.took) + "  " + b
	}
	return l.took
}

// columns are the widths of a waterfall's columns.
type columns struct{ when, host, with, took, bar int }

// columnsFor gives hosts what they want, as far as there is room, and bars the rest.
func columnsFor(when, host, with string, legs []leg) columns {
	c := columns{when: length(when), host: length(host), with: length(with)}
	for _, l := range legs {
		c.when = max(c.when, length(l.when))
		c.host = max(c.host, length(hostLabel(l.host, l.component, mostWidth)))
		c.with = max(c.with, min(length(printable(l.with)), maxWith))
		c.took = max(c.took, length(l.took))
	}
	rest := c.took + 2 + shortBar
	for _, l := range legs {
		rest = max(rest, length(l.rest(columns{took: c.took}, 0)))
	}
	others := 2 + c.when + 2 + 2 + c.with + 2
	c.host = min(c.host, max(mostWidth-others-rest, shortHost))
	c.bar = min(max(usualWidth-others-c.host-c.took-2, shortBar), longBar)
	return c
}

func (c columns) row(mark, when, host, with, rest string) string {
	return pad(mark, 2) + pad(when, c.when) + "  " + pad(host, c.host) + "  " + pad(with, c.with) + "  " + rest
}

// hostLabel is a host with its component, in so many columns at most: the host's name
// is cut before the component's is.
func hostLabel(host, component string, most int) string {
	host = printable(host)
	if host == "" {
		host = "(no name)"
	}
	if component == "" || component == trace.Other {
		return cut(host, most)
	}
	component = " (" + cut(printable(component), 24) + ")"
	return cut(host, max(most-length(component), 8)) + component
}

// bar is the leg's bar. A faint one is in whole columns.
func (l leg) bar(longest time.Duration, most int) string {
	b := bar(l.middle, longest, most)
	if l.faint {
		b = strings.Repeat("░", length(b))
	}
	return b
}

// bar is a share of the longest, in eighths of a column.
func bar(d, longest time.Duration, most int) string {
	if d <= 0 || longest <= 0 {
		return ""
	}
	const parts = " ▏▎▍▌▋▊▉"
	eighths := max(int(float64(d)/float64(longest)*float64(most*8)+0.5), 1)
	text := strings.Repeat("█", eighths/8)
	if part := eighths % 8; part > 0 {
		text += string([]rune(parts)[part])
	}
	return text
}

// printable is a text of somebody else's without what a terminal would act upon.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || unicode.Is(unicode.M, r) {
			return -1
		}
		return r
	}, text)
}
