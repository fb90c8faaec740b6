package dkim_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/dkim"
)

// compose makes a message as it is sent.
func compose(t testing.TB) []byte {
	t.Helper()
	key, err := probe.NewKey(rand.Reader)
	must(t, err)
	ring, err := probe.NewKeyring("hq-1", key)
	must(t, err)
	p := probe.Probe{
		Route:   probe.Route{Name: "outside-to-hq", From: "mailpath@provider.example", To: "mailpath-in@example.com"},
		Payload: payload.Plain(), Every: 30 * time.Second,
	}
	at := time.Date(2026, 11, 23, 8, 41, 7, 0, time.UTC)
	return probe.Compose(p, ring, probe.NewTag("hq-1", p, probe.Scheduled, at, at)).Raw
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	must(t, err)
	return k
}

func edKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return k
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t testing.TB, key crypto.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return inPEM("PRIVATE KEY", der)
}

func pkcs1(key *rsa.PrivateKey) string {
	return inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
}

// write makes a file of a key.
func write(t testing.TB, text string) dkim.InFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dkim.pem")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return dkim.InFile(path)
}

func signer(t testing.TB, key dkim.Source) *dkim.Signer {
	t.Helper()
	s, err := dkim.New(dkim.Config{Domain: "provider.example", Selector: "probe-1", Key: key})
	must(t, err)
	return s
}

func sign(t testing.TB, s *dkim.Signer, raw []byte) string {
	t.Helper()
	signed, err := s.Sign(raw)
	must(t, err)
	return string(signed)
}

// verify checks all signatures by the records that are published. It gives an error if
// there are not as many as wanted, or if one is not valid.
func verify(message string, signatures int, published ...dkim.Record) error {
	lookup := func(name string) ([]string, error) {
		var values []string
		for _, r := range published {
			if r.Name == name {
				values = append(values, r.Value)
			}
		}
		return values, nil
	}
	all, err := msgauth.VerifyWithOptions(strings.NewReader(message), &msgauth.VerifyOptions{LookupTXT: lookup})
	if err == nil && len(all) != signatures {
		err = fmt.Errorf("got %d signatures, want %d", len(all), signatures)
	}
	for _, v := range all {
		err = errors.Join(err, v.Err)
	}
	return err
}

func record(t testing.TB, s *dkim.Signer) dkim.Record {
	t.Helper()
	r, err := s.Record()
	must(t, err)
	return r
}

// What gateways do to any mail leaves a signature valid; anything else breaks it.
func TestSignature(t *testing.T) {
	t.Parallel()
	replace := func(old, new string) func(string) string {
		return func(m string) string { return strings.Replace(m, old, new, 1) }
	}
	top := func(fields string) func(string) string {
		return func(m string) string { return fields + "\r\n" + m }
	}
	bottom := func(fields string) func(string) string {
		return func(m string) string { return strings.Replace(m, "\r\n\r\n", "\r\n"+fields+"\r\n\r\n", 1) }
	}
	cases := map[string]struct {
		change func(string) string
		valid  bool
	}{
		"as it was sent":           {replace("", ""), true},
		"fields of others":         {top("Received: from a by b;\r\n\tMon, 23 Nov 2026 08:41:08 +0000\r\nX-Spam: no\r\nReturn-Path: <a@b>"), true},
		"folded anew":              {replace("Subject: Mail delivery check of", "subject:   Mail\r\n\tdelivery \r\n check   of"), true},
		"space at line ends":       {func(m string) string { return strings.ReplaceAll(m, ".\r\n", ". \t\r\n") }, true},
		"blank lines at the end":   {func(m string) string { return m + "\r\n\r\n" }, true},
		"the tag's field stripped": {replace(probe.TagField+":", "X-Other:"), true},
		"Exchange's field taken":   {replace("X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n", ""), true},

		"a prefix":                     {replace("Subject: ", "Subject: [EXTERNAL] "), false},
		"another author":               {replace("From: Mail delivery check", "From: Mail"), false},
		"another recipient":            {replace("To: <mailpath-in", "To: <mailpath-on"), false},
		"another time":                 {replace("Date: Mon, 23 Nov 2026 08:41:07", "Date: Mon, 23 Nov 2026 08:41:08"), false},
		"another Message-ID":           {replace("Message-ID: <mp1", "Message-ID: <mp2"), false},
		"another form":                 {replace("text/plain", "text/html"), false},
		"no longer automatic":          {replace("Auto-Submitted: auto-generated\r\n", ""), false},
		"a footer":                     {func(m string) string { return m + "Confidential\r\n" }, false},
		"a banner":                     {replace("\r\n\r\n", "\r\n\r\nBeware\r\n"), false},
		"another letter of the tag":    {func(m string) string { return m[:len(m)-3] + "_\r\n" }, false},
		"a second From on top":         {top("From: boss@example.com"), false},
		"a second From at the bottom":  {bottom("From: boss@example.com"), false},
		"a second Subject on top":      {top("Subject: Win"), false},
		"a second Subject below":       {bottom("subject: Win"), false},
		"a second To":                  {top("To: a@b"), false},
		"a second Date":                {top("Date: Mon, 23 Nov 2026 08:41:07 +0000"), false},
		"a second Message-ID":          {top("Message-ID: <1@b>"), false},
		"a second Content-Type on top": {top("Content-Type: text/html"), true}, // which is signed once
	}
	for kind, key := range map[string]string{"RSA": pkcs8(t, rsaKey(t, 2048)), "Ed25519": pkcs8(t, edKey(t))} {
		s := signer(t, write(t, key))
		message, published := sign(t, s, compose(t)), record(t, s)
		for name, c := range cases {
			changed := c.change(message)
			if name != "as it was sent" && changed == message {
				t.Fatalf("%s changes nothing", name)
			}
			if err := verify(changed, 1, published); (err == nil) != c.valid {
				t.Errorf("%s, %s: got %v, want valid %t", kind, name, err, c.valid)
			}
		}
	}
}

func TestFieldsThatAreSigned(t *testing.T) {
	t.Parallel()
	s := signer(t, write(t, pkcs8(t, edKey(t))))
	const all = "From:From:To:To:Subject:Subject:Date:Date:Message-ID:Message-ID:MIME-Version:Content-Type:Content-Transfer-Encoding:Auto-Submitted"
	for name, c := range map[string]struct{ raw, want string }{
		"ours":    {string(compose(t)), all},
		"few":     {"from : a@b\r\nSUBJECT: x\r\n\r\nText\r\n", "From:From:To:Subject:Subject:Date:Message-ID"},
		"several": {"From: a@b\r\nTo: a\r\nTo: b\r\nMIME-Version: 1.0\r\nMIME-Version: 1.0\r\n\r\n", "From:From:To:To:To:Subject:Date:Message-ID:MIME-Version:MIME-Version"},
	} {
		m := sign(t, s, []byte(c.raw))
		signature, _ := probe.ParseHeader([]byte(m)).Get("DKIM-Signature")
		for _, want := range []string{"h=" + c.want + ";", "c=relaxed/relaxed;", "a=ed25519-sha256;", "d=provider.example;", "s=probe-1;", "t="} {
			if !strings.Contains(signature, want) {
				t.Errorf("%s: got %q, want %q in it", name, signature, want)
			}
		}
		if !strings.HasPrefix(m, "DKIM-Signature:") || !strings.HasSuffix(m, "\r\n"+c.raw) {
			t.Errorf("%s: got\n%s\nwant the message with one field on top", name, m)
		}
		for line := range strings.Lines(m) {
			if len(line) > 998 || !strings.HasSuffix(line, "\r\n") {
				t.Errorf("%s: got line %q, want at most 998 characters (RFC 5322 section 2.1.1)", name, line)
			}
		}
		if err := verify(m, 1, record(t, s)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTwoSignatures(t *testing.T) {
	t.Parallel()
	old, new := signer(t, write(t, pkcs8(t, rsaKey(t, 2048)))), signerOf(t, "ed", write(t, pkcs8(t, edKey(t))))
	m := sign(t, new, []byte(sign(t, old, compose(t))))
	if err := verify(m, 2, record(t, old), record(t, new)); err != nil {
		t.Error(err)
	}
}

func signerOf(t testing.TB, selector string, key dkim.Source) *dkim.Signer {
	t.Helper()
	s, err := dkim.New(dkim.Config{Domain: "provider.example", Selector: selector, Key: key})
	must(t, err)
	return s
}

func TestWhatCannotBeSigned(t *testing.T) {
	t.Parallel()
	s := signer(t, write(t, pkcs8(t, edKey(t))))
	for _, raw := range []string{"", "From: a@b\r\n", "From: a@b\n\nText\n"} {
		if got, err := s.Sign([]byte(raw)); !errors.Is(err, probe.ErrOurs) || !strings.Contains(err.Error(), "without an empty line") {
			t.Errorf("%q: got %q and %v, want an error of ours", raw, got, err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	for name, key := range map[string]string{"RSA-1024": pkcs1(rsaKey(b, 1024)), "RSA-2048": pkcs1(rsaKey(b, 2048)), "RSA-4096": pkcs1(rsaKey(b, 4096)), "Ed25519": pkcs8(b, edKey(b))} {
		s, raw := signer(b, write(b, key)), compose(b)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, err := s.Sign(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
