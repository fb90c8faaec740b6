// Package worldtest makes mail worlds for tests that speak SMTP and IMAP to them,
// in the clear or encrypted under a certificate authority made on the spot.
package worldtest

import (
	"bytes"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mailpath/mailpath/lab/ca"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// World is a mail world and how to reach it.
type World struct {
	*world.World
	Clock   probe.Clock
	Network world.Network
	TLS     probe.TLSMode
	CAFile  string
}

// New makes a world that ends with the test.
func New(t testing.TB, network world.Network, mode probe.TLSMode) *World {
	t.Helper()
	return NewWith(t, world.Config{Network: network}, mode)
}

// NewWith does the same with a configuration, whose clock and encryption it sets.
func NewWith(t testing.TB, cfg world.Config, mode probe.TLSMode) *World {
	t.Helper()
	w := &World{Clock: probe.NewClock(), Network: cfg.Network, TLS: mode}
	cfg.Clock, cfg.ImplicitTLS = w.Clock, mode == probe.ImplicitTLS
	if mode != probe.NoTLS {
		cfg.TLS, w.CAFile = certified(t, w.Clock)
	}
	var err error
	if w.World, err = world.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("closing the world: %v", err)
		}
	})
	return w
}

// certified gives the configuration of servers that have a certificate for
// whatever name they are called by, and the file with the authority behind it.
func certified(t testing.TB, clock probe.Clock) (*tls.Config, string) {
	t.Helper()
	authority, err := ca.New(clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Time: clock.Now, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := hello.ServerName
		if name == "" { // an address is not sent as a name (RFC 6066 section 3)
			name = "127.0.0.1"
		}
		certificate, err := authority.Issue(name)
		return &certificate, err
	}}, file
}

// Endpoint is a server of the world, for a user; an empty name is for nobody.
func (w *World) Endpoint(server, username, password string) probe.Endpoint {
	return probe.Endpoint{
		Server: server, TLS: w.TLS, CAFile: w.CAFile, Username: username, Clock: w.Clock, Dial: w.Dial,
		Password: func() (string, error) { return password, nil },
	}
}

// Dead is an address that nobody listens at.
func (w *World) Dead(t *testing.T) string {
	t.Helper()
	l := w.listen(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// Silent is an address at which connections are taken and no word is said.
func (w *World) Silent(t *testing.T) string {
	t.Helper()
	return w.answered(t, swallow)
}

// Endless is an address at which connections are taken and a reply to nothing never
// comes to its end.
func (w *World) Endless(t *testing.T) string {
	t.Helper()
	return w.answered(t, func(conn net.Conn) {
		go swallow(conn)
		for err := error(nil); err == nil; {
			_, err = conn.Write([]byte("220-and so on\r\n"))
		}
	})
}

// answered is an address whose connections are given to a function, until the test
// ends.
func (w *World) answered(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l := w.listen(t)
	var taking sync.WaitGroup
	taking.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			taking.Go(func() { answer(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		taking.Wait()
	})
	return l.Addr().String()
}

func (w *World) listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := w.Network.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// swallow reads until the other side has enough.
func swallow(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 4096)
	for {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
	}
}

// Arrived tells whether a message is in a mailbox.
func (w *World) Arrived(t *testing.T, mailbox string, id probe.ID) bool {
	t.Helper()
	messages, err := w.Messages(mailbox, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if bytes.Contains(m, []byte(id.String())) {
			return true
		}
	}
	return false
}
