package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe/config"
)

func newConfigCheck() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Find the mistakes in a configuration before production does",
		Long: `check reads a configuration, ` + defaultConfig + ` by default, and prints every mistake in it
at once, each with its line and column, what was found and what would be right.
Keys, passwords and certificates are read once, to see that they can be. It asks
nothing of the network.

Of a configuration without mistakes it tells what its routes can say when something
breaks: which components no route passes, which of them cannot be told apart, and
which further routes would do that; and how many messages the schedule has each
account send and each mailbox get in a day, and what its provider is known to allow;
and which records the DNS must have for messages that are signed (DKIM).

Exit status: 0 there is no mistake, whatever else was found; 2 there are mistakes.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: want text or json", output)
			}
			path := fileArgument(args)
			cfg, err := loaded(config.LoadAndRead(path, checkSigning))
			problems, wrong := errors.AsType[config.Problems](err)
			switch {
			case output == "json" && wrong:
				return errors.Join(writeReview(cmd.OutOrStdout(), review{Problems: found(problems, "error")}), &exitError{status: exitUsage})
			case err != nil:
				return err
			}
			r, err := reviewOf(cfg, clockOf(cmd.Context()).Now())
			if err != nil {
				return err
			}
			if output == "json" {
				return writeReview(cmd.OutOrStdout(), r)
			}
			return r.print(cmd.OutOrStdout(), path, cfg)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`FORMAT`: text, or json for one document")
	return cmd
}

// review is what there is to say of a configuration.
type review struct {
	diagnosis.Coverage
	Problems []finding        `json:"problems"` // mistakes, or what will not work well
	Notes    []finding        `json:"notes"`
	Traffic  []config.Traffic `json:"traffic"`
	Records  []record         `json:"dns_records"` // that DKIM needs
}

// finding is something that was found at a place of the file.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity"` // error, warning or note
	Message  string `json:"message"`
}

func found(problems config.Problems, severity string) []finding {
	all := make([]finding, len(problems))
	for i, p := range problems {
		all[i] = finding{p.File, p.Line, p.Column, severity, p.Message}
	}
	return all
}

func reviewOf(cfg *config.Config, now time.Time) (review, error) {
	probes, err := buildProbes(cfg)
	if err != nil {
		return review{}, err
	}
	if _, err := loadWords(cfg.Status, slog.New(slog.DiscardHandler)); err != nil {
		return review{}, err
	}
	records, weak, err := recordsOf(cfg)
	if err != nil {
		return review{}, err
	}
	return review{
		Coverage: buildTopology(cfg, probes).Coverage(), Traffic: cfg.Traffic(), Records: records,
		Problems: append(found(cfg.Warnings, "warning"), weak...), Notes: found(append(cfg.Notes, cfg.Over(now)...), "note"),
	}, nil
}

// writeReview writes a review as JSON, with empty lists rather than none.
func writeReview(w io.Writer, r review) error {
	for _, list := range []*[]finding{&r.Problems, &r.Notes} {
		*list = append([]finding{}, *list...)
	}
	r.Uncovered = append([]string{}, r.Uncovered...)
	r.Indistinguishable = append([][]string{}, r.Indistinguishable...)
	r.Suggestions = append([]diagnosis.Suggestion{}, r.Suggestions...)
	r.Traffic = append([]config.Traffic{}, r.Traffic...)
	r.Records = append([]record{}, r.Records...)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// print writes a review for people.
func (r review) print(w io.Writer, path string, cfg *config.Config) error {
	var b strings.Builder
	for _, list := range [][]finding{r.Notes, r.Problems} {
		for _, f := range list {
			fmt.Fprintf(&b, "%s: %s:%d:%d: %s\n", f.Severity, f.File, f.Line, f.Column, f.Message)
		}
	}
	for _, c := range r.Uncovered {
		fmt.Fprintf(&b, "no route passes %s: if it breaks, nobody is told\n", c)
	}
	for _, group := range r.Indistinguishable {
		fmt.Fprintf(&b, "%s are on exactly the same routes: which of them broke cannot be told\n", strings.Join(group, ", "))
	}
	for _, s := range r.Suggestions {
		fmt.Fprintf(&b, "suggestion: %s\n", s.Text)
	}
	for _, t := range r.Traffic {
		fmt.Fprintln(&b, trafficInWords(t))
	}
	for _, one := range r.Records {
		fmt.Fprintf(&b, "messages of %s are signed: the DNS must have\n  %s\n", one.Sender, one.zone)
	}
	fmt.Fprintf(&b, "%s is good: %s, %s, %s\n", path,
		counted(len(cfg.Routes), "route"), counted(len(cfg.Probes), "probe"), counted(len(cfg.Mailboxes), "mailbox"))
	_, err := io.WriteString(w, b.String())
	return err
}

func trafficInWords(t config.Traffic) string {
	what := "mailbox " + t.Mailbox + " gets"
	if t.Sender != "" {
		what = "sender " + t.Sender + " sends"
	}
	words := fmt.Sprintf("%s %.0f messages a day", what, t.Messages)
	if t.Provider != "" {
		words += fmt.Sprintf(" (%s allows %s)", t.Provider, strings.Join(t.Limits, ", "))
	}
	return words
}
