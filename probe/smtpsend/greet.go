package smtpsend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/probe"
)

// WhenOffered is a mode for Greet alone, and how the servers of the Internet treat
// each other (RFC 7435): STARTTLS where it is offered, and a certificate that is not
// good is told and not minded. Neither a password nor mail goes over the connection.
const WhenOffered probe.TLSMode = "when offered"

// Greeting is what a server showed when it was greeted and given nothing.
type Greeting struct {
	Phases    []probe.Phase // as an attempt's, and noop; the last one may be the one that failed
	Reply     *probe.Reply  // that refused, if one did
	Heard     bool          // something came of the answer that was waited for last
	GoodUntil time.Time     // of the certificate; zero: none was shown
	Untrusted error         // what is wrong with a certificate that was not minded
	Err       error         // what went wrong; nil when all was answered as it should
}

// Greet connects, reads the banner, encrypts, says EHLO, NOOP (RFC 5321 section
// 4.1.1.9) and QUIT, and never a mail. It does not log in. Whatever the server says
// or does not say, it ends no later than two seconds after the context, which should
// have a deadline. It is safe for concurrent use.
func (s *Sender) Greet(ctx context.Context) Greeting {
	t := &transaction{cfg: s.cfg, began: s.cfg.Clock.Now()}
	t.mark = t.began
	g := Greeting{}
	d, err := t.greetOnly(ctx)
	if err != nil {
		_, g.Reply, g.Err = t.failed(ctx, probe.NotSent, err)
	}
	g.Phases, g.GoodUntil, g.Untrusted = t.phases, t.goodUntil, t.untrusted
	g.Heard = d != nil && d.heard > 0
	return g
}

// greetOnly runs the dialogue; it gives none if it never began.
func (t *transaction) greetOnly(ctx context.Context) (*dialogue, error) {
	conn, err := t.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { conn.Close() }()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	d, err := t.stage(ctx, conn)
	if d == nil {
		return nil, err
	}
	if err == nil {
		client := smtp.NewClient(d)
		if err = t.phase("ehlo", func() error { return client.Hello(t.cfg.EHLO) }); err == nil {
			err = t.phase("noop", client.Noop)
		}
	}
	heard := d.heard
	leave(d, conn)
	d.heard = heard
	return d, err
}

// leave takes leave properly (RFC 5321 section 4.1.1.10), also of a server that has
// refused; one that breaks the protocol is not spoken to any more.
func leave(d *dialogue, conn net.Conn) {
	cut := time.AfterFunc(quitTimeout, func() { conn.Close() })
	defer cut.Stop()
	text := textproto.NewConn(d)
	if text.PrintfLine("QUIT") == nil {
		_, _, _ = text.ReadResponse(221)
	}
}

// doesWithout tells an answer to EHLO with which a server may go on unencrypted: it
// knows HELO alone (RFC 5321 section 3.2).
func (t *transaction) doesWithout(err error) bool {
	refusal := new(smtp.SMTPError)
	return t.cfg.TLS == WhenOffered && (errors.Is(err, errNotOffered) ||
		errors.As(err, &refusal) && (refusal.Code == 500 || refusal.Code == 502))
}

// tolerate lets a handshake go on whatever the certificate is, and old servers take
// part: what is wrong is kept.
func (t *transaction) tolerate(config *tls.Config) {
	config.InsecureSkipVerify = true
	config.MinVersion = tls.VersionTLS10
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if err := probe.VerifyCertificate(config, &state); err != nil {
			t.untrusted = fmt.Errorf("tls: %w", err)
		}
		t.goodUntil = probe.GoodUntil(state, t.untrusted)
		return nil
	}
}
