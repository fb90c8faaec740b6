package smtpsend_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/lab/ca"
	"github.com/mailpath/mailpath/probe"
)

// A certificate that is not good is the server's trouble, and no byte of the
// dialogue goes over the connection.
func TestCertificatesThatAreNotGood(t *testing.T) {
	authority, caFile := trusted(t)
	for name, c := range map[string]struct {
		certificate func() (tls.Certificate, error)
		err         string
	}{
		"for another name": {func() (tls.Certificate, error) { return authority.Issue("mx.example.net") },
			"certificate is valid for mx.example.net, not mx.example.com: give the server by a name that is in its certificate"},
		"self-signed": {func() (tls.Certificate, error) { return selfSigned("mx.example.com") },
			"if its authority is a private one, name the authority's file in ca_file"},
		"expired": {func() (tls.Certificate, error) {
			return authority.IssueBetween(bubbleBegins().Add(-time.Hour), bubbleBegins().Add(-time.Minute), "mx.example.com")
		}, "the server needs a new certificate"},
		"not valid yet": {func() (tls.Certificate, error) {
			return authority.IssueBetween(bubbleBegins().Add(time.Hour), bubbleBegins().Add(2*time.Hour), "mx.example.com")
		}, "certificate has expired or is not yet valid"},
	} {
		certificate, err := c.certificate()
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []probe.TLSMode{probe.StartTLS, probe.ImplicitTLS} {
			t.Run(name+", "+string(mode), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &script{banner: "220 mx", answers: []string{"250-mx\n250 STARTTLS", "tls 220 go", "250 mx"}}
					want := encrypted
					if mode == probe.ImplicitTLS {
						s.banner, s.answers, want = "tls", []string{"unasked 220 mx", "250 mx"}, "connect tls"
					}
					s.tls = &tls.Config{Certificates: []tls.Certificate{certificate}}
					clock := probe.NewClock()
					e := security{caFile: caFile}.endpoint(clock)
					e.TLS = mode
					a, took := s.play(t, e, message(clock, 0))
					if a.Result != probe.NotSent || a.Err == nil || !strings.Contains(a.Err.Error(), c.err) || errors.Is(a.Err, probe.ErrOurs) {
						t.Errorf("got %v, %v, want not sent, %q and no trouble of ours", a.Result, a.Err, c.err)
					}
					if phases(a) != want || took != 0 {
						t.Errorf("got phases %s in %v, want %s at once", phases(a), took, want)
					}
					if heard := strings.Join(s.heard, ", "); mode == probe.StartTLS && heard != "EHLO probe.example.org, STARTTLS" || mode == probe.ImplicitTLS && heard != "" {
						t.Errorf("the server heard %q, want nothing behind the handshake", heard)
					}
				})
			})
		}
	}
}

// trusted gives an authority and the file that trusts it.
func trusted(t *testing.T) (*ca.Authority, string) {
	t.Helper()
	authority, err := ca.New(bubbleBegins())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return authority, file
}

func selfSigned(name string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name},
		NotBefore: bubbleBegins(), NotAfter: bubbleBegins().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
