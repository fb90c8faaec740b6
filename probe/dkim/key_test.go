package dkim_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/dkim"
)

func TestKeys(t *testing.T) {
	small, good, ed := rsaKey(t, 1024), rsaKey(t, 2048), edKey(t)
	t.Setenv("GODEBUG", "rsa1024min=0") // else Go makes none of 768 bits
	tiny := rsaKey(t, 768)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	public, err := x509.MarshalPKIXPublicKey(&good.PublicKey)
	must(t, err)
	const wanted = "want a private key in PEM, RSA of 1024 bits or more or Ed25519; "
	for name, c := range map[string]struct{ text, want, warning string }{
		"RSA in PKCS#1":           {pkcs1(good), "", ""},
		"RSA in PKCS#8":           {"\n# ours\r\n" + pkcs8(t, good) + "\n", "", ""},
		"Ed25519":                 {pkcs8(t, ed), "", ""},
		"behind its public key":   {inPEM("PUBLIC KEY", public) + pkcs8(t, good), "", ""},
		"RSA of 1024 bits":        {pkcs1(small), "", "has 1024 bits, want 2048 or more: some receivers count such a signature for nothing"},
		"RSA of 768 bits":         {pkcs1(tiny), "got an RSA key of 768 bits, " + wanted, ""},
		"nothing":                 {"", "got 0 bytes without PEM, " + wanted, ""},
		"no PEM":                  {"secret", "got 6 bytes without PEM, " + wanted, ""},
		"a public key":            {inPEM("PUBLIC KEY", public), `got "PUBLIC KEY", ` + wanted, ""},
		"one of OpenSSH":          {inPEM("OPENSSH PRIVATE KEY", []byte("x")), `got "OPENSSH PRIVATE KEY", ` + wanted, ""},
		"an elliptic one":         {pkcs8(t, elliptical), "got a key of type *ecdsa.PrivateKey, " + wanted, ""},
		"an encrypted one":        {inPEM("ENCRYPTED PRIVATE KEY", []byte("x")), "got an encrypted key, " + wanted, ""},
		"an encrypted one, older": {strings.Replace(pkcs1(good), "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1), "got an encrypted key, " + wanted, ""},
		"a damaged one":           {inPEM("PRIVATE KEY", []byte("secret")), `got a damaged "PRIVATE KEY" (`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, c.text)
			s, err := dkim.New(dkim.Config{Domain: "provider.example", Selector: "probe-1", Key: file})
			must(t, err)
			err = s.Check()
			if c.want != "" {
				if err == nil || !errors.Is(err, probe.ErrOurs) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), string(file)) || strings.Contains(err.Error(), "secret") {
					t.Errorf("got %v, want %q, the file, and nothing of the key", err, c.want)
				}
				return
			}
			must(t, err)
			warning, err := s.Warning()
			if err != nil || !strings.HasSuffix(warning, c.warning) || (warning == "") != (c.warning == "") {
				t.Errorf("got warning %q and %v, want %q", warning, err, c.warning)
			}
			if err := verify(sign(t, s, compose(t)), 1, record(t, s)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	key := write(t, pkcs8(t, edKey(t)))
	for _, c := range []struct {
		domain, selector string
		good             bool
	}{
		{"provider.example", "2026-11", true},
		{"provider.example", "", false},
		{"Provider.Example", "a.b_c", true},
		{"provider.example.", "a", false},
		{"provider..example", "a", false},
		{"", "a", false},
		{"provider.example; i=@x", "a", false},
		{"provider.example", "a\r\nFrom: x", false},
	} {
		_, err := dkim.New(dkim.Config{Domain: c.domain, Selector: c.selector, Key: key})
		if (err == nil) != c.good || err != nil && !errors.Is(err, probe.ErrOurs) {
			t.Errorf("domain %q, selector %q: got %v, want good %t", c.domain, c.selector, err, c.good)
		}
	}
	if _, err := dkim.New(dkim.Config{Domain: "provider.example", Selector: "a"}); !errors.Is(err, probe.ErrOurs) {
		t.Errorf("no key: got %v, want an error of ours", err)
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	ed, long := edKey(t), rsaKey(t, 2048)
	r := record(t, signer(t, write(t, pkcs8(t, ed))))
	public := base64.StdEncoding.EncodeToString(ed[32:])
	if want := (dkim.Record{Name: "probe-1._domainkey.provider.example", Value: "v=DKIM1; k=ed25519; t=s; p=" + public}); r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
	if got, want := r.Zone(), `probe-1._domainkey.provider.example. IN TXT ( "v=DKIM1; k=ed25519; t=s; p=`+public+`" )`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	der, err := x509.MarshalPKIXPublicKey(&long.PublicKey)
	must(t, err)
	r = record(t, signer(t, write(t, pkcs1(long))))
	if want := "v=DKIM1; k=rsa; t=s; p=" + base64.StdEncoding.EncodeToString(der); r.Value != want {
		t.Errorf("got %s, want %s", r.Value, want)
	}
	parts := regexp.MustCompile(`"([^"]{1,255})"`).FindAllStringSubmatch(r.Zone(), -1)
	if len(parts) != 2 || parts[0][1]+parts[1][1] != r.Value {
		t.Errorf("got %s, want %s in two strings", r.Zone(), r.Value)
	}
}
