package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/journal"
)

func newOnce() *cobra.Command {
	var configPath string
	cmd := &cobra.Command{
		Use:   "once",
		Short: "Send one message along each route, tell what became of it, and exit",
		Long: `once sends one message along each route at the same time and prints what happens, as
it happens. It ends when each message has arrived or missed its late_after.

Exit status: 0 every message arrived in time and where it should, 1 one did not,
2 the command line or the configuration is wrong, 3 nobody can tell, because of
the probe's own trouble or a mailbox that cannot be watched.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(configPath)
			if err != nil {
				return err
			}
			return runOnce(cmd, cfg)
		},
	}
	cmd.Flags().StringVarP(&configPath, "config", "c", defaultConfig, "the configuration `FILE`")
	return cmd
}

func runOnce(cmd *cobra.Command, cfg *config.Config) error {
	keys, err := configuredKeys(cfg)
	if err != nil {
		return usage(err)
	}
	clock := probe.NewClock()
	parts, err := build(cfg, keys, clock)
	if err != nil {
		return ours(err)
	}
	out := cmd.OutOrStdout()
	results := newBoard(parts.probes)
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
	engine := probe.NewEngine(engineConfig(parts, keys, journal.NewMemory(clock), clock, log, results, &timeline{w: out, clock: clock}))
	if err := engine.Once(cmd.Context()); err != nil {
		return ours(err)
	}
	if cmd.Context().Err() != nil {
		fmt.Fprintln(out, "\ninterrupted: this round says nothing")
		return &exitError{status: exitOurs}
	}
	return summarise(out, results)
}

// timeline is an exporter that prints what happens, one line each.
type timeline struct {
	w     io.Writer
	clock probe.Clock
}

// Export implements probe.Exporter.
func (t *timeline) Export(c probe.Change) {
	switch c := c.(type) {
	case probe.Sent:
		t.print(c, c.Message.Route, "sending %v", c.Message.ID)
	case probe.Answered:
		t.print(c, c.Message.Route, "%s", answerInWords(c.Attempt))
	case probe.DeadlineMissed:
		t.print(c, c.Message.Route, "has not arrived within %v", c.Message.LateAfter)
	case probe.Settled:
		t.print(c, c.Message.Route, "%s", outcomeInWords(c.Outcome))
	case probe.Duplicated:
		t.print(c, c.Message.Route, "arrived once more, in %s", c.Folder)
	case probe.MailboxBlind:
		t.print(c, "mailbox "+c.Mailbox, "cannot be watched: %s", c.Problem)
	}
}

func (t *timeline) print(c probe.Change, subject, format string, args ...any) {
	_, at := c.Cause()
	fmt.Fprintf(t.w, "%s  %-24s %s\n", at.Format("15:04:05.000"), subject, fmt.Sprintf(format, args...))
}

// answerInWords says how handing a message over ended, and where the time went.
func answerInWords(a probe.Attempted) string {
	var took time.Duration
	var slowest probe.Phase
	for _, p := range a.Phases {
		took += p.Took
		if p.Took > slowest.Took {
			slowest = p
		}
	}
	words := fmt.Sprintf("%v after %s (longest: %s %s)", a.Result, short(took), slowest.Name, short(slowest.Took))
	switch {
	case a.Problem != "":
		return words + ": " + a.Problem
	case a.Reply != nil:
		return words + ": " + a.Reply.String()
	}
	return words
}

func outcomeInWords(o probe.Outcome) string {
	words := string(o.Status)
	if o.Adopted {
		words = "sent by an earlier process: " + words
	}
	if o.Status.Arrived() {
		words += fmt.Sprintf(" in %s after %s", o.Folder, short(o.Observed))
		if o.Latency.Width() > time.Second {
			words += fmt.Sprintf(" (between %s and %s)", short(o.Latency.Min), short(o.Latency.Max))
		}
	}
	return words
}

// short is a duration in the three digits that matter.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond / 10).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// summarise prints a line per route and gives the exit status.
func summarise(w io.Writer, results *board) error {
	status := exitOK
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nROUTE\tDIRECTION\tRESULT\tLATENCY\tWHY")
	results.each(func(route string, r *row) {
		v := verdictOf(r)
		latency := "-"
		if len(r.latencies) > 0 {
			latency = short(r.median())
		}
		fmt.Fprintln(table, strings.TrimSuffix(strings.Join([]string{route, string(r.direction), v.result, latency, v.why}, "\t"), "\t"))
		if status == exitOK || v.status == exitBad {
			status = v.status
		}
	})
	if err := table.Flush(); err != nil || status == exitOK {
		return ours(err)
	}
	return &exitError{status: status}
}

// roundVerdict is what one round showed of a route.
type roundVerdict struct {
	result, why string
	status      int
}

func verdictOf(r *row) roundVerdict {
	switch {
	case r.bad > 0 && r.last.Status == probe.Delivered:
		return roundVerdict{"wrong place", "it is in " + r.last.Folder, exitBad}
	case r.bad > 0:
		return roundVerdict{string(r.last.Status), r.why, exitBad}
	case r.vague > 0:
		return roundVerdict{string(r.last.Status), r.why, exitOurs}
	case r.missed > 0:
		return roundVerdict{"not arrived", "it was accepted, and is not in the mailbox", exitBad}
	case r.unanswered > 0:
		return roundVerdict{"answer unknown", "it may not have been accepted, and is not in the mailbox", exitOurs}
	case r.unsettled > 0 || r.sent == 0:
		return roundVerdict{"nobody could look", r.blind, exitOurs}
	}
	return roundVerdict{"ok", "", exitOK}
}
