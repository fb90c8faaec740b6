package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/status"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/journal"
)

// people is what people are told by: how things stand, in which words, and the programs
// that are told, too.
type people struct {
	board  *situation.Board
	words  *words.Words
	hooks  []hook
	engine *probe.Engine // set before it runs
	clock  probe.Clock
	routes []string
}

// loadWords reads the words that a configuration wants.
func loadWords(s config.Status, log *slog.Logger) (*words.Words, error) {
	w, err := words.Load(words.Config{
		Language: cmp.Or(s.Language, "en"), Dir: s.Words, Zone: s.TimeZone,
		Failed: func(err error) {
			log.Error("a template of yours fails: the built-in one is used instead", "error", err)
		},
	})
	if err != nil {
		return nil, usage(fmt.Errorf("reading the words of status: %w", err))
	}
	return w, nil
}

// tellPeople makes what people are told by.
func tellPeople(cfg *config.Config, p parts, clock probe.Clock, j *journal.File, log *slog.Logger) (*people, error) {
	told := &people{clock: clock}
	var err error
	if told.words, err = loadWords(cfg.Status, log); err != nil {
		return nil, err
	}
	for _, r := range routesOf(p.probes) {
		told.routes = append(told.routes, r.Name)
	}
	told.board = situation.NewBoard(situation.Config{
		Clock: clock, Probes: p.probes, Topology: p.topology, Zone: cfg.Status.TimeZone, Prober: cfg.Prober, Site: cfg.Site,
		Company: cfg.Status.Company, Contact: cfg.Status.Contact, URL: cfg.Status.URL,
		Totals:    func() []probe.Totals { return told.engine.Totals() },
		Unwritten: func() int { _, unwritten, _ := j.Trouble(); return unwritten },
	})
	told.hooks, err = hooking{cfg, told.board, told.words, clock, j, log}.hooks()
	return told, err
}

// exporters are all that are to be given the changes, in this order: the others ask the
// board about what they are told.
func (x *people) exporters() []probe.Exporter {
	all := []probe.Exporter{x.board}
	for _, h := range x.hooks {
		all = append(all, h)
	}
	return all
}

// farewell is how long programs are told what waits when a process ends.
const farewell = 5 * time.Second

// close ends the hooks, all at once: what they could not tell yet, the next process tells.
func (x *people) close() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	closeAll(ctx, x.hooks)
}

// behind puts what people are told by, and the rest, behind the doors.
func (x *people) behind(d doors, metrics http.Handler, a api.Config) error {
	a.Access = d.main.Access()
	a.Announcing = api.Announcing{Announce: x.engine.Announce, Open: x.board.Open, Windows: x.board.Windows, Routes: x.routes}
	reading := status.Config{Board: x.board, Words: x.words, Clock: x.clock}
	public, err := status.New(reading)
	if err != nil {
		return err
	}
	writing := reading
	writing.Announce, writing.Writer = x.engine.Announce, a.Access.Writer
	page, err := status.New(writing)
	if err != nil {
		return err
	}
	d.serve(rooms{metrics: metrics, api: api.Handler(a), page: page, public: public, ready: x.engine.Ready()})
	return nil
}
