package imapwatch_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/ca"
	"github.com/mailpath/mailpath/probe"
)

func TestCertificatesAreVerified(t *testing.T) {
	now := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) // when a bubble begins
	trusted, stranger := authority(t, now), authority(t, now)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, trusted.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	issue := func(a *ca.Authority, from, until time.Duration, name string) tls.Certificate {
		c, err := a.IssueBetween(now.Add(from), now.Add(until), name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, c := range map[string]struct {
		certificate tls.Certificate
		want        string
	}{
		"of another name":         {issue(trusted, -time.Hour, time.Hour, "imap.example.com"), "give the server by a name that is in its certificate"},
		"expired":                 {issue(trusted, -time.Hour, -time.Minute, "imap.test"), "the server needs a new certificate"},
		"not valid yet":           {issue(trusted, time.Minute, time.Hour, "imap.test"), "the server needs a new certificate"},
		"of an unknown authority": {issue(stranger, -time.Hour, time.Hour, "imap.test"), "name the authority's file in ca_file"},
	} {
		for _, mode := range []probe.TLSMode{probe.StartTLS, probe.ImplicitTLS} {
			t.Run(name+", "+string(mode), func(t *testing.T) {
				s := &scripted{mode: mode, caFile: file, tls: &tls.Config{Certificates: []tls.Certificate{c.certificate}, Time: func() time.Time { return now }}}
				mustBeBlind(t, s, time.Second, "encrypting: tls: failed to verify certificate: ", 0)
				mustBeBlind(t, s, time.Second, c.want, 0)
				if s.count("LOGIN") > 0 {
					t.Error("got a login, want none at a server that is not known to be the right one")
				}
			})
		}
	}
	t.Run("TLS where there is none", func(t *testing.T) {
		s := &scripted{mode: probe.ImplicitTLS, caFile: file, clear: true}
		mustBeBlind(t, s, time.Second, "the server does not speak TLS from the first byte: is tls: starttls or none meant?", 0)
	})
	t.Run("no such file", func(t *testing.T) {
		s := &scripted{mode: probe.ImplicitTLS, caFile: file + ".none", clear: true}
		mustBeBlind(t, s, time.Second, "reading the CA file: "+probe.ErrOurs.Error(), 0)
	})
}

func authority(t *testing.T, now time.Time) *ca.Authority {
	t.Helper()
	a, err := ca.New(now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
