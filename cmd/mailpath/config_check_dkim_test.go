package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// signingKey writes a key of Ed25519 whose seed is a byte, again and again.
func signingKey(t *testing.T, dir, name string, seed byte) {
	t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize))))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What signs messages is checked, and what the DNS must have for it is told.
func TestConfigCheckTellsTheRecordsOfDKIM(t *testing.T) {
	t.Setenv("MAILPATH_TEST_PASSWORD", "hunter2")
	_, key, _ := command(t, "config", "key")
	t.Setenv("MAILPATH_TEST_KEY", strings.TrimSpace(key))
	dir := t.TempDir()
	path := filepath.Join(dir, "mailpath.yaml")
	configure := func(outside, atGateway string) {
		text := strings.NewReplacer(
			"  outside: {", "  outside: {dkim: {selector: m1, key_file: "+outside+"}, ",
			"  at-gateway: {", "  at-gateway: {dkim: {selector: m1, key_file: "+atGateway+"}, ").Replace(company("in", "inject-a"))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	signingKey(t, dir, "a.pem", 'a')
	signingKey(t, dir, "b.pem", 'b')

	configure("a.pem", "a.pem")
	status, r := check(t, path)
	if status != exitOK || len(r.Records) != 1 || r.Records[0].Sender != "outside, at-gateway" || r.Records[0].Name != "m1._domainkey.example.com" || !strings.HasPrefix(r.Records[0].Value, "v=DKIM1; k=ed25519;") {
		t.Errorf("got status %d and records %+v, want one of both senders", status, r.Records)
	}
	if _, out, _ := command(t, "config", "check", path); !strings.Contains(out, `m1._domainkey.example.com. IN TXT ( "v=DKIM1; k=ed25519;`) {
		t.Errorf("want the record as a zone file has it\n%s", out)
	}

	configure("a.pem", "b.pem")
	if status, r := check(t, path); status != exitOK || len(r.Problems) == 0 || !strings.Contains(r.Problems[len(r.Problems)-1].Message, "another selector") {
		t.Errorf("two keys for one record: got status %d and %+v, want a warning", status, r.Problems)
	}

	configure("nowhere.pem", "mailpath.yaml")
	status, r = check(t, path)
	if status != exitUsage || len(r.Problems) != 2 || r.Problems[0].Line == 0 || !strings.Contains(r.Problems[0].Message, "nowhere.pem") || !strings.Contains(r.Problems[1].Message, "without PEM") {
		t.Errorf("no keys: got status %d and %+v, want two mistakes with their lines", status, r.Problems)
	}
}
