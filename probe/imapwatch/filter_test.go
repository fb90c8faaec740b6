package imapwatch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/probe"
)

// filtered is what the library gets to read of what a server says.
func filtered(server io.Reader) (string, error) {
	f := newFilter(server, newNotices(probe.NewClock()))
	text, err := io.ReadAll(f)
	if err == errHungUp { //nolint:errorlint // wrapped, it is another end: in the middle of an answer
		err = nil
	}
	return string(text), err
}

func TestFilterWritesAnew(t *testing.T) {
	for server, want := range map[string]string{
		"T7 OK NOOP completed\r\n": "T7 OK - NOOP completed\r\n",
		"T7 ok\n":                  "T7 OK - \r\n",
		"T7 NO [AUTHENTICATIONFAILED] Not you.\r\n":                                                  "T7 NO [AUTHENTICATIONFAILED] - Not you.\r\n",
		"T7 NO [BADCHARSET (UTF-8)] {12}\r\n":                                                        "T7 NO - {12}\r\n",
		"T7 OK [COPYUID] x\r\n":                                                                      "T7 OK - x\r\n",
		"T7 BAD [never closed\r\n":                                                                   "T7 BAD - [never closed\r\n",
		"T7 OK [CAPABILITY IMAP4rev1 X\"Y IDLE] in\r\n":                                              "T7 OK [CAPABILITY IMAP4rev1 IDLE] - in\r\n",
		"t7 OK not ours\r\nT07 OK\r\nT OK\r\nST1 OK\r\nS3 OK\r\n":                                    "",
		"+ idling\r\n+\r\n":                                                                          "+ idling\r\n+ \r\n",
		"* 3 exists\r\n* 0 EXISTS\r\n* 2 EXPUNGE\r\n":                                                "* 3 EXISTS\r\n* 0 EXISTS\r\n* 2 EXPUNGE\r\n",
		"* 0 EXPUNGE\r\n* 4294967296 EXISTS\r\n* 3 RECENT\r\n":                                       "",
		"* OK [UIDNEXT 7] x\r\n* OK [uidvalidity 9]\r\n":                                             "* OK [UIDNEXT 7] -\r\n* OK [UIDVALIDITY 9] -\r\n",
		"* OK [UIDNEXT 0] x\r\n* OK Still here\r\n* NO full\r\n":                                     "",
		"* OK [CAPABILITY A (B) C]\r\n* CAPABILITY A B{3\r\n":                                        "* CAPABILITY A C\r\n* CAPABILITY A\r\n",
		"* CAPABILITY IMAP4rev1  IDLE\r\n":                                                           "* CAPABILITY IMAP4rev1 IDLE\r\n",
		"* SEARCH\r\n* SEARCH 3 1  2 \r\n* search 4 (MODSEQ 5)\r\n":                                  "* SEARCH\r\n* SEARCH 3 1 2\r\n* SEARCH 4\r\n",
		"* ESEARCH (TAG \"T5\") UID COUNT 3 ALL 1:2,9\r\n":                                           "* ESEARCH (TAG \"T5\") UID ALL 1:2,9\r\n",
		"* ESEARCH (tag {2}\r\nT5) uid\r\n* ESEARCH UID ALL 1\r\n":                                   "* ESEARCH (TAG \"T5\") UID\r\n* ESEARCH  UID ALL 1\r\n",
		"* STATUS \"a b\" (UIDNEXT 7 X (Y) MESSAGES 0 SIZE 1)\r\n":                                   "* STATUS \"a b\" (UIDNEXT 7 MESSAGES 0)\r\n",
		"* STATUS {3}\r\na\"b (UIDVALIDITY x UIDNEXT 2)\r\n":                                         "* STATUS {3}\r\na\"b (UIDNEXT 2)\r\n",
		"* STATUS J\r\n* STATUS\r\n":                                                                 "",
		"* 1 FETCH (UID 5)\r\n* 2 fetch (flags (\\Seen) uid 6)\r\n":                                  "* 1 FETCH (UID 5)\r\n* 2 FETCH (UID 6)\r\n",
		"* 1 FETCH (BODY[HEADER]<0> {4}\r\na)\r\n UID 5)\r\n":                                        "* 1 FETCH (UID 5 BODY[] {4}\r\na)\r\n)\r\n",
		"* 1 FETCH (UID 5 BODY[TEXT]<0> \"a\\\"b\")\r\n":                                             "* 1 FETCH (UID 5 BODY[] {3}\r\na\"b)\r\n",
		"* 1 FETCH (UID 5 BODY[HEADER.FIELDS (A B)] NIL)\r\n":                                        "* 1 FETCH (UID 5 BODY[] {0}\r\n)\r\n",
		"* 1 FETCH (UID 5 INTERNALDATE \" 7-Feb-1994 22:43:04 -0800\" RFC822.SIZE 7 MODSEQ (9))\r\n": "* 1 FETCH (UID 5 INTERNALDATE \" 7-Feb-1994 22:43:04 -0800\")\r\n",
		"* 1 FETCH (UID 5 INTERNALDATE \"7 Feb\" X-GM-MSGID 1)\r\n":                                  "* 1 FETCH (UID 5)\r\n",
		"* 1 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 0)\r\n* 1 FETCH (UID 5\r\n* 1 FETCH\r\n":       "",
		"* 1 FETCH (UID 5 BODY[ {3}\r\nabc)\r\n* 1 FETCH (UID 5 BODY[] {5 {3}\r\nabc)\r\n":           "",
		"* 1 FETCH (UID 5 EMAILID (Mx))\r\n":                                                         "* 1 FETCH (UID 5)\r\n", // nobody has asked
		"* XWEIRD {3}\r\n* )\r\n* FLAGS ()\r\n* VANISHED 1\r\n\r\n*\r\n* \r\nwhat?\r\n\x00\xff\r\n":  "",
	} {
		for name, from := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			got, err := filtered(from(strings.NewReader(server)))
			if err != nil || got != want {
				t.Errorf("%s %q:\ngot  %q, %v,\nwant %q", name, server, got, err, want)
			}
		}
		if strings.HasPrefix(server, "* ") {
			takes(t, want)
		}
	}
}

// takes holds that the library takes untagged responses and goes on.
func takes(t *testing.T, responses string) {
	t.Helper()
	near, far := net.Pipe()
	defer far.Close()
	go io.Copy(io.Discard, far)
	c := imapclient.New(near, nil)
	defer c.Close()
	noop := c.Noop()
	if _, err := io.WriteString(far, "* OK [CAPABILITY IMAP4rev1] -\r\n"+responses+"T1 OK -\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := noop.Wait(); err != nil {
		t.Errorf("the library does not take %q: %v", responses, err)
	}
}

func TestFilterEndsWhatCannotBeTaken(t *testing.T) {
	for server, want := range map[string]string{
		"* BYE see you\r\nT1 OK\r\n":                 `the server ends the session: "see you"`,
		"T1 MAYBE\r\nT1 OK\r\n":                      `the server answers "MAYBE", want OK, NO or BAD`,
		"* SEARCH 1 x\r\n":                           `reading the answer to SEARCH: got " 1 x", want numbers`,
		"* ESEARCH (X 1) UID\r\n":                    `reading the answer to SEARCH: got " (X 1) UID", want its tag`,
		"* ESEARCH UID ALL 1:*\r\n":                  `reading the answer to SEARCH: got " UID ALL 1:*", want words and values, and numbers in ALL`,
		"* 1 EXI":                                    "the server has closed the connection in the middle of an answer",
		"* 1 FETCH (BODY[] {10}\r\nabc":              "the server has closed the connection in the middle of an answer",
		"* 1 FETCH (BODY[] {327681}\r\n":             "the server announces 327681 bytes at once, want at most 327680",
		"* X {99999999999999999999}\r\n{1}\r\n* BYE": "the server has closed the connection in the middle of an answer",
		"* OK " + strings.Repeat("x", 1<<20):         "the server's line has no end: got more than 1 MiB",
		strings.Repeat("* 1 FETCH (UID 1)\r\n", 1e6): "the server's answer has no end: got more than 62 MiB",
		"* X " + strings.Repeat("{300000}\r\n"+strings.Repeat("x", 300000), 5) + "\r\n": "the server announces 300000 bytes at once, want at most 327680",
	} {
		got, err := filtered(strings.NewReader(server))
		if err == nil || err.Error() != want || strings.Contains(got, "T1 OK") {
			t.Errorf("%.60q: got %v, want %q and nothing after it", server, err, want)
		}
	}
}

func TestFilterKeepsLittle(t *testing.T) {
	f := newFilter(strings.NewReader("* 1 FETCH (UID 1 BODY[] {200000}\r\n"+strings.Repeat("x", 200000)+")\r\nT1 OK\r\n"), newNotices(probe.NewClock()))
	if _, err := io.ReadAll(f); !errors.Is(err, errHungUp) {
		t.Fatal(err)
	}
	if kept := cap(f.raw) + cap(f.written) + f.from.Size(); kept > 4<<10 {
		t.Errorf("got %d bytes kept after a large answer, want at most 4096", kept)
	}
}

// known is all that may come out of the filter, without its literals.
var known = regexp.MustCompile(`^(T[1-9][0-9]* (OK|NO|BAD) (\[[^\]]*\] )?- .*` +
	`|\+ .*` +
	`|\* [0-9]+ EXISTS|\* [1-9][0-9]* EXPUNGE` +
	`|\* OK \[(UIDNEXT|UIDVALIDITY) [1-9][0-9]*\] -` +
	`|\* CAPABILITY( [^ (){%*"\\\]]+)*` +
	`|\* SEARCH( [1-9][0-9]*)*` +
	`|\* ESEARCH (\(TAG "[^"]*"\))? UID( ALL [0-9,:]+)*` +
	`|\* STATUS ([^ ]+|".*"|LITERAL) \(((MESSAGES|UIDNEXT|UIDVALIDITY) [0-9]+ ?)*\)` +
	`|\* [0-9]+ FETCH \(UID [1-9][0-9]*( INTERNALDATE "[^"]*")?( BODY\[\] LITERAL)?\))$`)

var literal = regexp.MustCompile(`\{([0-9]+)\}\r\n$`)

// withoutLiterals cuts what the filter has written into responses.
func withoutLiterals(text string) (responses []string, err error) {
	for response := ""; len(text) > 0; {
		line, rest, ended := strings.Cut(text, "\r\n")
		if !ended {
			return nil, fmt.Errorf("got %q without an end", text)
		}
		m := literal.FindStringSubmatch(line + "\r\n")
		if m == nil || !strings.HasPrefix(response+line, "* ") {
			responses, response, text = append(responses, response+line), "", rest
			continue
		}
		var size int
		if fmt.Sscan(m[1], &size); size > len(rest) {
			return nil, fmt.Errorf("got %q, which announces more than follows", text)
		}
		response += strings.TrimSuffix(line+"\r\n", m[0]) + "LITERAL"
		text = rest[size:]
	}
	return responses, nil
}

// FuzzFilter holds that whatever a server says, only known responses come out, and
// that a literal comes out as it went in.
func FuzzFilter(f *testing.F) {
	f.Add([]byte("* 1 FETCH (BODY[HEADER]<0> {4}\r\na)\r\n UID 5)\r\nT1 OK [X] y\r\n"), []byte("Subject: {5}\r\n\r\n"))
	f.Add([]byte("* STATUS {3}\r\na\"b (UIDNEXT 2)\r\n* ESEARCH (TAG \"T5\") UID ALL 1:2,9\r\n* SEARCH 1 2\r\n+ x\r\n"), []byte(")\r\n* 2 EXISTS\r\n"))
	f.Add([]byte("* OK [CAPABILITY IMAP4rev1] x\r\n* VANISHED 1:2\r\n* 3 EXISTS\r\n* LIST () \"/\" {5}\r\nINBOX\r\n* BYE\r\n"), []byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, server, body []byte) {
		out, _ := filtered(bytes.NewReader(server))
		responses, err := withoutLiterals(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range responses {
			if !known.MatchString(r) {
				t.Errorf("got %q of %q, want a known response", r, server)
			}
		}
		body = body[:min(len(body), maxLiteral)]
		whole := fmt.Sprintf("* 1 FETCH (BODY[HEADER]<0> {%d}\r\n%s UID 5)\r\n", len(body), body)
		want := fmt.Sprintf("* 1 FETCH (UID 5 BODY[] {%d}\r\n%s)\r\n", len(body), body)
		if got, err := filtered(strings.NewReader(whole)); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
}
