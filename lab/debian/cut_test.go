package debian_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/debian"
)

// way is one way through the lab.
type way struct {
	enters   string // the server that takes the mail first
	send     func(*testing.T, letter) error
	from, to string
	at       reader
}

// ways of a lab, named as the routes of its configuration.
func ways(lab *debian.Lab) map[string]way {
	hq, branch := lab.A.Users[0], lab.B.Users[0]
	atHQ, atBranch := reader{lab, lab.A, hq, true}, reader{lab, lab.B, branch, true}
	fromHQ, fromBranch := submission(lab, lab.A.Submission, false, hq), submission(lab, lab.B.Submission, false, branch)
	return map[string]way{
		"outside-to-hq":      {lab.Gateway.SMTP, plain(lab.Gateway.SMTP), lab.OutsideSender, hq.Address, atHQ},
		"past-gateway-to-hq": {lab.Gateway.Filter, plain(lab.Gateway.Filter), lab.OutsideSender, hq.Address, atHQ},
		"inside-hq":          {lab.A.Submission, fromHQ, hq.Address, hq.Address, atHQ},
		"inside-branch":      {lab.B.Submission, fromBranch, branch.Address, branch.Address, atBranch},
		"hq-to-branch":       {lab.A.Submission, fromHQ, hq.Address, branch.Address, atBranch},
		"branch-to-hq":       {lab.B.Submission, fromBranch, branch.Address, hq.Address, atHQ},
	}
}

func (w way) mail(t *testing.T, subject string) {
	t.Helper()
	if err := w.send(t, letter{w.from, w.to, subject}); err != nil {
		t.Fatalf("sending %q: %v", subject, err)
	}
}

// TestPartsFail breaks the parts of one lab and mends them again.
func TestPartsFail(t *testing.T) {
	t.Parallel()
	lab := started(t, debian.Options{})
	for name, test := range map[string]func(*testing.T, *debian.Lab){
		"mail is held":                       testMailIsHeld,
		"IMAP is down":                       testIMAPIsDown,
		"some messages kill the filter":      testSomeMessagesKillTheFilter,
		"there is nothing to stop elsewhere": testNothingToStop,
		"the filter is slow":                 testTheFilterIsSlow,
	} {
		t.Run(name, func(t *testing.T) { test(t, lab) })
	}
}

// testMailIsHeld breaks one part after another: mail on the ways that lead through it
// is held before it and flows afterwards, mail on all others is not.
func testMailIsHeld(t *testing.T, lab *debian.Lab) {
	for _, test := range []struct {
		name        string
		fail, mend  func() error
		held        map[string]debian.Host // the host that holds mail, by the way it takes
		unreachable []string               // ways that nobody can enter
	}{
		{
			name: "the filter is down", fail: lab.StopFilter, mend: lab.StartFilter,
			held:        map[string]debian.Host{"outside-to-hq": lab.Gateway},
			unreachable: []string{"past-gateway-to-hq"},
		}, {
			name: "LMTP of site A is down",
			fail: func() error { return lab.StopLMTP(debian.SiteA) },
			mend: func() error { return lab.StartLMTP(debian.SiteA) },
			held: map[string]debian.Host{"outside-to-hq": lab.A, "past-gateway-to-hq": lab.A, "inside-hq": lab.A, "branch-to-hq": lab.A},
		}, {
			name: "the filter dies of each message", fail: func() error { return lab.CrashLoopFilter(0) }, mend: lab.StartFilter,
			held:        map[string]debian.Host{"outside-to-hq": lab.Gateway},
			unreachable: []string{"past-gateway-to-hq"},
		}, {
			name: "the link is cut", fail: lab.CutLink, mend: lab.RestoreLink,
			held: map[string]debian.Host{"hq-to-branch": lab.A, "branch-to-hq": lab.B},
		}, {
			name:        "the gateway is down",
			fail:        func() error { return lab.StopPostfix(debian.Gateway) },
			mend:        func() error { return lab.StartPostfix(debian.Gateway) },
			unreachable: []string{"outside-to-hq"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := errors.Join(test.fail(), test.fail()); err != nil {
				t.Fatal(err)
			}
			all := ways(lab)
			for _, name := range test.unreachable {
				all[name].isNotEntered(t, t.Name())
				delete(all, name)
			}
			for name, way := range all {
				way.mail(t, t.Name()+" "+name)
			}
			for name, way := range all {
				subject := t.Name() + " " + name
				if host, held := test.held[name]; held {
					awaitDeferred(t, host, way)
					if got := filesWith(t, way.at.user.Maildir, subject); got != 0 {
						t.Errorf("sending on %s: got %d messages in the mailbox, want it held by host %s", name, got, host.Name)
					}
				} else {
					way.at.await(t, "INBOX", subject)
				}
			}
			if err := errors.Join(test.mend(), test.mend()); err != nil {
				t.Fatal(err)
			}
			for name, way := range all {
				way.at.await(t, "INBOX", t.Name()+" "+name)
				if got := filesWith(t, way.at.user.Maildir, t.Name()+" "+name); got != 1 {
					t.Errorf("sending on %s: got %d messages, want one", name, got)
				}
			}
		})
	}
}

// isNotEntered wants a server to refuse the connection or to end it unanswered.
func (w way) isNotEntered(t *testing.T, subject string) {
	t.Helper()
	err := offer(w.enters, letter{w.from, w.to, subject})
	if err == nil || replyCode(err) != 0 {
		t.Errorf("sending to %s: got %v, want no connection, or none that lasts", w.enters, err)
	}
}

// offer sends without TLS and login, to a server that may not be there.
func offer(address string, l letter) error {
	client, err := smtp.Dial(address)
	if err != nil {
		return err
	}
	defer client.Close()
	return l.send(client)
}

// awaitDeferred waits until a host has tried to hand on mail of a way, in vain.
func awaitDeferred(t *testing.T, host debian.Host, w way) {
	t.Helper()
	within(t, "host "+host.Name+" to hold mail for "+w.to, func() bool {
		queue, err := exec.Command("postqueue", "-c", filepath.Join(host.Dir, "postfix"), "-j").Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(queue), `"address": "`+w.to+`", "delay_reason"`)
	})
}

// testIMAPIsDown asks for everything but IMAP while that is down.
func testIMAPIsDown(t *testing.T, lab *debian.Lab) {
	inside, elsewhere := ways(lab)["inside-hq"], ways(lab)["inside-branch"]
	client, err := imapclient.DialTLS(lab.A.IMAPS, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: lab.Pool}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := lab.StopIMAP(debian.SiteA); err != nil {
		t.Fatal(err)
	}
	if err := client.Noop().Wait(); err == nil {
		t.Error("asking over a connection from before: got no error, want it ended")
	}
	wantRefused(t, lab.A.IMAP, lab.A.IMAPS)
	inside.mail(t, t.Name())
	within(t, "mail to be in the Maildir", func() bool { return filesWith(t, inside.at.user.Maildir, t.Name()) == 1 })
	elsewhere.mail(t, t.Name())
	elsewhere.at.await(t, "INBOX", t.Name())

	if err := errors.Join(lab.StopDovecot(debian.SiteA), lab.StartDovecot(debian.SiteA)); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, lab.A.IMAP, lab.A.IMAPS) // a restart mends nothing that was cut
	if err := lab.StartIMAP(debian.SiteA); err != nil {
		t.Fatal(err)
	}
	inside.at.await(t, "INBOX", t.Name())
	if err := lab.StopDovecot(debian.SiteA); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, lab.A.IMAP, lab.A.IMAPS)
	if err := lab.StartDovecot(debian.SiteA); err != nil {
		t.Fatal(err)
	}
}

func testNothingToStop(t *testing.T, lab *debian.Lab) {
	for what, err := range map[string]error{"IMAP": lab.StopIMAP(debian.Gateway), "LMTP": lab.StartLMTP("c")} {
		if err == nil {
			t.Errorf("controlling %s of a host that has none: got no error, want one", what)
		}
	}
}

func wantRefused(t *testing.T, addresses ...string) {
	t.Helper()
	for _, address := range addresses {
		if conn, err := net.Dial("tcp4", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("connecting to %s: got %v, want %v", address, err, syscall.ECONNREFUSED)
			if err == nil {
				conn.Close()
			}
		}
	}
}

// testSomeMessagesKillTheFilter wants the same ones to kill it each time.
func testSomeMessagesKillTheFilter(t *testing.T, lab *debian.Lab) {
	if err := lab.CrashLoopFilter(0.5); err != nil {
		t.Fatal(err)
	}
	passes := make(map[bool]string) // a subject that does, and one that kills
	for n := 0; len(passes) < 2; n++ {
		subject := fmt.Sprintf("%s %d", t.Name(), n)
		passes[offered(t, lab, subject)] = subject
		if n == 64 {
			t.Fatalf("sending %d messages: got %v, want some that pass and some that do not", n, passes)
		}
	}
	for want, subject := range passes {
		for range 3 {
			if got := offered(t, lab, subject); got != want {
				t.Errorf("sending %q again: got it passed %v, want %v as before", subject, got, want)
			}
		}
	}
	ways(lab)["inside-hq"].at.await(t, "INBOX", passes[true])
	if got := filesWith(t, lab.A.Users[0].Maildir, passes[false]); got != 0 {
		t.Errorf("looking for what kills the filter: got %d messages in the mailbox, want none", got)
	}
	if err := lab.StartFilter(); err != nil {
		t.Fatal(err)
	}
	if !offered(t, lab, passes[false]) {
		t.Error("sending after the end of the crash loop: got a dead filter, want mail taken")
	}
}

// offered tells whether the filter takes a message, or dies of it.
func offered(t *testing.T, lab *debian.Lab, subject string) bool {
	t.Helper()
	var err error
	within(t, "the filter to be there", func() bool {
		client, dialErr := smtp.Dial(lab.Gateway.Filter)
		if dialErr != nil {
			return false
		}
		defer client.Close()
		// One that is just dying of the message before takes a connection yet, and greets nobody.
		if client.Hello("test.example.com") != nil {
			return false
		}
		err = letter{lab.OutsideSender, lab.A.Users[0].Address, subject}.send(client)
		return true
	})
	if code := replyCode(err); code != 0 {
		t.Fatalf("sending %q: got reply %d, want a good one or a lost connection", subject, code)
	}
	return err == nil
}
