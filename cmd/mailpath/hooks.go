package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/mailpath/mailpath/exporters/cstate"
	"github.com/mailpath/mailpath/exporters/grafana"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/webhook"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/journal"
)

// hook is an exporter that tells another program. Close tells what waits, no longer than
// the context.
type hook interface {
	probe.Exporter
	Close(context.Context)
}

// hooking is what hooks are made of.
type hooking struct {
	cfg     *config.Config
	board   *situation.Board
	words   *words.Words
	clock   probe.Clock
	journal *journal.File // keeps their cursors, and is read again when one fell behind
	log     *slog.Logger
}

// hooks makes the exporters that tell other programs, as configured.
func (x hooking) hooks() (all []hook, err error) {
	defer func() {
		if err != nil {
			ended, cancel := context.WithCancel(context.Background())
			cancel()
			closeAll(ended, all)
		}
	}()
	for _, c := range x.cfg.Webhooks {
		w, err := x.webhook(c)
		if err != nil {
			return all, usage(err)
		}
		all = append(all, w)
	}
	if g := x.cfg.Grafana; g != nil {
		all = append(all, grafana.New(grafana.Config{
			URL: g.URL, Token: g.Token.Value, Dashboard: g.Dashboard, Tags: g.Tags, Prober: x.cfg.Prober,
			Clock: x.clock, Log: x.log, Cursor: newCursor(x.journal, "grafana"), Since: x.journal.State().Last, Follow: x.journal.Follow,
		}))
	}
	if dir := x.cfg.Status.Cstate; dir != "" {
		all = append(all, cstate.New(cstate.Config{Dir: dir, Board: x.board, Words: x.words, Log: x.log, Since: x.journal.State().Last}))
	}
	return all, nil
}

func (x hooking) webhook(w config.Webhook) (*webhook.Exporter, error) {
	template, err := templateOf(w)
	if err != nil {
		return nil, err
	}
	c := webhook.Config{
		Name: w.Name, URL: w.URL.Value, Format: webhook.Format(w.Format), Template: template, Audience: words.Audience(w.Audience), Steps: w.Steps,
		Board: x.board, Words: x.words, Clock: x.clock, Log: x.log,
		Cursor: newCursor(x.journal, "webhook/"+w.Name), Since: x.journal.State().Last, Follow: x.journal.Follow,
	}
	if w.Token != nil {
		c.Token = w.Token.Value
	}
	return webhook.New(c)
}

// templateOf reads the template of a webhook that has one.
func templateOf(w config.Webhook) (string, error) {
	if w.Template == "" {
		return "", nil
	}
	text, err := os.ReadFile(w.Template)
	if err != nil {
		return "", fmt.Errorf("reading the template of webhook %s: %w", w.Name, err)
	}
	return string(text), nil
}

// closeAll ends hooks side by side.
func closeAll(ctx context.Context, hooks []hook) {
	var wait sync.WaitGroup
	for _, h := range hooks {
		wait.Go(func() { h.Close(ctx) })
	}
	wait.Wait()
}
