package debian_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/debian"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/probetest"
)

// watchedHQ is a watch of the mailbox at headquarters, ten looks a second.
type watchedHQ struct {
	lab     *debian.Lab
	user    debian.User
	clock   probe.Clock
	watcher *imapwatch.Watcher
	looks   chan probe.Look
}

func newHQ(lab *debian.Lab) *watchedHQ {
	w := &watchedHQ{lab: lab, user: lab.A.Users[0], clock: probe.NewClock(), looks: make(chan probe.Look, 10_000)}
	w.watcher = imapwatch.New(imapwatch.Config{
		Endpoint: probe.Endpoint{
			Server: lab.A.IMAPS, TLS: probe.ImplicitTLS, CAFile: lab.CAFile, Clock: w.clock,
			Username: w.user.Address, Password: func() (string, error) { return w.user.Password, nil },
		},
		Mailbox: "hq", Folders: []string{"INBOX", "Junk"}, Bodies: true, Window: time.Hour,
		Matcher: probe.NewMatcher(probetest.Keyring(), []string{lab.OutsideSender}, probetest.Reports{}),
	})
	return w
}

// start watches until the test ends, again after each blindness.
func (w *watchedHQ) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() {
		p := &tenASecond{}
		for ctx.Err() == nil {
			if err := w.watcher.Watch(ctx, p, func(l probe.Look) error { p.last = l.Began; w.looks <- l; return nil }); err != nil {
				fmt.Fprintln(t.Output(), "blind:", err)
			}
			_ = w.clock.SleepUntil(ctx, w.clock.Now().Add(100*time.Millisecond))
		}
	})
	t.Cleanup(func() { cancel(); watching.Wait() })
}

// tenASecond is a pace of looks.
type tenASecond struct{ last time.Time }

func (p *tenASecond) Next() time.Time        { return p.last.Add(100 * time.Millisecond) }
func (*tenASecond) Changed() <-chan struct{} { return nil }

func (w *watchedHQ) look(t *testing.T) probe.Look {
	t.Helper()
	select {
	case l := <-w.looks:
		return l
	case <-time.After(3 * time.Minute):
		t.Fatal("no look within 3m")
		return probe.Look{}
	}
}

// deliver delivers a message of ours without any Postfix.
func (w *watchedHQ) deliver(t *testing.T, folder string) *probe.Message {
	t.Helper()
	m := probetest.Message(w.clock, w.lab.OutsideSender, w.user.Address)
	if err := w.lab.Deliver("hq", folder, m.Raw); err != nil {
		t.Fatal(err)
	}
	return m
}

// await is the next observation of a message in a folder.
func (w *watchedHQ) await(t *testing.T, m *probe.Message, folder string) probe.Observation {
	t.Helper()
	for limit := time.Now().Add(timeout); time.Now().Before(limit); {
		for _, o := range w.look(t).Found {
			if o.Tag.ID == m.Tag.ID && o.Ref.Folder == folder {
				return o
			}
		}
	}
	t.Fatalf("message %v was not found in %s within %v", m.Tag.ID, folder, timeout)
	return probe.Observation{}
}

func (w *watchedHQ) doveadm(t *testing.T, args ...string) {
	t.Helper()
	if _, err := w.lab.Doveadm(debian.SiteA, args...); err != nil {
		t.Fatal(err)
	}
}

// A large mailbox is watched, and swept.
func TestALargeMailbox(t *testing.T) {
	t.Parallel()
	const foreign, recent, old = 50_000, 300, 250
	lab := started(t, debian.Options{})
	w := newHQ(lab)
	w.deliver(t, "INBOX") // makes the Maildir
	emptied(t, w.user.Maildir)
	stock(t, w.user, foreign, recent)
	ours := make(map[probe.ID]bool)
	for n := range old {
		m := probetest.Message(w.clock, lab.OutsideSender, w.user.Address)
		ours[m.Tag.ID] = true
		put(t, w.user, fmt.Sprintf("ours-%d", n), m.Raw, time.Now().Add(-24*time.Hour))
	}
	began := time.Now()
	w.start(t)
	w.look(t)
	t.Logf("the first look at %d messages took %v", foreign+old, time.Since(began))
	delivered := time.Now()
	m := w.deliver(t, "INBOX")
	w.await(t, m, "INBOX")
	t.Logf("a new message was found %v after its delivery began", time.Since(delivered))
	began = time.Now()
	found, err := w.watcher.Sweep(t.Context(), m.Tag.Sent, true)
	t.Logf("sweeping %d of them away took %v", len(found), time.Since(began))
	if err != nil || len(found) != old {
		t.Fatalf("sweeping: got %d messages and %v, want %d", len(found), err, old)
	}
	for _, f := range found {
		if !ours[f.Tag.ID] {
			t.Errorf("got %+v, want ours alone", f)
		}
	}
	for pattern, want := range map[string]int{"foreign": foreign, "ours": 0, "": foreign + 1} {
		files, err := filepath.Glob(filepath.Join(w.user.Maildir, "[cn][ue][rw]", "*"+pattern+"*"))
		if err != nil || len(files) != want {
			t.Errorf("got %d files %q and %v left, want %d", len(files), pattern, err, want)
		}
	}
}

// stock writes foreign messages into a Maildir, some of them just now, the others
// years ago.
func stock(t *testing.T, user debian.User, messages, recent int) {
	t.Helper()
	for n := range messages {
		at := time.Now().Add(-time.Duration(n) * time.Hour)
		if n < recent {
			at = time.Now().Add(-time.Minute)
		}
		put(t, user, fmt.Sprintf("foreign-%d", n), fmt.Appendf(nil, "Received: from x.example by y.example; %s\r\nFrom: boss@example.com\r\nSubject: lunch %d\r\nMessage-ID: <%d@example.com>\r\n\r\nAt noon.\r\n", at.Format(time.RFC1123Z), n, n), at)
	}
}

func put(t *testing.T, user debian.User, name string, raw []byte, at time.Time) {
	t.Helper()
	file := filepath.Join(user.Maildir, "cur", fmt.Sprintf("%d.%s.example:2,S", at.Unix(), name))
	if err := errors.Join(os.WriteFile(file, raw, 0o644), os.Chtimes(file, at, at)); err != nil {
		t.Fatal(err)
	}
}

// What an administrator does to folders while they are watched.
func TestFoldersThatChange(t *testing.T) {
	t.Parallel()
	lab := started(t, debian.Options{})
	w := newHQ(lab)
	w.deliver(t, "Junk") // makes the folder
	w.start(t)
	first := w.deliver(t, "INBOX")
	before := w.await(t, first, "INBOX")

	w.doveadm(t, "move", "-u", w.user.Address, "Junk", "mailbox", "INBOX", "header", "X-Mailpath-Tag", "mp1:")
	moved := w.await(t, first, "Junk")
	if got, want := received(moved), received(before); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("got %q of the moved message, want the Received chain as before, %q", got, want)
	}

	w.doveadm(t, "mailbox", "delete", "-u", w.user.Address, "Junk")
	inNew := w.deliver(t, "Junk")
	if again := w.await(t, inNew, "Junk"); again.Ref.UIDValidity == moved.Ref.UIDValidity {
		t.Errorf("got UIDVALIDITY %d of the folder made anew, want another one", again.Ref.UIDValidity)
	}

	if err := lab.StopDovecot(debian.SiteA); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"dovecot-uidlist", "dovecot.index*"} {
		files, err := filepath.Glob(filepath.Join(w.user.Maildir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("looking for %s: got %v, %v, want some", pattern, files, err)
		}
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := lab.StartDovecot(debian.SiteA); err != nil {
		t.Fatal(err)
	}
	last := w.deliver(t, "INBOX")
	if o := w.await(t, last, "INBOX"); o.Ref.UIDValidity == before.Ref.UIDValidity {
		t.Errorf("got UIDVALIDITY %d after its list of UIDs was lost, want another one", o.Ref.UIDValidity)
	}
}

func received(o probe.Observation) []string { return probe.ParseHeader(o.Header).All("Received") }
