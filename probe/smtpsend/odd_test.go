package smtpsend_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// tale is one attempt against a script, and what must come of it.
type tale struct {
	script
	from    int  // the step of submission from which on the answers are the script's
	size    int  // of the message, at least
	clear   bool // neither encrypted nor authenticated
	result  probe.Result
	reply   string
	err     string // part of the error
	ours    bool
	phases  string
	takes   time.Duration
	slowest string // the phase that took most of the time
}

// hold plays a tale in a bubble and holds the attempt to it.
func (c *tale) hold(t *testing.T) {
	e := secured(t)
	synctest.Test(t, func(t *testing.T) {
		if c.from > 0 {
			good := answersTo(submission()[:c.from], c.from-1, submission()[c.from-1].says)
			c.banner, c.answers = good.banner, append(good.answers, c.answers...)
		}
		c.tls = e.server
		clock := probe.NewClock()
		endpoint := e.endpoint(clock)
		if c.clear {
			endpoint.TLS, endpoint.Username = probe.NoTLS, ""
		}
		a, took := c.play(t, endpoint, message(clock, c.size))
		if a.Result != c.result || reply(a) != c.reply || phases(a) != c.phases {
			t.Errorf("got %v, reply %q, phases %s, want %v, %q, %s", a.Result, reply(a), phases(a), c.result, c.reply, c.phases)
		}
		if (a.Err == nil) != (c.err == "") || a.Err != nil && !strings.Contains(a.Err.Error(), c.err) || errors.Is(a.Err, probe.ErrOurs) != c.ours {
			t.Errorf("got error %v, want %q, ours %v", a.Err, c.err, c.ours)
		}
		if took != c.takes {
			t.Errorf("it took %v, want %v", took, c.takes)
		}
		for _, p := range a.Phases {
			if (p.Took > c.takes/2) != (p.Name == c.slowest) {
				t.Errorf("phase %s took %v of %v, want %q to have taken most of it", p.Name, p.Took, c.takes, c.slowest)
			}
		}
	})
}

const (
	inClear    = "connect banner ehlo mail rcpt data reply"
	acceptance = "250 2.0.0 Ok: queued as ABC123"
)

// What is odd but allowed, or harmless, is no lie.
func TestOddServersAreUnderstood(t *testing.T) {
	for name, c := range map[string]tale{
		"replies without a text (RFC 5321 section 4.2)": {clear: true,
			script: script{banner: "220", answers: []string{"250", "250", "250", "354", "body 250", "221"}},
			result: probe.Accepted, reply: "250 ", phases: inClear},
		"replies of many lines": {clear: true,
			script: script{banner: "220-mx\n220-no spam\n220 please", answers: []string{ehlo, "250-2.1.0 sender\n250 2.1.0 ok", "250-well\n250 then", "354-go\n354 on", "body 250-2.0.0 Ok: queued\n250 2.0.0 as ABC123", "221 bye"}},
			result: probe.Accepted, reply: "250 2.0.0 Ok: queued 2.0.0 as ABC123", phases: inClear},
		"a bare LF at the end of each line": {clear: true,
			script: script{banner: "raw 220 mx\n", answers: []string{"raw 250-mx\n250 SIZE 1000000\n", "raw 250 ok\n", "raw 250 ok\n", "raw 354 go\n", "body raw 250 2.0.0 Ok: queued as ABC123\n", "raw 221\n"}},
			result: probe.Accepted, reply: acceptance, phases: inClear},
		"NUL, escapes and broken UTF-8 in the texts": {clear: true,
			script: script{banner: "220 \x00mx", answers: []string{"250-\x1b[2J\n250 SIZE\x00", "250 \x00", "250 \xff", "354 \x80", "body 250 2.0.0 Ok:\x00queued\x1b[1Aas\u202eABC\xff123", "221 \x00"}},
			result: probe.Accepted, reply: "250 2.0.0 Ok: queued [1Aas ABC\uFFFD123", phases: inClear},
		"a refusal that would move the cursor": {clear: true,
			script: script{banner: "220 mx", answers: []string{ehlo, "550-5.7.1 \x1b[2Jno\n550 5.7.1 \x07never", "221 bye"}},
			result: probe.Refused, reply: "550 5.7.1 [2Jno never", err: "mail: SMTP error 550: [2Jno never", phases: "connect banner ehlo mail"},
		"a banner that takes its time": {clear: true,
			script: script{banner: "slow 220 mx", answers: []string{ehlo, "250 ok", "250 ok", "354 go", "body " + acceptance, "221 bye"}},
			result: probe.Accepted, reply: acceptance, phases: inClear, takes: 8 * time.Second, slowest: "banner"},
		"a server that knows no EHLO": {clear: true,
			script: script{banner: "220 mx", answers: []string{"502 what", "250 mx", "250 ok", "250 ok", "354 go", "body " + acceptance, "221 bye"}},
			result: probe.Accepted, reply: acceptance, phases: inClear},
		"421 before it is asked, by a server that shuts down (RFC 5321 section 3.8)": {clear: true,
			script: script{banner: "220 mx", answers: []string{ehlo, "250 ok", "250 ok\n421 4.3.2 closing", "cut"}},
			result: probe.Refused, reply: "421 4.3.2 closing", err: "data: ", phases: "connect banner ehlo mail rcpt data"},
	} {
		t.Run(name, c.hold)
	}
}

// An answer that is there before the question is none.
func TestAnswersBeforeTheQuestion(t *testing.T) {
	for name, c := range map[string]tale{
		"to everything": {clear: true, script: script{banner: "220 mx\n250 mx\n250 ok\n250 ok\n354 go\n" + acceptance + "\n221 bye"},
			result: probe.NotSent, err: `got "250 mx\r\n250 ok\r\n`, phases: "connect banner ehlo"},
		"to MAIL": {from: 5, script: script{answers: []string{"235 welcome\n250 ok"}},
			result: probe.NotSent, err: `got "250 ok\r\n" before it was asked for`, phases: allowed + " mail"},
		"to the final dot of a short message": {from: 8, script: script{answers: []string{"354 go\n" + acceptance}},
			result: probe.NotSent, err: "reply: got ", phases: begun + " reply"},
		"to the final dot of a long message": {from: 8, size: 100_000, script: script{answers: []string{"354 go\n" + acceptance}},
			result: probe.NotSent, err: "data: got ", phases: begun},
		"to QUIT, too late to matter": {from: 9, script: script{answers: []string{"body " + acceptance + "\n221 bye"}},
			result: probe.Accepted, reply: acceptance, phases: begun + " reply"},
		"to the encrypted EHLO, in the clear": {from: 2, script: script{answers: []string{"220 go\n250-mx\n250 AUTH PLAIN"}},
			result: probe.NotSent, err: "starttls: got 24 bytes in the clear after the server's go-ahead", phases: encrypted},
		"in the clear by half a line": {from: 2, script: script{answers: []string{"half 220 go\n250"}},
			result: probe.NotSent, err: "starttls: got 3 bytes in the clear after the server's go-ahead", phases: encrypted},
		"421, in the clear": {from: 2, script: script{answers: []string{"220 go\n421 closing"}},
			result: probe.NotSent, err: "starttls: got 13 bytes in the clear after the server's go-ahead", phases: encrypted},
	} {
		t.Run(name, c.hold)
	}
}

// A password that is refused is our own trouble, and nothing else is.
func TestPasswordsRefused(t *testing.T) {
	for name, c := range map[string]tale{
		"a wrong one": {from: 5, script: script{answers: []string{"535 5.7.8 authentication failed", "501 cancelled", "221 bye"}},
			result: probe.NotSent, ours: true, err: `auth: the probe's own trouble: user "probe" was refused: 535 5.7.8 authentication failed`, phases: allowed},
		"AUTH not offered": {from: 4, script: script{answers: []string{"250 mx", "503 5.5.1 AUTH not available", "501 what", "221 bye"}},
			result: probe.NotSent, ours: true, err: `user "probe" was refused: 503 5.5.1 AUTH not available`, phases: allowed},
		"AUTH without PLAIN": {from: 4, script: script{answers: []string{"250-mx\n250 AUTH GSSAPI", "221 bye"}},
			result: probe.NotSent, ours: true, err: "the server offers no AUTH PLAIN here", phases: allowed},
		"a server that cannot check it now": {from: 5, script: script{answers: []string{"454 4.7.0 try later", "501 cancelled", "221 bye"}},
			result: probe.Refused, reply: "454 4.7.0 try later", err: "auth: ", phases: allowed},
		"a success that is none": {from: 5, script: script{answers: []string{"250 fine", "501 cancelled", "221 bye"}},
			result: probe.NotSent, err: "auth: SMTP error 250: fine", phases: allowed},
		"a challenge that nobody can meet": {from: 5, script: script{answers: []string{"334 d2hvPw==", "501 cancelled", "221 bye"}},
			result: probe.NotSent, err: "unexpected server challenge", phases: allowed},
	} {
		t.Run(name, c.hold)
	}
}

// Whatever is slow ends with the time of the attempt.
func TestSlownessEndsWithTheTime(t *testing.T) {
	const ranOut = "the time for it ran out"
	for name, c := range map[string]tale{
		"one byte each second": {clear: true,
			script: script{banner: "slow 220 mx.example.com is glad to see you again", answers: []string{"slow " + ehlo, "slow 250 sender", "slow 250 recipient", "slow 354 go", "body slow " + acceptance}},
			result: probe.NotSent, err: ranOut, phases: "connect banner ehlo mail rcpt", takes: limit},
		"one byte each second in the answer to the dot": {from: 9,
			script: script{answers: []string{"body slow 250 2.0.0 " + strings.Repeat("wait and ", 20)}},
			result: probe.Unknown, err: ranOut, phases: begun + " reply", takes: limit, slowest: "reply"},
		"a server that reads no more than DATA": {from: 8,
			script: script{answers: []string{"354 go", "unasked deaf"}}, size: 100_000,
			result: probe.NotSent, err: ranOut, phases: begun, takes: limit, slowest: "data"},
		"and nothing of a short message": {from: 8,
			script: script{answers: []string{"354 go", "unasked deaf"}},
			result: probe.NotSent, err: ranOut, phases: begun + " reply", takes: limit, slowest: "reply"},
		"a server that never reads": {clear: true,
			script: script{banner: "220 mx", answers: []string{"unasked deaf"}},
			result: probe.NotSent, err: ranOut, phases: "connect banner ehlo", takes: limit, slowest: "ehlo"},
		"a refused password, and silence when the exchange is cancelled": {from: 5,
			script: script{answers: []string{"535 5.7.8 authentication failed", "silence"}},
			result: probe.NotSent, ours: true, err: `user "probe" was refused`, phases: allowed, takes: limit, slowest: "auth"},
	} {
		t.Run(name, c.hold)
	}
}
