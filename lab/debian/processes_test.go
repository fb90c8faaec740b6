package debian_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/debian"
)

// processesOf finds processes that have to do with a directory: by arguments,
// environment (Postfix passes MAIL_CONFIG on), working directory or an open file.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, process := range processes {
		if process == fmt.Sprintf("/proc/%d", os.Getpid()) {
			continue
		}
		// What cannot be read has ended in between.
		arguments, _ := os.ReadFile(process + "/cmdline")
		environment, _ := os.ReadFile(process + "/environ")
		links, _ := filepath.Glob(process + "/fd/*")
		text := slices.Concat(arguments, environment)
		for _, link := range append(links, process+"/cwd") {
			target, _ := os.Readlink(link)
			text = append(text, target...)
		}
		if bytes.Contains(text, []byte(dir)) {
			found = append(found, process+" "+strings.ReplaceAll(string(arguments), "\x00", " "))
		}
	}
	return found
}

// sharedDir is a directory that the users of the servers can reach, as
// testing's TempDir is not.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mailpath-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if os.RemoveAll(dir) == nil {
			return
		}
		// The test is not root, and the servers' users left files.
		if output, err := exec.Command("sudo", "-n", "rm", "-rf", "--", dir).CombinedOutput(); err != nil {
			t.Errorf("removing %s: %v: %s", dir, err, output)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	first := started(t, debian.Options{})
	second := started(t, debian.Options{Dir: sharedDir(t)})
	if got := processesOf(t, second.Dir); len(got) < 10 {
		t.Fatalf("listing processes of a running lab: got %q, want ten or more", got)
	}
	beside := len(processesOf(t, first.Dir))
	for range 2 {
		if err := second.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if got := processesOf(t, second.Dir); len(got) > 0 {
		t.Errorf("stopping a lab: got processes %q left, want none", got)
	}
	if got := len(processesOf(t, first.Dir)); got < beside {
		t.Errorf("stopping a lab: got %d processes of the one beside it, want %d as before", got, beside)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]bool{second.Dir: true, first.Dir: false} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("looking for directory %s after the stop: %v, want it there: %v", dir, err, want)
		}
	}
}

// killedDir makes TestKilledTestLeavesNothing a test to be killed.
const killedDir = "MAILPATH_LAB_KILLED_DIR"

func TestKilledTestLeavesNothing(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		lab := started(t, debian.Options{Dir: dir})
		if err := errors.Join(lab.CrashLoopFilter(0), lab.Greylist(time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "started"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		select {} // until killed
	}
	t.Parallel()
	dir := sharedDir(t)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledTestLeavesNothing$")
	child.Env = append(os.Environ(), killedDir+"="+dir)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	within(t, "a lab to start", func() bool {
		_, err := os.Stat(filepath.Join(dir, "started"))
		return err == nil
	})
	if got := processesOf(t, filepath.Join(dir, "gateway", "postgrey")); len(got) < 1 {
		t.Fatalf("listing processes of a greylist: got %q, want one or more", got)
	}
	if got := processesOf(t, filepath.Join(dir, "a")); len(got) < 5 {
		t.Fatalf("listing processes of a running lab: got %q, want five or more", got)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Error("waiting for a killed test: got no error, want one")
	}
	within(t, "no process to be left", func() bool { return len(processesOf(t, dir)) == 0 })
}

func TestStartTellsWhatFailed(t *testing.T) {
	t.Parallel()
	if err := debian.Install(t.Context(), t.Output()); err != nil {
		t.Fatal(err)
	}
	closed := sharedDir(t)
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		options debian.Options
		want    string
	}{
		{"a setting that Dovecot does not know", debian.Options{Dir: sharedDir(t), Extra: map[string]debian.Extra{debian.SiteB: {Dovecot: "no_such_setting = yes"}}}, "Unknown setting: no_such_setting"},
		{"a directory that others cannot enter", debian.Options{Dir: closed}, "chmod o+x"},
		{"a directory that is not there", debian.Options{Dir: filepath.Join(closed, "none")}, "no such file or directory"},
		{"a line that Postfix cannot read", debian.Options{Dir: sharedDir(t), Extra: map[string]debian.Extra{debian.Gateway: {Master: "nonsense"}}}, "bad field count"},
		{"more for a host that is not there", debian.Options{Dir: sharedDir(t), Extra: map[string]debian.Extra{"A": {}}}, `want "gateway", "a" or "b"`},
		{"an address that is not of this machine", debian.Options{Dir: sharedDir(t), AIP: "192.0.2.1"}, "192.0.2.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lab, err := debian.Start(t.Context(), test.options)
			if err == nil {
				t.Fatal("starting a lab: got no error, want one", lab.Stop())
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("starting a lab: got error %v, want one with %q", err, test.want)
			}
			if got := processesOf(t, test.options.Dir); len(got) > 0 {
				t.Errorf("starting a lab that fails: got processes %q left, want none", got)
			}
		})
	}
}
