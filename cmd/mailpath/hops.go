package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/trace"
)

func newHops() *cobra.Command {
	var configPath, route, output string
	cmd := &cobra.Command{
		Use:   "hops [FILE]",
		Short: "Show the way of any message, hop by hop, from its header",
		Long: `hops reads a message from FILE, or from standard input, and shows which servers had it,
when, and for how long: one line per Received field, the oldest first. The header is
enough. Times are by each host's own clock, in whole seconds mostly, so what lies
between two of them is an interval; where a step seems to end before it began, the
clocks disagree.

With --config, hosts are given the component that names them in received_by, with
--route, one on that route before others; without it, every host's component is other,
which only JSON shows. JSON is an array of the Received fields from top to bottom, the
newest first; its delays run to each field from the hop below it, uncorrected.

Exit status: 0 also without any hop, 2 FILE cannot be read, the command line or the
configuration is wrong, 3 it was interrupted, or nothing could be written.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: want text or json", output)
			}
			owners, err := ownersOf(configPath, route)
			if err != nil {
				return err
			}
			header, err := readHeader(cmd, args)
			if err != nil {
				return err
			}
			way := readWay(trace.Read(header), owners)
			if output == "json" {
				return ours(printJSON(cmd.OutOrStdout(), way.entries()))
			}
			return ours(way.print(cmd.OutOrStdout()))
		},
	}
	cmd.Flags().StringVarP(&configPath, "config", "c", "", "the configuration `FILE` whose components are told; without it, all are other")
	cmd.Flags().StringVar(&route, "route", "", "the `ROUTE` that the message took")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`FORMAT`: text, or json for one document")
	return cmd
}

// owners tell which component a host belongs to.
type owners struct {
	trace.Config
	route string // empty: not known
}

// ownersOf reads the components of a configuration; an empty path is none.
func ownersOf(path, route string) (owners, error) {
	if path == "" {
		if route != "" {
			return owners{}, fmt.Errorf("--route %q: want --config too, which says what lies on it", route)
		}
		return owners{}, nil
	}
	cfg, err := loadConfig(path)
	if err != nil {
		return owners{}, err
	}
	if names := routeNames(cfg); route != "" && !slices.Contains(names, route) {
		return owners{}, usage(fmt.Errorf("--route %q: want one of %s", route, strings.Join(names, ", ")))
	}
	return owners{buildTracing(cfg), route}, nil
}

func routeNames(cfg *config.Config) []string {
	var names []string
	for _, r := range cfg.Routes {
		names = append(names, r.Name)
	}
	return names
}

// maxMessage bounds what is read of a message: its header stands at the top.
const maxMessage = 1 << 20

// readHeader reads the beginning of a message, unless it is interrupted: nobody may be
// writing what it reads from.
func readHeader(cmd *cobra.Command, args []string) ([]byte, error) {
	type read struct {
		raw []byte
		err error
	}
	done := make(chan read, 1)
	// Opening and reading cannot be called off: if interrupted, they end with the process.
	go func() {
		raw, err := readMessage(cmd, args)
		done <- read{raw, err}
	}()
	select {
	case r := <-done:
		return r.raw, usage(r.err)
	case <-cmd.Context().Done():
		return nil, ours(errors.New("reading a message: interrupted"))
	}
}

// readMessage reads the beginning of a message. Whoever pastes a header begins with an
// empty line easily, and editors put a byte order mark before it.
func readMessage(cmd *cobra.Command, args []string) ([]byte, error) {
	in, name := cmd.InOrStdin(), "standard input"
	if len(args) == 1 && args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			return nil, fmt.Errorf("reading a message: %w", err)
		}
		defer f.Close()
		in, name = f, args[0]
	} else if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintln(cmd.ErrOrStderr(), "Paste the message, or its header, and end it with Ctrl-D:")
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxMessage))
	if err != nil {
		return nil, fmt.Errorf("reading a message from %s: %w", name, err)
	}
	return bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\ufeff")), "\r\n"), nil
}

// way is the way of one message, as its header tells it.
type way struct {
	*trace.Trace
	components []string // of each entry
}

// readWay finds the component of each host, as the Monitor does.
func readWay(t *trace.Trace, o owners) way {
	return way{t, o.ComponentsOf(t, o.route)}
}

// entryJSON is a Received field in a document.
type entryJSON struct {
	By         *string       `json:"by"`
	From       *string       `json:"from"`
	With       *string       `json:"with"`
	ID         *string       `json:"id"`
	Time       *time.Time    `json:"time"`
	ZoneKnown  bool          `json:"zone_known"`
	Resolution *float64      `json:"resolution_seconds"`
	Source     *trace.Source `json:"source"`
	IsHop      bool          `json:"is_hop"`
	DelayMin   *float64      `json:"delay_min_seconds"`
	DelayMax   *float64      `json:"delay_max_seconds"`
	Component  string        `json:"component"`
}

func (w way) entries() []entryJSON {
	document := make([]entryJSON, len(w.Entries)) // never null
	for i, e := range w.Entries {
		d := entryJSON{By: orNull(e.By), From: orNull(e.From), With: orNull(e.With), ID: orNull(e.ID), ZoneKnown: e.ZoneKnown, IsHop: e.IsHop, Component: w.components[i]}
		if !e.At.IsZero() {
			at, resolution := e.At.UTC(), e.Resolution.Seconds()
			d.Time, d.Resolution, d.Source = &at, &resolution, orNull(e.Source)
		}
		if delay, ok := w.Delay(i); ok {
			shortest, longest := delay.Min.Seconds(), delay.Max.Seconds()
			d.DelayMin, d.DelayMax = &shortest, &longest
		}
		document[i] = d
	}
	return document
}

// orNull is nil for an empty text.
func orNull[T ~string](text T) *T {
	if text == "" {
		return nil
	}
	return &text
}

// printJSON prints one document. A time that JSON cannot hold, of a year beyond 9999, is
// an error.
func printJSON(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return errors.Join(errors.New("writing JSON"), err)
	}
	return nil
}
