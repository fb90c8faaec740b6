package trace_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/mailpath/mailpath/probe/trace"
)

// sample is what an independent reader found in a file of testdata/samples.
type sample struct {
	File string
	Hops []struct {
		Date *struct {
			Unix    int64
			TZKnown bool `json:"tz_known"`
		}
	}
}

func samples(t *testing.T) []sample {
	t.Helper()
	raw, err := os.ReadFile("testdata/samples/expected.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if len(all) != 120 {
		t.Fatalf("got %d samples, want 120", len(all))
	}
	return all
}

func readFile(t testing.TB, path string) *trace.Trace {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return trace.Read(raw)
}

// otherwise is where the independent reader is not agreed with, and why.
var otherwise = map[string]string{
	"0206.hdr": "a web archive made &#43;0000 of +0000: the zone is written, and reads as such",
	"0404.hdr": "likewise",
	"0405.hdr": "likewise",
}

// Real headers: as many entries as fields, every date to its second, and no date where
// there is none.
func TestSamples(t *testing.T) {
	dates := 0
	for _, s := range samples(t) {
		got := readFile(t, filepath.Join("testdata/samples", s.File))
		if len(got.Entries) != len(s.Hops) {
			t.Errorf("%s: got %d entries, want %d", s.File, len(got.Entries), len(s.Hops))
			continue
		}
		for i, hop := range s.Hops {
			e := got.Entries[i]
			switch {
			case hop.Date == nil:
				if !e.At.IsZero() {
					t.Errorf("%s, entry %d: got %v, want no time", s.File, i, e.At)
				}
			case e.At.Unix() != hop.Date.Unix:
				t.Errorf("%s, entry %d: got %v, want second %d", s.File, i, e.At, hop.Date.Unix)
			case e.ZoneKnown == hop.Date.TZKnown && otherwise[s.File] != "" || e.ZoneKnown != hop.Date.TZKnown && otherwise[s.File] == "":
				t.Errorf("%s, entry %d: got the zone known: %v, want %v; the reason to read otherwise: %q", s.File, i, e.ZoneKnown, hop.Date.TZKnown, otherwise[s.File])
			default:
				dates++
			}
		}
	}
	if dates != 396 {
		t.Errorf("got %d dates, want 396", dates)
	}
}
