package imapwatch_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// clean cleans away UIDs of INBOX, within a minute.
func (w *watched) clean(refs ...probe.Ref) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	return w.watcher.Clean(ctx, refs)
}

func refTo(folder string, uid int) probe.Ref {
	return probe.Ref{Folder: folder, UIDValidity: 1, UID: uint32(uid)}
}

// statusItems are asked for in any order.
var statusItems = regexp.MustCompile(`\(MESSAGES[^)]*\)|\(UID[A-Z]+ [^)]*\)`)

// What is said to the server is all that may be said: never a plain EXPUNGE, a MOVE
// or a CLOSE.
func TestCleaningSaysNoMoreThanItMust(t *testing.T) {
	s := &scripted{validity: 1, caps: "UIDPLUS MOVE UNSELECT", folders: []string{"INBOX", "Junk"}}
	s.add(boss)
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		synctest.Wait()
		before := len(s.heard())
		if err := w.clean(refTo("Junk", 1), refTo("INBOX", 7), refTo("INBOX", 1), refTo("INBOX", 0)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		want := strings.Join([]string{
			"SELECT INBOX", `UID STORE 1,7 +FLAGS.SILENT (\Deleted)`, "UID EXPUNGE 1,7",
			`SELECT "Junk"`, `UID STORE 1 +FLAGS.SILENT (\Deleted)`, "UID EXPUNGE 1",
			"EXAMINE INBOX", `STATUS "Junk" (`, "NOOP", "EXAMINE INBOX", "UID FETCH 2:* (UID)", "FETCH 1 (UID)", "IDLE",
		}, "\n")
		if got := statusItems.ReplaceAllString(s.heard()[before+1:], "("); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestManyAreCleanedInParts(t *testing.T) {
	s := &scripted{validity: 1, caps: "UIDPLUS"}
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		var refs []probe.Ref
		for uid := range 250 {
			refs = append(refs, refTo("INBOX", uid+1))
		}
		if err := w.clean(refs...); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"1:100", "101:200", "201:250"} {
			if s.count("UID STORE "+part+" ") != 1 || s.count("UID EXPUNGE "+part+"$") != 1 {
				t.Errorf("got no part %s\n%s", part, s.heard())
			}
		}
	})
}

// A refusal is the caller's to know; the mailbox is watched on.
func TestRefusedCleaningIsNotBlindness(t *testing.T) {
	for name, c := range map[string]struct {
		caps string
		on   string
		want string
	}{
		"no UIDPLUS":         {caps: "MOVE", want: probe.ErrNoUIDExpunge.Error()},
		"it is read-only":    {caps: "UIDPLUS", on: "^UID STORE", want: "folder INBOX: marking messages as deleted: imap: NO"},
		"no permission":      {caps: "UIDPLUS", on: "^UID EXPUNGE", want: "folder INBOX: expunging messages: imap: NO"},
		"it is not opened":   {caps: "UIDPLUS", on: "^SELECT", want: "folder INBOX: opening it: imap: NO"},
		"IMAP4rev2 suffices": {caps: "IMAP4rev2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, caps: c.caps}
			if c.on != "" {
				s.says = []saying{{on: c.on, text: "%T NO it is not to be\r\n", instead: true}}
			}
			watchScripted(t, s, 0, func(w *watched) {
				<-w.looks
				err := w.clean(refTo("INBOX", 1))
				if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				if none := errors.Is(err, probe.ErrNoUIDExpunge); none != (c.caps == "MOVE") || none && s.count("SELECT") > 0 {
					t.Errorf("got %v, want that there is no UIDPLUS: %v\n%s", err, c.caps == "MOVE", s.heard())
				}
				header, id := headerOf(w.clock)
				s.add(header)
				s.push("* 1 EXISTS\r\n")
				w.await(id)
				if got := w.problems(); len(got) > 0 {
					t.Errorf("got blindness %v, want none", got)
				}
			})
		})
	}
}

func TestWhatIsGoneIsClean(t *testing.T) {
	s := &scripted{validity: 1, caps: "UIDPLUS", says: []saying{{on: "^SELECT \"Old\"", text: "%T NO [NONEXISTENT] no such folder\r\n", instead: true}}}
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		if err := w.clean(refTo("Old", 1)); err != nil {
			t.Errorf("cleaning a folder that is gone: got %v, want nil", err)
		}
		if err := w.watcher.Clean(w.t.Context(), nil); err != nil {
			t.Errorf("cleaning nothing: got %v, want nil", err)
		}
	})
}

// Without a UIDVALIDITY a UID names nothing for sure.
func TestNothingIsCleanedWithoutUIDVALIDITY(t *testing.T) {
	s := &scripted{validity: 1, caps: "UIDPLUS", says: []saying{{on: "^(SELECT|EXAMINE)", text: "* 0 EXISTS\r\n%T OK\r\n", instead: true}}}
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		if err := w.clean(probe.Ref{Folder: "INBOX", UID: 1}); err != nil || s.count("UID STORE") > 0 {
			t.Errorf("got %v, want nil and no deletion\n%s", err, s.heard())
		}
	})
}

func TestABrokenConnectionEndsCleaningAndWatch(t *testing.T) {
	for name, c := range map[string]struct{ saying saying }{
		"cut":    {saying{on: "^UID EXPUNGE", cut: true}},
		"silent": {saying{on: "^UID STORE", instead: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, caps: "UIDPLUS", says: []saying{c.saying}}
			watchScripted(t, s, 0, func(w *watched) {
				<-w.looks
				err := w.clean(refTo("INBOX", 1))
				blind := w.problem()
				if err == nil || errors.Is(err, context.DeadlineExceeded) || !errors.Is(blind, errors.Unwrap(err)) {
					t.Errorf("got %v from cleaning and %v from watching, want the same reason", err, blind)
				}
				s.change(func() { s.says = nil })
				<-w.looks
				if err := w.clean(refTo("INBOX", 1)); err != nil {
					t.Errorf("cleaning once more: got %v, want nil", err)
				}
			})
		})
	}
}

func TestCleaningEndsWithItsContext(t *testing.T) {
	s := &scripted{validity: 1, caps: "UIDPLUS", says: []saying{{on: "^UID STORE", instead: true}}}
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
		defer cancel()
		began := w.clock.Now()
		if err := w.watcher.Clean(ctx, []probe.Ref{refTo("INBOX", 1)}); !errors.Is(err, context.DeadlineExceeded) || w.clock.Since(began) != time.Second {
			t.Errorf("got %v after %v, want %v after 1s", err, w.clock.Since(began), context.DeadlineExceeded)
		}
	})
}

// A mailbox that is never at rest is cleaned all the same, a minute later.
func TestAMailboxThatNeverRestsIsCleanedInTheEnd(t *testing.T) {
	s := &scripted{validity: 1, caps: "UIDPLUS"}
	s.add(boss)
	watchScripted(t, s, time.Second, func(w *watched) {
		<-w.looks
		began := w.clock.Now()
		ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
		defer cancel()
		if err := w.watcher.Clean(ctx, []probe.Ref{refTo("INBOX", 1)}); err != nil {
			t.Fatal(err)
		}
		if took := w.clock.Since(began); took < time.Minute || took > 62*time.Second || s.count("UID EXPUNGE 1$") != 1 {
			t.Errorf("got it done after %v, want a minute\n%s", took, s.heard())
		}
	})
}

// Servers offer more after the login than before, and not all tell by themselves.
func TestCapabilitiesAreThoseAfterTheLogin(t *testing.T) {
	for name, login := range map[string]string{
		"asked for":         "%T OK in\r\n",
		"told with the OK":  "%T OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS] in\r\n",
		"told before it":    "* CAPABILITY IMAP4rev1 IDLE UIDPLUS\r\n%T OK in\r\n",
		"told in a remark":  "* OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS] by the way\r\n%T OK in\r\n",
		"with another code": "%T OK [ALERT] in\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, caps: "UIDPLUS", greeting: "* OK [CAPABILITY IMAP4rev1] hi\r\n", says: []saying{{on: "^LOGIN", text: login, instead: true}}}
			watchScripted(t, s, 0, func(w *watched) {
				<-w.looks
				if err := w.clean(refTo("INBOX", 1)); err != nil {
					t.Errorf("got %v, want UIDPLUS to be known\n%s", err, s.heard())
				}
				if asked := s.count("CAPABILITY"); asked > 1 || asked == 1 != (!strings.Contains(login, "CAPABILITY")) {
					t.Errorf("asked for capabilities %d times, want once where they are not told", asked)
				}
			})
		})
	}
}
