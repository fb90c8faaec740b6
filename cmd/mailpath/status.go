package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
)

// statusEvery is how often a running mailpath is asked while somebody watches.
const statusEvery = 2 * time.Second

// asking is what is asked of the running mailpath, and how it is shown.
type asking struct {
	running
	audience, output string
}

func newStatus() *cobra.Command {
	var a asking
	var watch bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell what works and what does not, as the status page does",
		Long: `status asks the running mailpath what works and what does not, and prints it: the
words of the status page, and a line for each direction of mail. With --watch it goes
on, and prints it again when it changes.

Exit status: 0 all mail works or is in maintenance, 1 some does not, 2 the command
line is wrong, 3 nothing is known: no mailpath runs there, or it knows nothing yet.`,
		Example: `  mailpath status
  mailpath status --audience management
  mailpath status -o json | jq .condition`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(); err != nil {
				return usage(err)
			}
			condition, shown, err := a.ask(cmd.Context())
			if err != nil {
				return ours(err)
			}
			if _, err := cmd.OutOrStdout().Write(shown); err != nil {
				return ours(err)
			}
			if watch {
				return ours(a.watch(cmd, shown))
			}
			return statusOf(condition)
		},
	}
	urlFlag(cmd, &a.url)
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "go on until stopped, and print it again when it changes")
	cmd.Flags().StringVar(&a.audience, "audience", string(words.NOC), "the words are for `WHOM`: staff, management or noc")
	cmd.Flags().StringVarP(&a.output, "output", "o", "text", "`FORMAT`: text, or json, which docs/status.md describes")
	return cmd
}

func (a asking) check() error {
	if !slices.Contains(words.Audiences[:], words.Audience(a.audience)) {
		return fmt.Errorf("--audience: got %q, want staff, management or noc", a.audience)
	}
	if a.output != "text" && a.output != "json" {
		return fmt.Errorf("--output: got %q, want text or json", a.output)
	}
	return nil
}

// ask gives how things stand, and that as it is shown.
func (a asking) ask(ctx context.Context) (situation.Condition, []byte, error) {
	var document, text bytes.Buffer
	if err := a.get(ctx, &document, "/api/v1/status", nil); err != nil {
		return "", nil, err
	}
	var s situation.Situation
	if err := json.Unmarshal(document.Bytes(), &s); err != nil {
		return "", nil, fmt.Errorf("reading the status of the running mailpath: %w", err)
	}
	if a.output == "json" {
		return s.Condition, document.Bytes(), nil
	}
	if err := a.get(ctx, &text, "/api/v1/update", url.Values{"audience": {a.audience}, "format": {"text"}}); err != nil {
		return "", nil, err
	}
	tellDirections(&text, s)
	return s.Condition, text.Bytes(), nil
}

// tellDirections writes a line for each direction of mail.
func tellDirections(w io.Writer, s situation.Situation) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nDIRECTION\tCONDITION\tSINCE\tLAST GOOD\tUSUALLY\tINCIDENT")
	for _, d := range s.Directions {
		condition := string(d.Condition)
		if d.Blind {
			condition += " (blind)"
		}
		incident := "-"
		if len(d.Incidents) > 0 {
			incident = d.Incidents[len(d.Incidents)-1]
		}
		usual := "-"
		if d.Usual > 0 {
			usual = time.Duration(d.Usual * float64(time.Second)).Round(time.Millisecond).String()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", d.Direction, condition, orDash(d.Since), orDash(d.LastGood), usual, incident)
	}
	_ = table.Flush() // into memory
}

// orDash is a time as the site says it.
func orDash(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02 15:04:05")
}

// watch prints how things stand whenever that is another thing than before. That nobody
// answers is told once, and waited for to end.
func (a asking) watch(cmd *cobra.Command, before []byte) error {
	clock, silent := clockOf(cmd.Context()), false
	for clock.SleepUntil(cmd.Context(), clock.Now().Add(statusEvery)) == nil {
		_, shown, err := a.ask(cmd.Context())
		switch {
		case cmd.Context().Err() != nil:
			return nil
		case err != nil && !silent:
			fmt.Fprintln(cmd.ErrOrStderr(), "mailpath:", err)
		case err == nil && !bytes.Equal(timeless(shown), timeless(before)):
			before = shown
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "\n%s", shown); err != nil {
				return err
			}
		}
		silent = err != nil
	}
	return nil
}

// timeless is a JSON document without the time it was made at, or a text as it is.
func timeless(shown []byte) []byte {
	var s situation.Situation
	if json.Unmarshal(shown, &s) != nil {
		return shown
	}
	s.At = time.Time{}
	text, err := json.Marshal(s)
	if err != nil {
		return shown
	}
	return text
}

// statusOf is the exit status by how things stand.
func statusOf(c situation.Condition) error {
	switch c {
	case situation.Operational, situation.UnderMaintenance:
		return nil
	case situation.Unknown:
		return ours(errors.New("nothing is known yet about whether mail arrives: ask again in a minute"))
	}
	return &exitError{status: exitBad}
}
