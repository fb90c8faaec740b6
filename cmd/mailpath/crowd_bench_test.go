package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// crowd is a mail world with many mailboxes in a process of its own.
type crowd struct {
	t       testing.TB
	command *exec.Cmd
	config  string
	log     bytes.Buffer
}

// startCrowd runs the worldlab with these arguments.
func startCrowd(t testing.TB, program string, args ...string) *crowd {
	t.Helper()
	c := &crowd{t: t, config: filepath.Join(t.TempDir(), "world.yaml")}
	c.command = exec.Command(program, append([]string{"-config", c.config}, args...)...)
	c.command.Stderr = &c.log
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.end)
	said, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.Contains(said, "runs until") {
		t.Fatalf("starting a world: got %q and %v; it says\n%s", said, err, c.log.String())
	}
	go io.Copy(io.Discard, stdout)
	return c
}

// spent is what the process has used.
func (c *crowd) spent() spent {
	c.t.Helper()
	return spentBy(c.t, c.command.Process.Pid)
}

// end stops the world.
func (c *crowd) end() {
	if c.command.ProcessState != nil {
		return
	}
	_ = c.command.Process.Signal(syscall.SIGTERM)
	if err := c.command.Wait(); err != nil {
		c.t.Errorf("the world ended: %v\n%s", err, c.log.String())
	}
}

// startBeside starts mailpath on a crowd, and waits until it sees all mailboxes.
func startBeside(w *crowd, program string, mailboxes int) *child {
	w.t.Helper()
	c := startChild(w.t, program, w.config, filepath.Join(w.t.TempDir(), "journal.db"))
	c.waitFor(fmt.Sprintf("to see %d mailboxes", mailboxes), func() bool {
		return c.metric("mailpath_mailbox_up", "") == float64(mailboxes)
	})
	return c
}
