package smtpsend_test

import (
	"bufio"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/probetest"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// script is an SMTP server that gives fixed answers, one for each line it reads;
// an answer of "cut" closes the connection, and one of "body" reads to the dot.
type script struct {
	banner  string
	answers []string
	heard   []string // when serve has ended
}

func (s *script) serve(conn net.Conn) {
	defer conn.Close()
	conn.Write([]byte(s.banner))
	lines := bufio.NewScanner(conn)
	for _, answer := range s.answers {
		body := strings.HasPrefix(answer, "body ")
		for lines.Scan() {
			s.heard = append(s.heard, lines.Text())
			if !body || lines.Text() == "." {
				break
			}
		}
		answer = strings.TrimPrefix(answer, "body ")
		if answer == "cut" {
			return
		}
		conn.Write([]byte(strings.ReplaceAll(answer, "\n", "\r\n") + "\r\n"))
	}
}

// send runs one attempt against the script.
func (s *script) send(t *testing.T, mode probe.TLSMode) (probe.Attempt, []string) {
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
	clock := probe.NewClock()
	sender := smtpsend.New(smtpsend.Config{EHLO: "probe.example.org", Endpoint: probe.Endpoint{Server: l.Addr().String(), TLS: mode, Clock: clock}})
	a := sender.Send(t.Context(), probetest.Message(clock, "a@example.org", "b@example.com"))
	l.Close()
	serving.Wait()
	return a, s.heard
}

const ehlo = "250-mx.example.com\n250-PIPELINING\n250 SIZE 1000000"

func TestAnswersAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		script
		tls    probe.TLSMode
		result probe.Result
		reply  string
		err    string // part of the error
	}{
		"accepted": {script: script{banner: "220 mx\r\n", answers: []string{ehlo, "250 ok", "250 ok", "354 go", "body 250 2.0.0 Ok: queued as ABC123", "221 bye"}},
			result: probe.Accepted, reply: "250 2.0.0 Ok: queued as ABC123"},
		"no service": {script: script{banner: "554 5.3.2 no service here\r\n", answers: []string{"221 bye"}},
			result: probe.Refused, reply: "554 5.3.2 no service here", err: "banner: "},
		"come back later": {script: script{banner: "421-too\r\n421 busy\r\n", answers: []string{"221 bye"}},
			result: probe.Refused, reply: "421 too busy", err: "banner: "},
		"greylisted": {script: script{banner: "220 mx\r\n", answers: []string{ehlo, "250 ok", "451 4.7.1 greylisted", "221 bye"}},
			result: probe.Refused, reply: "451 4.7.1 greylisted", err: "rcpt: "},
		"refused after the final dot": {script: script{banner: "220 mx\r\n", answers: []string{ehlo, "250 ok", "250 ok", "354 go", "body 550 5.7.1 spam", "221 bye"}},
			result: probe.Refused, reply: "550 5.7.1 spam", err: "reply: "},
		"cut after the final dot": {script: script{banner: "220 mx\r\n", answers: []string{ehlo, "250 ok", "250 ok", "354 go", "body cut"}},
			result: probe.Unknown, err: "reply: "},
		"cut after DATA": {script: script{banner: "220 mx\r\n", answers: []string{ehlo, "250 ok", "250 ok", "cut"}},
			result: probe.NotSent, err: "data: "},
		"cut after the banner": {script: script{banner: "220 mx\r\n", answers: []string{"cut"}},
			result: probe.NotSent, err: "ehlo: "},
		"no STARTTLS": {script: script{banner: "220 mx\r\n", answers: []string{ehlo, "221 bye"}}, tls: probe.StartTLS,
			result: probe.NotSent, err: "the server does not offer STARTTLS"},
		"STARTTLS refused": {script: script{banner: "220 mx\r\n", answers: []string{"250-mx\n250 starttls", "454 4.7.0 TLS not available"}}, tls: probe.StartTLS,
			result: probe.Refused, reply: "454 4.7.0 TLS not available", err: "starttls: "},
		"words put in behind STARTTLS": {script: script{banner: "220 mx\r\n", answers: []string{"250-mx\n250 STARTTLS", "220 go\n250 injected"}}, tls: probe.StartTLS,
			result: probe.NotSent, err: "in the clear after the server's go-ahead"},
		"garbage for a banner": {script: script{banner: "SSH-2.0-OpenSSH_9.2\r\n", answers: nil},
			result: probe.NotSent, err: "banner: "},
	} {
		t.Run(name, func(t *testing.T) {
			a, heard := c.send(t, c.tls)
			reply := ""
			if a.Reply != nil {
				reply = a.Reply.String()
			}
			if a.Result != c.result || reply != c.reply || (a.Err == nil) != (c.err == "") || a.Err != nil && !strings.Contains(a.Err.Error(), c.err) || errors.Is(a.Err, probe.ErrOurs) {
				t.Errorf("got %v, reply %q, %v, want %v, %q, %q and no trouble of ours", a.Result, reply, a.Err, c.result, c.reply, c.err)
			}
			// Strict gateways hang up on who greets as localhost.
			if i := slices.IndexFunc(heard, func(l string) bool { return strings.HasPrefix(l, "EHLO") || strings.HasPrefix(l, "HELO") }); i >= 0 && heard[i] != "EHLO probe.example.org" {
				t.Errorf("the first word was %q, want our own name", heard[i])
			}
		})
	}
}
