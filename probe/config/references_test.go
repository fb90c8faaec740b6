package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe/config"
)

// A directory of words holds a language of one's own, a secret file the URL of a receiver.
func TestLoadAndReadTakesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "words", "fr"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HQ_PASSWORD", "hunter2")
	minimal := string(read(t, "testdata/good/minimal.yaml"))
	write(t, filepath.Join(dir, "chat.url"), "https://teams.example.com/hooks/a@b?version=1\n")
	write(t, filepath.Join(dir, "hook.tmpl"), "{{.}}")
	write(t, filepath.Join(dir, "mailpath.yaml"), minimal+`
status: {language: fr, words: words, cstate: words/fr}
webhooks: {chat: {url_file: chat.url, format: template, template: hook.tmpl, token_env: HQ_PASSWORD}}
`)
	c, err := config.LoadAndRead(filepath.Join(dir, "mailpath.yaml"), func(config.DKIM) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Webhooks[0].URL.Value(); got != "https://teams.example.com/hooks/a@b?version=1" || err != nil {
		t.Errorf("got %q and error %v, want the URL", got, err)
	}
}

// What the configuration refers to is told together with all else that is wrong.
func TestLoadAndReadTellsAllAtOnce(t *testing.T) {
	t.Setenv("MAILPATH_TEST_EMPTY", "")
	t.Setenv("MAILPATH_TEST_MAIL", "mailto:hunter2@example.com")
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
status: {language: fr, words: ., cstate: not-a.pem}
webhooks:
  chat: {url_file: not-a.pem, token_file: nowhere.token}
  mail: {url_env: MAILPATH_TEST_MAIL}
  own: {url: http://localhost/, format: template, template: empty.tmpl, token_env: MAILPATH_TEST_EMPTY}
  none: {url: http://localhost/, format: template, template: nowhere.tmpl}
grafana: {url: http://localhost/, token_file: nowhere.token}
`,
		"empty.tmpl": "",
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
