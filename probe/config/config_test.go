package config_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/mailpath/mailpath/probe/config"
)

// The machine's time zone is a default, and that of tests is known.
func TestMain(m *testing.M) {
	os.Setenv("TZ", "UTC")
	os.Exit(m.Run())
}

var update = flag.Bool("update", false, "write the expected files anew")

// golden holds got against a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: got %d files and error %v, want some", pattern, len(paths), err)
	}
	return paths
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t *testing.T, name, text string) *config.Config {
	t.Helper()
	c, err := config.Parse(name, []byte(text))
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return c
}

// written is the effective configuration as YAML.
func written(t *testing.T, c *config.Config) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestBad(t *testing.T) {
	for _, path := range files(t, "testdata/bad/*.yaml") {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			c, err := config.Parse(name+".yaml", read(t, path))
			if _, ok := errors.AsType[config.Problems](err); !ok || c != nil {
				t.Fatalf("got config %v and error %v, want no config and Problems", c, err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells a password: %v", err)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

// Each good file has its effective form and its notes beside it.
func TestGood(t *testing.T) {
	for _, path := range files(t, "testdata/good/*.yaml") {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			c := parse(t, "/etc/mailpath/"+name+".yaml", string(read(t, path)))
			var b strings.Builder
			for _, note := range c.Notes {
				b.WriteString(note.String() + "\n")
			}
			for _, warning := range c.Warnings {
				b.WriteString("warning: " + warning.String() + "\n")
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".effective", written(t, c))
			golden(t, strings.TrimSuffix(path, ".yaml")+".notes", b.String())
			roundTrip(t, c)
		})
	}
}

func roundTrip(t *testing.T, c *config.Config) {
	t.Helper()
	text := written(t, c)
	again := parse(t, "again.yaml", text)
	first, second := *c, *again
	first.Notes, second.Notes, first.Warnings, second.Warnings = nil, nil, nil, nil
	first.ForgetPlaces()
	second.ForgetPlaces()
	if !reflect.DeepEqual(first, second) {
		t.Errorf("got back\n%+v\nwant\n%+v\nfrom\n%s", second, first, text)
	}
}

// Text that would read as something else without quotes comes back as it was.
func TestOddTextRoundTrips(t *testing.T) {
	minimal := string(read(t, "testdata/good/minimal.yaml"))
	for _, title := range []string{
		"null", "~", "yes", "12", "0x1f", "1e3", "2020-01-01", "<<", "=", "- a", "a: b", "#", "a #b", " a ", "'", `"`, `\n`,
		"é", "\U0001f642", "&a", "*a", "!x", "%", "@", "`", "[a]", "{a: b}", "|", ">", "?", ":", ",", strings.Repeat("long text ", 30) + ".",
	} {
		quoted := "'" + strings.ReplaceAll(title, "'", "''") + "'"
		c := parse(t, "title.yaml", minimal+"components: {a: {title: "+quoted+"}}\n")
		if got := c.Components[0].Title; got != title {
			t.Errorf("got title %q, want %q", got, title)
		}
		roundTrip(t, c)
	}
}

func TestLoadExplainsAMissingFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"))
	if _, ok := errors.AsType[*fs.PathError](err); !ok || !strings.HasPrefix(err.Error(), "reading the configuration: ") {
		t.Errorf("got %v, want a wrapped PathError", err)
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailpath.yaml")
	if err := os.WriteFile(path, []byte("prober: p1\nsenders: {a: {}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path)
	if err == nil || !strings.HasPrefix(err.Error(), path+":1:1: ") {
		t.Errorf("got %v, want problems in %s", err, path)
	}
}

func TestRelativePathsStartAtTheConfiguration(t *testing.T) {
	text := string(read(t, "testdata/good/everything.yaml"))
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, "conf/mailpath.yaml", text)
	if want := config.SecretInFile(filepath.Join(here, "conf/secrets/password")); c.Senders[0].SMTP.Auth.Password != want {
		t.Errorf("got password in %v, want %v", c.Senders[0].SMTP.Auth.Password, want)
	}
	if got, want := c.Mailboxes[1].IMAP.CAFile, filepath.Join(here, "conf/ca.pem"); got != want {
		t.Errorf("got CA file %s, want %s", got, want)
	}
}

func TestWriteYAMLTellsWhatFails(t *testing.T) {
	err := parse(t, "example.yaml", config.Example()).WriteYAML(brokenWriter{})
	if !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "writing the configuration: ") {
		t.Errorf("got %v, want a wrapped %v", err, errBroken)
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func FuzzParse(f *testing.F) {
	f.Add([]byte(config.Example()))
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("fuzz.yaml", data)
		if err == nil {
			roundTrip(t, c)
			return
		}
		if problems, ok := errors.AsType[config.Problems](err); !ok || len(problems) == 0 {
			t.Errorf("got error %v, want Problems", err)
		}
	})
}
