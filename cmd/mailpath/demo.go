package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/journal"
)

// The demo's probes.
const (
	demoEvery     = 2 * time.Second
	demoLateAfter = 4 * time.Second
	demoLostAfter = 4 * time.Hour
)

func newDemo() *cobra.Command {
	var output, address string
	var stay bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch a mail world break and recover, in two minutes",
		Long: `demo runs a mail world inside this process (a provider, a gateway with its filters,
two sites with mailboxes), probes it on six routes, and tells a story: all is well;
the gateway's inbound filter crash-loops while the gateway goes on answering 250;
it is repaired; the held mail drains. Nothing leaves this machine.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q: want text or json", output)
			}
			return runDemo(cmd, address, stay, output == "json")
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`FORMAT`: text, or json for one document at the end")
	cmd.Flags().StringVar(&address, "listen", defaultListen, "serve metrics and the status page on this `ADDRESS`; another port is taken if it is in use")
	cmd.Flags().BoolVar(&stay, "stay", false, "stay after the story, until stopped")
	return cmd
}

func runDemo(cmd *cobra.Command, address string, stay, asJSON bool) (err error) {
	// A closed terminal or pipe must not leave the demo's directory behind. SIGPIPE is
	// taken and not heeded, because any connection that was closed gives it: then a write
	// to the pipe fails, and that ends the demo.
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
	defer stop()
	unheeded := make(chan os.Signal, 1)
	signal.Notify(unheeded, syscall.SIGPIPE)
	defer signal.Stop(unheeded)
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	out := cmd.OutOrStdout()
	if asJSON {
		out = cmd.ErrOrStderr()
	}
	d, err := startDemo(address, newScreen(out, leave))
	if err != nil {
		return ours(err)
	}
	defer func() { err = errors.Join(err, ours(d.close())) }()
	err = d.run(ctx, stay)
	switch {
	case errors.Is(err, context.Canceled):
		d.screen.say("interrupted: the story was not told to its end")
		return &exitError{status: exitOurs}
	case err != nil:
		return ours(err)
	}
	report := d.report()
	if asJSON {
		if err := report.writeJSON(cmd.OutOrStdout()); err != nil {
			return ours(err)
		}
	} else {
		d.screen.summary(report)
	}
	if len(report.Problems) > 0 || !report.ConservationOK {
		return &exitError{status: exitBad}
	}
	return nil
}

// demo is a mail world, an engine that probes it, and the story.
type demo struct {
	clock    probe.Clock
	dir      string
	world    *world.World
	journal  *journal.File
	engine   *probe.Engine
	board    *board
	doors    doors
	people   *people
	scrapes  *scrapes
	screen   *screen
	started  time.Time
	faults   []fault
	problems []string
}

// startDemo makes everything ready; nothing is sent before run.
func startDemo(address string, screen *screen) (d *demo, err error) {
	d = &demo{clock: probe.NewClock(), screen: screen}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.dir, err = os.MkdirTemp("", "mailpath-demo-"); err != nil {
		return d, err
	}
	if d.world, err = world.New(world.Config{Clock: d.clock, Seed: uint64(d.clock.Now().UnixNano())}); err != nil {
		return d, err
	}
	if d.journal, err = journal.Open(filepath.Join(d.dir, "journal.db"), d.clock); err != nil {
		return d, err
	}
	log := slog.New(slog.DiscardHandler)
	if d.doors, err = openSomewhere(address, log); err != nil {
		return d, err
	}
	key, err := probe.NewKey(rand.Reader)
	if err != nil {
		return d, err
	}
	keys, err := probe.NewKeyring("demo", key)
	if err != nil {
		return d, err
	}
	parts := buildWorld(d.world, nil, keys, d.clock)
	metrics := newMetrics("demo", "world", parts.probes, d.clock, d.journal)
	d.board = newBoard(parts.probes)
	if d.people, err = tellPeople(&config.Config{Prober: "demo", Site: "world", Status: demoStatus}, parts, d.clock, d.journal, log); err != nil {
		return d, err
	}
	exporters := append(d.people.exporters(), metrics, d.board, d.screen)
	d.engine = probe.NewEngine(engineConfig(parts, keys, d.journal, d.clock, log, exporters...))
	d.people.engine = d.engine
	if err := d.people.behind(d.doors, metrics.Handler(), api.Config{Journal: d.journal, Totals: d.engine.Totals, Clock: d.clock}); err != nil {
		return d, err
	}
	d.scrapes = &scrapes{url: d.doors.main.URL() + "/metrics"}
	return d, nil
}

// demoStatus is what people are told in the demo, and how.
var demoStatus = config.Status{Company: "Example Ltd", Contact: "the service desk, extension 100", Language: "en", UpdateEvery: 20 * time.Minute}

// openSomewhere takes another port if the one in the address is in use.
func openSomewhere(address string, log *slog.Logger) (doors, error) {
	d, err := openDoors(doorFlags{address: address}, log)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return d, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return d, err
	}
	return openDoors(doorFlags{address: net.JoinHostPort(host, "0")}, log)
}

// close ends all that was started; the journal goes with it.
func (d *demo) close() error {
	problems := []error{d.doors.close()}
	if d.people != nil {
		d.people.close()
	}
	if d.journal != nil {
		problems = append(problems, d.journal.Close())
	}
	if d.world != nil {
		problems = append(problems, d.world.Close())
	}
	if d.dir != "" {
		problems = append(problems, os.RemoveAll(d.dir))
	}
	return errors.Join(problems...)
}

// run probes while the story is told.
func (d *demo) run(ctx context.Context, stay bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	d.started = d.clock.Now()
	d.screen.title(d.doors.main.URL())
	story := make(chan error, 1)
	go func() {
		err := d.tell(ctx)
		if err == nil && stay {
			d.screen.say("the story is over; the status page stays at %s/ until Ctrl-C", d.doors.main.URL())
			d.pause(ctx, 1<<62)
		}
		stop()
		story <- err
	}()
	return errors.Join(d.engine.Run(ctx), <-story)
}
