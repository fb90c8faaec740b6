package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe/config"
	"go.yaml.in/yaml/v4"
)

const hidden = "hunter2"

func TestSecretsNeverPrint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	write(t, path, hidden)
	t.Setenv("HIDDEN", hidden)
	text := strings.NewReplacer("/etc/mailpath/hq.password", path, "BRANCH_PASSWORD", "HIDDEN").Replace(config.Example())
	c := parse(t, "example.yaml", text)
	for _, secret := range []config.Secret{c.Senders[1].SMTP.Auth.Password, c.Senders[3].SMTP.Auth.Password} {
		if got, err := secret.Value(); got != hidden || err != nil {
			t.Fatalf("got %q and error %v, want the secret", got, err)
		}
		for form, printed := range printed(t, c, secret) {
			if strings.Contains(printed, hidden) || printed == "" {
				t.Errorf("%s: got %q, want something without the secret", form, printed)
			}
		}
	}
	if got := written(t, c); strings.Contains(got, hidden) {
		t.Errorf("got the secret in the effective configuration:\n%s", got)
	}
}

// printed is the secret, alone and in its configuration, in every form that prints.
func printed(t *testing.T, c *config.Config, s config.Secret) map[string]string {
	t.Helper()
	forms := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		forms[verb] = fmt.Sprintf(verb+verb+verb, s, &s, *c.Senders[1].SMTP.Auth)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("text", "secret", s, "config", c)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("json", "secret", s, "config", c)
	forms["slog"] = logged.String()
	asJSON, err := json.Marshal([]any{s, c})
	if err != nil {
		t.Fatal(err)
	}
	forms["json"] = string(asJSON)
	asYAML, err := yaml.Dump([]any{s, c})
	if err != nil {
		t.Fatal(err)
	}
	forms["yaml"] = string(asYAML)
	return forms
}

func TestSecretSaysWhereItStands(t *testing.T) {
	for _, tt := range []struct {
		secret config.Secret
		want   string
	}{
		{config.SecretInFile("/run/password"), "file /run/password"},
		{config.SecretInEnv("PASSWORD"), "environment variable PASSWORD"},
		{config.Plainly("http://localhost/"), "the configuration"},
	} {
		for _, verb := range []string{"%v", "%#v"} {
			if got := fmt.Sprintf(verb, tt.secret); got != tt.want {
				t.Errorf("%s: got %s, want %s", verb, got, tt.want)
			}
		}
		got, err := json.Marshal(tt.secret)
		if err != nil || string(got) != `"`+tt.want+`"` {
			t.Errorf("JSON: got %s and error %v, want %q", got, err, tt.want)
		}
	}
}

func TestSecretIsReadAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	secret := config.SecretInFile(path)
	for _, tt := range []struct{ content, want string }{
		{"one\n", "one"}, {"two", "two"}, {"three\r\n", "three"}, {"four\n\n", "four\n"}, {" five ", " five "},
	} {
		write(t, path, tt.content)
		if got, err := secret.Value(); got != tt.want || err != nil {
			t.Errorf("%q: got %q and error %v, want %q", tt.content, got, err, tt.want)
		}
	}
}

func TestSecretSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	empty, missing := filepath.Join(dir, "empty"), filepath.Join(dir, "missing")
	write(t, empty, "\n")
	t.Setenv("EMPTY", "")
	for _, tt := range []struct {
		secret config.Secret
		want   string
	}{
		{config.SecretInFile(missing), "reading a secret from file " + missing + ": open " + missing + ": no such file or directory; create the file, or mount it"},
		{config.SecretInFile(empty), "reading a secret from file " + empty + ": got nothing, want the secret on one line"},
		{config.SecretInEnv("EMPTY"), "reading a secret from environment variable EMPTY: got nothing, want the secret on one line"},
		{config.SecretInEnv("MAILPATH_NOT_SET"), "reading a secret from environment variable MAILPATH_NOT_SET: it is not set; set it for the process"},
	} {
		got, err := tt.secret.Value()
		if err == nil || err.Error() != tt.want || got != "" {
			t.Errorf("got %q and error %v, want error %s", got, err, tt.want)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
