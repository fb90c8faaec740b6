package imapwatch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
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
	folders []*folder
	conn    *meteredConn
	client  *imapclient.Client
	notices *notices
	opened  bool // the first look has been taken
	release func() bool
}

// open connects, encrypts and logs in.
func (w *Watcher) open(ctx context.Context) (*session, error) {
	dial := w.cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: commandTimeout}).DialContext
	}
	conn, err := dial(ctx, "tcp", w.cfg.Server)
	if err != nil {
		return nil, err
	}
	s := &session{cfg: w.cfg, folders: w.folders, conn: &meteredConn{Conn: conn}, notices: newNotices(w.cfg.Clock)}
	// The library knows no contexts: when ours ends, the connection does.
	s.release = context.AfterFunc(ctx, func() { conn.Close() })
	if err := s.start(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// start brings the connection to the authenticated state.
func (s *session) start(ctx context.Context) error {
	options := &imapclient.Options{UnilateralDataHandler: s.notices.handler()}
	if s.cfg.TLS != probe.NoTLS {
		config, err := s.cfg.TLSConfig()
		if err != nil {
			return err
		}
		options.TLSConfig = config
	}
	if err := s.do("connecting", func() error { return s.encrypt(ctx, options) }); err != nil {
		return err
	}
	if err := s.do("waiting for the greeting", s.client.WaitGreeting); err != nil {
		return err
	}
	if err := s.do("logging in", s.logIn); err != nil {
		return err
	}
	// Asked for now, lest the library asks by itself behind an IDLE.
	return s.do("asking for capabilities", func() error { s.client.Caps(); return nil })
}

// encrypt makes the client, over TLS if wanted; the certificate is verified.
func (s *session) encrypt(ctx context.Context, options *imapclient.Options) (err error) {
	switch s.cfg.TLS {
	case probe.StartTLS:
		s.client, err = imapclient.NewStartTLS(s.conn, options)
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: the server hung up on words in the clear: is tls: implicit meant?", err)
		}
		return probe.ExplainTLS(err)
	case probe.ImplicitTLS:
		encrypted := tls.Client(s.conn, options.TLSConfig)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return probe.ExplainTLS(err)
		}
		s.client = imapclient.New(encrypted, options)
	default:
		s.client = imapclient.New(s.conn, options)
	}
	return nil
}

// logIn authenticates by PLAIN where it is offered, else by LOGIN.
func (s *session) logIn() error {
	password, err := s.cfg.Password()
	if err != nil {
		return fmt.Errorf("%w: %w", probe.ErrOurs, err)
	}
	if s.client.Caps().Has(imap.AuthCap("PLAIN")) {
		err = s.client.Authenticate(sasl.NewPlainClient("", s.cfg.Username, password))
	} else {
		err = s.client.Login(s.cfg.Username, password).Wait()
	}
	if refusal := new(imap.Error); errors.As(err, &refusal) {
		return fmt.Errorf("user %q: %w: check the user name and the password's file or variable", s.cfg.Username, err)
	}
	return err
}

// do runs one command under a watchdog.
func (s *session) do(what string, command func() error) error {
	w := s.watch()
	err := command()
	if why := w.stop(); why != nil && err != nil {
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

// rest waits until the next look is due: in IDLE, so that a push may wake it, if
// the wait is long enough.
func (s *session) rest(ctx context.Context, pace probe.Pace) error {
	for {
		changed := pace.Changed()
		now := s.cfg.Clock.Now()
		next := pace.Next()
		if !next.IsZero() && !next.After(now) {
			return ctx.Err()
		}
		if next.IsZero() || next.Sub(now) > rotation {
			next = now.Add(rotation)
		}
		woken, err := s.wait(ctx, next, changed)
		if err != nil || !woken {
			return err
		}
	}
}

// wait waits for a moment; woken says that the pace has changed before it came.
func (s *session) wait(ctx context.Context, until time.Time, changed <-chan struct{}) (woken bool, err error) {
	left := s.cfg.Clock.Until(until)
	var pushed <-chan struct{}
	if left >= idleFrom && s.canIdle() {
		idle, err := s.idle()
		if err != nil {
			return false, err
		}
		defer func() {
			if ended := s.do("ending IDLE", func() error { return endIdle(idle) }); err == nil {
				err = ended
			}
		}()
		pushed = s.notices.pushed
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-pushed:
	case <-changed:
		return true, nil
	case <-s.client.Closed():
		return false, errors.New("the server has closed the connection")
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return false, nil
}

func (s *session) canIdle() bool {
	caps := s.client.Caps()
	return caps.Has(imap.CapIdle) || caps.Has(imap.CapIMAP4rev2)
}

func (s *session) idle() (idle *imapclient.IdleCommand, err error) {
	err = s.do("starting IDLE", func() error {
		idle, err = s.client.Idle()
		return err
	})
	return idle, err
}

func endIdle(idle *imapclient.IdleCommand) error {
	if err := idle.Close(); err != nil {
		return err
	}
	return idle.Wait()
}
