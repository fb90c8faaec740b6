package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"runtime"
	"strings"
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

	// updateEvery is how soon people are promised the first update on an incident.
	updateEvery = 20 * time.Minute
)

func newRun() *cobra.Command {
	var configPath, journalPath, address string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Probe by the schedule until stopped",
		Long: `run sends test messages by the schedule, watches the mailboxes, and serves metrics,
until SIGINT or SIGTERM. Each outcome is one line of JSON on standard output, and so
is each change of a route's health (docs/outcomes.md describes them); the log goes to
standard error. Messages in flight are kept in the journal: the next run goes on
with them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(configPath)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return runProbes(cmd, cfg, journalPath, address, log)
		},
	}
	cmd.Flags().StringVarP(&configPath, "config", "c", defaultConfig, "the configuration `FILE`")
	cmd.Flags().StringVar(&journalPath, "journal", defaultJournal, "the journal `FILE`; made if it is not there")
	cmd.Flags().StringVar(&address, "listen", defaultListen, "serve HTTP on this `ADDRESS`")
	return cmd
}

func runProbes(cmd *cobra.Command, cfg *config.Config, journalPath, address string, log *slog.Logger) (err error) {
	for _, n := range cfg.Notes {
		log.Info("note on the configuration", "note", n)
	}
	for _, w := range cfg.Warnings {
		log.Warn("the configuration will not work well", "problem", w)
	}
	web, err := listen(address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ours(web.close())) }()
	clock := clockOf(cmd.Context())
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
	defer warnOfHangUps(log)()

	metrics := newMetrics(cfg.Prober, cfg.Site, parts.probes, clock, j)
	outcomes := jsonlog.New(cmd.OutOrStdout(), newLogCursor(j), since)
	var engine *probe.Engine
	board := newSituation(cfg, parts, clock, j, func() []probe.Totals { return engine.Totals() })
	settings := engineConfig(parts, keys, j, clock, log, metrics, outcomes, healthLog{log, since}, board)
	settings.Uptime, settings.Checked = probe.MachineUptime, metrics.Checked
	engine = probe.NewEngine(settings)
	web.serve(metrics.Handler(), api.Handler(api.Config{Journal: j, Totals: engine.Totals, Clock: clock, Mailboxes: parts.sweepable(cfg, engine),
		Board: board, Announcing: parts.announcing(engine, board)}), engine.Ready())
	log.Info("probing", "prober", cfg.Prober, "probes", len(parts.probes), "mailboxes", len(parts.watchers),
		"journal", journalPath, "metrics", web.url()+"/metrics")
	err = engine.Run(cmd.Context())
	if dropped, unreadable := j.Losses(); dropped+unreadable > 0 {
		log.Error("events of the journal are missing: what they said is not known any more", "dropped_with_a_full_disk", dropped, "unreadable", unreadable)
	}
	log.Info("stopped; the next run goes on with what is in flight", "in_flight", engine.InFlight())
	return ours(errors.Join(err, outcomes.Close()))
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

// healthLog is an exporter that logs how routes are, which component is to blame, and
// whose clock is wrong.
type healthLog struct {
	log   *slog.Logger
	since probe.Seq
}

// Export implements probe.Exporter.
func (h healthLog) Export(c probe.Change) {
	if seq, _ := c.Cause(); seq <= h.since {
		return
	}
	switch c := c.(type) {
	case probe.HealthChanged:
		h.log.Log(context.Background(), levelOf(c.To), "route is "+string(c.To), "route", c.Route, "before", c.From, "reason", c.Reason)
	case diagnosis.Diagnosed:
		for i, d := range c.Diagnoses {
			if i == 0 || d.Confidence >= worthSaying {
				h.log.Error(d.Sentence, "confidence", share(d.Confidence), "because", strings.Join(d.Reasons, "; "))
			}
		}
	case diagnosis.Recovered:
		h.log.Info(c.Sentence, "was_broken", strings.Join(c.Components, ", "))
	case probe.IncidentTold:
		h.incident(c)
	case trace.ClockChanged:
		level := slog.LevelInfo
		if c.Off() {
			level = slog.LevelWarn
		}
		h.log.Log(context.Background(), level, ofClock(c))
	}
}

// incident logs a step of an incident. Progress is no line: the figures are in the journal.
func (h healthLog) incident(c probe.IncidentTold) {
	if c.Step == probe.IncidentProgressed {
		return
	}
	level := slog.LevelWarn
	if !c.Open() {
		level = slog.LevelInfo
	}
	h.log.Log(context.Background(), level, "incident: "+string(c.Step), "incident", c.ID, "state", c.State, "routes", strings.Join(c.Broken, ", "),
		"late", c.Figures.Late, "overdue", c.Figures.Overdue, "lost", c.Figures.Lost)
}

func levelOf(h probe.Health) slog.Level {
	if h == probe.HealthOK {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// worthSaying is the confidence from which on a suspect behind the first is told, too.
const worthSaying = 0.5

// share is a probability in percent; never more certain than it is.
func share(p float64) string { return fmt.Sprintf("%.0f%%", min(math.Floor(p*100), 99)) }

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

// logCursor is how far the log has been written, kept in the journal.
type logCursor struct {
	*journal.File
	since probe.Seq
}

const logCursorName = "log"

// newLogCursor makes the cursor of this process. A journal that never had one begins
// with what is new: the log of old was written without.
func newLogCursor(j *journal.File) logCursor { return logCursor{j, j.State().Last} }

// Load implements jsonlog.Cursor.
func (c logCursor) Load() probe.Seq {
	if seq, known := c.Cursor(logCursorName); known {
		return seq
	}
	return c.since
}

// Save implements jsonlog.Cursor.
func (c logCursor) Save(seq probe.Seq) { c.SetCursor(logCursorName, seq) }

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
	incidents := incident.New(incident.Config{Topology: p.topology, Every: p.every(), UpdateEvery: updateEvery, Tally: broke.Tally})
	return probe.EngineConfig{
		Clock: clock, Keys: keys, Journal: j, Probes: p.probes, Senders: p.senders, Watchers: p.watchers, Asides: p.asides, Cleaners: p.cleaners, Accounts: p.accounts,
		Assessor: probe.Assessors{health.New(p.probes), trace.NewMonitor(p.tracing), broke, incidents}, Recorder: incidents, Exporters: exporters, Log: log, Checks: p.checks,
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
