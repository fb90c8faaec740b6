package smtpsend_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/probetest"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// script is an SMTP server that follows a script: it says the banner, and one answer
// for each line it reads. The words before an answer tell how it is given:
//
//	unasked  without having read a line
//	body     after having read to the final dot
//	hello    after having read the beginning of a handshake
//	last     and then the connection is closed
//	half     without the end of the line, and then the connection is closed
//	flood    again and again, as long as somebody reads
//	slow     one byte each second
//	raw      as it stands, with what ends its lines
//	tls      and then hands are shaken; without an answer, at once
//
// An answer of "cut" closes the connection, one of "silence" is none, after which
// nothing is said any more, and "deaf" does not even read until the end.
type script struct {
	banner  string
	answers []string
	tls     *tls.Config
	end     <-chan struct{} // of "deaf"; nil: when the other side closes the pipe

	heard []string
	said  int // bytes
}

// run is a run of a script.
type run struct {
	*script
	conn  net.Conn
	lines *bufio.Reader
}

func (s *script) serve(conn net.Conn) {
	// A connection that is cut says no farewell: it is closed below TLS.
	defer conn.Close()
	r := &run{script: s, conn: conn, lines: bufio.NewReader(conn)}
	for _, turn := range append([]string{"unasked " + s.banner}, s.answers...) {
		if !r.take(turn) {
			return
		}
	}
	io.Copy(io.Discard, r.lines)
}

// take takes one turn. It tells whether others follow.
func (r *run) take(turn string) bool {
	turn, unasked := strings.CutPrefix(turn, "unasked ")
	turn, body := strings.CutPrefix(turn, "body ")
	turn, hello := strings.CutPrefix(turn, "hello ")
	if hello {
		r.lines.Peek(1)
	} else if !unasked && !r.hear(body) {
		return false
	}
	how, what, _ := strings.Cut(turn, " ")
	switch how {
	case "cut":
		return false
	case "silence":
		io.Copy(io.Discard, r.lines)
		return false
	case "deaf":
		if r.end == nil {
			r.conn.Write([]byte{0}) // over a pipe, this waits until somebody reads or closes
		} else {
			<-r.end
		}
		return false
	case "last":
		r.say(crlf(what))
		return false
	case "half":
		r.say(strings.TrimSuffix(crlf(what), "\r\n"))
		return false
	case "flood":
		for r.say(what) {
		}
		return false
	case "slow":
		for _, b := range []byte(crlf(what)) {
			time.Sleep(time.Second)
			if !r.say(string(b)) {
				return false
			}
		}
		return true
	case "raw":
		return r.say(what)
	case "tls":
		return (what == "" || r.say(crlf(what))) && r.shakeHands()
	}
	return r.say(crlf(turn))
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") + "\r\n" }

// hear reads a line, or to the final dot.
func (r *run) hear(body bool) bool {
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return false
		}
		line = strings.TrimRight(line, "\r\n")
		r.heard = append(r.heard, line)
		if !body || line == "." {
			return true
		}
	}
}

func (r *run) say(what string) bool {
	n, err := io.WriteString(r.conn, what)
	r.said += n
	return err == nil
}

func (r *run) shakeHands() bool {
	secured := tls.Server(readFirst{r.conn, r.lines}, r.tls)
	r.conn, r.lines = secured, bufio.NewReader(secured)
	return secured.Handshake() == nil
}

// readFirst is a connection of which something has been read already.
type readFirst struct {
	net.Conn
	r io.Reader
}

func (c readFirst) Read(p []byte) (int, error) { return c.r.Read(p) }

// play makes one attempt against the script over a pipe, in a bubble of simulated
// time. It tells how long that took, and waits until the server has seen its end.
func (s *script) play(t *testing.T, e probe.Endpoint, m *probe.Message) (probe.Attempt, time.Duration) {
	t.Helper()
	var serving sync.WaitGroup
	e.Dial = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		serving.Go(func() { s.serve(far) })
		return near, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	a := smtpsend.New(smtpsend.Config{EHLO: "probe.example.org", Endpoint: e}).Send(ctx, m)
	took := e.Clock.Since(a.Began)
	serving.Wait()
	return a, took
}

// limit is what the engine gives an attempt.
const limit = 2 * time.Minute

// send makes one attempt against the script over a real socket.
func (s *script) send(t *testing.T, ctx context.Context, mode probe.TLSMode, m *probe.Message) probe.Attempt {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		if conn, err := l.Accept(); err == nil {
			s.serve(conn)
		}
	})
	e := probe.Endpoint{Server: l.Addr().String(), TLS: mode, Clock: probe.NewClock()}
	a := smtpsend.New(smtpsend.Config{EHLO: "probe.example.org", Endpoint: e}).Send(ctx, m)
	l.Close()
	serving.Wait()
	return a
}

// message is a test message, padded to at least so many bytes.
func message(clock probe.Clock, size int) *probe.Message {
	m := probetest.Message(clock, "a@example.org", "b@example.com")
	line := []byte("Everything below this line is padding, and below that one too.\r\n")
	if missing := size - len(m.Raw); missing > 0 {
		m.Raw = append(m.Raw, bytes.Repeat(line, missing/len(line)+1)...)
	}
	return m
}

// phases gives the names of the phases of an attempt.
func phases(a probe.Attempt) string {
	var names []string
	for _, p := range a.Phases {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

// reply gives the reply of an attempt as the server wrote it; empty: there is none.
func reply(a probe.Attempt) string {
	if a.Reply == nil {
		return ""
	}
	return a.Reply.String()
}
