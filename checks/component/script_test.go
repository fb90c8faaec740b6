package component_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/lab/ca"
	"github.com/mailpath/mailpath/probe"
)

// script is a server that does one thing after the other, and then closes the
// connection. %T stands for the tag of the IMAP command that was heard last.
//
//	say TEXT     says a line
//	part TEXT    says a line that has no end
//	slow TEXT    says a line, one byte each second
//	flood TEXT   says a line again and again
//	endless TEXT says the same again and again, in one line
//	hear         reads a line
//	wait TIME    does nothing for so long
//	tls          shakes hands
//	deaf         does not listen from here on, and takes what is said
//	silence      reads until the other side has enough
type script []string

// server is a scripted server at a host and port.
type server struct {
	script
	certificate tls.Certificate

	mu    sync.Mutex
	heard []string
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close() // below TLS: a farewell would wait for a reader
	lines, tag := bufio.NewReader(conn), ""
	say := func(text string) bool {
		_, err := io.WriteString(conn, strings.ReplaceAll(text, "%T", tag))
		return err == nil
	}
	for _, step := range s.script {
		how, what, _ := strings.Cut(step, " ")
		done := true
		switch how {
		case "say":
			done = say(what + "\r\n")
		case "part":
			done = say(what)
		case "slow":
			for _, b := range []byte(what + "\r\n") {
				time.Sleep(time.Second)
				done = done && say(string(b))
			}
		case "flood":
			for say(what + "\r\n") {
			}
		case "endless":
			for say(what) {
			}
		case "hear":
			var line string
			line, done = s.hear(lines)
			tag, _, _ = strings.Cut(line, " ")
		case "wait":
			d, _ := time.ParseDuration(what)
			time.Sleep(d)
		case "tls":
			secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.certificate}})
			done = secured.Handshake() == nil
			conn, lines = secured, bufio.NewReader(secured)
		case "deaf":
			go io.Copy(io.Discard, conn)
		case "silence":
			io.Copy(io.Discard, lines)
		}
		if !done {
			return
		}
	}
}

func (s *server) hear(lines *bufio.Reader) (string, bool) {
	line, err := lines.ReadString('\n')
	if err != nil {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, strings.TrimSpace(line))
	return line, true
}

func (s *server) words() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.heard, ", ")
}

// ask runs a check against the server in a bubble of simulated time, and holds
// Took to how long that was. Without a script, nobody listens.
func (s *server) ask(t *testing.T, e probe.Endpoint, check func(probe.Endpoint) probe.Checker) (c probe.Checked) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var serving sync.WaitGroup
		e.Clock = probe.NewClock()
		if e.Dial == nil {
			e.Dial = func(context.Context, string, string) (net.Conn, error) {
				if s.script == nil {
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
				}
				near, far := net.Pipe()
				serving.Go(func() { s.serve(far) })
				return near, nil
			}
		}
		began := e.Clock.Now()
		c = check(e).Check(t.Context())
		if took := e.Clock.Since(began); took != c.Took {
			t.Errorf("got Took %v, want the %v that it took", c.Took, took)
		}
		serving.Wait()
	})
	return c
}

// wanted is what a check should come to.
type wanted struct {
	state  probe.FindingState
	reason string // the whole of it
	advice string // a part; empty: there is none
	took   time.Duration
}

func (w wanted) hold(t *testing.T, c probe.Checked) {
	t.Helper()
	f := c.Finding
	if f.State != w.state || f.Reason != w.reason || !strings.Contains(f.Advice, w.advice) || (f.Advice == "") != (w.advice == "") {
		t.Errorf("got %s, %s → %s\nwant %s, %s → …%s…", f.State, f.Reason, f.Advice, w.state, w.reason, w.advice)
	}
	if c.Took != w.took {
		t.Errorf("it took %v, want %v", c.Took, w.took)
	}
}

// begin is when every bubble begins.
func begin() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }

// certificates are those of a server mx.test, and the file that trusts their authority.
type certificates struct {
	*ca.Authority
	file string
}

func newCertificates(t *testing.T) certificates {
	t.Helper()
	authority, err := ca.New(begin())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return certificates{authority, file}
}

// good is one that is good from so long before the bubble's begin until so long after.
func (c certificates) good(t *testing.T, before, after time.Duration, names ...string) tls.Certificate {
	t.Helper()
	certificate, err := c.IssueBetween(begin().Add(-before), begin().Add(after), names...)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

const days = 24 * time.Hour
