package smtpsend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/probe"
)

// connect resolves the name and dials its addresses in turn.
func (t *transaction) connect(ctx context.Context) (conn net.Conn, err error) {
	if t.cfg.Dial != nil {
		err = t.phase("connect", func() error {
			conn, err = t.cfg.Dial(ctx, "tcp", t.cfg.Server)
			return err
		})
		return conn, err
	}
	host, port, err := net.SplitHostPort(t.cfg.Server)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", probe.ErrOurs, err)
	}
	addresses := []string{host}
	if net.ParseIP(host) == nil {
		err = t.phase("dns", func() error {
			addresses, err = net.DefaultResolver.LookupHost(ctx, host)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	err = t.phase("connect", func() error {
		conn, err = dialFirst(ctx, addresses, port)
		return err
	})
	return conn, err
}

// dialFirst connects to the first address that answers. One that swallows packets
// does not get all the time while there are others.
func dialFirst(ctx context.Context, addresses []string, port string) (net.Conn, error) {
	var problems []error
	for i, a := range addresses {
		dialer := net.Dialer{Timeout: longestDial}
		if i == len(addresses)-1 {
			dialer.Timeout = 0
		}
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(a, port))
		if err == nil {
			return conn, nil
		}
		problems = append(problems, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(problems...)
}

// longestDial bounds the dial of an address behind which there are others.
const longestDial = 10 * time.Second

// stage brings a fresh connection to the point where go-smtp can take over: the
// banner has been read, and the connection is encrypted as wanted. The library then
// reads a banner of ours. The dialogue is nil only if it has not begun.
func (t *transaction) stage(ctx context.Context, conn net.Conn) (*dialogue, error) {
	if t.cfg.TLS == probe.ImplicitTLS {
		encrypted, err := t.encrypt(ctx, conn)
		if err != nil {
			return nil, err
		}
		conn = encrypted
	}
	d := newDialogue(conn)
	text := textproto.NewConn(d)
	if err := t.phase("banner", func() error { return t.expect(text, 220) }); err != nil {
		return d, err
	}
	if t.cfg.TLS == probe.StartTLS || t.cfg.TLS == WhenOffered {
		if err := t.upgrade(ctx, d, text); err != nil && !t.doesWithout(err) {
			return d, err
		}
	}
	d.ahead = []byte("220 staged\r\n")
	return d, nil
}

// upgrade encrypts a dialogue that has begun in the clear.
func (t *transaction) upgrade(ctx context.Context, d *dialogue, text *textproto.Conn) error {
	if err := t.phase("ehlo", func() error { return t.greet(text) }); err != nil {
		return err
	}
	if err := t.phase("tls", func() error { return t.startTLS(d, text) }); err != nil {
		return err
	}
	encrypted, err := t.encrypt(ctx, d.Conn)
	if err != nil {
		d.broken = err
		return err
	}
	d.over(encrypted)
	return nil
}

// greet says EHLO and looks for STARTTLS (RFC 3207 section 2).
func (t *transaction) greet(text *textproto.Conn) error {
	if err := text.PrintfLine("EHLO %s", t.cfg.EHLO); err != nil {
		return err
	}
	_, lines, err := text.ReadResponse(250)
	if err != nil {
		return smtpError(err)
	}
	for line := range strings.Lines(lines) {
		if strings.EqualFold(strings.TrimSpace(line), "STARTTLS") {
			return nil
		}
	}
	return errNotOffered
}

var errNotOffered = errors.New("the server does not offer STARTTLS: is tls: implicit or none meant?")

// startTLS asks for encryption. Whatever comes in the clear behind the answer
// would be taken for the encrypted server's word (CVE-2011-0411): it is refused.
func (t *transaction) startTLS(d *dialogue, text *textproto.Conn) error {
	if err := text.PrintfLine("STARTTLS"); err != nil {
		return fmt.Errorf("starttls: %w", err)
	}
	if err := t.expect(text, 220); err != nil {
		return fmt.Errorf("starttls: %w", err)
	}
	if n := d.lines.Buffered(); n > 0 {
		return fmt.Errorf("starttls: got %d bytes in the clear after the server's go-ahead, want none", n)
	}
	return nil
}

func (t *transaction) expect(text *textproto.Conn, code int) error {
	_, _, err := text.ReadResponse(code)
	return smtpError(err)
}

// smtpError makes of a textproto reply what go-smtp makes of one.
func smtpError(err error) error {
	var refusal *textproto.Error
	if !errors.As(err, &refusal) {
		return err
	}
	enhanced, text := splitEnhanced(refusal.Msg)
	return &smtp.SMTPError{Code: refusal.Code, EnhancedCode: enhanced, Message: oneLine(text)}
}

// encrypt shakes hands; the certificate is always verified.
func (t *transaction) encrypt(ctx context.Context, conn net.Conn) (*tls.Conn, error) {
	config, err := t.cfg.TLSConfig()
	if err != nil {
		return nil, err
	}
	if t.cfg.TLS == WhenOffered {
		t.tolerate(config)
	}
	encrypted := tls.Client(promptConn{conn}, config)
	return encrypted, t.phase("tls", func() error {
		err := encrypted.HandshakeContext(ctx)
		if t.goodUntil.IsZero() {
			t.goodUntil = probe.GoodUntil(encrypted.ConnectionState(), err)
		}
		return probe.ExplainTLS(err)
	})
}

// promptConn acknowledges what it has read before it waits for more. A TLS 1.3
// server sends session tickets behind the handshake; where it leaves Nagle's
// algorithm on, as Postfix does, its answer to EHLO waits until they are
// acknowledged, and the kernel would hold that back for 40 ms (RFC 9293 section
// 3.8.6.3): four times what the rest of a delivery inside a site takes.
type promptConn struct{ net.Conn }

func (c promptConn) Read(p []byte) (int, error) {
	acknowledge(c.Conn)
	return c.Conn.Read(p)
}
