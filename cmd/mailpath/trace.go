package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/journal"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

func newTrace() *cobra.Command {
	var configPath, output string
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "trace ROUTE",
		Short: "Send one message along a route, and show its way hop by hop",
		Long: `trace sends one message along ROUTE and shows what happens as it happens: each phase of
the submission, so that a server that hangs is seen hanging, and then the waiting. When
the message has arrived it shows how long each host on the way had it, with the hosts'
clocks corrected by what is known of them, where it landed, and what took longest. When
it has not arrived within late_after, it shows what is known and what to do next; with
--wait it goes on watching, and shows where a late message has waited.

Exit status: 0 the message arrived in time and where it should, 1 it did not, 2 the
command line or the configuration is wrong, 3 nobody can tell, because of the probe's
own trouble or a mailbox that cannot be watched.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: want text or json", output)
			}
			cfg, err := loadConfig(configPath)
			if err != nil {
				return err
			}
			return runTrace(cmd, cfg, args[0], wait, output == "json")
		},
	}
	cmd.Flags().StringVarP(&configPath, "config", "c", defaultConfig, "the configuration `FILE`")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`FORMAT`: text, or json for one document at the end")
	cmd.Flags().DurationVar(&wait, "wait", 0, "the `DURATION` to wait for the message, from when it is sent; late is late all the same (default: late_after)")
	return cmd
}

func runTrace(cmd *cobra.Command, cfg *config.Config, route string, wait time.Duration, asJSON bool) error {
	keys, err := configuredKeys(cfg)
	if err != nil {
		return usage(err)
	}
	clock := clockOf(cmd.Context())
	parts, err := build(cfg, keys, clock)
	if err != nil {
		return ours(err)
	}
	if parts, err = parts.along(route, routeNames(cfg)); err != nil {
		return usage(err)
	}
	if late := parts.probes[0].LateAfter; wait != 0 && wait < late {
		return usage(fmt.Errorf("--wait %v: want the late_after of route %s, which is %v, or more", wait, route, late))
	}
	out := cmd.OutOrStdout()
	show := newTracer(out, parts.probes[0], serverOf(cfg, parts.probes[0].Route.Sender), clock)
	show.wait = wait
	if asJSON {
		show.quiet()
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
	seen, err := follow(cmd.Context(), parts, keys, clock, log, show)
	if err != nil {
		return ours(err)
	}
	seen.owners = owners{parts.tracing, route}
	return seen.report(out, cmd.Context().Err() != nil, asJSON)
}

// along leaves the parts that one message along a route needs: of the route's probes the
// one of plain messages, if there is one, and no mailbox but the route's and those beside it.
func (p parts) along(route string, known []string) (parts, error) {
	var probes []probe.Probe
	for _, one := range p.probes {
		if one.Route.Name == route {
			probes = append(probes, one)
		}
	}
	if len(probes) == 0 {
		if slices.Contains(known, route) {
			return parts{}, fmt.Errorf("route %q has no probe: it needs one in probes, which says when a message is late", route)
		}
		return parts{}, fmt.Errorf("got ROUTE %q, want one of %s", route, strings.Join(known, ", "))
	}
	plain := slices.IndexFunc(probes, func(one probe.Probe) bool { return one.Payload.Name() == payload.Plain().Name() })
	chosen := probes[max(plain, 0)]
	p.probes = []probe.Probe{chosen}
	p.senders = only(p.senders, chosen.Route.Sender)
	mailboxes := p.beside(chosen.Route.Mailbox)
	p.watchers, p.cleaners, p.asides = only(p.watchers, mailboxes...), only(p.cleaners, mailboxes...), only(p.asides, mailboxes...)
	p.checks = nil
	return p, nil
}

// beside gives a mailbox, and those in which its messages, or reports about them, may turn
// up instead.
func (p parts) beside(mailbox string) []string {
	all := []string{mailbox}
	for _, aside := range slices.Sorted(maps.Keys(p.asides)) {
		if slices.Contains(p.asides[aside], mailbox) {
			all = append(all, aside)
		}
	}
	return all
}

func only[V any](all map[string]V, names ...string) map[string]V {
	some := make(map[string]V, len(names))
	for _, name := range names {
		if v, ok := all[name]; ok {
			some[name] = v
		}
	}
	return some
}

// follow sends the message of the one probe in parts, shows what happens, and gives
// what is known in the end.
func follow(ctx context.Context, p parts, keys *probe.Keyring, clock probe.Clock, log *slog.Logger, show *tracer) (*journey, error) {
	results := newBoard(p.probes)
	seen := newJourney(p.probes[0], results)
	for name, s := range p.senders {
		if s, ok := s.(*smtpsend.Sender); ok {
			p.senders[name] = s.Telling(show.progress)
		}
	}
	cfg := engineConfig(p, keys, journal.NewMemory(clock), clock, log, results, seen, show)
	cfg.Trace, cfg.Linger = seen.keeping(cfg.Trace), show.wait
	show.begin(ctx)
	err := probe.NewEngine(cfg).Once(ctx)
	show.end()
	return seen, err
}

// report shows what is known in the end, and gives the exit status.
func (j *journey) report(out io.Writer, interrupted, asJSON bool) error {
	verdict := j.verdict()
	if interrupted && !j.decided() {
		verdict = roundVerdict{"interrupted", "this message says nothing", exitOurs}
	}
	var err error
	if asJSON {
		err = printJSON(out, j.document(verdict))
	} else {
		err = j.print(out, verdict)
	}
	if err != nil {
		return ours(err)
	}
	if verdict.status != exitOK {
		return &exitError{status: verdict.status}
	}
	return nil
}
