package trace_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mailpath/mailpath/probe/trace"
)

// FuzzRead holds that whatever a header holds, as many entries are read as it has
// Received fields, and only what is safe to show and to keep.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/products/*.eml", "testdata/samples/*.hdr"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("finding %s: %v", pattern, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	f.Add([]byte("Received: by 4BlXcr04ftz4JVG; 1 Jan 1970 0:0 +2359\rReceived:\r\r\nA: b=\nc\x00"))
	f.Fuzz(func(t *testing.T, header []byte) {
		got := trace.Read(header)
		if want := countReceived(header); len(got.Entries) != want {
			t.Fatalf("got %d entries, want %d", len(got.Entries), want)
		}
		for i, e := range got.Entries {
			checkText(t, e.By, e.From, e.With, e.ID)
			checkStamp(t, e.Stamp)
			if d, ok := got.Delay(i); ok && (d.Min > d.Max || !e.IsHop || e.At.IsZero()) {
				t.Errorf("entry %d: got delay %v..%v of %+v", i, d.Min, d.Max, e)
			}
		}
		for _, m := range got.Marks {
			checkText(t, m.Field, m.Host)
			checkStamp(t, m.Stamp)
			if m.Took < 0 {
				t.Errorf("got %+v, want no negative time", m)
			}
		}
		hops := got.Hops()
		if len(hops) > 100 {
			t.Errorf("got %d hops, want at most 100", len(hops))
		}
		for _, h := range hops {
			checkStamp(t, trace.Stamp{At: h.At, ZoneKnown: true, Resolution: h.Resolution, Source: trace.Source(h.Source)})
		}
		if len(got.Authentication([]string{"*"})) > 4 {
			t.Errorf("got %v, want each method once", got.Authentication([]string{"*"}))
		}
		if again := trace.Read(header); !reflect.DeepEqual(got, again) {
			t.Errorf("got %+v and then %+v of the same header", got, again)
		}
	})
}

// countReceived counts the Received fields of a header in another way than the reader
// does: it makes all line ends alike first.
func countReceived(header []byte) int {
	header = header[:min(len(header), 1<<20)]
	header = bytes.TrimPrefix(header, []byte("\xef\xbb\xbf"))
	first := bytes.IndexAny(header, "\r\n")
	if first >= 0 && header[first] == '\r' && !bytes.HasPrefix(bytes.TrimLeft(header[first:], "\r"), []byte("\n")) {
		header = bytes.ReplaceAll(header, []byte("\r\n"), []byte("\n"))
		header = bytes.ReplaceAll(header, []byte("\r"), []byte("\n"))
	}
	count, fields := 0, 0
	for _, line := range bytes.Split(header, []byte("\n")) {
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 && fields > 0 {
			return count
		}
		for _, piece := range bytes.Split(line, []byte("\r")) {
			piece = bytes.ReplaceAll(piece, []byte("\x00"), nil)
			name, _, found := strings.Cut(string(piece), ":")
			if !found || strings.HasPrefix(name, " ") || strings.HasPrefix(name, "\t") {
				continue
			}
			name = strings.TrimRight(name, " \t")
			if name != "" && !strings.ContainsAny(name, " \t") {
				fields++
			}
			if strings.EqualFold(name, "Received") {
				count++
			}
		}
	}
	return count
}

func checkText(t *testing.T, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if len(s) > 255 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("got %q, want at most 255 bytes of printable text", s)
		}
	}
}

func checkStamp(t *testing.T, s trace.Stamp) {
	t.Helper()
	if s.At.IsZero() {
		if s.Resolution != 0 || s.Source != "" {
			t.Errorf("got %+v, want nothing without a time", s)
		}
		return
	}
	if s.At.Year() < 1970 || s.At.Year() > 2200 || s.At.Location() != time.UTC || !s.ZoneKnown || s.Resolution < 1 || s.Resolution > time.Minute || s.Source == "" {
		t.Errorf("got %+v, want a time from 1970 to 2200 with its resolution and source", s)
	}
}

// FuzzDate holds that a date that is read says what stands there: written down again
// in the usual form it gives the same time.
func FuzzDate(f *testing.F) {
	for _, date := range []string{
		"Mon, 23 Nov 2026 08:41:02 +0100", "22 Apr 96 18:17 PDT", "Mon Nov 23 08:41:02 EST 2026", "2026-11-23T08:41:02.5Z", "11/12/2026 12:41:02 AM -0500",
		"23.11.2026 08:41:60 GMT+2", "2026-11-23 08:41:02.928333532 +0000 UTC m=+68.8", "(a; b) Thu,1 Jan 1970 0: 0: 0 (UTC)", "Mon,= 23 Nov 2026 08:41:02 =2B0100 (=",
	} {
		f.Add(date)
	}
	f.Fuzz(func(t *testing.T, date string) {
		date = strings.Map(func(r rune) rune {
			if r == '\r' || r == '\n' {
				return -1
			}
			return r
		}, date)
		e := entry("from a by b; " + date)
		checkStamp(t, e.Stamp)
		if e.At.IsZero() {
			return
		}
		again := entry("from a by b; " + e.At.Format("Mon, 2 Jan 2006 15:04:05.999999999 -0700"))
		if !again.At.Equal(e.At) {
			t.Errorf("%q: got %v, and %v of its usual form", date, e.At, again.At)
		}
		if late := e.At.Add(e.Resolution); late.Sub(e.At) != e.Resolution {
			t.Errorf("%q: got %v and resolution %v, want them to fit", date, e.At, e.Resolution)
		}
	})
}

// FuzzAuthentication holds that of any field only known methods come out, each once and
// in order, and that nobody who is not trusted is believed.
func FuzzAuthentication(f *testing.F) {
	for _, value := range []string{
		`mx.example.com 1; spf=pass (a; b) smtp.mailfrom="x; y"; dkim=fail reason="z"; dkim = pass; dmarc=none; arc=pass (i=1 spf=pass)`,
		"spf=none (sender IP is 192.0.2.1) smtp.helo=a;dkim=none header.d=none;dmarc=fail action=none", "i=1; mx.example.com; none",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		value = strings.NewReplacer("\r", "", "\n", "").Replace(value)
		tr := trace.Read([]byte("Authentication-Results: " + value + "\nReceived: by mx.example.com\n"))
		last := -1
		for _, r := range tr.Authentication([]string{"*", "*/*"}) {
			at := slices.Index([]string{"spf", "dkim", "dmarc", "arc"}, r.Method)
			if at <= last || !slices.Contains([]string{"pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror", "other"}, r.Result) {
				t.Errorf("got %+v, want known words in order", r)
			}
			last = at
		}
		if got := tr.Authentication([]string{"nobody.invalid"}); len(got) > 0 && !strings.Contains(strings.ToLower(value), "nobody") {
			t.Errorf("got %v of nobody who is trusted", got)
		}
	})
}
