package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/ca"
	"github.com/mailpath/mailpath/probe"
)

// A chain is good as long as the first of its certificates, which need not be the
// server's; where there is no chain, the server's own counts.
func TestGoodUntil(t *testing.T) {
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	authority, err := ca.New(now)
	if err != nil {
		t.Fatal(err)
	}
	root := now.Add(10 * 365 * 24 * time.Hour) // as the authority is made
	beyond, month := root.Add(time.Hour), now.Add(30*24*time.Hour)
	for name, c := range map[string]struct {
		ends  time.Time
		trust *x509.CertPool
		host  string
		want  time.Time
		good  bool
	}{
		"the server's ends first":    {month, authority.Pool(), "mx.test", month, true},
		"the authority's ends first": {beyond, authority.Pool(), "mx.test", root, true},
		"not trusted":                {beyond, x509.NewCertPool(), "mx.test", beyond, false},
		"of another name":            {month, authority.Pool(), "mx.example", month, false},
	} {
		t.Run(name, func(t *testing.T) {
			issued, err := authority.IssueBetween(now.Add(-time.Hour), c.ends, "mx.test")
			if err != nil {
				t.Fatal(err)
			}
			state := tls.ConnectionState{PeerCertificates: []*x509.Certificate{issued.Leaf}}
			config := &tls.Config{ServerName: c.host, RootCAs: c.trust, Time: func() time.Time { return now }}
			err = probe.VerifyCertificate(config, &state)
			if (err == nil) != c.good || !c.good && !errors.As(err, new(*tls.CertificateVerificationError)) {
				t.Errorf("got error %v, want none: %v, else what a handshake gives", err, c.good)
			}
			if got := probe.GoodUntil(state, err); !got.Equal(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := probe.GoodUntil(tls.ConnectionState{}, err); !c.good && !got.Equal(c.want) {
				t.Errorf("from the error alone: got %v, want %v", got, c.want)
			}
		})
	}
	if got := probe.GoodUntil(tls.ConnectionState{}, errors.New("closed")); !got.IsZero() {
		t.Errorf("without a certificate: got %v, want none", got)
	}
	if err := probe.VerifyCertificate(&tls.Config{}, &tls.ConnectionState{}); err == nil {
		t.Error("without a certificate: got no error")
	}
}
