package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/exporters/situation"
)

func newIncident() *cobra.Command {
	cmd := &cobra.Command{Use: "incident", Short: "List incidents, and report on one"}
	cmd.AddCommand(newIncidentList(), newIncidentReport())
	return cmd
}

func newIncidentList() *cobra.Command {
	var r running
	var since, output string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List incidents, the newest first",
		Example: "  mailpath incident list --since 2026-11-01",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return usage(fmt.Errorf("--output: got %q, want text or json", output))
			}
			values := url.Values{}
			if since != "" {
				values.Set("since", since)
			}
			var document bytes.Buffer
			if err := r.get(cmd.Context(), &document, "/api/v1/incidents", values); err != nil {
				return ours(err)
			}
			if output == "json" {
				_, err := document.WriteTo(cmd.OutOrStdout())
				return ours(err)
			}
			return tellIncidents(cmd.OutOrStdout(), document.Bytes())
		},
	}
	urlFlag(cmd, &r.url)
	cmd.Flags().StringVar(&since, "since", "", "those that touch the time from this `DATE` or time on; else the last 90 days")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`FORMAT`: text, or json, which docs/status.md describes")
	return cmd
}

func tellIncidents(w io.Writer, document []byte) error {
	var all struct{ Incidents []situation.Incident }
	if err := json.Unmarshal(document, &all); err != nil {
		return ours(fmt.Errorf("reading the incidents of the running mailpath: %w", err))
	}
	if len(all.Incidents) == 0 {
		fmt.Fprintln(w, "There was no incident in this time.")
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "INCIDENT\tSTATE\tBEGAN\tENDED\tLATE\tLOST\tWHAT")
	for _, i := range all.Incidents {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", i.ID, i.State, orDash(i.Began), orDash(i.Ended), i.Figures.Late, i.Figures.Lost, cmp.Or(i.Sentence, "no component is known to be the cause"))
	}
	return ours(table.Flush())
}

func newIncidentReport() *cobra.Command {
	var r running
	cmd := &cobra.Command{
		Use:   "report ID",
		Short: "Write the account of an incident in Markdown",
		Long: `report writes the account of an incident in Markdown: what happened, the timeline,
the figures, the evidence, and what people were told. It is the beginning of a review.`,
		Example: "  mailpath incident report 2026-11-24-0841 > review.md",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ours(r.get(cmd.Context(), cmd.OutOrStdout(), "/api/v1/incidents/"+url.PathEscape(args[0])+"/report", nil))
		},
	}
	urlFlag(cmd, &r.url)
	return cmd
}
