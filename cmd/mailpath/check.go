package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/checks/component"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
)

func newCheck() *cobra.Command {
	var configPath, output string
	cmd := &cobra.Command{
		Use:   "check [TARGET]",
		Short: "Ask the components whether they are well, without sending mail",
		Long: `check asks what is configured as check in the components: whether SMTP and IMAP servers
greet and answer, ports take connections, certificates are good, and what Prometheus
knows. It sends no mail; each question ends within 40 seconds. TARGET is the name of a
component, or a host:port among those configured; without it, all is asked.

Exit status: 0 all is well, or works for now, 1 something failed, 2 the command line
or the configuration is wrong, 3 nothing could be asked.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: want text or json", output)
			}
			cfg, err := loadConfig(configPath)
			if err != nil {
				return err
			}
			checks, err := chosen(cfg, buildChecks(cfg, clockOf(cmd.Context())), args)
			if err != nil {
				return usage(err)
			}
			all := askAll(cmd.Context(), checks)
			show := printFindings
			if output == "json" {
				show = printFindingsJSON
			}
			if err := show(cmd.OutOrStdout(), all); err != nil {
				return ours(err)
			}
			return verdictOn(all)
		},
	}
	cmd.Flags().StringVarP(&configPath, "config", "c", defaultConfig, "the configuration `FILE`")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`FORMAT`: text, or json for one document")
	return cmd
}

const howToCheck = `give a component one, as in check: {smtp: "mx1.example.com:25"}`

// chosen picks the checks that the command line means.
func chosen(cfg *config.Config, all []component.Check, args []string) ([]component.Check, error) {
	if len(all) == 0 {
		return nil, errors.New("no check is configured: " + howToCheck)
	}
	if len(args) == 0 {
		return all, nil
	}
	meant := slices.DeleteFunc(slices.Clone(all), func(c component.Check) bool {
		return c.Component != args[0] && !strings.EqualFold(c.Target, args[0])
	})
	if len(meant) > 0 {
		return meant, nil
	}
	if slices.ContainsFunc(cfg.Components, func(c config.Component) bool { return c.Name == args[0] }) {
		return nil, fmt.Errorf("component %s has no check: %s", args[0], howToCheck)
	}
	var known []string
	for _, c := range all {
		known = append(known, c.Component, c.Target)
	}
	slices.Sort(known)
	return nil, fmt.Errorf("got TARGET %q, want one of %s", args[0], strings.Join(slices.Compact(known), ", "))
}

// askedAtOnce bounds how many questions are under way.
const askedAtOnce = 16

// askAll asks everything, and gives the answers in the order of the questions.
func askAll(ctx context.Context, checks []component.Check) []probe.Checked {
	all := make([]probe.Checked, len(checks))
	places := make(chan struct{}, askedAtOnce)
	var asking sync.WaitGroup
	for i, c := range checks {
		places <- struct{}{}
		asking.Go(func() {
			all[i] = c.Check(ctx)
			<-places
		})
	}
	asking.Wait()
	return all
}

// verdictOn gives the exit status.
func verdictOn(all []probe.Checked) error {
	known := false
	for _, c := range all {
		if c.Finding.State == probe.FindingFailed {
			return &exitError{status: exitBad}
		}
		known = known || c.Finding.State != probe.FindingUnknown
	}
	if !known {
		return &exitError{status: exitOurs}
	}
	return nil
}

func printFindings(w io.Writer, all []probe.Checked) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tCHECK\tTARGET\tSTATE\tTOOK\tREASON")
	for _, c := range all {
		f := c.Finding
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Component, f.Check, f.Target, f.State, short(c.Took), f.Reason)
		if f.State != probe.FindingOK && f.Advice != "" {
			fmt.Fprintf(table, "\t\t\t\t\t→ %s\n", f.Advice)
		}
	}
	return table.Flush()
}

// findingJSON is a finding in a document.
type findingJSON struct {
	Component string             `json:"component"`
	Check     string             `json:"check"`
	Target    string             `json:"target"`
	State     probe.FindingState `json:"state"`
	Reason    string             `json:"reason"`
	Advice    string             `json:"advice,omitempty"`
	Took      float64            `json:"took_seconds"`
	NotAfter  time.Time          `json:"certificate_not_after,omitzero"`
}

func printFindingsJSON(w io.Writer, all []probe.Checked) error {
	document := make([]findingJSON, len(all))
	for i, c := range all {
		f := c.Finding
		document[i] = findingJSON{f.Component, f.Check, f.Target, f.State, f.Reason, f.Advice, c.Took.Seconds(), c.NotAfter}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(document)
}
