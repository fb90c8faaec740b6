package imapwatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailpath/mailpath/probe"
)

// Greeting is what a server showed when it was greeted and no mailbox was opened.
type Greeting struct {
	Phases    []probe.Phase // connect, greeting (with tls in it) and login; the last one may be the one that failed
	Greeted   bool          // the server's greeting has come
	GoodUntil time.Time     // of the certificate; zero: none was shown
	Err       error         // wraps probe.ErrOurs when the login is refused and ErrSilent when no word came
}

// Greet connects, reads the greeting, encrypts as the endpoint says, logs in where it
// has a user, and logs out (RFC 9051 section 6.1.3). Whatever the server says or does
// not say, it ends no later than a second after the context, which should have a
// deadline. It is safe for concurrent use.
func Greet(ctx context.Context, e probe.Endpoint) Greeting {
	g := Greeting{}
	mark := e.Clock.Now()
	phase := func(name string, err error) bool {
		now := e.Clock.Now()
		g.Phases = append(g.Phases, probe.Phase{Name: name, Took: now.Sub(mark)})
		mark = now
		if err != nil {
			g.Err = fmt.Errorf("%s: %w", name, probe.OursOr(ctx, err))
		}
		return err == nil
	}
	s, err := New(Config{Endpoint: e}).connect(ctx)
	if !phase("connect", err) {
		return g
	}
	defer s.close()
	staged := phase("greeting", s.stage(ctx))
	g.Greeted, g.GoodUntil = s.greeted, s.goodUntil
	if staged {
		defer s.leave()
	}
	if staged && e.Username != "" {
		phase("login", oursIfRefused(s.authenticated()))
	}
	return g
}

// leave takes leave properly, but not for long.
func (s *session) leave() {
	polite := time.AfterFunc(time.Second, func() { s.conn.Close() })
	defer polite.Stop()
	if s.client == nil {
		_, _ = s.wire.ask("LOGOUT")
		return
	}
	_ = s.client.Logout().Wait()
}

// oursIfRefused marks a refused login as the probe's own trouble: the password may be
// an old one. A server that says it cannot check one now (RFC 5530 section 3) is
// another matter.
func oursIfRefused(err error) error {
	refusal := new(imap.Error)
	unable := []imap.ResponseCode{imap.ResponseCodeUnavailable, imap.ResponseCodeServerBug, imap.ResponseCodeInUse, imap.ResponseCodeLimit}
	if !errors.As(err, &refusal) || slices.Contains(unable, refusal.Code) {
		return err
	}
	return fmt.Errorf("%w: %w", probe.ErrOurs, err)
}
