package smtpsend_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// mouth is a server that says whatever it is given: a part before it hears anything,
// and one after each line, but none while it is told a message.
type mouth struct {
	parts    [][]byte
	asked    bool   // for the message
	heardDot bool   // the whole message was told
	afterDot []byte // what it said then
}

// between parts the bytes have this one.
const between = "\xff"

func (m *mouth) serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for i, part := range m.parts {
		if i > 0 && !m.hear(lines) {
			return
		}
		if m.heardDot && m.afterDot == nil {
			m.afterDot = part
		}
		if _, err := conn.Write(part); err != nil {
			return
		}
	}
	io.Copy(io.Discard, lines)
}

// hear reads a line, or a message to its end. It tells whether there was one.
func (m *mouth) hear(lines *bufio.Reader) bool {
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		line = strings.TrimRight(line, "\r\n")
		inMessage := m.asked && !m.heardDot && line != "QUIT"
		m.asked = m.asked || line == "DATA"
		m.heardDot = m.heardDot || inMessage && line == "."
		if !inMessage || m.heardDot {
			return true
		}
	}
}

// FuzzServer holds that no server, whatever it says, makes an attempt panic, outlast
// its time or end as accepted without a 250 to the final dot.
func FuzzServer(f *testing.F) {
	modes := []probe.TLSMode{probe.NoTLS, probe.StartTLS, probe.ImplicitTLS}
	said := func(mode byte, parts ...string) { f.Add(mode, []byte(crlf(strings.Join(parts, "\r\n"+between)))) }
	said(0, "220 mx", "250 mx", "235 welcome", "250 ok", "250 ok", "354 go", acceptance, "221 bye")
	said(0, "220 mx", "250-mx\n250 AUTH PLAIN", "535 5.7.8 no", "501 cancelled", "221 bye")
	said(0, "220 mx", "502 what", "250 mx", "235", "250", "250", "354", "451 4.3.0 later")
	said(0, "220 mx", "250 mx", "235 welcome", "250 ok", "250 ok", "354 go\n"+acceptance)
	said(1, "220 mx", "250-mx\n250 STARTTLS", "220 go", "\x15\x03\x01\x00\x02\x02\x46")
	said(2, "\x16\x03\x03\x00\x7a")
	f.Fuzz(func(t *testing.T, mode byte, bytes []byte) {
		synctest.Test(t, func(t *testing.T) { face(t, modes[int(mode)%len(modes)], bytes) })
	})
}

// face makes an attempt against a server that says some bytes.
func face(t *testing.T, mode probe.TLSMode, said []byte) {
	clock := probe.NewClock()
	m := &mouth{parts: bytes.Split(said, []byte(between))}
	e := security{}.endpoint(clock)
	e.TLS = mode
	var serving sync.WaitGroup
	e.Dial = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		serving.Go(func() { m.serve(far) })
		return near, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	a := smtpsend.New(smtpsend.Config{EHLO: "probe.example.org", Endpoint: e}).Send(ctx, message(clock, 0))
	if took := clock.Since(a.Began); took > limit || total(a.Phases) > took {
		t.Errorf("it took %v, with phases %v, want at most %v", took, a.Phases, limit)
	}
	serving.Wait()
	checkAttempt(t, a)
	if a.Result == probe.Accepted && !bytes.HasPrefix(m.afterDot, []byte("250")) {
		t.Errorf("got accepted, and the server said %q when it had the message", m.afterDot)
	}
}

// checkAttempt holds that an attempt is one that can be told.
func checkAttempt(t *testing.T, a probe.Attempt) {
	t.Helper()
	code := 0
	if a.Reply != nil {
		code = a.Reply.Code
	}
	switch a.Result {
	case probe.Accepted:
		if code != 250 || a.Err != nil {
			t.Errorf("got accepted by %+v, %v, want a 250 and no error", a.Reply, a.Err)
		}
	case probe.Refused:
		if code < 400 || code > 599 || a.Err == nil {
			t.Errorf("got refused by %+v, %v, want a 4yz or 5yz", a.Reply, a.Err)
		}
	case probe.NotSent, probe.Unknown:
		if a.Reply != nil || a.Err == nil {
			t.Errorf("got %v by %+v, %v, want an error and no reply", a.Result, a.Reply, a.Err)
		}
	default:
		t.Errorf("got %v", a.Result)
	}
	if a.Err != nil && (len(a.Err.Error()) > 1000 || strings.ContainsAny(a.Err.Error(), "\x00\x1b\r\n")) {
		t.Errorf("got error %q, want a line that people can read", a.Err)
	}
}
