package probe_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

func TestParseHeader(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		want      probe.Header
	}{
		{"a bad line loses nothing below", "A: 1\nno field at all\n folded onto nothing\nB: 2\n\nC: 3\n", probe.Header{{"A", "1"}, {"B", "2"}}},
		{"plain", "A: 1\r\nB: 2\r\n\r\nbody: 3\r\n", probe.Header{{"A", "1"}, {"B", "2"}}},
		{"folded", "A: 1\n\t2\n \n   3  \nB:\n 4\n", probe.Header{{"A", "1 2 3"}, {"B", "4"}}},
		{"odd colons", "Received :x\nReceived:y\nReceived \t : z\n: nameless\n", probe.Header{{"Received", "x"}, {"Received", "y"}, {"Received", "z"}}},
		{"empty lines above", "\r\n\n\r\nA: 1\n\nB: 2\n", probe.Header{{"A", "1"}}},
		{"from a mailbox file", "From a@example.com Mon Nov 24 22:33:27 2026\nA: 1\n>From b: c\nB: 2\n", probe.Header{{"A", "1"}, {"B", "2"}}},
		{"byte order mark", "\xef\xbb\xbfA: 1\n", probe.Header{{"A", "1"}}},
		{"CR alone", "A: 1\r 2\rB: 3\r\rC: 4", probe.Header{{"A", "1 2"}, {"B", "3"}}},
		{"CR alone, empty lines above", "\r\rA: 1\r\rB: 2", probe.Header{{"A", "1"}}},
		{"CR CR LF", "A: 1\r\r\nB: 2\r\r\n\r\r\nC: 3\n", probe.Header{{"A", "1"}, {"B", "2"}}},
		{"CR amid LF", "A: 1\nB: 2\rC: 3\n\rD: 4\n\r\rE: 5\n\nF: 6\n", probe.Header{{"A", "1"}, {"B", "2"}, {"C", "3"}, {"D", "4"}, {"E", "5"}}},
		{"NUL", "A\x00: 1\x002\n\x00\nB: 3\n", probe.Header{{"A", "12"}, {"B", "3"}}},
		{"a soft line break in a word", "A: 2=\n3 May\nB: x=\n y\nC: z=\nD: 1==\n23:10 late=\n\nE: 5\n", probe.Header{{"A", "23 May"}, {"B", "x= y"}, {"C", "z="}, {"D", "1=23:10 late="}}},
		{"no end", "A: 1\nB: 2", probe.Header{{"A", "1"}, {"B", "2"}}},
		{"empty", "", nil},
		{"nothing but line ends", "\r\n\r\n", nil},
	} {
		if got := probe.ParseHeader([]byte(test.raw)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// However many fields stand above, a field within the first 1 MiB is read.
func TestParseHeaderBelowManyFields(t *testing.T) {
	raw := strings.Repeat("X: 1\n", 200_000) + "Received: last\n"
	if got := probe.ParseHeader([]byte(raw)).All("Received"); !slices.Equal(got, []string{"last"}) {
		t.Errorf("got %q, want the field below the others", got)
	}
	if got := len(probe.ParseHeader([]byte(strings.Repeat("X: 1\n", 300_000)))); got != 209_715 {
		t.Errorf("got %d fields, want those of 1 MiB", got)
	}
}

// Whatever the header is made of, what is copied grows with its length only.
func TestParseHeaderCopiesLittle(t *testing.T) {
	for _, piece := range []string{"\r", "\n", "\x00", "a=\n", "A:=\n", " \n", "A:\n", ":", "\r\r\n", "A: 1\r", "A:1\n b=\n", "\n\r"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		probe.ParseHeader([]byte("A: 1\n" + strings.Repeat(piece, (1<<20)/len(piece))))
		probe.ParseHeader([]byte(strings.Repeat(piece, (1<<20)/len(piece))))
		runtime.ReadMemStats(&after)
		if asked := after.TotalAlloc - before.TotalAlloc; asked > 256<<20 {
			t.Errorf("1 MiB of %q: asked for %d MiB in all, want at most 256", piece, asked>>20)
		}
	}
}

func BenchmarkParseHeader(b *testing.B) {
	raw := []byte(strings.Repeat("X-Field: some value\n folded once\n", 1<<20/33))
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		probe.ParseHeader(raw)
	}
}
