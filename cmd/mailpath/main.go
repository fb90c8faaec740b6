// Command mailpath sends tagged test messages from outside, internally and site to
// site, watches the mailboxes they should reach, and tells what became of each.
//
// Each file here is one command, but for build.go, which turns a configuration
// into the parts of an engine and is the only place that knows every package.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/probe"
)

func main() { os.Exit(process(context.Background(), os.Args[1:])) }

// process is the whole life of a process, from its arguments to its exit status.
func process(ctx context.Context, args []string) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	return run(ctx, args, os.Stdout, os.Stderr)
}

// clockKey is the key of a context's clock.
type clockKey struct{}

// clockOf is the context's clock if it has one, for tests that move it, else a new one.
func clockOf(ctx context.Context) probe.Clock {
	if c, ok := ctx.Value(clockKey{}).(probe.Clock); ok {
		return c
	}
	return probe.NewClock()
}

// The exit statuses.
const (
	exitOK    = 0
	exitBad   = 1 // the path is bad
	exitUsage = 2 // the command line or the configuration is wrong
	exitOurs  = 3 // the probe's own trouble: nothing is known about the path
)

// exitError is an error with its exit status. Without one inside, nothing is printed.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// ours marks an error as the probe's own trouble, unless it has a status already.
func ours(err error) error {
	if err == nil || errors.As(err, new(*exitError)) {
		return err
	}
	return &exitError{exitOurs, err}
}

// usage marks an error as the user's to mend.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUsage, err}
}

// run carries one command line out and gives the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return carryOut(ctx, newRoot(stdout, stderr), args, stderr)
}

// carryOut runs one of root's commands.
func carryOut(ctx context.Context, root *cobra.Command, args []string, stderr io.Writer) int {
	root.SetArgs(append([]string{}, args...)) // nil would mean those of the process
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	status := exitUsage
	if e := new(exitError); errors.As(err, &e) {
		if status = e.status; e.err == nil {
			return status
		}
	}
	fmt.Fprintln(stderr, "mailpath:", err)
	if !errors.As(err, new(*exitError)) {
		fmt.Fprintln(stderr, "See mailpath --help.")
	}
	return status
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "mailpath",
		Short: "Tell whether mail arrives, and which component broke when it does not",
		Long: `mailpath sends tagged test messages from outside, internally and site to site,
watches the mailboxes they should reach over IMAP, and tells what became of each.

Exit status: 0 all is well, 1 the path is bad, 2 the command line or the
configuration is wrong, 3 the probe itself is in trouble.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       buildOf().version,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newDemo(), newRun(), newOnce(), newTrace(), newHops(), newCheck(), newJournal(), newStatus(), newIncident(), newAnnounce(), newClean(), newConfig(), newVersion())
	return root
}
