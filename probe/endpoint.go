package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// TLSMode is how a connection is encrypted.
type TLSMode string

// The modes.
const (
	NoTLS       TLSMode = "none"
	StartTLS    TLSMode = "starttls" // RFC 3207 for SMTP, RFC 9051 section 6.2.1 for IMAP; never falls back
	ImplicitTLS TLSMode = "implicit" // RFC 8314 section 3
)

// Endpoint is a server and how to reach it.
type Endpoint struct {
	Server   string // host:port
	TLS      TLSMode
	CAFile   string // PEM certificates to trust instead of the system's; read at each connection
	Username string // empty: do not authenticate
	Password func() (string, error)
	Clock    Clock
	// Dial replaces the network, for tests; nil is TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Host is the server's name, for certificates and for its greeting.
func (e Endpoint) Host() string {
	host, _, err := net.SplitHostPort(e.Server)
	if err != nil {
		return e.Server
	}
	return host
}

// TLSConfig is the client's side of a handshake with the server. Its error wraps
// ErrOurs: a file that cannot be read is nobody else's trouble.
func (e Endpoint) TLSConfig() (*tls.Config, error) {
	config := &tls.Config{ServerName: e.Host(), MinVersion: tls.VersionTLS12, Time: e.Clock.Now}
	if e.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(e.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the CA file: %w: %w", ErrOurs, err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the CA file %s: %w: got no certificate, want PEM", e.CAFile, ErrOurs)
	}
	return config, nil
}

// OursOr marks an error of connecting as the probe's own when it is: the context
// was cancelled, or the machine has no descriptors, ports or memory left.
func OursOr(ctx context.Context, err error) error {
	local := []error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM}
	for _, l := range local {
		if errors.Is(err, l) {
			return fmt.Errorf("%w: %w", ErrOurs, err)
		}
	}
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return fmt.Errorf("%w: cancelled: %w", ErrOurs, err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the time for it ran out: %w", err)
	}
	return err
}

// ExplainTLS adds to the error of a handshake what is probably the matter.
func ExplainTLS(err error) error {
	var notTLS tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &notTLS):
		return fmt.Errorf("%w: the server does not speak TLS from the first byte: is tls: starttls or none meant?", err)
	case errors.As(err, &authority):
		return fmt.Errorf("%w: if its authority is a private one, name the authority's file in ca_file", err)
	case errors.As(err, &name):
		return fmt.Errorf("%w: give the server by a name that is in its certificate", err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: the server needs a new certificate", err)
	}
	return err
}
