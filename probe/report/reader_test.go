package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/report"
)

var update = flag.Bool("update", false, "write the expected files anew")

// matcher knows the key that testdata/bounces/README.md names, and the sender there.
func matcher(t testing.TB) *probe.Matcher {
	t.Helper()
	key, err := probe.NewKey(bytes.NewReader(bytes.Repeat([]byte{42}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := probe.NewKeyring("hq-1", key)
	if err != nil {
		t.Fatal(err)
	}
	return probe.NewMatcher(keys, []string{"mailpath-in@example.com"}, report.Reader{})
}

// load reads a message with the line ends of IMAP, cut into header and body.
func load(t testing.TB, path string) (header, body []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	header, body, found := bytes.Cut(bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")), []byte("\r\n\r\n"))
	if !found {
		t.Fatalf("%s: got no empty line, want one below the header", path)
	}
	return append(header, "\r\n\r\n"...), body
}

func glob(t testing.TB, pattern string, atLeast int) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < atLeast {
		t.Fatalf("finding %s: got %d files (%v), want at least %d", pattern, len(files), err, atLeast)
	}
	return files
}

// expected is what a file NN-name.json holds: what NN-name.eml reports, and in which form
// it names the test message.
type expected struct {
	Report *probe.Report `json:"report"` // null: it is no report
	Tag    string        `json:"tag,omitempty"`
}

func read(t testing.TB, m *probe.Matcher, header, body []byte) expected {
	t.Helper()
	r, tag, ok, err := m.ReportOn(header, func() ([]byte, error) { return body, nil })
	switch {
	case err != nil:
		t.Fatalf("reading a report: %v", err)
	case !ok:
		return expected{}
	case tag.Full:
		return expected{&r, "full"}
	}
	return expected{&r, "short"}
}

// TestReports reads reports in the shape of each product, and bounces that real servers
// wrote, through the matcher that verifies tags: NN-name.json is what is read of
// NN-name.eml. None is an arrival, except what is numbered 64 and 65.
func TestReports(t *testing.T) {
	m := matcher(t)
	for _, file := range append(glob(t, "testdata/samples/*.eml", 45), glob(t, "testdata/bounces/*.eml", 6)...) {
		header, body := load(t, file)
		got, err := json.MarshalIndent(read(t, m, header, body), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata/expected", strings.TrimSuffix(filepath.Base(file), ".eml")+".json")
		if *update {
			if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != strings.TrimSpace(string(want)) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
		tag, carrier, err := m.Match(header, func() ([]byte, error) { return body, nil })
		if err != nil {
			t.Fatal(err)
		}
		if isOurs := strings.Contains(file, "our-own"); isOurs != (carrier != "") {
			t.Errorf("%s: got %v by its %q as an arrival: %v, want %v", file, tag.ID, carrier, carrier != "", isOurs)
		}
	}
}

// Whatever ends the lines, the same is read.
func TestReportsWithOtherLineEnds(t *testing.T) {
	m := matcher(t)
	for _, file := range glob(t, "testdata/samples/*.eml", 45) {
		header, body := load(t, file)
		want, _ := json.Marshal(read(t, m, header, body))
		for _, end := range []string{"\n", "\r\r\n"} {
			header := bytes.ReplaceAll(header, []byte("\r\n"), []byte(end))
			body := bytes.ReplaceAll(body, []byte("\r\n"), []byte(end))
			if got, _ := json.Marshal(read(t, m, header, body)); string(got) != string(want) {
				t.Errorf("%s with lines that end in %q: got %s, want %s", file, end, got, want)
			}
		}
	}
}

// A body that is cut off anywhere still gives a report of the same kind once the status is there.
func TestReportCutOff(t *testing.T) {
	m := matcher(t)
	header, body := load(t, "testdata/samples/01-postfix.eml")
	status := bytes.Index(body, []byte("User unknown\r\n\r\n--"))
	for end := status; end < len(body); end += 7 {
		r, _, ok := report.Reader{}.Read(header, body[:end])
		if !ok || r.Kind != probe.ReportFailed || r.Status != "5.1.1" {
			t.Fatalf("cut off after %d bytes: got %+v, %v, want a failure with its status", end, r, ok)
		}
	}
	if got := read(t, m, header, body[:len(body)-150]); got.Tag != "full" {
		t.Errorf("got the tag in %q form without the end of the body, want the full one out of the original's header", got.Tag)
	}
}

// The body is asked for only when the header says that it may be a report.
func TestBodyIsAskedForSparingly(t *testing.T) {
	m := matcher(t)
	broken := errors.New("no body")
	for file, asks := range map[string]bool{
		"64-our-own": false, "01-postfix": true, "60-person-replies": false, "65-our-own-released": false, "42-exchange-absence": true,
		"61-person-forwards-a-bounce": false, "66-newsletter": false, "63-person-answers-a-bounce": false,
	} {
		header, _ := load(t, "testdata/samples/"+file+".eml")
		asked := false
		_, _, ok, err := m.ReportOn(header, func() ([]byte, error) { asked = true; return nil, broken })
		if ok || asked != asks || asks != errors.Is(err, broken) {
			t.Errorf("%s: got asked %v and error %v, want asked %v and its error", file, asked, err, asks)
		}
	}
}

// Somebody else's message is nobody's tag.
func TestReportsAboutOthers(t *testing.T) {
	m := matcher(t)
	header, body := load(t, "testdata/samples/01-postfix.eml")
	body = bytes.ReplaceAll(body, []byte("mp1"), []byte("mp2"))
	if got := read(t, m, header, body); got.Report != nil {
		t.Errorf("got %+v, want no report on a message of ours", got)
	}
	if _, _, ok := (report.Reader{}).Read(header, body); !ok {
		t.Errorf("got no report, want one on another message")
	}
}
