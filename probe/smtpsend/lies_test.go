package smtpsend_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// step is one step of a whole submission, as a good server takes it.
type step struct {
	name   string
	waits  string // the script's word for what it waits for
	says   string
	phases string // of an attempt that gets no further
}

const (
	greeted   = "connect banner"
	encrypted = "connect banner ehlo tls"
	allowed   = encrypted + " auth"
	begun     = allowed + " mail rcpt data"
)

// submission lists the steps of a whole submission, encrypted with STARTTLS.
func submission() []step {
	return []step{
		{"the banner", "unasked ", "220 mx.example.com ready", greeted},
		{"EHLO", "", "250-mx.example.com\n250 STARTTLS", greeted + " ehlo"},
		{"STARTTLS", "", "220 go ahead", encrypted},
		{"the handshake", "hello ", "tls", encrypted},
		{"EHLO again", "", "250-mx.example.com\n250 AUTH PLAIN LOGIN", encrypted},
		{"AUTH", "", "235 welcome", allowed},
		{"MAIL", "", "250 2.1.0 sender ok", allowed + " mail"},
		{"RCPT", "", "250 2.1.5 recipient ok", allowed + " mail rcpt"},
		{"DATA", "", "354 go ahead", begun},
		{"the final dot", "body ", "250 2.0.0 Ok: queued as ABC123", begun + " reply"},
		{"QUIT", "", "221 bye", begun + " reply"},
	}
}

// answersTo is the script of a good server but for one step.
func answersTo(steps []step, lie int, says string) *script {
	s := new(script)
	for i, step := range steps[:lie+1] {
		turn := step.waits + step.says
		if i == lie {
			turn = step.waits + says
		}
		if i == 0 {
			s.banner = strings.TrimPrefix(turn, "unasked ")
		} else {
			s.answers = append(s.answers, turn)
		}
	}
	return s
}

// lie is something that a server may do at any step instead of what it should.
type lie struct {
	says  func(step) string
	reply string // that refuses
	err   string // part of the error
	takes time.Duration
}

func always(says string) func(step) string { return func(step) string { return says } }

func lies() map[string]lie {
	return map[string]lie{
		"silence":         {says: always("silence"), takes: limit, err: "the time for it ran out"},
		"cut":             {says: always("cut"), err: "the server closed the connection"},
		"half a line":     {says: func(s step) string { return "half " + s.says[:len(s.says)-3] }, err: "within a line"},
		"shutting down":   {says: always("last 421 4.3.2 closing"), reply: "421 4.3.2 closing", err: "closing"},
		"an endless line": {says: func(s step) string { return "flood " + s.says[:3] + " and so on" }, err: "got a line of more than 2000 bytes, want at most 512"},
		"endless lines":   {says: func(s step) string { return "flood " + s.says[:3] + "-and so on\r\n" }, err: "got more than 64 KiB of answers in one attempt"},
		"another code":    {says: func(s step) string { return s.says[:3] + "-well\n550 no" }, err: `got "550 no" within a reply that began with`},
		"a code of old":   {says: always("150 wait for it"), err: `got "150 wait for it", want a reply`},
		"an unknown code": {says: always("650 what"), err: `got "650 what", want a reply`},
		"garbage":         {says: always("SSH-2.0-OpenSSH_9.2"), err: `got "SSH-2.0-OpenSSH_9.2", want a reply`},
		"nothing but NUL": {says: always("\x00\x00\x00\x00"), err: `got "\x00\x00\x00\x00", want a reply`},
		"empty lines":     {says: always("\n\n\n"), err: `got "", want a reply`},
	}
}

// A server that lies at some step costs no more than the attempt: its result is
// certain where it can be, the phases so far are kept, and nothing is left over.
func TestLiesAtEachStep(t *testing.T) {
	e := secured(t)
	steps := submission()
	for name, l := range lies() {
		for i, step := range steps {
			t.Run(name+" at "+step.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := answersTo(steps, i, l.says(step))
					s.tls = e.server
					clock := probe.NewClock()
					a, took := s.play(t, e.endpoint(clock), message(clock, 0))
					l.check(t, step, a)
					if took != l.duration(step) {
						t.Errorf("it took %v, want %v", took, l.duration(step))
					}
					if got := total(a.Phases); step.name != "QUIT" && got != l.takes {
						t.Errorf("got phases of %v together, want the %v that it took", got, l.takes)
					}
					if s.said > 70<<10 {
						t.Errorf("the server got rid of %d bytes, want little more than 64 KiB", s.said)
					}
				})
			})
		}
	}
}

func total(phases []probe.Phase) (sum time.Duration) {
	for _, p := range phases {
		sum += p.Took
	}
	return sum
}

// check holds an attempt to what it must be when the server lied at a step.
func (l lie) check(t *testing.T, s step, a probe.Attempt) {
	t.Helper()
	want, said, err := probe.NotSent, "", l.err
	switch {
	case s.name == "QUIT":
		want, said, err = probe.Accepted, "250 2.0.0 Ok: queued as ABC123", ""
	case s.name == "the handshake":
		err = "tls: "
	case l.reply != "":
		want, said = probe.Refused, l.reply
	case s.name == "the final dot":
		want = probe.Unknown
	}
	if a.Result != want || reply(a) != said || phases(a) != s.phases {
		t.Errorf("got %v, reply %q, phases %s, want %v, %q, %s", a.Result, reply(a), phases(a), want, said, s.phases)
	}
	if (a.Err == nil) != (err == "") || a.Err != nil && !strings.Contains(a.Err.Error(), err) || errors.Is(a.Err, probe.ErrOurs) {
		t.Errorf("got error %v, want %q and no trouble of ours", a.Err, err)
	}
}

// duration is how long the attempt takes: a lie that is heard costs no time.
func (l lie) duration(s step) time.Duration {
	if s.name == "QUIT" && l.takes > 0 {
		return 2 * time.Second
	}
	return l.takes
}

// security is a server's certificate, and what trusts it.
type security struct {
	server *tls.Config
	caFile string
}

// bubbleBegins is when every bubble begins.
func bubbleBegins() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// secured gives mx.example.com a certificate that is good in a bubble.
func secured(t *testing.T) security {
	t.Helper()
	authority, file := trusted(t)
	certificate, err := authority.Issue("mx.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return security{server: &tls.Config{Certificates: []tls.Certificate{certificate}}, caFile: file}
}

// endpoint is the submission server mx.example.com.
func (s security) endpoint(clock probe.Clock) probe.Endpoint {
	return probe.Endpoint{
		Server: "mx.example.com:587", TLS: probe.StartTLS, CAFile: s.caFile, Clock: clock,
		Username: "probe", Password: func() (string, error) { return "a secret", nil },
	}
}
