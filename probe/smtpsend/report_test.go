package smtpsend_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

const (
	offering = "250-mx.example.com\n250-PIPELINING\n250-DSN\n250 SIZE 1000000"
	askedIn  = " RET=HDRS ENVID="
	askedOf  = " NOTIFY=FAILURE,DELAY ORCPT=RFC822;"
)

// wish is an attempt that asks for reports, and what is said for it.
type wish struct {
	ehlo     string   // the answer to it
	answers  []string // to MAIL, RCPT, and what follows
	envelope string   // instead of the tag's short form
	to       string   // instead of b@example.com
	mails    []string // all that is said with MAIL; <> stands for the sender
	rcpts    []string // and with RCPT, for the recipient
	result   probe.Result
	reply    string
	takes    map[string]time.Duration
}

func TestReportsAreAskedForWhereTheyAreOffered(t *testing.T) {
	const plainMail, plainRcpt = "MAIL FROM:<>", "RCPT TO:<>"
	named := []string{plainMail + askedIn + "name"}
	traced := []string{plainRcpt + askedOf + "b@example.com"}
	body := []string{"354 go", "body " + acceptance, "221 bye"}
	ok := func(first ...string) []string { return append(first, body...) }
	for name, c := range map[string]wish{
		"offered":               {ehlo: offering, answers: ok("250 ok", "250 ok"), mails: named, rcpts: traced},
		"offered in lower case": {ehlo: "250-mx\n250-8bitmime\n250 dsn", answers: ok("250 ok", "250 ok"), mails: []string{plainMail + " BODY=8BITMIME" + askedIn + "name"}, rcpts: traced},
		"not offered":           {ehlo: ehlo, answers: ok("250 ok", "250 ok"), mails: []string{plainMail}, rcpts: []string{plainRcpt}},
		"by a server called so": {ehlo: "250 DSN", answers: ok("250 ok", "250 ok"), mails: []string{plainMail}, rcpts: []string{plainRcpt}},
		"a name that needs xtext": {ehlo: offering, answers: ok("250 ok", "250 ok"), envelope: "a+b=c d", to: "b+c=d@example.com",
			mails: []string{plainMail + askedIn + "a+2Bb+3Dc+20d"}, rcpts: []string{plainRcpt + askedOf + "b+2Bc+3Dd@example.com"}},
		"the longest name": {ehlo: offering, answers: ok("250 ok", "250 ok"), envelope: strings.Repeat("=", 33) + "x",
			mails: []string{plainMail + askedIn + strings.Repeat("+3D", 33) + "x"}, rcpts: traced},
		"a name that is too long": {ehlo: offering, answers: ok("250 ok", "250 ok"), envelope: strings.Repeat("=", 34), to: strings.Repeat("+", 150) + "@x",
			mails: []string{plainMail + " RET=HDRS"}, rcpts: []string{plainRcpt + " NOTIFY=FAILURE,DELAY"}},
		"a name that cannot be said": {ehlo: offering, answers: ok("250 ok", "250 ok"), envelope: "näme", to: "bü@example.com",
			mails: []string{plainMail + " RET=HDRS"}, rcpts: []string{plainRcpt + " NOTIFY=FAILURE,DELAY"}},
		"no name": {ehlo: offering, answers: ok("250 ok", "250 ok"), envelope: "-", mails: []string{plainMail + " RET=HDRS"}, rcpts: traced},

		"refused at MAIL": {ehlo: offering, answers: ok("555 5.5.4 unsupported", "250 ok", "250 ok"),
			mails: append(named, plainMail), rcpts: []string{plainRcpt}},
		"refused at RCPT": {ehlo: offering, answers: ok("250 ok", "501 what", "250 ok"), mails: named, rcpts: append(traced, plainRcpt)},
		"refused in other words": {ehlo: offering, answers: ok("503 5.5.4 no such parameter", "250 ok", "250 ok"),
			mails: append(named, plainMail), rcpts: []string{plainRcpt}},
		"refused in time": {ehlo: offering, answers: ok("slow 504 no", "slow 250 ok", "250 ok"),
			mails: append(named, plainMail), rcpts: []string{plainRcpt}, takes: map[string]time.Duration{"mail": 16 * time.Second}},
		"the sender is refused, whatever is asked": {ehlo: offering, answers: []string{"501 5.1.7 bad sender", "501 5.1.7 bad sender, I said", "221 bye"},
			mails: append(named, plainMail), result: probe.Refused, reply: "501 5.1.7 bad sender, I said"},
		"the recipient is refused, whatever is asked": {ehlo: offering, answers: []string{"250 ok", "555 5.5.4 no", "550 5.1.1 unknown", "221 bye"},
			mails: named, rcpts: append(traced, plainRcpt), result: probe.Refused, reply: "550 5.1.1 unknown"},
		"the recipient is refused": {ehlo: offering, answers: []string{"250 ok", "550 5.1.1 unknown", "221 bye"},
			mails: named, rcpts: traced, result: probe.Refused, reply: "550 5.1.1 unknown"},
		"greylisted": {ehlo: offering, answers: []string{"250 ok", "451 4.7.1 later", "221 bye"},
			mails: named, rcpts: traced, result: probe.Refused, reply: "451 4.7.1 later"},
		"cut when asked again": {ehlo: offering, answers: []string{"555 no", "cut"}, mails: append(named, plainMail), result: probe.NotSent},
		"silent when asked again": {ehlo: offering, answers: []string{"555 no", "silence"}, mails: append(named, plainMail), result: probe.NotSent,
			takes: map[string]time.Duration{"mail": limit}},
	} {
		t.Run(name, c.hold)
	}
}

// hold makes the attempt in a bubble and holds it to what must come of it.
func (c wish) hold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		e := security{}.endpoint(clock)
		e.TLS, e.Username = probe.NoTLS, ""
		m := message(clock, 0)
		m.Envelope = strings.TrimPrefix(c.envelope, "-")
		if c.envelope == "" {
			m.Envelope = "name"
		}
		if c.to != "" {
			m.To = c.to
		}
		s := script{banner: "220 mx", answers: append([]string{c.ehlo}, c.answers...)}
		a, _ := s.play(t, e, m)
		if c.result == 0 {
			c.result, c.reply = probe.Accepted, acceptance
		}
		if a.Result != c.result || reply(a) != c.reply || errors.Is(a.Err, probe.ErrOurs) {
			t.Errorf("got %v, reply %q, %v, want %v, %q and no trouble of ours", a.Result, reply(a), a.Err, c.result, c.reply)
		}
		said := func(command, address string) (lines []string) {
			for _, l := range s.heard {
				if strings.HasPrefix(l, command) {
					lines = append(lines, strings.Replace(l, "<"+address+">", "<>", 1))
				}
			}
			return lines
		}
		if got := said("MAIL", m.From); !slices.Equal(got, c.mails) {
			t.Errorf("got %q, want %q", got, c.mails)
		}
		if got := said("RCPT", m.To); !slices.Equal(got, c.rcpts) {
			t.Errorf("got %q, want %q", got, c.rcpts)
		}
		for _, p := range a.Phases {
			if p.Took != c.takes[p.Name] {
				t.Errorf("phase %s took %v, want %v", p.Name, p.Took, c.takes[p.Name])
			}
		}
	})
}

// Asking for reports gives a liar no other hold on the attempt.
func TestLiesToWhoAsksForReports(t *testing.T) {
	e := secured(t)
	steps := submission()
	steps[4].says = "250-mx.example.com\n250-dsn\n250 AUTH PLAIN LOGIN"
	for name, l := range lies() {
		for i, step := range steps[:8] {
			if step.name != "MAIL" && step.name != "RCPT" {
				continue
			}
			t.Run(name+" at "+step.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := answersTo(steps, i, l.says(step))
					s.tls = e.server
					clock := probe.NewClock()
					a, took := s.play(t, e.endpoint(clock), message(clock, 0))
					l.check(t, step, a)
					if took != l.duration(step) || !strings.Contains(strings.Join(s.heard, "\n"), askedIn) {
						t.Errorf("it took %v, want %v, and that reports were asked for\n%q", took, l.duration(step), s.heard)
					}
				})
			})
		}
	}
}

// A message is signed before the dial, in time that is not the path's, and a new one
// each time.
func TestMessagesAreSigned(t *testing.T) {
	broken := errors.New("the key is gone")
	for name, c := range map[string]struct {
		err  error
		want probe.Result
	}{"signed": {want: probe.Accepted}, "no signature": {broken, probe.NotSent}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := probe.NewClock()
				s := &script{banner: "220 mx", answers: []string{ehlo, "250 ok", "250 ok", "354 go", "body " + acceptance, "221 bye"}}
				dials := 0
				e := security{}.endpoint(clock)
				e.TLS, e.Username = probe.NoTLS, ""
				var serving sync.WaitGroup
				e.Dial = func(context.Context, string, string) (net.Conn, error) {
					dials++
					near, far := net.Pipe()
					serving.Go(func() { s.serve(far) })
					return near, nil
				}
				m := message(clock, 0)
				raw := string(m.Raw)
				before := clock.Now()
				a := smtpsend.New(smtpsend.Config{EHLO: "probe.example.org", Endpoint: e, Sign: func(raw []byte) ([]byte, error) {
					time.Sleep(time.Second)
					return append([]byte("DKIM-Signature: v=1\r\n"), raw...), c.err
				}}).Send(t.Context(), m)
				serving.Wait()
				if a.Result != c.want || !errors.Is(a.Err, c.err) || errors.Is(a.Err, probe.ErrOurs) != (c.err != nil) {
					t.Errorf("got %v, %v, want %v, %v", a.Result, a.Err, c.want, c.err)
				}
				if a.Began.Sub(before) != time.Second || total(a.Phases) != 0 || c.err != nil && (dials > 0 || len(a.Phases) > 0) {
					t.Errorf("got it begun %v after the signing began, with phases %v and %d dials, want 1s, none of it in a phase, and a dial of the signed alone", a.Began.Sub(before), a.Phases, dials)
				}
				if c.err == nil && !strings.Contains(strings.Join(s.heard, "\r\n"), "\r\nDKIM-Signature: v=1\r\n"+raw) || string(m.Raw) != raw {
					t.Errorf("got %q said and %q left, want the signed and the old message", s.heard, m.Raw)
				}
			})
		})
	}
}
