package probetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// SenderFixture is what the suite for senders needs of a mail system.
type SenderFixture struct {
	Clock     probe.Clock
	From, To  string              // To exists and takes what From sends
	Nobody    string              // an address that is refused with a 5xx reply
	Sender    probe.Sender        // all is well
	WrongUser probe.Sender        // the password is wrong; nil: this way needs none
	Dead      probe.Sender        // nobody listens there
	Silent    probe.Sender        // somebody listens there and never says a word
	Endless   probe.Sender        // somebody listens there and never comes to an end
	Arrived   func(probe.ID) bool // whether a message is in the mailbox
	Secret    string              // the password, which no error may tell

	// Said gives all that was said with MAIL and RCPT for messages, a command a line.
	// Nil: nobody can tell.
	Said    func() []string
	Reports bool // the server offers reports (RFC 3461), and takes what asks for them
}

// Sender holds an implementation of probe.Sender to its contract.
func Sender(t *testing.T, arena Arena, fixture func(t *testing.T) SenderFixture) {
	for name, test := range map[string]func(*testing.T, SenderFixture){
		"a message is accepted and arrives":            accepted,
		"many at once arrive":                          manyAtOnce,
		"reports are asked for, or it does not matter": reportsAsked,
		"a refusal keeps the reply":                    refused,
		"a wrong password is our own trouble":          wrongPassword,
		"a dead server is not our trouble":             dead,
		"a silent server ends with the context":        silent,
		"an endless answer is not waited for":          endless,
		"a cancelled attempt is our own trouble":       cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			arena(t, func(t *testing.T) { test(t, fixture(t)) })
		})
	}
}

func (f SenderFixture) send(ctx context.Context, s probe.Sender, to string) (*probe.Message, probe.Attempt) {
	m := Message(f.Clock, f.From, to)
	return m, s.Send(ctx, m)
}

func (f SenderFixture) awaitArrival(t *testing.T, id probe.ID) {
	t.Helper()
	for started := f.Clock.Now(); !f.Arrived(id); {
		if f.Clock.Since(started) > patience {
			t.Fatalf("message %v has not arrived after %v", id, patience)
		}
		_ = f.Clock.SleepUntil(t.Context(), f.Clock.Now().Add(20*time.Millisecond))
	}
}

func accepted(t *testing.T, f SenderFixture) {
	before := f.Clock.Now()
	m, a := f.send(t.Context(), f.Sender, f.To)
	elapsed := f.Clock.Since(before)
	if a.Result != probe.Accepted || a.Err != nil {
		t.Fatalf("got %v, %v, want accepted", a.Result, a.Err)
	}
	if a.Reply == nil || a.Reply.Code != 250 {
		t.Errorf("got reply %+v, want the 250 to the final dot", a.Reply)
	}
	if a.Began.Before(before) || a.Began.After(before.Add(elapsed)) {
		t.Errorf("got began %v, want between %v and %v later", a.Began, before, elapsed)
	}
	checkPhases(t, a.Phases, elapsed)
	if got := a.Phases[len(a.Phases)-1].Name; got != "reply" {
		t.Errorf("got last phase %q, want reply", got)
	}
	f.awaitArrival(t, m.Tag.ID)
}

// checkPhases holds that phases are known, come once each, and fit into the time.
func checkPhases(t *testing.T, phases []probe.Phase, elapsed time.Duration) {
	t.Helper()
	var sum time.Duration
	seen := make(map[string]bool)
	for _, p := range phases {
		if !slices.Contains(probe.Phases[:], p.Name) || seen[p.Name] || p.Took < 0 {
			t.Errorf("got phase %+v, want each of %v at most once, and no negative time", p, probe.Phases)
		}
		seen[p.Name] = true
		sum += p.Took
	}
	if sum > elapsed {
		t.Errorf("got phases of %v together, want at most the %v that passed", sum, elapsed)
	}
}

// reportsAsked holds that reports are asked for where they are offered, once, that they
// name the message as we do, and that nothing depends on it.
func reportsAsked(t *testing.T, f SenderFixture) {
	m, a := f.send(t.Context(), f.Sender, f.To)
	if a.Result != probe.Accepted || a.Err != nil {
		t.Fatalf("got %v, %v, want accepted", a.Result, a.Err)
	}
	f.awaitArrival(t, m.Tag.ID)
	if f.Said == nil {
		return
	}
	said := f.Said()
	for i := range said {
		said[i] = strings.ReplaceAll(said[i], " BODY=8BITMIME", "") // goes without saying
	}
	want := []string{"MAIL FROM:<" + f.From + ">", "RCPT TO:<" + f.To + ">"}
	if f.Reports {
		want[0] += " RET=HDRS ENVID=" + m.Envelope
		want[1] += " NOTIFY=FAILURE,DELAY ORCPT=rfc822;" + f.To
	}
	if got := said[max(0, len(said)-2):]; len(got) != 2 || !strings.EqualFold(got[0], want[0]) || !strings.EqualFold(got[1], want[1]) {
		t.Errorf("got %q, want at the end %q", said, want)
	}
	if f.Reports && len(said) != 2 {
		t.Errorf("got %q, want each once", said)
	}
}

func manyAtOnce(t *testing.T, f SenderFixture) {
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			m, a := f.send(t.Context(), f.Sender, f.To)
			if a.Result != probe.Accepted {
				t.Errorf("got %v, %v, want accepted", a.Result, a.Err)
				return
			}
			f.awaitArrival(t, m.Tag.ID)
		})
	}
	all.Wait()
}

func refused(t *testing.T, f SenderFixture) {
	before := f.Clock.Now()
	_, a := f.send(t.Context(), f.Sender, f.Nobody)
	if a.Result != probe.Refused || a.Reply == nil || a.Reply.Temporary() || a.Reply.Text == "" || a.Err == nil || errors.Is(a.Err, probe.ErrOurs) {
		t.Errorf("got %v, reply %+v, %v, want a refusal with its 5xx reply", a.Result, a.Reply, a.Err)
	}
	checkPhases(t, a.Phases, f.Clock.Since(before))
	if got := a.Phases[len(a.Phases)-1].Name; got != "rcpt" {
		t.Errorf("got last phase %q, want rcpt", got)
	}
}

func wrongPassword(t *testing.T, f SenderFixture) {
	if f.WrongUser == nil {
		return // this way asks for no password
	}
	_, a := f.send(t.Context(), f.WrongUser, f.To)
	if a.Result != probe.NotSent || !errors.Is(a.Err, probe.ErrOurs) {
		t.Fatalf("got %v, %v, want not sent by our own trouble", a.Result, a.Err)
	}
	if strings.Contains(a.Err.Error(), f.Secret) {
		t.Errorf("the error tells the password: %v", a.Err)
	}
}

func dead(t *testing.T, f SenderFixture) {
	before := f.Clock.Now()
	_, a := f.send(t.Context(), f.Dead, f.To)
	if a.Result != probe.NotSent || a.Err == nil || errors.Is(a.Err, probe.ErrOurs) {
		t.Errorf("got %v, %v, want not sent, and not by our own trouble", a.Result, a.Err)
	}
	checkPhases(t, a.Phases, f.Clock.Since(before))
}

func silent(t *testing.T, f SenderFixture) {
	const limit = 500 * time.Millisecond
	before := f.Clock.Now()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	_, a := f.send(ctx, f.Silent, f.To)
	took := f.Clock.Since(before)
	if a.Result != probe.NotSent || a.Err == nil || errors.Is(a.Err, probe.ErrOurs) {
		t.Errorf("got %v, %v, want not sent, and not by our own trouble", a.Result, a.Err)
	}
	if took < limit || took > limit+5*time.Second {
		t.Errorf("it took %v, want the %v that it was given", took, limit)
	}
	if n := len(a.Phases); n == 0 || a.Phases[n-1].Took <= 0 {
		t.Errorf("got phases %+v, want the time of the silence", a.Phases)
	}
}

func endless(t *testing.T, f SenderFixture) {
	before := f.Clock.Now()
	_, a := f.send(t.Context(), f.Endless, f.To)
	if a.Result != probe.NotSent || a.Err == nil || errors.Is(a.Err, probe.ErrOurs) {
		t.Errorf("got %v, %v, want not sent, and not by our own trouble", a.Result, a.Err)
	}
	took := f.Clock.Since(before)
	if took > patience {
		t.Errorf("it took %v, want an end of its own", took)
	}
	checkPhases(t, a.Phases, took)
}

func cancelled(t *testing.T, f SenderFixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, a := f.send(ctx, f.Sender, f.To)
	if a.Result != probe.NotSent || !errors.Is(a.Err, probe.ErrOurs) {
		t.Errorf("got %v, %v, want not sent by our own trouble", a.Result, a.Err)
	}
}
