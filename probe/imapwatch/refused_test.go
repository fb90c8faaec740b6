package imapwatch_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
)

// What a folder for junk cannot show makes nobody blind: the looks go on, what comes into
// INBOX is found, and once the folder can be opened it is watched from then on.
func TestWhatIsRefusedOfJunkIsPassedOver(t *testing.T) {
	refused := func(on string) []saying { return []saying{{on: on, text: "%T NO [NOPERM] no\r\n", instead: true}} }
	var many []string
	for n := range 1000 {
		many = append(many, fmt.Sprintf(`(\Junk) "/" others/%d`, n))
	}
	crap := []string{`(\Junk) "/" Crap`}
	for name, s := range map[string]*scripted{
		"LIST is refused":          {says: refused("^LIST")},
		"LIST is not known":        {says: []saying{{on: "^LIST", text: "%T BAD what?\r\n", instead: true}}},
		"it has no name":           {lists: []string{`(\Junk) "/" ""`}},
		"a name of control":        {lists: []string{"(\\Junk) \"/\" {5}\r\na\r\nb \r\n"}},
		"it must not be read":      {lists: crap, says: refused("^(EXAMINE|STATUS) .*Crap")},
		"it must not be opened":    {lists: crap, says: refused("^EXAMINE .*Crap")},
		"a thousand, none of them": {lists: many, says: refused("^EXAMINE .*others")},
	} {
		t.Run(name, func(t *testing.T) {
			header, _ := headerOf(probe.NewClock())
			s.validity, s.folders, s.messages = 1, []string{"INBOX", imapwatch.JunkFolder}, []string{header}
			watchScripted(t, s, time.Second, func(w *watched) {
				mustFind(t, w, s, "INBOX=inbox", 0)
				s.change(func() { s.messages = append(slices.Clone(s.messages), header) })
				mustFind(t, w, s, "INBOX=inbox", 3*time.Second)
				mustRest(t, w, s, 150*time.Second)
				s.change(func() { s.says, s.lists = nil, crap })
				mustFind(t, w, s, "Crap=junk Crap=junk", 62*time.Second)
				s.change(func() { s.messages = append(slices.Clone(s.messages), header) })
				mustFind(t, w, s, "Crap=junk INBOX=inbox", 3*time.Second)
				mustRest(t, w, s, 150*time.Second)
				if got := s.count("LIST"); got > 6 {
					t.Errorf("asked for folders %d times in five minutes, want once a minute until there is one\n%s", got, s.heard())
				}
			})
		})
	}
}

// mustFind holds that what is found next is that, so soon, and that nothing went wrong.
func mustFind(t *testing.T, w *watched, s *scripted, want string, within time.Duration) {
	t.Helper()
	began := w.clock.Now()
	l := <-w.looks
	for len(l.Found) == 0 && w.clock.Since(began) < time.Hour && len(w.blind) == 0 {
		l = <-w.looks
	}
	if got, took := whereFound(l), w.clock.Since(began); got != want || within > 0 && took > within {
		t.Errorf("got %s after %v, want %s within %v\n%s", got, took, want, within, s.heard())
	}
	if l.Ended.Before(l.Began) || l.Ended.After(w.clock.Now()) {
		t.Errorf("got a look from %v to %v, want it to end when it had shown all", l.Began, l.Ended)
	}
	if got := w.problems(); len(got) > 0 {
		t.Fatalf("got blindness %v, want none\n%s", got, s.heard())
	}
}

// mustRest holds that nothing is found for so long, and that the looks go on.
func mustRest(t *testing.T, w *watched, s *scripted, while time.Duration) {
	t.Helper()
	began, looks := w.clock.Now(), 0
	for ; w.clock.Since(began) < while && len(w.blind) == 0; looks++ {
		if l := <-w.looks; len(l.Found) > 0 {
			t.Fatalf("got %s again\n%s", whereFound(l), s.heard())
		}
	}
	if got := w.problems(); len(got) > 0 || looks < int(while/time.Second)/2 {
		t.Fatalf("got blindness %v and %d looks in %v, want none and one a second\n%s", got, looks, while, s.heard())
	}
}

// A folder for junk that goes away in the middle of a look, after it was opened, leaves
// what the look found elsewhere; nothing of it is told twice once it is back.
func TestAFolderForJunkThatGoesAway(t *testing.T) {
	refused := func(on ...string) (says []saying) {
		for _, o := range on {
			says = append(says, saying{on: o, text: "%T NO [NONEXISTENT] gone\r\n", instead: true})
		}
		return says
	}
	for name, c := range map[string]struct {
		says []saying
		list []string // what LIST tells meanwhile
	}{
		"for good, until it is back":  {says: refused("^(EXAMINE|STATUS) .*Crap")},
		"between STATUS and EXAMINE":  {says: refused("^EXAMINE .*Crap"), list: []string{`(\Junk) "/" Crap`}},
		"with LIST refused meanwhile": {says: refused("^(EXAMINE|STATUS) .*Crap", "^LIST")},
	} {
		t.Run(name, func(t *testing.T) {
			header, _ := headerOf(probe.NewClock())
			lists := []string{`(\Junk) "/" Crap`}
			s := &scripted{validity: 1, folders: []string{"INBOX", imapwatch.JunkFolder}, lists: lists, messages: []string{header}}
			watchScripted(t, s, time.Second, func(w *watched) {
				mustFind(t, w, s, "Crap=junk INBOX=inbox", 0)
				mustRest(t, w, s, 10*time.Second)
				s.change(func() { s.says, s.lists, s.messages = c.says, c.list, append(slices.Clone(s.messages), header) })
				mustFind(t, w, s, "INBOX=inbox", 3*time.Second)
				mustRest(t, w, s, 150*time.Second)
				s.change(func() { s.says, s.lists = nil, lists })
				mustFind(t, w, s, "Crap=junk", 62*time.Second)
				mustRest(t, w, s, 150*time.Second)
			})
		})
	}
}

// What was read of a folder before the server refused to go on with it does not count, and
// the others are read as always.
func TestAFolderForJunkThatIsRefusedInTheMiddle(t *testing.T) {
	header, _ := headerOf(probe.NewClock())
	s := &scripted{validity: 1, folders: []string{"INBOX", imapwatch.JunkFolder}, lists: []string{`(\Junk) "/" Crap`}, messages: []string{boss, header}}
	for range 150 {
		s.messages = append(s.messages, header)
	}
	s.says = []saying{{on: "^UID FETCH 101:.*HEADER", text: "%T NO [SERVERBUG] not these\r\n", instead: true, once: true}}
	watchScripted(t, s, time.Second, func(w *watched) {
		mustFind(t, w, s, strings.TrimSpace(strings.Repeat("INBOX=inbox ", 151)), 0)
		mustFind(t, w, s, strings.TrimSpace(strings.Repeat("Crap=junk ", 151)), 62*time.Second)
		mustRest(t, w, s, 150*time.Second)
	})
}

// With no other folder to be watched, INBOX is while the one for junk is refused.
func TestInboxStandsInForJunk(t *testing.T) {
	header, _ := headerOf(probe.NewClock())
	s := &scripted{validity: 1, folders: []string{imapwatch.JunkFolder}, lists: []string{`(\Junk) "/" Crap`}, messages: []string{header}}
	s.says = []saying{{on: "^(EXAMINE|STATUS) .*Crap", text: "%T NO no\r\n", instead: true}}
	watchScripted(t, s, time.Second, func(w *watched) {
		mustFind(t, w, s, "INBOX=inbox", 0)
		mustRest(t, w, s, 150*time.Second)
		s.change(func() { s.messages = append(slices.Clone(s.messages), header) })
		mustFind(t, w, s, "INBOX=inbox", 3*time.Second)
		s.change(func() { s.says = nil })
		mustFind(t, w, s, "Crap=junk Crap=junk", 62*time.Second)
		mustRest(t, w, s, 150*time.Second)
	})
}

// What is named is wanted, whatever it is, and an answer without an end is no refusal.
func TestWhatIsNamedOrLostIsBlindness(t *testing.T) {
	crap := []string{`(\Junk) "/" Crap`}
	for name, c := range map[string]struct {
		*scripted
		want string
	}{
		"INBOX is refused":                 {&scripted{lists: crap, says: []saying{{on: "^EXAMINE .*INBOX", text: "%T NO no\r\n", instead: true}}}, "folder INBOX: opening it: imap: NO - no: create the folder, or take it"},
		"it is named as well":              {&scripted{folders: []string{"INBOX", "Crap", imapwatch.JunkFolder}, lists: crap, says: []saying{{on: "^EXAMINE .*Crap", text: "%T NO no\r\n", instead: true}}}, "folder Crap: opening it: imap: NO - no: create the folder, or take it"},
		"STATUS is refused of a named one": {&scripted{folders: []string{"INBOX", "Crap", imapwatch.JunkFolder}, lists: crap, says: []saying{{on: "^STATUS .*Crap", text: "%T NO no\r\n", instead: true}}}, "looking: imap: NO - no"},
		"the connection is lost over junk": {&scripted{lists: crap, says: []saying{{on: "^EXAMINE .*Crap", cut: true}}}, "folder Crap: opening it: the server has closed the connection"},
		"the connection is lost over LIST": {&scripted{says: []saying{{on: "^LIST", cut: true}}}, "listing folders: the server has closed the connection"},
		"the list never ends":              {&scripted{says: []saying{{on: "^LIST", text: strings.Repeat("* LIST () \"/\" x\r\n", 1000), endless: true}}}, "listing folders: the server's answer has no end"},
		"the list never begins":            {&scripted{says: []saying{{on: "^LIST", instead: true}}}, "listing folders: no answer within 15s"},
		"junk gives no answer":             {&scripted{lists: crap, silent: regexp.MustCompile("^EXAMINE .*Crap")}, "folder Crap: opening it: no answer within 15s"},
		"it is refused, and then hung up":  {&scripted{lists: crap, says: []saying{{on: "^STATUS .*Crap", text: "%T NO no\r\n", instead: true, cut: true}}}, "looking: the server has closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.folders == nil {
				c.folders = []string{"INBOX", imapwatch.JunkFolder}
			}
			mustBeBlind(t, c.scripted, time.Second, c.want, 0)
		})
	}
}

// A sweep leaves what a folder for junk holds that cannot be opened.
func TestSweepPassesOverRefusedJunk(t *testing.T) {
	s := &scripted{validity: 1, folders: []string{"INBOX", imapwatch.JunkFolder}, lists: []string{`(\Junk) "/" Crap`}}
	s.says = []saying{{on: "^(EXAMINE|STATUS) .*Crap", text: "%T NO no\r\n", instead: true}}
	watchScripted(t, s, time.Second, func(w *watched) {
		<-w.looks
		header, _ := headerOf(w.clock)
		s.add(header)
		found, err := w.watcher.Sweep(w.t.Context(), w.clock.Now().Add(time.Hour), false)
		if err != nil || len(found) != 1 || found[0].Ref.Folder != "INBOX" {
			t.Errorf("got %+v and %v, want the message in INBOX\n%s", found, err, s.heard())
		}
	})
}
