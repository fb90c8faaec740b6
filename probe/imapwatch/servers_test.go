package imapwatch_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// boss is somebody else's header.
const boss = "From: boss@example.com\r\n\r\n"

// Servers that answer otherwise than the usual one, and mean no harm: messages are
// found all the same.
func TestServersThatAnswerOtherwise(t *testing.T) {
	for name, s := range map[string]*scripted{
		"as usual":                              {},
		"UIDNEXT is not told":                   {noNext: true},
		"the UID stands behind the header":      {uidLast: true},
		"neither UIDNEXT, nor the UID in front": {noNext: true, uidLast: true},
		"responses that nobody knows": {says: []saying{{on: "^(NOOP|EXAMINE|UID FETCH)", text: "* XWEIRD (a b)\r\n* 5 NONSENSE\r\n*\r\n\r\n" +
			"what?\r\n* OK [UIDNEXT many] x\r\n* OK [PERMANENTFLAGS\r\n* FLAGS (\\Seen\r\n* 99999999999 EXISTS\r\n* LIST () \"/\" {3}\r\nabc\r\n* STATUS ((\r\n* 1 FETCH (FLAGS (\\Recent))\r\n* 1 FETCH (X\r\n" +
			"* OK text {5}\r\n* ID NIL\r\nT999x OK\r\n* VANISHED (EARLIER) 77\r\n* VANISHED 78:80\r\n"}}},
		"n:* gives nothing where n is not reached":     {noStar: true},
		"a greeting in lower case, codes in any":       {greeting: "* ok [capability imap4rev1] hi\r\n", says: []saying{{on: "^LOGIN", text: "* capability IMAP4rev1 IDLE\r\n%T ok [capability IMAP4rev1] in\r\n", instead: true}}},
		"only line feeds":                              {greeting: "* OK ready\n"},
		"the number found is beyond those announced":   {says: []saying{{on: "^NOOP", text: "* 1 EXISTS\r\n%T OK\r\n", instead: true}, {on: `^UID FETCH \d+:\* `, text: "* 1 EXISTS\r\n"}}},
		"capabilities on demand alone":                 {greeting: "* OK ready\r\n", says: []saying{{on: "^LOGIN", text: "%T OK in\r\n", instead: true}}},
		"the answer to a search is in the newer form":  {says: []saying{{on: "^UID SEARCH", text: "* ESEARCH (TAG \"%T\") UID MIN 1 ALL 1\r\n%T OK\r\n", instead: true}}},
		"one byte at a time":                           {trickle: 10 * time.Millisecond},
		"a literal where a string would do":            {folders: []string{"INBOX", "Junk"}, says: []saying{{on: "^STATUS", text: "* STATUS {4}\r\nJunk (UIDVALIDITY 0 MESSAGES 1 X (a \"b)\") UIDNEXT 2)\r\n%T OK\r\n", instead: true}}},
		"UIDVALIDITY is not told":                      {says: []saying{{on: "^EXAMINE", text: "* 1 EXISTS\r\n%T OK\r\n", instead: true}}, folders: []string{"INBOX", "Junk"}},
		"STATUS is answered for a folder nobody named": {folders: []string{"INBOX", "Junk"}, says: []saying{{on: "^STATUS", text: "* STATUS Other (MESSAGES 1)\r\n%T OK\r\n", instead: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			s.validity = 1
			s.add(boss)
			watchScripted(t, s, time.Second, func(w *watched) {
				<-w.looks
				for range 3 {
					header, id := headerOf(w.clock)
					s.add(header)
					w.await(id)
				}
				if got := w.problems(); len(got) > 0 {
					t.Errorf("got blindness %v, want none\n%s", got, s.heard())
				}
			})
		})
	}
}

func TestAMalformedDateIsNoDate(t *testing.T) {
	for name, item := range map[string]string{
		"before the header": `UID 1 INTERNALDATE "32-Foo-2026 99:00:00 CET" BODY[HEADER]<0> {%}` + "\r\n@",
		"behind it":         `BODY[HEADER]<0> {%}` + "\r\n@" + ` INTERNALDATE "yesterday" UID 1`,
		"without quotes":    `INTERNALDATE 1-Jan-2026 UID 1 BODY[HEADER]<0> {%}` + "\r\n@",
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1}
			watchScripted(t, s, time.Second, func(w *watched) {
				header, id := headerOf(w.clock)
				text := strings.NewReplacer("%", strconv.Itoa(len(header)), "@", header).Replace(item)
				s.change(func() {
					s.messages = []string{header}
					s.says = []saying{{on: "^UID FETCH .*HEADER", text: "* 1 FETCH (" + text + ")\r\n%T OK\r\n", instead: true}}
				})
				if _, o := w.await(id); !o.Internal.IsZero() || string(o.Header) != header {
					t.Errorf("got INTERNALDATE %v and header %q, want none and the header", o.Internal, o.Header)
				}
			})
		})
	}
}

// Sequence numbers move when messages are removed: what EXISTS has shown is then
// no longer known to be the message that was found.
func TestARemovalUnsettlesTheNumbers(t *testing.T) {
	for _, removal := range []string{"* VANISHED 1\r\n", "* 1 EXPUNGE\r\n"} {
		t.Run(removal, func(t *testing.T) {
			s := &scripted{validity: 1}
			s.add(boss)
			watchScripted(t, s, 0, func(w *watched) {
				<-w.looks
				header, id := headerOf(w.clock)
				s.add(header)
				s.change(func() { s.drip = time.Second }) // the header comes a second later
				s.push(removal + "* 1 EXISTS\r\n* 2 EXISTS\r\n")
				pushed := w.clock.Now()
				if l, _ := w.await(id); l.Ended.Sub(pushed) < time.Second {
					t.Errorf("got it shown %v after the push, want not before its header came", l.Ended.Sub(pushed))
				}
			})
		})
	}
}

// What is removed while it is being read is not missing.
func TestRemovedMeanwhileIsNotMissing(t *testing.T) {
	for name, says := range map[string][]saying{
		"between SEARCH and FETCH":    {{on: `^UID FETCH 1:2 \(UID\)`, text: "* 1 FETCH (UID 1)\r\n%T OK\r\n", instead: true}, {on: "^NOOP", text: "* 2 EXPUNGE\r\n"}},
		"by a server that vanishes":   {{on: `^UID FETCH 1:2 \(UID\)`, text: "* VANISHED 2\r\n* 1 FETCH (UID 1)\r\n%T OK\r\n", instead: true}},
		"before its header is read":   {{on: `^UID FETCH 1:2 .*HEADER`, text: "* 1 EXPUNGE\r\n* 1 FETCH (UID 2 BODY[HEADER] \"\")\r\n%T OK\r\n", instead: true}, {on: `^UID FETCH 1 `, text: "%T OK\r\n", instead: true}},
		"and all of them are removed": {{on: `^UID FETCH`, text: "* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n%T OK\r\n", instead: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, says: says}
			s.add(boss)
			s.add(boss)
			watchScripted(t, s, time.Hour, func(w *watched) {
				select {
				case <-w.looks:
				case err := <-w.blind:
					t.Errorf("got %v, want a look\n%s", err, s.heard())
				}
			})
		})
	}
}

func TestAFolderMadeAnewIsReadAnew(t *testing.T) {
	s := &scripted{validity: 1}
	watchScripted(t, s, time.Second, func(w *watched) {
		for range 5 {
			header, id := headerOf(w.clock)
			s.add(header)
			w.await(id)
		}
		header, id := headerOf(w.clock)
		s.change(func() {
			s.validity, s.messages = 2, []string{header}
			s.silent = regexp.MustCompile(`^NOOP`) // so that it reconnects
		})
		w.problem()
		s.change(func() { s.silent = nil })
		if _, o := w.await(id); o.Ref != (probe.Ref{Folder: "INBOX", UIDValidity: 2, UID: 1}) {
			t.Errorf("got %+v, want UID 1 of UIDVALIDITY 2", o.Ref)
		}
	})
}

// One that is restored from a backup has its UIDs given again.
func TestAFolderMadeAnewWithinASession(t *testing.T) {
	for name, c := range map[string]struct{ validity, uid int }{
		"another UIDVALIDITY":                  {2, 5},
		"the same one, and its UIDs once more": {1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, folders: []string{"INBOX", "Junk"}}
			watchScripted(t, s, time.Second, func(w *watched) {
				for range 5 {
					header, id := headerOf(w.clock)
					s.add(header)
					w.await(id)
				}
				header, id := headerOf(w.clock)
				s.change(func() {
					s.validity, s.messages = c.validity, append(slices.Repeat([]string{boss}, c.uid-1), header)
				})
				want := probe.Ref{Folder: "Junk", UIDValidity: uint32(c.validity), UID: uint32(c.uid)}
				if _, o := w.await(id); o.Ref != want {
					t.Errorf("got %+v, want %+v", o.Ref, want)
				}
				if got := w.problems(); len(got) > 0 {
					t.Errorf("got blindness %v, want none", got)
				}
			})
		})
	}
}

func TestCopiesAreToldByEMAILID(t *testing.T) {
	for name, c := range map[string]struct {
		caps string
		says []saying
		want string
	}{
		"with OBJECTID":    {caps: "OBJECTID", want: "M1"},
		"without":          {},
		"where it refuses": {caps: "OBJECTID", says: []saying{{on: "EMAILID", text: "%T BAD never heard\r\n", instead: true}}},
		"where it is none": {caps: "OBJECTID", says: []saying{{on: "EMAILID", text: "* 1 FETCH (UID 1 EMAILID NIL)\r\n* 2 EXISTS\r\n* 1 FETCH (FLAGS ())\r\n%T OK\r\n", instead: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, caps: c.caps, says: c.says}
			watchScripted(t, s, time.Second, func(w *watched) {
				header, id := headerOf(w.clock)
				s.add(header)
				s.add(boss)
				if _, o := w.await(id); o.EmailID != c.want {
					t.Errorf("got EMAILID %q, want %q\n%s", o.EmailID, c.want, s.heard())
				}
				if got := w.problems(); len(got) > 0 || strings.Contains(s.heard(), "2 (EMAILID") {
					t.Errorf("got blindness %v, want none, and EMAILID asked for of our message alone\n%s", got, s.heard())
				}
			})
		})
	}
}

// What is told in vain adds up to nothing, as long as each answer has an end.
func TestTalkativeServersAreHeardOut(t *testing.T) {
	s := &scripted{validity: 1, says: []saying{{on: "^NOOP", text: strings.Repeat("* OK\r\n", 50_000)}}}
	watchScripted(t, s, time.Second, func(w *watched) {
		for range 10 {
			<-w.looks
		}
		if got := w.problems(); len(got) > 0 {
			t.Errorf("got blindness %v, want none", got)
		}
	})
}

// A backlog takes its time: as long as something comes, somebody is there.
func TestALongBacklogIsReadInTheEnd(t *testing.T) {
	s := &scripted{validity: 1, drip: 100 * time.Millisecond}
	for range 1000 {
		s.add(boss)
	}
	watchScripted(t, s, time.Second, func(w *watched) {
		select {
		case <-w.looks:
		case err := <-w.blind:
			t.Fatalf("blind: %v", err)
		}
	})
}
