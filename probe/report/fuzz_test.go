package report_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/report"
)

// FuzzRead holds that whatever a message holds, what is read of it is safe to keep and to
// show, bounded, and the same each time.
func FuzzRead(f *testing.F) {
	for _, file := range append(glob(f, "testdata/samples/*.eml", 45), glob(f, "testdata/bounces/*.eml", 6)...) {
		header, body := load(f, file)
		f.Add(header, body)
	}
	f.Fuzz(func(t *testing.T, header, body []byte) {
		r, about, ok := report.Reader{}.Read(header, body)
		if again, sameAbout, sameOK := (report.Reader{}).Read(header, body); again != r || ok != sameOK || !reflect.DeepEqual(about, sameAbout) {
			t.Errorf("got %+v and then %+v of the same message", r, again)
		}
		if may := (report.Reader{}).MayReport(probe.ParseHeader(header)); ok && !may {
			t.Errorf("got %+v of a message that is none by its header", r)
		}
		if !ok {
			if r != (probe.Report{}) || about != nil {
				t.Errorf("got %+v and %d texts, want nothing without a report", r, len(about))
			}
			return
		}
		if !slices.Contains(probe.ReportKinds[:], r.Kind) {
			t.Errorf("got kind %q, want one of %v", r.Kind, probe.ReportKinds)
		}
		for text, limit := range map[string]int{r.Diagnostic: 500, r.Recipient: 255, r.Reporting: 255, r.Remote: 255, r.Status: 9} {
			if len(text) > limit || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || text != strings.TrimSpace(text) {
				t.Errorf("got %q, want at most %d bytes of printable text in one line", text, limit)
			}
		}
		if r.Status != "" && (len(strings.Split(r.Status, ".")) != 3 || !strings.ContainsAny(r.Status[:1], "245")) {
			t.Errorf("got status %q, want one of RFC 3463", r.Status)
		}
		for _, host := range []string{r.Reporting, r.Remote} {
			if host != strings.ToLower(host) || strings.ContainsAny(host, " <>\"/") {
				t.Errorf("got host %q, want a name in lower case", host)
			}
		}
		size := 0
		for _, text := range about {
			size += len(text)
		}
		if len(about) > 64 || size > 1<<20 {
			t.Errorf("got %d texts of %d bytes, want at most 64 of 1 MiB", len(about), size)
		}
	})
}

func BenchmarkMayReport(b *testing.B) {
	for _, file := range []string{"66-newsletter", "64-our-own", "01-postfix"} {
		header, _ := load(b, "testdata/samples/"+file+".eml")
		h := probe.ParseHeader(header)
		b.Run(file, func(b *testing.B) {
			for b.Loop() {
				report.Reader{}.MayReport(h)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, file := range []string{"01-postfix", "11-qmail", "44-vacation"} {
		header, body := load(b, "testdata/samples/"+file+".eml")
		b.Run(file, func(b *testing.B) {
			for b.Loop() {
				report.Reader{}.Read(header, body)
			}
		})
	}
	header := []byte(daemon + "Undelivered\n\n")
	body := []byte(strings.Repeat("the host mx.b.example [192.0.2.7] said: 550 5.1.1 <a@b.example>\n", probe.MaxReport/64))
	b.Run("hostile", func(b *testing.B) {
		for b.Loop() {
			report.Reader{}.Read(header, body)
		}
	})
}
