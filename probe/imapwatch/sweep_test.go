package imapwatch_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/lab/world/worldtest"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/probetest"
)

// sweeping is a mailbox with old and new messages, of ours and of others.
type sweeping struct {
	watcher  *imapwatch.Watcher
	endpoint probe.Endpoint
	before   time.Time
	old      []string // ids, as folder/id, of what is to be found
}

// sweepWorld fills the mailbox at headquarters; four hours lie between old and new.
func sweepWorld(t *testing.T) sweeping {
	t.Helper()
	w := worldtest.New(t, world.Pipes(), probe.NoTLS)
	from, _, _ := w.Account("provider")
	to, username, password := w.Account("hq")
	s := sweeping{endpoint: w.Endpoint(w.IMAP("hq"), username, password)}
	s.watcher = imapwatch.New(imapwatch.Config{
		Endpoint: s.endpoint, Mailbox: "hq", Folders: []string{"INBOX", "Junk"}, Window: time.Hour,
		Matcher: probe.NewMatcher(probetest.Keyring(), []string{from}, probetest.Reports{}), Bodies: true,
	})
	deliver := func(folder, raw string) {
		t.Helper()
		if err := w.Deliver("hq", folder, []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	for age := range 2 {
		for n := range 150 {
			deliver("INBOX", fmt.Sprintf("From: boss@example.com\r\nSubject: mp1. and no tag, %d\r\n\r\nAt noon.\r\n", n))
		}
		for _, folder := range []string{"INBOX", "Junk", "INBOX"} {
			m := probetest.Message(w.Clock, from, to)
			raw := string(m.Raw)
			deliver(folder, "In-Reply-To: <x@example.com>\r\n"+raw)                                     // an answer
			deliver(folder, "From: <"+from+">\r\nSubject: Re: "+subjectOf(raw)+"\r\n\r\nquotes us\r\n") // another
			deliver(folder, string(probetest.Bounce(m)))                                                // a report, and it is somebody else's
			deliver(folder, raw)
			short := probetest.Message(w.Clock, from, to)
			deliver(folder, "From: <"+from+">\r\nSubject: "+subjectOf(string(short.Raw))+"\r\n\r\nnothing more\r\n")
			if age == 0 {
				s.old = append(s.old, folder+"/"+m.Tag.ID.String(), folder+"/"+short.Tag.ID.String())
			}
		}
		if age == 0 {
			time.Sleep(2 * time.Hour)
			s.before = w.Clock.Now()
			time.Sleep(2 * time.Hour)
		}
	}
	slices.Sort(s.old)
	return s
}

func subjectOf(raw string) string {
	_, rest, _ := strings.Cut(raw, "Subject: ")
	subject, _, _ := strings.Cut(rest, "\r\n")
	return subject
}

func (s sweeping) held(t *testing.T) int {
	t.Helper()
	all := 0
	for _, folder := range []string{"INBOX", "Junk"} {
		messages, err := held(t, s.endpoint, folder)
		if err != nil {
			t.Fatal(err)
		}
		all += len(messages)
	}
	return all
}

func TestSweepTakesWhatIsOldAndOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sweepWorld(t)
		before := s.held(t)
		for _, c := range []struct {
			remove      bool
			found, left int
		}{{false, len(s.old), before}, {true, len(s.old), before - len(s.old)}, {true, 0, before - len(s.old)}} {
			found, err := s.watcher.Sweep(t.Context(), s.before, c.remove)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range found {
				if got = append(got, o.Ref.Folder+"/"+o.Tag.ID.String()); o.Report != nil || o.Header != nil || o.Body != nil {
					t.Errorf("got %+v, want an arrival, and nothing of it kept", o)
				}
			}
			if slices.Sort(got); len(got) != c.found || c.found > 0 && !slices.Equal(got, s.old) {
				t.Errorf("removing %v: got %v, want %d of %v", c.remove, got, c.found, s.old)
			}
			if left := s.held(t); left != c.left {
				t.Errorf("removing %v: got %d messages left, want %d", c.remove, left, c.left)
			}
		}
	})
}

func TestSweepTouchesNothingWithoutUIDPLUS(t *testing.T) {
	s := &scripted{validity: 1}
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		header, _ := headerOf(w.clock)
		s.add(header)
		found, err := w.watcher.Sweep(w.t.Context(), w.clock.Now().Add(time.Hour), true)
		if !errors.Is(err, probe.ErrNoUIDExpunge) || len(found) > 0 {
			t.Errorf("got %d messages and %v, want none and %v", len(found), err, probe.ErrNoUIDExpunge)
		}
		if found, err = w.watcher.Sweep(w.t.Context(), w.clock.Now().Add(time.Hour), false); err != nil || len(found) != 1 || found[0].Header != nil {
			t.Errorf("got %+v and %v, want the message, without its header", found, err)
		}
		if s.count("SELECT|UID STORE|UID EXPUNGE|EXPUNGE|CLOSE") > 0 {
			t.Errorf("got\n%s\nwant nothing that changes anything", s.heard())
		}
	})
}

// A large folder is searched part by part: each answer comes in time.
func TestSweepSearchesInParts(t *testing.T) {
	s := &scripted{validity: 1, messages: make([]string, 12_345), says: []saying{{on: "^UID SEARCH", text: "* SEARCH\r\n%T OK\r\n", instead: true}}}
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		if _, err := w.watcher.Sweep(w.t.Context(), w.clock.Now(), false); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"1:5000", "5001:10000", "10001:12345"} {
			if s.count("UID SEARCH "+part+" BEFORE") != 1 {
				t.Errorf("got no search of %s\n%s", part, s.heard())
			}
		}
	})
}
