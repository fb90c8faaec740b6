package main

import (
	"strings"

	east "golang.org/x/text/width"
)

// length is how many columns of a terminal a text takes: two for each wide character of
// East Asia (Unicode Standard Annex 11), and for most emoji. What takes none, printable
// leaves out.
func length(text string) int {
	n := 0
	for _, r := range text {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	switch east.LookupRune(r).Kind() {
	case east.EastAsianWide, east.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens a text to so many columns, in its middle: of a host's name both ends
// tell something.
func cut(text string, most int) string {
	if length(text) <= most {
		return text
	}
	right := (most - 1) / 2
	return head(text, most-1-right) + "…" + tail(text, right)
}

// begin is the beginning of a text.
func begin(text string, most int) string {
	if length(text) <= most {
		return text
	}
	return head(text, most-1) + "…"
}

// head is as much of the beginning as fits into so many columns.
func head(text string, most int) string {
	for i, r := range text {
		if most -= columnsOf(r); most < 0 {
			return text[:i]
		}
	}
	return text
}

// tail is as much of the end as fits into so many columns.
func tail(text string, most int) string {
	runes := []rune(text)
	from := len(runes)
	for from > 0 && most >= columnsOf(runes[from-1]) {
		from--
		most -= columnsOf(runes[from])
	}
	return string(runes[from:])
}

func pad(text string, to int) string { return text + strings.Repeat(" ", max(to-length(text), 0)) }
