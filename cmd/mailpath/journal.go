package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// journalFlags say which journal is read, and what of it.
type journalFlags struct {
	url, file    string
	route, id    string
	kinds        []string
	since, until string
	output       string
	totals       bool
}

func newJournal() *cobra.Command {
	var f journalFlags
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Read the journal: what was sent, answered, seen and missed",
		Long: `journal prints the events of the journal, oldest first. It asks the running mailpath;
when none runs it opens the file itself. With --totals it prints what each route
came to on each day (UTC), which is kept for 400 days, one line of JSON each; the
events of single messages are kept for 7 days, or for a million messages.`,
		Example: `  mailpath journal --route outside-to-hq --since 2h
  mailpath journal --id p5zq3mfd2kyqe -o json
  mailpath journal --kind blind --kind clock_stepped
  mailpath journal --totals`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query, err := f.query(probe.NewClock().Now())
			if err != nil {
				return usage(err)
			}
			return f.print(cmd, query)
		},
	}
	urlFlag(cmd, &f.url)
	cmd.Flags().StringVar(&f.file, "journal", "", "read this `FILE` instead of asking the running mailpath; by default "+defaultJournal+" when none runs")
	cmd.Flags().StringVar(&f.route, "route", "", "only what is about this `ROUTE`")
	cmd.Flags().StringVar(&f.id, "id", "", "only what is about the message with this `ID`")
	cmd.Flags().StringSliceVar(&f.kinds, "kind", nil, "only events of this `KIND`: "+strings.Join(api.Kinds(), ", "))
	cmd.Flags().StringVar(&f.since, "since", "", "only from this `TIME` on, such as 2026-11-24T08:41:00Z, or 2h for two hours ago")
	cmd.Flags().StringVar(&f.until, "until", "", "only before this `TIME`")
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "`FORMAT`: text or json, one line for each event")
	cmd.Flags().BoolVar(&f.totals, "totals", false, "print what each route came to on each day")
	return cmd
}

// query makes of the flags what the API takes; it checks them as the API does.
func (f journalFlags) query(now time.Time) (api.Query, error) {
	q := api.Query{Route: f.route, Kinds: f.kinds}
	values := q.Values()
	if f.id != "" {
		values.Set("id", f.id)
	}
	values.Set("format", f.output)
	for name, text := range map[string]string{"since": f.since, "until": f.until} {
		if text == "" {
			continue
		}
		if ago, err := time.ParseDuration(text); err == nil {
			text = now.Add(-ago).Format(time.RFC3339Nano)
		}
		values.Set(name, text)
	}
	return api.ParseQuery(values)
}

func (f journalFlags) print(cmd *cobra.Command, q api.Query) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	if f.file == "" {
		err := f.ask(ctx, out, q)
		if !errors.Is(err, errNothingRuns) {
			return err
		}
		if cmd.Flags().Changed("url") {
			return ours(err)
		}
		f.file = defaultJournal
	}
	j, err := journal.OpenReadOnly(f.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usage(fmt.Errorf("%w: no mailpath runs at %s, and there is no such file: give --url or --journal", err, f.url))
	case err != nil:
		return ours(err)
	}
	defer j.Close()
	if f.totals {
		return ours(api.WriteTotals(ctx, out, j, nil))
	}
	return ours(q.Write(ctx, out, j))
}

func (f journalFlags) ask(ctx context.Context, out io.Writer, q api.Query) error {
	if f.totals {
		return running{f.url}.get(ctx, out, "/api/v1/totals", nil)
	}
	return running{f.url}.get(ctx, out, "/api/v1/journal", q.Values())
}
