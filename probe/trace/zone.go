package trace

import (
	"strings"
	"unicode"
)

// zoneNames are zones by name, in minutes east of UTC. Those of RFC 5322 section 4.3
// mean what stands there. Of the others only those are here whose name has one meaning:
// not IST (India, Israel, Ireland), BST (Britain, Bangladesh), AST and ADT (Atlantic,
// Arabia), CCT, SST, GST, MSK (three hours, but four from 2011 to 2014). Single letters
// but Z are none either: RFC 822 had their signs wrong, so nobody knows what one means
// (RFC 5322 section 4.3).
var zoneNames = map[string]int{
	"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "UCT": 0, "ZULU": 0,
	"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
	"AKST": -540, "AKDT": -480, "HST": -600, "NDT": -150,
	"WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "MET": 60, "MEST": 120, "MEZ": 60, "MESZ": 120, "EET": 120, "EEST": 180,
	"METDST": 120, "CETDST": 120, "WETDST": 60, "EETDST": 180,
	"SAST": 120, "CAT": 120, "EAT": 180, "PKT": 300, "NPT": 345, "WIB": 420, "WITA": 480, "HKT": 480, "SGT": 480,
	"AWST": 480, "JST": 540, "KST": 540, "WIT": 540, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
}

// zoneOf reads the zone at the start of words, in minutes east of UTC, and how many of
// them it takes. A number beside a name wins.
func zoneOf(words []string) (minutes int, known bool, used int) {
	if len(words) == 0 {
		return 0, false, 0
	}
	first := strings.Trim(words[0], `"'[]`)
	if minutes, ok := zoneOffset(strings.TrimRightFunc(first, unicode.IsLetter)); ok { // +0100CET
		return minutes, true, 1
	}
	if len(words) > 1 && (first == "+" || first == "-") && len(words[1]) == 4 {
		minutes, known = zoneOffset(first + words[1])
		return minutes, known, 2
	}
	if first == "0000" {
		return 0, true, 1
	}
	if len(words) > 1 && isName(first) {
		if minutes, ok := zoneOffset(words[1]); ok && len(words[1]) >= 5 {
			return minutes, true, 2
		}
		if strings.EqualFold(words[1], "DST") {
			minutes, known = zoneNames[strings.ToUpper(first)+"DST"]
			return minutes, known, 2
		}
	}
	if len(words) > 1 && isWindowsZone(words[1]) { // "GMT Daylight Time" is not GMT
		return 0, false, 0
	}
	minutes, known = namedZone(first)
	return minutes, known, 1
}

// isWindowsZone tells the second word of the names that Windows has for zones.
func isWindowsZone(word string) bool {
	return strings.EqualFold(word, "Daylight") || strings.EqualFold(word, "Summer") || strings.EqualFold(word, "Standard")
}

// namedZone reads a name, or one with a number after it, such as GMT+0200. Beside
// another name than UTC's a short number is none: EST5EDT and the like count west.
func namedZone(word string) (minutes int, known bool) {
	name, number := word, ""
	if i := strings.IndexAny(word, "+-"); i > 0 {
		name, number = word[:i], word[i:]
	}
	minutes, known = zoneNames[strings.ToUpper(name)]
	if number == "" {
		return minutes, known
	}
	east, ok := zoneOffset(number)
	return east, ok && (known && minutes == 0 || isName(name) && len(number) >= 5)
}

func isName(word string) bool {
	for i := range len(word) {
		if !isLetter(word[i]) {
			return false
		}
	}
	return word != ""
}

// zoneOffset reads +hhmm (RFC 5322 section 3.3) and what is written instead: +hh:mm, +hmm, +hh.
func zoneOffset(s string) (minutes int, ok bool) {
	sign := 1
	switch {
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	case strings.HasPrefix(s, "-"):
		s, sign = s[1:], -1
	case strings.HasPrefix(s, "−"), strings.HasPrefix(s, "–"): // the minus and the dash of typography
		s, sign = s[len("−"):], -1
	default:
		return 0, false
	}
	hours, mins, colon := strings.Cut(s, ":")
	if !colon && len(s) > 2 {
		hours, mins = s[:len(s)-2], s[len(s)-2:]
	}
	h, okh := number(hours, 1, 2)
	m := 0
	if mins != "" || colon {
		var okm bool
		if m, okm = number(mins, 2, 2); !okm {
			return 0, false
		}
	}
	return sign * (60*h + m), okh && h < 24 && m < 60
}

// number reads digits, of which there must be no fewer than shortest and no more than longest.
func number(s string, shortest, longest int) (n int, ok bool) {
	if len(s) < shortest || len(s) > longest {
		return 0, false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = 10*n + int(s[i]-'0')
	}
	return n, true
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
