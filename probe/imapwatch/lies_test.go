package imapwatch_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// The library waits for ever; the watcher must not.
func TestSilenceIsBlindness(t *testing.T) {
	for _, c := range []struct {
		silent, want string
		scripted     *scripted
	}{
		{"UID SEARCH", "folder INBOX: searching it: ", &scripted{}},
		{"nothing", "waiting for the greeting: no answer within 15s: is tls: implicit meant?", &scripted{mute: true}},
		{"IDLE", "starting IDLE: ", &scripted{}},
		{"STARTTLS", "starttls: ", &scripted{mode: probe.StartTLS}},
		{"CAPABILITY", "asking for capabilities: ", &scripted{greeting: "* OK hi\r\n"}},
		{"LOGIN", "logging in: ", &scripted{}},
		{"EMAILID", "asking for EMAILID: ", &scripted{caps: "OBJECTID"}},
		{"AUTHENTICATE", "logging in: ", &scripted{caps: "AUTH=PLAIN"}},
		{"EXAMINE", "folder INBOX: opening it: ", &scripted{}},
		{"UID FETCH 1:2.*HEADER", "folder INBOX: fetching headers: ", &scripted{}},
		{`UID FETCH .*\(UID\)`, "folder INBOX: listing messages: ", &scripted{}},
		{"FETCH 2 ", "folder INBOX: listing messages: ", &scripted{noNext: true}},
		{"STATUS", "looking: ", &scripted{folders: []string{"INBOX", "Junk"}}},
		{"NOOP", "looking: ", &scripted{}},
		{"DONE", "ending IDLE: ", &scripted{}},
	} {
		t.Run(c.silent, func(t *testing.T) {
			s := c.scripted
			s.silent = regexp.MustCompile(c.silent)
			every := time.Second
			if c.silent == "IDLE" || c.silent == "DONE" {
				every = 0
			}
			mustBeBlind(t, s, every, c.want, 15*time.Second)
		})
	}
}

// mustBeBlind holds that a watch of two messages ends with some words, the last of
// them where it must be bounded after so long a silence.
func mustBeBlind(t *testing.T, s *scripted, every time.Duration, want string, silence time.Duration) {
	t.Helper()
	header, _ := headerOf(probe.NewClock())
	if s.from != "" {
		header = "From: " + s.from + "\r\n\r\n"
	}
	s.validity, s.messages = 1, []string{boss, header}
	watchScripted(t, s, every, func(w *watched) {
		began := w.clock.Now()
		err := w.problem()
		took := w.clock.Since(began)
		if every == 0 {
			took -= 4 * time.Minute // the rest before DONE
		}
		if !strings.Contains(err.Error(), "watching mailbox hq at imap.test:20001: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to say %q\n%s", err, want, s.heard())
		}
		if silence > 0 && (took > 2*silence+5*time.Second || !strings.Contains(err.Error(), "within")) {
			t.Errorf("got %v after %v, want after %v\n%s", err, took, silence, s.heard())
		}
	})
}

func TestLiesAreBlindness(t *testing.T) {
	instead := func(on, text string) []saying { return []saying{{on: on, text: text + "%T OK\r\n", instead: true}} }
	listing := `^UID FETCH .*\(UID\)`
	for name, c := range map[string]struct {
		*scripted
		want string
	}{
		"half a line, and gone":         {&scripted{says: []saying{{on: "^NOOP", text: "* 3 EXI", cut: true}}}, "looking: the server has closed the connection in the middle of an answer"},
		"half a literal, and gone":      {&scripted{says: []saying{{on: "HEADER", text: "* 1 FETCH (UID 1 BODY[HEADER] {10}\r\nabc", cut: true}}}, "fetching headers: the server has closed the connection in the middle of an answer"},
		"gone":                          {&scripted{says: []saying{{on: "^EXAMINE", cut: true}}}, "opening it: the server has closed the connection"},
		"goodbye in the middle":         {&scripted{says: []saying{{on: "^NOOP", text: "* BYE going down for\x07 repair\r\n", cut: true}}}, `looking: the server ends the session: "going down for  repair"`},
		"goodbye, and it stays":         {&scripted{says: []saying{{on: "^NOOP", text: "* BYE\r\n", instead: true}}}, `looking: the server ends the session: ""`},
		"goodbye for a greeting":        {&scripted{greeting: "* BYE too many connections\r\n"}, `waiting for the greeting: got "* BYE too many connections", want * OK`},
		"we are in without a login":     {&scripted{greeting: "* PREAUTH welcome\r\n"}, `waiting for the greeting: got "* PREAUTH welcome", want * OK`},
		"something else altogether":     {&scripted{greeting: "SSH-2.0-OpenSSH_9.2\r\n"}, `waiting for the greeting: got "SSH-2.0-OpenSSH_9.2", want * OK`},
		"a FETCH without UID":           {&scripted{says: instead(listing, "* 1 FETCH (FLAGS ())\r\n* 2 FETCH (FLAGS ())\r\n")}, "listing messages: got 0, want the 2 that SEARCH found"},
		"a header without UID":          {&scripted{says: instead("HEADER", "* 2 FETCH (BODY[HEADER] \"\")\r\n")}, "fetching headers: got 0 of 2 that the server lists, want all: UID 1 is missing"},
		"a number without UID":          {&scripted{noNext: true, says: instead("^FETCH", "* 2 FETCH (FLAGS ())\r\n")}, "listing messages: got no UID for number 2, want one"},
		"found, and not there":          {&scripted{says: instead("^UID SEARCH", "* SEARCH 1 2 3\r\n")}, "listing messages: got 2, want the 3 that SEARCH found"},
		"found, and there are billions": {&scripted{says: instead("^UID SEARCH", "* ESEARCH UID ALL 1:4294967295\r\n")}, "listing messages: got 2, want the 4294967295 that SEARCH found"},
		"a body that is not given":      {&scripted{from: "a@example.org", says: instead("TEXT", "")}, "fetching a body: got none for UID 2, which the server lists"},
		"words for numbers":             {&scripted{says: instead("^UID SEARCH", "* SEARCH 1 two\r\n")}, `reading the answer to SEARCH: got " 1 two", want numbers`},
		"message 0":                     {&scripted{says: instead("^UID SEARCH", "* SEARCH 0\r\n")}, `reading the answer to SEARCH: got " 0", want numbers`},
		"all there are":                 {&scripted{says: instead("^UID SEARCH", "* ESEARCH (TAG \"T1\") UID ALL 1:*\r\n")}, `reading the answer to SEARCH: got " (TAG`},
		"neither yes nor no":            {&scripted{says: []saying{{on: "^EXAMINE", text: "%T PERHAPS later\r\n", instead: true}}}, `opening it: the server answers "PERHAPS later", want OK, NO or BAD`},
		"a wrong password":              {&scripted{says: []saying{{on: "^LOGIN", text: "%T NO [AUTHENTICATIONFAILED] no\r\n", instead: true}}}, `logging in: user "u": imap: NO [AUTHENTICATIONFAILED] - no: check the user name and the password's file or variable`},
		"a wrong password by PLAIN":     {&scripted{caps: "AUTH=PLAIN", says: []saying{{on: "^AUTHENTICATE", text: "%T NO\r\n", instead: true}}}, `logging in: user "u": imap: NO`},
		"no such folder":                {&scripted{says: []saying{{on: "^EXAMINE", text: "%T NO [NONEXISTENT] unknown\r\n", instead: true}}}, "folder INBOX: opening it: imap: NO [NONEXISTENT] - unknown: create the folder, or take it out of the mailbox's folders"},
		"a line without end":            {&scripted{says: []saying{{on: "^NOOP", text: "* OK"}, {on: "^NOOP", text: strings.Repeat("x", 1000), endless: true}}}, "looking: the server's line has no end: got more than 1 MiB"},
		"answers without end":           {&scripted{says: []saying{{on: "^NOOP", text: strings.Repeat("* 2 EXISTS\r\n", 1000), endless: true}}}, "looking: the server's answer has no end: got more than 62 MiB"},
		"messages without end":          {&scripted{says: []saying{{on: "^NOOP", text: strings.Repeat("* 2 FETCH (UID 7)\r\n", 1000), endless: true}}}, "looking: the server's answer has no end: got more than 62 MiB"},
		"a literal of 4 GiB":            {&scripted{says: []saying{{on: "HEADER", text: "* 1 FETCH (UID 1 BODY[HEADER] {4294967296}\r\n", cut: true}}}, "fetching headers: the server announces 4294967296 bytes at once, want at most 327680"},
		"many literals":                 {&scripted{says: []saying{{on: "HEADER", text: "* 1 FETCH (UID 1"}, {on: "HEADER", text: " BODY[] {300000}\r\n" + strings.Repeat("x", 300000), endless: true}}}, "at once, want at most"},
		"it does not know STARTTLS":     {&scripted{mode: probe.StartTLS, says: []saying{{on: "^STARTTLS", text: "%T BAD what?\r\n", instead: true}}}, `starttls: the server answers "BAD what?", want OK: is tls: implicit or none meant?`},
		"words put in behind STARTTLS":  {&scripted{mode: probe.StartTLS, says: []saying{{on: "^STARTTLS", text: "%T OK go\r\n* CAPABILITY IMAP4rev1\r\n", instead: true}}}, "starttls: got 24 bytes in the clear after the server's go-ahead, want none"},
		"gone at STARTTLS":              {&scripted{mode: probe.StartTLS, says: []saying{{on: "^STARTTLS", cut: true}}}, "starttls: the server has closed the connection: the server hung up on words in the clear: is tls: implicit meant?"},
	} {
		t.Run(name, func(t *testing.T) { mustBeBlind(t, c.scripted, time.Second, c.want, 0) })
	}
}

// Slow is not silent, but has its limit.
func TestSlownessIsBlindnessInTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		*scripted
		want string
	}{
		"one byte per second":            {&scripted{trickle: time.Second}, "fetching headers: not done within 2m0s"},
		"an answer per second, no end":   {&scripted{drip: time.Second, says: []saying{{on: "^NOOP", text: "* OK still here\r\n", endless: true}}}, "looking: not done within 2m0s"},
		"a greeting with no end":         {&scripted{greeting: "* OK " + strings.Repeat("x", 1000), trickle: time.Second}, "waiting for the greeting: not done within 2m0s"},
		"an answer to STARTTLS, no end":  {&scripted{drip: time.Second, mode: probe.StartTLS, says: []saying{{on: "^STARTTLS", text: "* OK wait\r\n", endless: true}}}, "starttls: not done within 2m0s"},
		"words for a handshake, no end":  {&scripted{drip: time.Second, mode: probe.StartTLS, says: []saying{{on: "^STARTTLS", text: "%T OK go\r\n", instead: true}}}, "encrypting: no answer within 15s"},
		"a folder that is read for ever": {&scripted{drip: time.Second, says: []saying{{on: "^EXAMINE", text: "* OK [UIDNEXT 3] x\r\n", endless: true}}}, "opening it: not done within 2m0s"},
	} {
		t.Run(name, func(t *testing.T) { mustBeBlind(t, c.scripted, time.Second, c.want, 10*time.Minute) })
	}
}

// A message that the server has announced must be shown.
func TestAnnouncedIsShownOrBlindness(t *testing.T) {
	nothing := saying{on: `^(UID )?FETCH`, text: "%T OK\r\n", instead: true}
	for name, c := range map[string]struct {
		says []saying
		want string
	}{
		"announced, and not listed":          {[]saying{{on: "^NOOP", text: "* 3 EXISTS\r\n%T OK\r\n", instead: true}, {on: `^UID FETCH \d+:\* `, text: "* 2 FETCH (UID 2)\r\n%T OK\r\n", instead: true}}, "listing messages: got 0 new messages, want 1: the server told of 3, and 2 were known"},
		"announced, and nothing listed":      {[]saying{{on: "^NOOP", text: "* 3 EXISTS\r\n%T OK\r\n", instead: true}, nothing}, "listing messages: got 0 new messages, want 1: the server told of 3, and 2 were known"},
		"one of two":                         {[]saying{{on: "^NOOP", text: "* 4 EXISTS\r\n%T OK\r\n", instead: true}, {on: `^UID FETCH \d+:\* `, text: "* 4 FETCH (UID 4)\r\n%T OK\r\n", instead: true}}, "listing messages: got 1 new messages, want 2"},
		"no more than before, and not shown": {[]saying{{on: "^NOOP", text: "* 2 EXISTS\r\n%T OK\r\n", instead: true}, nothing}, "listing messages: got messages up to number 0, want them up to 2, of which the server told"},
		"by number alone":                    {[]saying{{on: "^NOOP", text: "* 2 EXISTS\r\n%T OK\r\n", instead: true}, {on: "^FETCH", text: "* 2 FETCH (UID 3)\r\n%T OK\r\n", instead: true}, {on: "^UID FETCH", text: "%T OK\r\n", instead: true}}, "listing messages: got 0 new messages, want 1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, messages: []string{boss, boss}}
			watchScripted(t, s, time.Second, func(w *watched) {
				<-w.looks
				s.change(func() { s.says = c.says })
				if err := w.problem(); !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %q, want it to say %q\n%s", err, c.want, s.heard())
				}
				if n := len(regexp.MustCompile(`(?m)^UID FETCH 3:\* `).FindAllString(s.heard(), -1)); n != 2 {
					t.Errorf("asked %d times for what is new, want twice", n)
				}
			})
		})
	}
}
