package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

func TestSpansInWords(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, c := range []struct {
		low, high time.Duration
		want      string
	}{
		{7 * s, 9 * s, "7–9 s"},
		{-1 * s, 1 * s, "0–1 s"},
		{-3 * s, -1 * s, "−3 to −1 s"},
		{0, 0, "0 ms"},
		{-2 * s, 0, "−2 to 0 s"},
		{12 * ms, 340 * ms, "12–340 ms"},
		{3488 * ms, 4488 * ms, "3.5–4.5 s"},
		{0, 8350 * ms, "0–8.3 s"},
		{98 * s, 100 * s, "1m38s–1m40s"},
		{2 * time.Hour, 2*time.Hour + 1*time.Minute, "2h–2h1m"},
		{-90 * s, -88 * s, "−90 to −88 s"},
		{-26 * time.Hour, -26 * time.Hour, "−26h"},
		{-2 * time.Hour, -100 * s, "−2h to −1m40s"},
		{4 * s, 4 * s, "4 s"},
		{99*s + 700*ms, 99*s + 900*ms, "99.7–99.9 s"},
		{50 * time.Hour, 75 * time.Hour, "2d2h–3d3h"},
	} {
		if got := span(probe.Interval{Min: c.low, Max: c.high}); got != c.want {
			t.Errorf("%v to %v: got %q, want %q", c.low, c.high, got, c.want)
		}
	}
}

func TestCutsLeaveBothEnds(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"mx1.example.com", 9, "mx1.….com"},
		{"mx1.example.com", 15, "mx1.example.com"},
		{"ämx1.exämple", 4, "äm…e"},
		{"mx", 1, "…"},
		{"", 5, ""},
		{"日本語.example", 9, "日本…mple"},
		{"日本語.example", 10, "日本…mple"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日…語"},
		{"日本語", 4, "日…"},
	} {
		if got := cut(c.text, c.most); got != c.want {
			t.Errorf("%q in %d: got %q, want %q", c.text, c.most, got, c.want)
		}
	}
}

func TestBarsAreInProportion(t *testing.T) {
	for _, c := range []struct {
		d, longest time.Duration
		want       string
	}{
		{4 * time.Second, 8 * time.Second, "████"},
		{-time.Second, 8 * time.Second, ""},
		{8 * time.Second, 8 * time.Second, "████████"},
		{time.Millisecond, 8 * time.Second, "▏"},
		{1500 * time.Millisecond, 8 * time.Second, "█▌"},
		{0, 0, ""},
	} {
		if got := bar(c.d, c.longest, 8); got != c.want {
			t.Errorf("%v of %v: got %q, want %q", c.d, c.longest, got, c.want)
		}
	}
}

// Whatever hosts call themselves, lines stay within a hundred columns, within eighty if
// the names allow it, and nothing in them moves the cursor.
func TestLinesStayNarrow(t *testing.T) {
	long := strings.Repeat("a-very-long-name.", 15) + "example.com"
	wide := strings.Repeat("郵便サーバー", 15) + "🚀.example.com"
	for name, c := range map[string]struct {
		most int
		legs []leg
	}{
		"usual names": {usualWidth, []leg{
			{when: "09:15:02.506", host: "mail.hq.example.com", component: "store-hq", with: "UTF8SMTPSA", took: "1m38s–1m40s", middle: 1},
			{when: "no time", host: "mx1.example.com", with: "ESMTP", notes: []string{"no time that can be placed"}},
		}},
		"long names": {mostWidth, []leg{
			{when: "09:15:02", host: long, component: long, with: long, took: "−2h to −1m40s", remark: "clocks disagree", notes: []string{long}},
			{when: "09:15:02", host: long, took: "7–9 s", middle: 3, notes: []string{"\x1b[2J\u202e\a" + long}},
		}},
		"wide names": {mostWidth, []leg{
			{when: "09:15:02", host: wide, component: wide, with: wide, took: "−2h to −1m40s", remark: "clocks disagree", notes: []string{wide}},
			{when: "09:15:02", host: "ｍｘ１．日本", with: "ＳＭＴＰ", took: "7–9 s", middle: 3},
		}},
		"some wide names": {usualWidth, []leg{
			{when: "09:15:02", host: "メール.example.com", component: "한국", with: "ESMTP", took: "7–9 s", middle: 3},
			{when: "09:15:05", host: "mx1.example.com", with: "ESMTP", took: "0–1 s", middle: 1},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			p := &page{w: &out}
			p.waterfall("STAMPED", "BY", "WITH", "UNTIL THE NEXT STAMP", c.legs)
			for line := range strings.Lines(out.String()) {
				line = strings.TrimSuffix(line, "\n")
				if n := cells(line); n > c.most || printable(line) != line {
					t.Errorf("got %d columns, want at most %d and all of it printable: %q", n, c.most, line)
				}
			}
		})
	}
}

// cells measures what a terminal shows, by the blocks of Unicode whose characters are
// wide: not by what the code measures with.
func cells(text string) int {
	n := 0
	for _, r := range text {
		n++
		for _, block := range [][2]rune{
			{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
			{0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x20000, 0x3fffd},
		} {
			if block[0] <= r && r <= block[1] {
				n++
			}
		}
	}
	return n
}

// The bars of all lines begin in one column.
func TestWideNamesStayAligned(t *testing.T) {
	var out strings.Builder
	p := &page{w: &out}
	p.waterfall("STAMPED", "BY", "WITH", "UNTIL THE NEXT STAMP", []leg{
		{when: "09:15:02", host: "メール.example.com", with: "ESMTP", took: "7–9 s", middle: 8},
		{when: "09:15:05", host: "mx1.example.com", with: "ＳＭＴＰ", took: "0–1 s", middle: 1},
		{when: "09:15:06", host: strings.Repeat("郵", 60), with: "SMTP", took: "0–1 s", middle: 1},
	})
	begins := make(map[int]bool)
	for line := range strings.Lines(out.String()) {
		if before, _, found := strings.Cut(line, "–"); found {
			begins[cells(before)] = true
		}
	}
	if len(begins) != 1 {
		t.Errorf("intervals begin in columns %v, want one\n%s", begins, &out)
	}
}
