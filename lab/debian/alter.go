package debian

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Alterations are what filters do to the mail they hand on. Each is made when its field
// is set, whatever the others are. Those of the text are made in all its parts, plain
// and HTML, within any multipart; attachments stay as they are.
type Alterations struct {
	SubjectPrefix string // put before the subject
	Banner        string // a paragraph above the text
	Footer        string // one below it
	LinkPrefix    string // links become this and the link, escaped: "https://scan.example/?u="
	StripFields   string // header fields are dropped whose names begin so: "X-Mailpath-"
	Encoding      string // the text's transfer encoding becomes this: "base64" or "quoted-printable"
	NewMessageID  bool   // the Message-ID is another one
	AddHTML       bool   // a plain text becomes one of two alternatives, beside a copy in HTML
	MarkSpam      bool   // the field "X-Spam-Flag: YES" is added, as for JunkMarked
}

// check finds what the filter could not do, or not in one line.
func (a Alterations) check() error {
	if known := []string{"", "base64", "quoted-printable"}; !slices.Contains(known, a.Encoding) {
		return fmt.Errorf("got encoding %q, want one of %q", a.Encoding, known)
	}
	for name, text := range map[string]string{"SubjectPrefix": a.SubjectPrefix, "LinkPrefix": a.LinkPrefix} {
		if strings.ContainsAny(text, "\r\n") {
			return fmt.Errorf("got %s %q, want one line", name, text)
		}
	}
	return nil
}

// AlteringFilter lets the filter alter each message, until StartFilter or StopFilter.
// What it cannot read, such as a charset that is not UTF-8 in a text that it should
// change, it refuses (554).
func (l *Lab) AlteringFilter(a Alterations) error {
	text, err := json.Marshal(a)
	if err == nil {
		err = a.check()
	}
	if err != nil {
		return fmt.Errorf("choosing alterations: %w", err)
	}
	return l.otherFilter("-alter", string(text))
}

// RepeatingFilter lets the filter hand each message on that often, at least once, each
// time in a transaction of its own, until StartFilter or StopFilter.
func (l *Lab) RepeatingFilter(copies int) error {
	if copies < 1 {
		return fmt.Errorf("repeating messages: got %d copies, want at least 1", copies)
	}
	return l.otherFilter("-copies", strconv.Itoa(copies))
}

// otherFilter replaces the filter, whichever runs, by one with other arguments.
func (l *Lab) otherFilter(arguments ...string) error {
	return l.stoppedFilter(func(_, faulty *server) error {
		faulty.command = l.filterCommand(arguments...)
		return startAgain(faulty)
	})
}
