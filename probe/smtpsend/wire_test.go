package smtpsend_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

const ehlo = "250-mx.example.com\n250-PIPELINING\n250 SIZE 1000000"

func TestAnswersAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		script
		tls    probe.TLSMode
		result probe.Result
		reply  string
		err    string // part of the error
	}{
		"accepted": {script: script{banner: "220 mx", answers: []string{ehlo, "250 ok", "250 ok", "354 go", "body 250 2.0.0 Ok: queued as ABC123", "221 bye"}},
			result: probe.Accepted, reply: "250 2.0.0 Ok: queued as ABC123"},
		"no service": {script: script{banner: "554 5.3.2 no service here", answers: []string{"221 bye"}},
			result: probe.Refused, reply: "554 5.3.2 no service here", err: "banner: "},
		"come back later": {script: script{banner: "421-too\n421 busy", answers: []string{"221 bye"}},
			result: probe.Refused, reply: "421 too busy", err: "banner: "},
		"greylisted": {script: script{banner: "220 mx", answers: []string{ehlo, "250 ok", "451 4.7.1 greylisted", "221 bye"}},
			result: probe.Refused, reply: "451 4.7.1 greylisted", err: "rcpt: "},
		"refused after the final dot": {script: script{banner: "220 mx", answers: []string{ehlo, "250 ok", "250 ok", "354 go", "body 550 5.7.1 spam", "221 bye"}},
			result: probe.Refused, reply: "550 5.7.1 spam", err: "reply: "},
		"cut after the final dot": {script: script{banner: "220 mx", answers: []string{ehlo, "250 ok", "250 ok", "354 go", "body cut"}},
			result: probe.Unknown, err: "reply: "},
		"cut after DATA": {script: script{banner: "220 mx", answers: []string{ehlo, "250 ok", "250 ok", "cut"}},
			result: probe.NotSent, err: "data: "},
		"cut after the banner": {script: script{banner: "220 mx", answers: []string{"cut"}},
			result: probe.NotSent, err: "ehlo: "},
		"no STARTTLS": {script: script{banner: "220 mx", answers: []string{ehlo, "221 bye"}}, tls: probe.StartTLS,
			result: probe.NotSent, err: "the server does not offer STARTTLS"},
		"STARTTLS refused": {script: script{banner: "220 mx", answers: []string{"250-mx\n250 starttls", "454 4.7.0 TLS not available"}}, tls: probe.StartTLS,
			result: probe.Refused, reply: "454 4.7.0 TLS not available", err: "starttls: "},
		"words put in behind STARTTLS": {script: script{banner: "220 mx", answers: []string{"250-mx\n250 STARTTLS", "220 go\n250 injected"}}, tls: probe.StartTLS,
			result: probe.NotSent, err: "in the clear after the server's go-ahead"},
		"garbage for a banner": {script: script{banner: "SSH-2.0-OpenSSH_9.2", answers: nil},
			result: probe.NotSent, err: "banner: "},
	} {
		t.Run(name, func(t *testing.T) {
			a := c.send(t, t.Context(), c.tls, message(probe.NewClock(), 0))
			if a.Result != c.result || reply(a) != c.reply || (a.Err == nil) != (c.err == "") || a.Err != nil && !strings.Contains(a.Err.Error(), c.err) || errors.Is(a.Err, probe.ErrOurs) {
				t.Errorf("got %v, reply %q, %v, want %v, %q, %q and no trouble of ours", a.Result, reply(a), a.Err, c.result, c.reply, c.err)
			}
			// Strict gateways hang up on who greets as localhost.
			if i := slices.IndexFunc(c.heard, func(l string) bool { return strings.HasPrefix(l, "EHLO") || strings.HasPrefix(l, "HELO") }); i >= 0 && c.heard[i] != "EHLO probe.example.org" {
				t.Errorf("the first word was %q, want our own name", c.heard[i])
			}
		})
	}
}

// A server that shuts its window during DATA is left when the time is over, although
// the library sets no deadline there: the message was not sent, as long as the
// kernel has not taken the end of it.
func TestAServerThatStopsReading(t *testing.T) {
	const patience = time.Second
	clock := probe.NewClock()
	m := message(clock, 32<<20) // more than all buffers between here and there
	before := clock.Now()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := script{banner: "220 mx", answers: []string{ehlo, "250 ok", "250 ok", "354 go", "unasked deaf"}, end: ctx.Done()}
	a := s.send(t, ctx, probe.NoTLS, m)
	if took := clock.Since(before); took < patience || took > patience+5*time.Second {
		t.Errorf("it took %v, want the %v that it was given", took, patience)
	}
	if a.Result != probe.NotSent || a.Err == nil || !strings.Contains(a.Err.Error(), "the time for it ran out: data: ") || errors.Is(a.Err, probe.ErrOurs) {
		t.Errorf("got %v, %v, want not sent because the time ran out", a.Result, a.Err)
	}
}
