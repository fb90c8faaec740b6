package imapwatch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// wire is a connection as the library is given it: greeted, encrypted as wanted,
// and behind the filter.
type wire struct {
	net.Conn
	*filter
	held    []byte // written and not sent yet
	holding bool
}

func (w *wire) Read(p []byte) (int, error) { return w.filter.Read(p) }

// Write sends what the library writes. What follows is the answer to it.
func (w *wire) Write(p []byte) (int, error) {
	w.spent.Store(0)
	if w.holding {
		w.held = append(w.held, p...)
		return len(p), nil
	}
	return w.Conn.Write(p)
}

// together sends what is written meanwhile in one piece: commands that go out one by
// one come back one by one, each at the price of a packet, a record and a wake-up.
func (w *wire) together(write func()) error {
	w.holding = true
	write()
	w.holding = false
	_, err := w.Conn.Write(w.held)
	w.held = w.held[:0]
	return err
}

// stage brings a fresh connection to the point where the library takes over. The
// library would wait a minute for a greeting, and for ever for an answer to STARTTLS.
func (s *session) stage(ctx context.Context) error {
	var conn net.Conn = s.conn
	var err error
	if s.cfg.TLS == probe.ImplicitTLS {
		if conn, err = s.encrypt(ctx); err != nil {
			return err
		}
	}
	s.wire = &wire{Conn: conn, filter: newFilter(conn, s.notices)}
	err = s.do("waiting for the greeting", func() error { return s.wire.greeted() })
	if s.cfg.TLS != probe.ImplicitTLS && (errors.Is(err, ErrSilent) || errors.Is(err, errHungUp)) {
		return fmt.Errorf("%w: is tls: implicit meant?", err)
	}
	if err != nil {
		return err
	}
	s.greeted = true
	if s.cfg.TLS == probe.StartTLS {
		if err := s.do("starttls", s.wire.startTLS); err != nil {
			return err
		}
		if conn, err = s.encrypt(ctx); err != nil {
			return err
		}
		// What was said in the clear is forgotten (RFC 9051 section 6.2.1).
		s.wire = &wire{Conn: conn, filter: newFilter(conn, s.notices)}
	}
	if s.wire.capabilities == nil {
		if err := s.do("asking for capabilities", s.wire.offers); err != nil {
			return err
		}
	}
	s.wire.unread = fmt.Appendf(nil, "* OK [CAPABILITY%s] -\r\n", s.wire.capabilities)
	return nil
}

// greeted reads the greeting (RFC 9051 section 7.1.4).
func (f *filter) greeted() error {
	line, err := f.response()
	if err != nil {
		return f.fail(err)
	}
	rest, untagged := bytes.CutPrefix(line, []byte("* "))
	w := words{rest}
	if !untagged || !strings.EqualFold(string(w.atom()), "OK") {
		return fmt.Errorf("got %q, want * OK", excerpt(line, ""))
	}
	if code, argument, _ := cutCode(&w); code == capability {
		f.capabilities = atoms(argument)
	}
	return nil
}

// startTLS asks for encryption. Whatever comes in the clear behind the answer
// would be taken for the encrypted server's word (CVE-2011-0411): it is refused.
func (w *wire) startTLS() error {
	answer, err := w.ask("STARTTLS")
	switch {
	case errors.Is(err, errHungUp):
		return fmt.Errorf("%w: the server hung up on words in the clear: is tls: implicit meant?", err)
	case err != nil:
		return err
	case !isOK(answer):
		return fmt.Errorf("the server answers %q, want OK: is tls: implicit or none meant?", excerpt(answer, ""))
	case w.from.Buffered() > 0:
		return fmt.Errorf("got %d bytes in the clear after the server's go-ahead, want none", w.from.Buffered())
	}
	return nil
}

// offers asks for the capabilities. The library would do that by itself, at its own
// time: behind an IDLE, if it comes to that.
func (w *wire) offers() error {
	answer, err := w.ask("CAPABILITY")
	if err == nil && !isOK(answer) {
		err = fmt.Errorf("the server answers %q, want OK", excerpt(answer, ""))
	}
	return err
}

func isOK(answer []byte) bool { return strings.EqualFold(string((&words{answer}).atom()), "OK") }

// ask sends a command before the library has the connection, and gives the answer
// that ends it.
func (w *wire) ask(command string) ([]byte, error) {
	if _, err := fmt.Fprintf(w, "%c0 %s\r\n", ours, command); err != nil {
		return nil, err
	}
	for {
		line, err := w.response()
		if err != nil {
			return nil, w.fail(err)
		}
		if answer, ended := bytes.CutPrefix(line, []byte{ours, '0', ' '}); ended {
			return answer, nil
		}
		rest, _ := bytes.CutPrefix(line, []byte("* "))
		if told := (&words{rest}); strings.EqualFold(string(told.atom()), capability) {
			w.capabilities = atoms(told.rest)
		}
	}
}

// encrypt shakes hands; the certificate is always verified.
func (s *session) encrypt(ctx context.Context) (net.Conn, error) {
	config, err := s.cfg.TLSConfig()
	if err != nil {
		return nil, err
	}
	encrypted := tls.Client(s.conn, config)
	return encrypted, s.do("encrypting", func() error {
		err := encrypted.HandshakeContext(ctx)
		s.goodUntil = probe.GoodUntil(encrypted.ConnectionState(), err)
		return probe.ExplainTLS(err)
	})
}
