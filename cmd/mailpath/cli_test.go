package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/journal"
)

var update = flag.Bool("update", false, "rewrite what is generated")

// command runs one command line.
func command(t testing.TB, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, err bytes.Buffer
	status = run(ctx, args, &out, &err)
	return status, out.String(), err.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// small is a good configuration; nobody listens where it points.
const small = `prober: test-1
senders:
  hq: {smtp: {server: "127.0.0.1:1", tls: none}, from: mailpath@example.com}
mailboxes:
  hq: {address: mailpath@example.com, imap: {server: "127.0.0.1:1", tls: none, auth: {username: mailpath, password_env: MAILPATH_TEST_PASSWORD}}}
components:
  store: {title: the mailbox server}
routes:
  inside: {direction: internal, sender: hq, mailbox: hq, path: [store]}
probes:
  - {routes: all, every: 1m, late_after: 1s, lost_after: 1h}
`

func TestExitStatusAndWords(t *testing.T) {
	t.Setenv("MAILPATH_TEST_PASSWORD", "hunter2")
	good := write(t, "good.yaml", small)
	bad := write(t, "bad.yaml", strings.Replace(small, "sender: hq", "sender: qh", 1))
	noSecret := write(t, "no-secret.yaml", strings.Replace(small, "MAILPATH_TEST_PASSWORD", "MAILPATH_TEST_NOTHING", 1))
	wrongKey := write(t, "wrong-key.yaml", strings.Replace(small, "prober: test-1", "prober: test-1\ntag_keys: [{file: "+write(t, "tag.key", "hunter2")+"}]", 1))
	for name, c := range map[string]struct {
		args   []string
		status int
		words  string // part of what is printed
	}{
		"no command":                   {nil, exitOK, "Usage:"},
		"an unknown command":           {[]string{"watch"}, exitUsage, `unknown command "watch"`},
		"an unknown flag":              {[]string{"run", "--fast"}, exitUsage, "unknown flag: --fast"},
		"an output nobody knows":       {[]string{"demo", "-o", "xml"}, exitUsage, `--output "xml": want text or json`},
		"the version":                  {[]string{"version"}, exitOK, "mailpath "},
		"a good configuration":         {[]string{"config", "check", good}, exitOK, "good.yaml is good: 1 route, 1 probe, 1 mailbox"},
		"a bad one":                    {[]string{"config", "check", bad}, exitUsage, `bad.yaml:9:`},
		"one that is not there":        {[]string{"config", "check", good + "x"}, exitUsage, "no such file"},
		"a secret that is not there":   {[]string{"config", "check", noSecret}, exitUsage, "MAILPATH_TEST_NOTHING"},
		"a key that is none":           {[]string{"config", "check", wrongKey}, exitUsage, "`mailpath config key` makes a key"},
		"once without a key":           {[]string{"once", "-c", good}, exitUsage, "`mailpath config key FILE` makes one"},
		"once with a bad one":          {[]string{"once", "-c", bad}, exitUsage, `bad.yaml:9:`},
		"run in a directory not there": {[]string{"run", "-c", good, "--journal", "/nowhere/at/all.db"}, exitOurs, "/nowhere/at/all.db"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := command(t, c.args...)
			if status != c.status || !strings.Contains(stdout+stderr, c.words) {
				t.Errorf("mailpath %q: got status %d and\n%s%s\nwant %d and %q", c.args, status, stdout, stderr, c.status, c.words)
			}
			if strings.Contains(stdout+stderr, "hunter2") {
				t.Errorf("a secret prints:\n%s%s", stdout, stderr)
			}
		})
	}
}

func TestConfigKey(t *testing.T) {
	status, printed, _ := command(t, "config", "key")
	if _, err := probe.ParseKey(printed); err != nil || status != exitOK {
		t.Errorf("got status %d and %v, want a key on standard output", status, err)
	}
	path := filepath.Join(t.TempDir(), "tag.key")
	if status, _, stderr := command(t, "config", "key", path); status != exitOK {
		t.Fatalf("got status %d: %s", status, stderr)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
	status, _, _ = command(t, "config", "key", path)
	if again, _ := os.ReadFile(path); status == exitOK || !bytes.Equal(first, again) {
		t.Errorf("a second time: got status %d, want that the key stays", status)
	}
}

func TestConfigExampleIsGood(t *testing.T) {
	_, example, _ := command(t, "config", "example")
	if _, err := config.Parse("example.yaml", []byte(example)); err != nil {
		t.Error(err)
	}
}

func TestConfigShowHasNoSecret(t *testing.T) {
	t.Setenv("MAILPATH_TEST_PASSWORD", "hunter2")
	status, shown, stderr := command(t, "config", "show", write(t, "good.yaml", small))
	if status != exitOK || strings.Contains(shown, "hunter2") || !strings.Contains(shown, "MAILPATH_TEST_PASSWORD") {
		t.Errorf("got status %d\n%s%s", status, shown, stderr)
	}
	if _, err := config.Parse("shown.yaml", []byte(shown)); err != nil {
		t.Errorf("what is shown is no configuration: %v", err)
	}
}

// runFor runs `mailpath run` for a moment, to its graceful end.
func runFor(t *testing.T, moment time.Duration, args ...string) (status int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	var out, log bytes.Buffer
	status = run(ctx, append([]string{"run", "--listen", freeAddress(t)}, args...), &out, &log)
	return status, log.String()
}

func TestRunMakesAKeyBesideTheJournalAndSaysSo(t *testing.T) {
	t.Setenv("MAILPATH_TEST_PASSWORD", "hunter2")
	config, db := write(t, "mailpath.yaml", small), filepath.Join(t.TempDir(), "mailpath.db")
	status, log := runFor(t, time.Second, "-c", config, "--journal", db)
	if status != exitOK || !strings.Contains(log, "made a key beside the journal") || !strings.Contains(log, db+".key") {
		t.Errorf("got status %d and the log\n%s", status, log)
	}
	first, err := os.ReadFile(db + ".key")
	if err != nil {
		t.Fatal(err)
	}
	_, log = runFor(t, time.Second, "-c", config, "--journal", db)
	if again, _ := os.ReadFile(db + ".key"); !bytes.Equal(first, again) || strings.Contains(log, "made a key") {
		t.Errorf("the second run made another key:\n%s", log)
	}
	if strings.Contains(log, "hunter2") || strings.Contains(log, strings.TrimSpace(string(first))) {
		t.Errorf("a secret prints:\n%s", log)
	}
}

func TestRunTellsWhoHasTheJournal(t *testing.T) {
	db := filepath.Join(t.TempDir(), "mailpath.db")
	j, err := journal.Open(db, probe.NewClock())
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	status, log := runFor(t, 10*time.Second, "-c", write(t, "mailpath.yaml", small), "--journal", db)
	if want := "is another mailpath running? Stop it, or give this one a --journal of its own"; status != exitOurs || !strings.Contains(log, want) {
		t.Errorf("got status %d and\n%s\nwant %d and %q", status, log, exitOurs, want)
	}
}

// deaf is a reader that goes away at once.
type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestDemoEndsWhenNobodyReads(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	status := run(ctx, []string{"demo", "--listen", "127.0.0.1:0"}, deaf{}, deaf{})
	if left, _ := os.ReadDir(os.TempDir()); status != exitOurs || ctx.Err() != nil || len(left) != 0 {
		t.Errorf("got status %d, %v and %d files left behind, want 3 and none, at once", status, ctx.Err(), len(left))
	}
}

// TestDemo holds the story to what the README says of it.
func TestDemo(t *testing.T) {
	t.Parallel()
	started := time.Now()
	status, stdout, stderr := command(t, "demo", "--output", "json", "--listen", "127.0.0.1:0")
	if status != exitOK {
		t.Fatalf("got status %d: %s", status, stderr)
	}
	if took := time.Since(started); took > 2*time.Minute {
		t.Errorf("it took %v, want less than two minutes", took)
	}
	var r demoReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v in\n%s", err, stdout)
	}
	if !r.ConservationOK || len(r.Faults) != 2 || r.Faults[0].Component != brokenComponent {
		t.Fatalf("got conservation %v and faults %+v\n%s", r.ConservationOK, r.Faults, stderr)
	}
	crash, repair := r.Faults[0].Time, r.Faults[1].Time
	for name, route := range r.Routes {
		if route.Outcomes[probe.Lost] > 0 || route.Sent < 15 || route.InFlight != 0 {
			t.Errorf("%s: got %+v, want nothing lost and nothing in flight", name, route)
		}
		if name == "outside-to-hq" {
			checkBroken(t, route, crash, repair)
		} else if len(route.Health) != 1 || route.Health[0].To != probe.HealthOK || route.Outcomes[probe.Delivered] != route.Sent {
			t.Errorf("%s: got health %+v and outcomes %v, want ok throughout and all delivered", name, route.Health, route.Outcomes)
		}
	}
}

// checkBroken holds the broken route to the story.
func checkBroken(t *testing.T, route routeReport, crash, repair time.Time) {
	t.Helper()
	if len(route.Health) != 3 || route.Health[1].To != probe.HealthBroken || route.Health[2].To != probe.HealthOK {
		t.Fatalf("got health %+v, want ok, broken, ok", route.Health)
	}
	if broken := route.Health[1].Time.Sub(crash); broken < 0 || broken > 15*time.Second {
		t.Errorf("broken %v after the crash, want within 15 s", broken)
	}
	if !route.Health[2].Time.After(repair) {
		t.Errorf("ok again at %v, want after the repair at %v", route.Health[2].Time, repair)
	}
	// The first message that was held waited for nearly the whole outage.
	outage := repair.Sub(crash).Seconds()
	if held := route.Outcomes[probe.Late]; held < 10 || route.Latency.Max < outage-demoEvery.Seconds()-0.5 || route.Latency.Max > outage+2 {
		t.Errorf("got %d late by up to %.1f s in an outage of %.1f s, want all that were held, with their true delay", held, route.Latency.Max, outage)
	}
}

// TestCommandsDocs holds docs/commands.md to the commands.
func TestCommandsDocs(t *testing.T) {
	var doc strings.Builder
	doc.WriteString("# Commands\n\nGenerated from the program by `make generate`.\n")
	describe(newRoot(&doc, &doc), &doc)
	path := filepath.Join(root, "docs", "commands.md")
	if *update {
		if err := os.WriteFile(path, []byte(doc.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != doc.String() {
		t.Errorf("docs/commands.md is out of date (%v): make generate", err)
	}
}

func describe(c *cobra.Command, doc *strings.Builder) {
	doc.WriteString("\n## `" + c.CommandPath() + "`\n\n")
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	doc.WriteString(text + "\n")
	if c.Runnable() && (c.HasAvailableLocalFlags() || !c.HasSubCommands()) {
		doc.WriteString("\n```\n" + strings.TrimSpace(c.UseLine()+"\n\n"+c.LocalFlags().FlagUsages()) + "\n```\n")
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "completion" {
			describe(sub, doc)
		}
	}
}
