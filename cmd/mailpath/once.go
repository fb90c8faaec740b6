package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"

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
it happens. It ends when each message has arrived, come back or missed its late_after.
Until then one that is turned away for now is tried again as its route says (retry).

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
	settings := engineConfig(parts, keys, journal.NewMemory(clock), clock, log, results, &timeline{w: out})
	engine := probe.NewEngine(settings)
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
type timeline struct{ w io.Writer }

// Export implements probe.Exporter.
func (t *timeline) Export(c probe.Change) {
	switch c := c.(type) {
	case probe.Sent:
		t.print(c, c.Message.Route, "sending %v", c.Message.ID)
	case probe.Answered:
		t.print(c, c.Message.Route, "%s", answerInWords(c.Attempt))
		if !c.Again.IsZero() {
			t.print(c, c.Message.Route, "%s", againInWords(c))
		}
	case probe.TriedAgain:
		t.print(c, c.Message.Route, "trying again (try %d)", c.Try)
	case probe.DeadlineMissed:
		t.print(c, c.Message.Route, "%s", missedInWords(c))
	case probe.ReportSeen:
		t.print(c, c.Message.Route, "%s", reportSeenInWords(c))
	case probe.Settled:
		t.print(c, c.Message.Route, "%s", outcomeInWords(c.Outcome))
		if words := alteredInWords(c.Outcome.Altered); words != "" {
			t.print(c, c.Message.Route, "altered on the way: %s", words)
		}
	case probe.Duplicated:
		t.print(c, c.Message.Route, "arrived once more, in %s", c.Folder)
	case probe.MailboxBlind:
		t.print(c, "mailbox "+c.Mailbox, "cannot be watched: %s", c.Problem)
	}
}

func (t *timeline) print(c probe.Change, subject, format string, args ...any) {
	_, at := c.Cause()
	fmt.Fprintf(t.w, "%s  %-24s %s\n", at.Format("15:04:05.000"), subject, printable(fmt.Sprintf(format, args...)))
}

// maxWhy bounds the last column of the table; the timeline above it has the whole text.
const maxWhy = 120

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
		fmt.Fprintln(table, strings.TrimSuffix(strings.Join([]string{route, string(r.direction), v.result, latency, cut(printable(v.why), maxWhy)}, "\t"), "\t"))
		if status == exitOK || v.status == exitBad {
			status = v.status
		}
	})
	if err := table.Flush(); err != nil || status == exitOK {
		return ours(err)
	}
	if _, err := fmt.Fprintln(w, "\n`mailpath trace ROUTE` tells more, and what to do."); err != nil {
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
		return roundVerdict{"wrong place", "it is in " + placeInWords(r.last), exitBad}
	case r.bad > 0:
		return roundVerdict{string(r.last.Status), r.because(), exitBad}
	case r.vague > 0:
		return roundVerdict{string(r.last.Status), r.why, exitOurs}
	case r.missed > 0 && r.held != "":
		return roundVerdict{"not arrived", "it was accepted, and is not in the mailbox; " + r.held + " reports that it still holds it", exitBad}
	case r.missed > 0:
		return roundVerdict{"not arrived", "it was accepted, and is not in the mailbox", exitBad}
	case len(r.queued) > 0:
		return roundVerdict{string(probe.Deferred), strings.TrimSuffix("it was turned away for now, and not taken in time: "+r.why, ": "), exitBad}
	case r.unanswered > 0:
		return roundVerdict{"answer unknown", "it may not have been accepted, and is not in the mailbox", exitOurs}
	case r.unsettled > 0 || r.sent == 0:
		return roundVerdict{"nobody could look", r.blind, exitOurs}
	}
	return roundVerdict{"ok", "", exitOK}
}

// because says why the last message did not end as it should.
func (r *row) because() string {
	switch o := r.last; {
	case o.Status == probe.Bounced && o.Report != nil:
		return reportInWords(*o.Report)
	case o.Status == probe.Late && o.Place != probe.Inbox && o.Place != "":
		return "it is in " + placeInWords(o)
	case o.Status.Arrived():
		return "" // what came before it is over
	}
	return r.why
}
