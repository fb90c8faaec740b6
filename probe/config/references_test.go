package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe/config"
)

// What the configuration refers to is told together with all else that is wrong.
func TestLoadAndReadTellsAllAtOnce(t *testing.T) {
	t.Setenv("MAILPATH_TEST_EMPTY", "")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"not-a.key": "hunter2\n",
		"not-a.pem": "hunter2\n",
		"mailpath.yaml": `prober: p1
tag_keys: [{file: not-a.key}, {file: nowhere.key}]
components: {store: {title: the mailbox server}}
senders:
  out: {from: probe@example.org, dkim: {selector: a, key_file: not-a.key}, smtp: {server: "smtp.example.org:587", ca_file: not-a.pem, auth: {username: u, password_env: MAILPATH_TEST_EMPTY}}}
mailboxes:
  hq: {address: probe@example.com, imap: {server: "imap.example.com:993", ca_file: nowhere.pem, auth: {username: u, password_file: nowhere.password}}}
routes:
  in: {direction: sideways, sender: out, mailbox: hq, path: [store]}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "mailpath.yaml")
	_, err := config.LoadAndRead(path, func(d config.DKIM) error { return fmt.Errorf("got %s, want a key", d.KeyFile) })
	if err == nil {
		t.Fatal("got no error")
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error tells a secret: %v", err)
	}
	golden(t, "testdata/references.txt", strings.ReplaceAll(err.Error(), dir, "DIR")+"\n")
	if _, err := config.Load(path); strings.Count(err.Error(), "\n") != 0 || !strings.Contains(err.Error(), "sideways") {
		t.Errorf("Load: got %v, want the direction alone: it reads nothing but the configuration", err)
	}
}
