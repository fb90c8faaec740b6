package main

import (
	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/journal"
)

// newSituation makes the board of what works and what does not.
func newSituation(cfg *config.Config, p parts, clock probe.Clock, j *journal.File, totals func() []probe.Totals) *situation.Board {
	return situation.NewBoard(situation.Config{
		Clock: clock, Probes: p.probes, Topology: p.topology, Prober: cfg.Prober, Site: cfg.Site, Totals: totals,
		Unwritten: func() int { _, unwritten, _ := j.Trouble(); return unwritten },
	})
}

// announcing is how people are told something.
func (p parts) announcing(engine *probe.Engine, board *situation.Board) api.Announcing {
	var routes []string
	for _, r := range routesOf(p.probes) {
		routes = append(routes, r.Name)
	}
	return api.Announcing{Announce: engine.Announce, Open: board.Open, Windows: board.Windows, Routes: routes}
}
