package situation_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mailpath/mailpath/exporters/situation"
)

func TestTextsOfAnybodysAreHarmless(t *testing.T) {
	for _, c := range []struct{ text, many, one string }{
		{"bad \xff\xfe bytes", "bad \ufffd\ufffd bytes", "bad \ufffd\ufffd bytes"},
		{"", "", ""},
		{"\u202egnp.exe\u202c \u2066x\u2069 \u200ey\u200f \u061cz", "gnp.exe x y z", "gnp.exe x y z"},
		{"one\r\ntwo\rthree\u2028four\u2029five\u0085six", "one\ntwo\nthree\nfour\nfive\nsix", "one two three four five six"},
		{"<b>stays</b> & stays", "<b>stays</b> & stays", "<b>stays</b> & stays"},
		{"\n\n a\n\n\n\n\n b \n ", "a\n\nb", "a b"},
		{"\x1b[31mred\x00\x07\x7f\u009b", "[31mred", "[31mred"},
		{"tab\tand\u00a0space   s", "tab and space s", "tab and space s"},
		{"Störung – 維持 \U0001f468\u200d\U0001f527", "Störung – 維持 \U0001f468\u200d\U0001f527", "Störung – 維持 \U0001f468\u200d\U0001f527"},
		{strings.Repeat("ä", 41), strings.Repeat("ä", 39) + "…", strings.Repeat("ä", 39) + "…"},
		{strings.Repeat("ä", 40), strings.Repeat("ä", 40), strings.Repeat("ä", 40)},
		{strings.Repeat("\u202e", 1<<20), "…", "…"},
	} {
		if got := situation.Clean(c.text, 40); got != c.many {
			t.Errorf("Clean(%.60q): got %q, want %q", c.text, got, c.many)
		}
		if got := situation.CleanLine(c.text, 40); got != c.one {
			t.Errorf("CleanLine(%.60q): got %q, want %q", c.text, got, c.one)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("Vendor patch\r\n\r\n\r\nis \u202ebeing\u2069 installed\x00", 20)
	f.Add("<script>\u2028\xff", 1)
	f.Add(strings.Repeat("a\n", 300), 50)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 1 || limit > 5000 {
			return
		}
		many, one := situation.Clean(text, limit), situation.CleanLine(text, limit)
		for _, got := range []string{many, one} {
			if n := utf8.RuneCountInString(got); n > limit || !utf8.ValidString(got) {
				t.Fatalf("got %d characters of %q, want at most %d, valid", n, got, limit)
			}
			for _, c := range got {
				if unicode.IsControl(c) && c != '\n' || unicode.Is(unicode.Bidi_Control, c) || c == 0x2028 || c == 0x2029 {
					t.Fatalf("got %U in %q", c, got)
				}
			}
		}
		if strings.Contains(one, "\n") || strings.Contains(many, "\n\n\n") {
			t.Fatalf("got lines %q and %q", one, many)
		}
		if again := situation.Clean(many, limit); again != many {
			t.Fatalf("got %q of %q: want the same", again, many)
		}
	})
}
