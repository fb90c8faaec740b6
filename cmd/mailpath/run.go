package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/exporters/jsonlog"
	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/alteration"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/health"
	"github.com/mailpath/mailpath/probe/journal"
	"github.com/mailpath/mailpath/probe/trace"
)

const (
	defaultListen  = "127.0.0.1:9797"
	defaultJournal = "mailpath.db"
)

func newRun() *cobra.Command {
	var configPath, journalPath string
	var doors doorFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Probe by the schedule until stopped",
		Long: `run sends test messages by the schedule, watches the mailboxes, and serves metrics
and the status page, until SIGINT or SIGTERM. Each outcome is one line of JSON on standard output, and so
is each change of a route's health (docs/outcomes.md describes them); the log goes to
standard error. Messages in flight, incidents and what people were told are kept in
the journal: the next run goes on with them.

With --web-config what is served has TLS, and asks for passwords or client
certificates: that file is the web configuration of Prometheus exporters, and is
read again when it changes. Without, everybody who reaches the address reads
everything, and only callers on this machine write. Use --public-listen for staff
who read the status page without a password.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(configPath)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return runProbes(cmd, cfg, journalPath, doors, log)
		},
	}
	cmd.Flags().StringVarP(&configPath, "config", "c", defaultConfig, "the configuration `FILE`")
	cmd.Flags().StringVar(&journalPath, "journal", defaultJournal, "the journal `FILE`; made if it is not there")
	doors.add(cmd)
	return cmd
}

func runProbes(cmd *cobra.Command, cfg *config.Config, journalPath string, where doorFlags, log *slog.Logger) (err error) {
	clock := clockOf(cmd.Context())
	tellOfConfig(cfg, clock.Now(), log)
	doors, err := openDoors(where, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ours(doors.close())) }()
	j, err := openJournal(journalPath, clock, log)
	if err != nil {
		return ours(err)
	}
	defer func() { err = errors.Join(err, ours(j.Close())) }()
	since := j.State().Last
	keys, err := runKeys(cfg, journalPath, since, log)
	if err != nil {
		return err
	}
	parts, err := build(cfg, keys, clock)
	if err != nil {
		return ours(err)
	}
	people, err := tellPeople(cfg, parts, clock, j, log)
	if err != nil {
		return ours(err)
	}
	defer people.close()
	defer warnOfHangUps(log)()

	metrics := newMetrics(cfg.Prober, cfg.Site, parts.probes, clock, j)
	outcomes := jsonlog.New(cmd.OutOrStdout(), newCursor(j, "log"), since)
	exporters := append(people.exporters(), metrics, outcomes, healthLog{log, since})
	settings := engineConfig(parts, keys, j, clock, log, exporters...)
	settings.Uptime, settings.Checked = probe.MachineUptime, metrics.Checked
	engine := probe.NewEngine(settings)
	people.engine = engine
	if err := people.behind(doors, metrics.Handler(), api.Config{Journal: j, Totals: engine.Totals, Clock: clock, Mailboxes: parts.sweepable(cfg, engine)}); err != nil {
		return ours(err)
	}
	log.Info("probing", "prober", cfg.Prober, "probes", len(parts.probes), "mailboxes", len(parts.watchers),
		"journal", journalPath, "metrics", doors.main.URL()+"/metrics", "status", doors.main.URL()+"/")
	if doors.public != nil {
		log.Info("the status page alone, for reading", "status", doors.public.URL()+"/")
	}
	return ours(errors.Join(probeUntilStopped(cmd.Context(), engine, j, log), outcomes.Close()))
}

// tellOfConfig logs what is to be known about a configuration that is used all the same.
func tellOfConfig(cfg *config.Config, now time.Time, log *slog.Logger) {
	for _, n := range append(cfg.Notes, cfg.Over(now)...) {
		log.Info("note on the configuration", "note", n)
	}
	for _, w := range cfg.Warnings {
		log.Warn("the configuration will not work well", "problem", w)
	}
}

// probeUntilStopped runs the engine, and says at the end what is left.
func probeUntilStopped(ctx context.Context, engine *probe.Engine, j *journal.File, log *slog.Logger) error {
	err := engine.Run(ctx)
	if dropped, unreadable := j.Losses(); dropped+unreadable > 0 {
		log.Error("events of the journal are missing: what they said is not known any more", "dropped_with_a_full_disk", dropped, "unreadable", unreadable)
	}
	log.Info("stopped; the next run goes on with what is in flight", "in_flight", engine.InFlight())
	return err
}

// warnOfHangUps keeps SIGHUP, by which services are told to reload, from ending the
// process. It gives the function that ends that.
func warnOfHangUps(log *slog.Logger) (stop func()) {
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	go func() {
		for range hangUps {
			log.Warn("got SIGHUP: this version cannot reload its configuration; restart it, nothing in flight is lost")
		}
	}()
	return func() {
		signal.Stop(hangUps)
		close(hangUps)
	}
}

// runKeys reads the configured keys, or else the one beside the journal, which is
// made with a new journal. Without the key that signed them, the messages that an
// old journal has in flight could never be recognised.
func runKeys(cfg *config.Config, journalPath string, last probe.Seq, log *slog.Logger) (*probe.Keyring, error) {
	if len(cfg.TagKeys) > 0 {
		keys, err := configuredKeys(cfg)
		return keys, usage(err)
	}
	beside := journalPath + ".key"
	if _, err := os.Stat(beside); errors.Is(err, fs.ErrNotExist) && last > 0 {
		return nil, ours(fmt.Errorf("reading the tag key: journal %s has been used, but its key %s is gone: "+
			"put the key back, name one in tag_keys, or move the journal away to begin anew", journalPath, beside))
	}
	keys, made, err := keyBeside(cfg.Prober, beside)
	if made {
		log.Warn("the configuration has no tag_keys: made a key beside the journal; keep it, and name it in tag_keys", "file", beside)
	}
	return keys, ours(err)
}

// openJournal opens the journal, and says what became of a damaged one.
func openJournal(path string, clock probe.Clock, log *slog.Logger) (*journal.File, error) {
	j, err := journal.Open(path, clock)
	if err != nil {
		return nil, err
	}
	if aside := j.Salvaged(); aside != "" {
		log.Error("the journal was damaged: a new one begins; messages that were in flight are adopted as they turn up", "moved_to", aside)
	}
	if _, _, trouble := j.Trouble(); trouble != nil {
		log.Error("monitoring goes on from memory: what happens now is forgotten at a restart, unless the journal can be written by then", "error", trouble)
	}
	return j, nil
}

// cursor is how far the log, or a receiver of news, has been told, kept in the journal by
// its name.
type cursor struct {
	journal *journal.File
	name    string
	since   probe.Seq
}

// newCursor makes the cursor of this process. One that a journal never had begins with
// what is new: of old, nothing was to be told.
func newCursor(j *journal.File, name string) cursor { return cursor{j, name, j.State().Last} }

// Load implements jsonlog.Cursor and webhook.Cursor.
func (c cursor) Load() probe.Seq {
	if seq, known := c.journal.Cursor(c.name); known {
		return seq
	}
	return c.since
}

// Save implements jsonlog.Cursor and webhook.Cursor.
func (c cursor) Save(seq probe.Seq) { c.journal.SetCursor(c.name, seq) }

// newMetrics makes the exporter for Prometheus.
func newMetrics(prober, site string, probes []probe.Probe, clock probe.Clock, j *journal.File) *prom.Exporter {
	b := buildOf()
	return prom.New(prom.Config{
		Clock: clock, Probes: probes, Prober: prober, Site: site, Since: j.State().Last,
		JournalErrors:    func() uint64 { failures, _, _ := j.Trouble(); return failures },
		JournalUnwritten: func() int { _, unwritten, _ := j.Trouble(); return unwritten },
		Version:          b.version, Revision: b.revision, GoVersion: runtime.Version(),
	})
}

// engineConfig puts the parts together.
func engineConfig(p parts, keys *probe.Keyring, j probe.Journal, clock probe.Clock, log *slog.Logger, exporters ...probe.Exporter) probe.EngineConfig {
	broke := diagnosis.New(p.topology)
	incidents := incident.New(incident.Config{Topology: p.topology, Every: p.every(), UpdateEvery: p.updateEvery, Tally: broke.Tally})
	return probe.EngineConfig{
		Clock: clock, Keys: keys, Journal: j, Probes: p.probes, Senders: p.senders, Watchers: p.watchers, Asides: p.asides, Cleaners: p.cleaners, Accounts: p.accounts,
		Assessor: probe.Assessors{health.New(p.probes), trace.NewMonitor(p.tracing), broke, incidents}, Recorder: incidents, Calendar: p.calendar, Exporters: exporters, Log: log, Checks: p.checks,
		Trace: p.trail, Compare: alteration.Find,
	}
}

// routesOf gives each probed route once.
func routesOf(probes []probe.Probe) []probe.Route {
	var routes []probe.Route
	seen := make(map[string]bool)
	for _, p := range probes {
		if !seen[p.Route.Name] {
			seen[p.Route.Name] = true
			routes = append(routes, p.Route)
		}
	}
	return routes
}
