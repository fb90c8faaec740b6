package debian_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/debian"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/probetest"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// The suites that hold against the in-process world hold against real servers.

func TestSenderConforms(t *testing.T) {
	lab := started(t, debian.Options{})
	clock := probe.NewClock()
	for name, way := range map[string]struct {
		server func(*debian.Lab) string
		tls    probe.TLSMode
		login  bool
		refuse string
	}{
		"submission with STARTTLS":     {func(l *debian.Lab) string { return l.A.Submission }, probe.StartTLS, true, "nobody@example.com"},
		"submission with implicit TLS": {func(l *debian.Lab) string { return l.A.SubmissionTLS }, probe.ImplicitTLS, true, "nobody@example.com"},
		"straight to the gateway":      {func(l *debian.Lab) string { return l.Gateway.SMTP }, probe.StartTLS, false, "nobody@elsewhere.invalid"},
		"to the gateway, in the clear": {func(l *debian.Lab) string { return l.Gateway.SMTP }, probe.NoTLS, false, "nobody@elsewhere.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			probetest.Sender(t, probetest.Open, func(t *testing.T) probetest.SenderFixture {
				hq := lab.A.Users[0]
				endpoint := probe.Endpoint{Server: way.server(lab), TLS: way.tls, CAFile: lab.CAFile, Clock: clock}
				from := lab.OutsideSender
				if way.login {
					endpoint.Username, from = hq.Address, hq.Address
				}
				f := probetest.SenderFixture{
					Clock: clock, From: from, To: hq.Address, Nobody: way.refuse, Secret: hq.Password,
					Sender:  sender(endpoint, endpoint.Server, hq.Password),
					Dead:    sender(endpoint, deadAddress(t), hq.Password),
					Silent:  sender(endpoint, silentAddress(t), hq.Password),
					Endless: sender(endpoint, endlessAddress(t), hq.Password),
					Arrived: func(id probe.ID) bool { return inMaildir(t, hq.Maildir, id.String()) },
				}
				if way.login {
					f.WrongUser = sender(endpoint, endpoint.Server, "a wrong one")
				}
				return f
			})
		})
	}
}

func sender(e probe.Endpoint, server, password string) probe.Sender {
	e.Server = server
	e.Password = func() (string, error) { return password, nil }
	return smtpsend.New(smtpsend.Config{Endpoint: e, EHLO: "probe.provider.example"})
}

// inMaildir tells whether a message with a text in it is in a Maildir's INBOX.
func inMaildir(t *testing.T, maildir, text string) bool {
	t.Helper()
	for _, folder := range []string{"new", "cur"} {
		files, err := filepath.Glob(filepath.Join(maildir, folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err == nil && strings.Contains(string(raw), text) {
				return true
			}
		}
	}
	return false
}

// inFolder reads the messages of a folder of a Maildir.
func inFolder(maildir, folder string) ([][]byte, error) {
	if folder != "INBOX" {
		maildir = filepath.Join(maildir, "."+folder)
	}
	files, err := filepath.Glob(filepath.Join(maildir, "[cn][ue][rw]", "*"))
	var messages [][]byte
	for _, f := range files {
		raw, problem := os.ReadFile(f)
		err = errors.Join(err, problem)
		messages = append(messages, raw)
	}
	return messages, err
}

func deadAddress(t *testing.T) string {
	t.Helper()
	l := listener(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

func silentAddress(t *testing.T) string {
	t.Helper()
	l := listener(t)
	t.Cleanup(func() { l.Close() })
	return l.Addr().String() // the kernel takes connections, nobody speaks on them
}

func endlessAddress(t *testing.T) string {
	t.Helper()
	l := listener(t)
	var taking sync.WaitGroup
	taking.Go(func() {
		conn, err := l.Accept()
		for err == nil {
			_, err = conn.Write([]byte("220-and so on\r\n"))
		}
		if conn != nil {
			conn.Close()
		}
	})
	t.Cleanup(func() {
		l.Close()
		taking.Wait()
	})
	return l.Addr().String()
}

func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWatcherConforms(t *testing.T) {
	for name, way := range map[string]struct {
		server func(*debian.Lab) string
		tls    probe.TLSMode
	}{
		"STARTTLS":     {func(l *debian.Lab) string { return l.A.IMAP }, probe.StartTLS},
		"implicit TLS": {func(l *debian.Lab) string { return l.A.IMAPS }, probe.ImplicitTLS},
	} {
		t.Run(name, func(t *testing.T) {
			lab := started(t, debian.Options{})
			clock := probe.NewClock()
			hq := lab.A.Users[0]
			probetest.Watcher(t, probetest.Open, func(t *testing.T) probetest.WatcherFixture {
				emptied(t, hq.Maildir)
				door := openDoor(t, way.server(lab))
				return probetest.WatcherFixture{
					Clock: clock, Mailbox: "hq", From: lab.OutsideSender, To: hq.Address,
					Watcher: imapwatch.New(imapwatch.Config{
						Endpoint: probe.Endpoint{
							Server: way.server(lab), TLS: way.tls, CAFile: lab.CAFile, Clock: clock, Dial: door.dial,
							Username: hq.Address, Password: func() (string, error) { return hq.Password, nil },
						},
						Mailbox: "hq", Folders: []string{"INBOX", imapwatch.JunkFolder}, Bodies: true, Window: time.Hour,
						Matcher: probe.NewMatcher(probetest.Keyring(), []string{lab.OutsideSender}, probetest.Reports{}),
					}),
					Reports: true, Bodies: true,
					Deliver: func(folder string, raw []byte) error { return lab.Deliver("hq", folder, raw) },
					Held:    func(folder string) ([][]byte, error) { return inFolder(hq.Maildir, folder) },
					Cut:     door.shut,
					Mend:    door.open,
				}
			})
		})
	}
}
