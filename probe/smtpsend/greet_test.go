package smtpsend_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// greeting lists the steps of a greeting that is encrypted with STARTTLS.
func greeting() []step {
	steps := submission()[:4]
	return append(steps,
		step{"EHLO again", "", "250 mx.example.com", encrypted},
		step{"NOOP", "", "250 2.0.0 Ok", encrypted + " noop"},
		step{"QUIT", "", "221 bye", encrypted + " noop"})
}

// A server that lies at some step costs no more than the greeting: the phases so far
// and the refusal are kept, and nothing is left over.
func TestGreetingsAndLies(t *testing.T) {
	e := secured(t)
	steps := greeting()
	for name, l := range lies() {
		for i, step := range steps {
			for _, mode := range []probe.TLSMode{probe.StartTLS, smtpsend.WhenOffered} {
				t.Run(name+" at "+step.name+", "+string(mode), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := answersTo(steps, i, l.says(step))
						s.tls = e.server
						g, took := s.greet(t, e, mode)
						l.checkGreeting(t, step, g)
						if took != l.duration(step) {
							t.Errorf("it took %v, want %v", took, l.duration(step))
						}
						if heard := strings.Join(s.heard, ", "); strings.Contains(heard, "MAIL") || strings.Contains(heard, "AUTH") {
							t.Errorf("the server heard %q, want neither mail nor a login", heard)
						}
					})
				})
			}
		}
	}
}

func (l lie) checkGreeting(t *testing.T, s step, g smtpsend.Greeting) {
	t.Helper()
	refused, err := l.reply, l.err
	switch s.name {
	case "QUIT":
		refused, err = "", ""
	case "the handshake":
		refused, err = "", "tls: "
	}
	if (g.Err == nil) != (err == "") || g.Err != nil && !strings.Contains(g.Err.Error(), err) || errors.Is(g.Err, probe.ErrOurs) {
		t.Errorf("got error %v, want %q and no trouble of ours", g.Err, err)
	}
	if got := reply(probe.Attempt{Reply: g.Reply}); got != refused {
		t.Errorf("got reply %q, want %q", got, refused)
	}
	if got := phases(probe.Attempt{Phases: g.Phases}); got != s.phases {
		t.Errorf("got phases %s, want %s", got, s.phases)
	}
	shown := strings.HasPrefix(s.phases, encrypted) && s.name != "the handshake" && s.name != "STARTTLS"
	if g.GoodUntil.IsZero() == shown {
		t.Errorf("got a certificate until %v, want one: %v", g.GoodUntil, shown)
	}
}

// greet greets the script over a pipe, in a bubble of simulated time.
func (s *script) greet(t *testing.T, e security, mode probe.TLSMode) (smtpsend.Greeting, time.Duration) {
	t.Helper()
	var serving sync.WaitGroup
	clock := probe.NewClock()
	endpoint := e.endpoint(clock)
	endpoint.TLS = mode
	endpoint.Dial = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		serving.Go(func() { s.serve(far) })
		return near, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	began := clock.Now()
	g := smtpsend.New(smtpsend.Config{EHLO: "probe.example.org", Endpoint: endpoint}).Greet(ctx)
	took := clock.Since(began)
	serving.Wait()
	return g, took
}

// What was heard of an answer tells a server that is slow from one that is silent.
func TestGreetTellsSilenceFromSlowness(t *testing.T) {
	for answer, heard := range map[string]bool{"silence": false, "slow 220 " + strings.Repeat("x", 200): true, "flood 220-x\r\n": true} {
		synctest.Test(t, func(t *testing.T) {
			g, _ := (&script{banner: answer}).greet(t, security{}, probe.NoTLS)
			if g.Heard != heard || g.Err == nil {
				t.Errorf("%.20s: got heard %v and error %v, want %v and an error", answer, g.Heard, g.Err, heard)
			}
		})
	}
}

// A refusal has been heard, whatever comes of the leave-taking behind it.
func TestGreetHearsARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, took := (&script{banner: "220 mx", answers: []string{"550 no", "silence"}}).greet(t, security{}, probe.NoTLS)
		if !g.Heard || g.Reply == nil || g.Reply.Code != 550 || took != 2*time.Second {
			t.Errorf("got heard %v and reply %v in %v, want 550 to be heard and 2 s of leave-taking", g.Heard, g.Reply, took)
		}
	})
}

// Where TLS is only offered, an old version will do: the mail that passes is none the
// worse for it. The certificate is judged all the same.
func TestGreetTakesOldTLSWhenOffered(t *testing.T) {
	authority, file := trusted(t)
	root := bubbleBegins().Add(10 * 365 * 24 * time.Hour) // as the authority is made
	certificate, err := authority.IssueBetween(bubbleBegins(), root.Add(time.Hour), "mx.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for mode, works := range map[probe.TLSMode]bool{smtpsend.WhenOffered: true, probe.StartTLS: false} {
		synctest.Test(t, func(t *testing.T) {
			s := answersTo(greeting(), 6, "221 bye")
			s.tls = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
			g, _ := s.greet(t, security{caFile: file}, mode)
			if (g.Err == nil) != works || g.Untrusted != nil {
				t.Errorf("%s: got errors %v and %v, want it to work: %v", mode, g.Err, g.Untrusted, works)
			}
			if works && !g.GoodUntil.Equal(root) {
				t.Errorf("got a certificate until %v, want the end of its authority's, %v", g.GoodUntil, root)
			}
		})
	}
}
