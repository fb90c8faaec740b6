package ca_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/lab/ca"
)

// handshake connects a client that trusts the authority to a server that shows
// the certificate, and returns the client's verdict.
func handshake(t *testing.T, authority *ca.Authority, certificate tls.Certificate, name string) error {
	t.Helper()
	near, far := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		defer far.Close()
		// The client's verdict is what counts; the server merely notices it.
		_ = tls.Server(far, &tls.Config{Certificates: []tls.Certificate{certificate}}).Handshake()
	}()
	err := tls.Client(near, &tls.Config{RootCAs: authority.Pool(), ServerName: name}).Handshake()
	near.Close()
	<-served
	return err
}

func TestHandshakeInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, err := ca.New(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := authority.Issue("mail.hq.example.com", "127.0.0.12")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * 24 * time.Hour)
		for _, name := range []string{"127.0.0.12", "mail.hq.example.com"} {
			if err := handshake(t, authority, certificate, name); err != nil {
				t.Errorf("shaking hands as %s: %v, want no error", name, err)
			}
		}
		var wrongName x509.HostnameError
		if err := handshake(t, authority, certificate, "127.0.0.13"); !errors.As(err, &wrongName) {
			t.Errorf("shaking hands under a foreign name: %v, want an x509.HostnameError", err)
		}
	})
}

func TestExpiredCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authority, err := ca.New(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := authority.IssueBetween(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour), "127.0.0.12")
		if err != nil {
			t.Fatal(err)
		}
		var invalid x509.CertificateInvalidError
		if err := handshake(t, authority, certificate, "127.0.0.12"); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
			t.Errorf("shaking hands with an expired certificate: %v, want reason %v", err, x509.Expired)
		}
	})
}

func TestAnotherAuthorityIsNotTrusted(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 41, 0, 0, time.UTC)
	ours, err := ca.New(now)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ca.New(now)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := theirs.Issue("127.0.0.12")
	if err != nil {
		t.Fatal(err)
	}
	_, err = certificate.Leaf.Verify(x509.VerifyOptions{Roots: ours.Pool(), CurrentTime: now})
	if err == nil {
		t.Error("verifying a certificate of another authority: got no error, want one")
	}
}

func TestFilesReadBack(t *testing.T) {
	authority, err := ca.New(time.Date(2026, 11, 23, 8, 41, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Issue("mx1.example.com")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ca.KeyPEM(certificate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(ca.CertificatePEM(certificate), key); err != nil {
		t.Errorf("reading the pair back: %v", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(authority.PEM()) {
		t.Error("reading the root back: got no certificate, want one")
	}
	if _, err := authority.Issue(); err == nil {
		t.Error("issuing a certificate without names: got no error, want one")
	}
}
