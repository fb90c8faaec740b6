package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
)

func newClean() *cobra.Command {
	var configPath, url string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "clean [MAILBOX...]",
		Short: "Delete old test messages of this prober from the mailboxes",
		Long: `clean deletes test messages from the mailboxes, all of them by default: only what is
signed with this prober's keys and name, and only what is older than lost_after,
which nobody waits for any more. Single messages are expunged by their UIDs; a
server that cannot do that is left alone. It asks the running mailpath to do it;
when none runs it does so itself, as configured. Then it does not know what an earlier
run still waits for: start mailpath run first if there is such mail.

mailpath run deletes what it has seen by itself, unless a mailbox says clean: false.
This is for what is left: by clean: false, or when a journal was lost.

Exit status: 0 all is done, 2 the command line or the configuration is wrong, 3 a
mailbox could not be cleaned.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			order := api.CleanOrder{Mailboxes: args, Remove: !dryRun}
			var answer bytes.Buffer
			document, err := json.Marshal(order)
			if err != nil {
				return err
			}
			err = running{url}.post(cmd.Context(), &answer, "/api/v1/clean", document)
			if errors.Is(err, errNothingRuns) && !cmd.Flags().Changed("url") {
				err = cleanHere(cmd, configPath, order, &answer)
			}
			if err != nil {
				return ours(err)
			}
			return tellCleaned(cmd.OutOrStdout(), &answer)
		},
	}
	urlFlag(cmd, &url)
	cmd.Flags().StringVarP(&configPath, "config", "c", defaultConfig, "the configuration `FILE`, for when no mailpath runs")
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only tell what would be deleted")
	return cmd
}

// cleanHere cleans from this process.
func cleanHere(cmd *cobra.Command, configPath string, order api.CleanOrder, out io.Writer) error {
	cfg, err := loadConfig(configPath)
	if err != nil {
		return err
	}
	keys, err := configuredKeys(cfg)
	if err != nil {
		return usage(err)
	}
	clock := probe.NewClock()
	parts, err := build(cfg, keys, clock)
	if err != nil {
		return err
	}
	mailboxes, err := order.Pick(parts.sweepable(cfg, nil))
	if err != nil {
		return usage(err)
	}
	for _, m := range mailboxes {
		if err := json.NewEncoder(out).Encode(m.Clean(cmd.Context(), clock.Now(), order.Remove)); err != nil {
			return err
		}
	}
	return nil
}

// sweepable gives the mailboxes that can be cleaned, in the order of the
// configuration. The engine, if one runs, knows what is waited for.
func (p parts) sweepable(cfg *config.Config, engine *probe.Engine) []api.Mailbox {
	var all []api.Mailbox
	for _, m := range cfg.Mailboxes {
		if s, ok := p.watchers[m.Name].(api.Sweeper); ok {
			one := api.Mailbox{Name: m.Name, Sweeper: s, LostAfter: p.windows[m.Name]}
			if engine != nil {
				one.OldestUnseen = func() time.Time { return engine.OldestUnseen(m.Name) }
			}
			all = append(all, one)
		}
	}
	return all
}

// tellCleaned prints what was deleted, a line for each folder.
func tellCleaned(w io.Writer, answer io.Reader) error {
	failed := false
	for decoder := json.NewDecoder(answer); ; {
		var c api.Cleaned
		if err := decoder.Decode(&c); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return ours(fmt.Errorf("reading what was cleaned: %w", err))
		}
		did := "would be deleted"
		switch {
		case c.Removed:
			did = "deleted"
		case c.Problem != "":
			did = "found; how many of them were deleted is not known"
		}
		for _, folder := range slices.Sorted(maps.Keys(c.Messages)) {
			fmt.Fprintf(w, "%s: %s in %s from before %s: %s\n", c.Mailbox, counted(c.Messages[folder], "test message"), folder, c.Before.Local().Format("2006-01-02 15:04"), did)
		}
		if len(c.Messages) == 0 && c.Problem == "" {
			fmt.Fprintf(w, "%s: no test messages from before %s\n", c.Mailbox, c.Before.Local().Format("2006-01-02 15:04"))
		}
		if c.Problem != "" {
			failed = true
			fmt.Fprintf(w, "%s: could not be cleaned: %s\n", c.Mailbox, c.Problem)
		}
	}
	if failed {
		return &exitError{status: exitOurs}
	}
	return nil
}
