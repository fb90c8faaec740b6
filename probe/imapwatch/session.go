package imapwatch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"github.com/mailpath/mailpath/probe"
)

// session is one connection, used from one goroutine.
type session struct {
	cfg     Config
	folders []*folder // that are watched over it; none before find
	passed  []*folder // that are known and not watched for now
	conn    *meteredConn
	wire    *wire
	client  *imapclient.Client
	caps    imap.CapSet
	notices *notices
	release func() bool

	greeted   bool
	goodUntil time.Time // of the server's certificate

	examined     string    // the folder that is open read-only
	begun        bool      // the first look has been taken
	looked       time.Time // the last look began then
	idleRefused  bool
	sideCommands int

	enabled        bool      // IMAP4rev2 was asked for
	junkless       bool      // a folder for junk is wanted and there is none, or one more
	listed         time.Time // it was asked for then
	bodyless       time.Time // no body is asked for before
	lostOverBodies bool      // the connection
}

// open connects, encrypts and logs in.
func (w *Watcher) open(ctx context.Context) (*session, error) {
	s, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// connect makes a session of a connection over which nothing has been said.
func (w *Watcher) connect(ctx context.Context) (*session, error) {
	dial := w.cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: commandTimeout}).DialContext
	}
	conn, err := dial(ctx, "tcp", w.cfg.Server)
	if err != nil {
		return nil, err
	}
	s := &session{cfg: w.cfg, bodyless: w.bodyless, conn: &meteredConn{Conn: conn}, notices: newNotices(w.cfg.Clock)}
	// The library knows no contexts: when ours ends, the connection does.
	s.release = context.AfterFunc(ctx, func() { conn.Close() })
	return s, nil
}

// start brings the connection to the authenticated state.
func (s *session) start(ctx context.Context) error {
	if err := s.stage(ctx); err != nil {
		return err
	}
	return s.authenticated()
}

// authenticated gives a staged connection to the library and logs in.
func (s *session) authenticated() error {
	s.client = imapclient.New(s.wire, &imapclient.Options{UnilateralDataHandler: s.notices.handler()})
	if err := s.do("waiting for the library", s.client.WaitGreeting); err != nil {
		return err
	}
	s.caps = s.client.Caps()
	s.wire.entering()
	if err := s.do("logging in", s.logIn); err != nil {
		return err
	}
	if s.caps = s.client.Caps(); s.wire.told() {
		return nil
	}
	return s.do("asking for capabilities", s.learn)
}

// learn asks for the capabilities: those before the login are not those after it.
func (s *session) learn() error {
	caps, err := s.client.Capability().Wait()
	if caps != nil {
		s.caps = caps
	}
	return err
}

// logIn authenticates by PLAIN where it is offered, else by LOGIN.
func (s *session) logIn() error {
	password, err := s.cfg.Password()
	if err != nil {
		return fmt.Errorf("%w: %w", probe.ErrOurs, err)
	}
	if s.caps.Has(imap.AuthCap("PLAIN")) {
		err = s.client.Authenticate(sasl.NewPlainClient("", s.cfg.Username, password))
	} else {
		err = s.client.Login(s.cfg.Username, password).Wait()
	}
	if isRefusal(err) {
		return fmt.Errorf("user %q: %w: check the user name and the password's file or variable", s.cfg.Username, err)
	}
	return err
}

// isRefusal tells whether an error is the server's answer NO or BAD: the connection
// is as good as before.
func isRefusal(err error) bool { return errors.As(err, new(*imap.Error)) }

// do runs one command under a watchdog. Where the connection has ended, its error
// says why, which the library does not know.
func (s *session) do(what string, command func() error) error {
	w := s.watch()
	err := command()
	why := w.stop()
	if why == nil && s.wire != nil {
		why = s.wire.problem()
	}
	if err != nil && why != nil && !isRefusal(err) && !errors.Is(err, why) {
		err = why
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// close ends the connection, politely if it still answers.
func (s *session) close() {
	if s.client != nil && s.client.State() == imap.ConnStateSelected {
		polite := time.AfterFunc(time.Second, func() { s.conn.Close() })
		_ = s.client.Logout().Wait()
		polite.Stop()
	}
	s.release()
	s.conn.Close()
	if s.client != nil {
		s.client.Close()
		<-s.client.Closed()
	}
}
