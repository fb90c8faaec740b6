package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/exporters/api"
)

func newAnnounce() *cobra.Command {
	var url, from, end string
	var next, maintenance time.Duration
	var routes []string
	a := api.Announcement{By: os.Getenv("USER")}
	cmd := &cobra.Command{
		Use:   "announce [TEXT]",
		Short: "Tell people something: an update on an incident, or maintenance",
		Long: `announce gives people an update on the open incident, with --next when the next one
comes; if no incident is open it is an announcement. With --maintenance it announces
that mail may fail on purpose: no incident opens for the routes meanwhile, and their
messages do not count in the objective. What is announced is in the journal of the
running mailpath when the command returns, and in what it tells of its status.

Exit status: 0 it was announced, 2 the command line is wrong, or names an incident or
a route that there is not, 3 nobody was told.`,
		Example: `  mailpath announce "The vendor's patch is being installed" --next 15m
  mailpath announce "New disks at headquarters" --maintenance 2h --routes outside-to-hq,inside-hq
  mailpath announce --end-maintenance m-2026-11-24-0841-k3xq`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				a.Text = args[0]
			}
			a.NextSeconds = next.Seconds()
			if err := withMaintenance(&a, cmd.Flags().Changed("maintenance"), maintenance, from, end, routes); err != nil {
				return usage(err)
			}
			document, err := json.Marshal(a)
			if err != nil {
				return err
			}
			var answer bytes.Buffer
			if err := (running{url}).post(cmd.Context(), &answer, "/api/v1/announce", document); err != nil {
				return ours(err)
			}
			return tellAnnounced(cmd.OutOrStdout(), &answer)
		},
	}
	urlFlag(cmd, &url)
	cmd.Flags().DurationVar(&next, "next", 0, "promise the next update after this `TIME`, such as 15m")
	cmd.Flags().StringVar(&a.Incident, "incident", "", "the `ID` of the incident; needed if several are open")
	cmd.Flags().DurationVar(&maintenance, "maintenance", 0, "announce maintenance that takes this `TIME`, such as 2h")
	cmd.Flags().StringVar(&from, "from", "", "the maintenance begins at this `TIME`, such as 2026-11-24T22:00:00+01:00, instead of now")
	cmd.Flags().StringSliceVar(&routes, "routes", nil, "the `ROUTES` in maintenance, with commas between; all, if none is given")
	cmd.Flags().StringVar(&end, "end-maintenance", "", "end or cancel the maintenance with this `ID`")
	return cmd
}

// withMaintenance adds what the flags say of maintenance.
func withMaintenance(a *api.Announcement, wanted bool, long time.Duration, from, end string, routes []string) error {
	if !wanted && end == "" {
		if from != "" || len(routes) > 0 {
			return fmt.Errorf("got --from or --routes without --maintenance: want how long it takes, such as --maintenance 2h")
		}
		return nil
	}
	a.Maintenance = &api.Maintenance{ForSeconds: long.Seconds(), Routes: routes, End: end}
	if from != "" {
		at, err := time.Parse(time.RFC3339, from)
		if err != nil {
			return fmt.Errorf("--from: got %q, want a time such as 2026-11-24T22:00:00+01:00", from)
		}
		a.Maintenance.From = at
	}
	return nil
}

// tellAnnounced says what became of an announcement.
func tellAnnounced(w io.Writer, answer io.Reader) error {
	var told api.Announced
	if err := json.NewDecoder(answer).Decode(&told); err != nil {
		return ours(fmt.Errorf("reading the answer of the running mailpath: %w", err))
	}
	switch {
	case told.Maintenance != "":
		fmt.Fprintf(w, "maintenance %s from %s until %s\n", told.Maintenance, local(told.From), local(told.Until))
	case told.Incident != "":
		fmt.Fprintf(w, "told as an update on incident %s\n", told.Incident)
	default:
		fmt.Fprintln(w, "told as an announcement: no incident is open")
	}
	if !told.Next.IsZero() {
		fmt.Fprintf(w, "the next update is promised for %s\n", local(told.Next))
	}
	if told.Warning != "" {
		fmt.Fprintln(w, "warning:", told.Warning)
	}
	return nil
}

// local is a time as people on this machine say it.
func local(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }
