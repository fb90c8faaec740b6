package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var (
	// ErrNotReady says that an engine does not run, or has not replayed its journal yet.
	ErrNotReady = errors.New("the engine is not ready")
	// ErrUnfit says that an announcement cannot be: its author has made a mistake.
	ErrUnfit = errors.New("this cannot be announced")
)

const (
	// longestText bounds what an operator writes, in bytes.
	longestText = 64 << 10
	// somebody stands for an author that is not known: what nobody announced is the
	// configuration's.
	somebody = "operator"
)

// Announce journals a Note or a Maintenance, and returns once it is durable and all who
// follow have been told. A Maintenance with the ID of another replaces it, one that is
// planned too: with an earlier end it ends it early, and with an end that is not after its
// beginning it cancels it. What has no author is an operator's. ErrUnfit says that the fact
// is wrong, ErrNotDurable that all have been told, and that it may be forgotten at a
// restart. It is safe for concurrent use, while Run runs.
func (e *Engine) Announce(ctx context.Context, f Fact) error {
	select {
	case <-e.ready:
	default:
		return fmt.Errorf("announcing: %w", ErrNotReady)
	}
	f, err := e.announced(f)
	if err != nil {
		return fmt.Errorf("announcing: %w: %w", ErrUnfit, err)
	}
	e.telling.RLock()
	err = e.cfg.Journal.Append(ctx, Event{At: e.cfg.Clock.Now(), Fact: f})
	e.telling.RUnlock()
	if err != nil && !errors.Is(err, ErrNotDurable) {
		return fmt.Errorf("announcing: %w", err)
	}
	if cause := e.awaitFollowers(ctx); cause != nil {
		return fmt.Errorf("announcing: it is in the journal, and not told yet: %w", errors.Join(cause, err))
	}
	return err
}

// awaitFollowers waits until all that is in the journal has been told. The error is why
// it was not: the context ended, or the engine.
func (e *Engine) awaitFollowers(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	go func() {
		select {
		case <-e.over:
			cancel(ErrNotReady)
		case <-ctx.Done():
		}
	}()
	if e.awaitAll(ctx) {
		return nil
	}
	return context.Cause(ctx)
}

// announced is a fact as it is journaled, if an operator may announce it.
func (e *Engine) announced(f Fact) (Fact, error) {
	switch f := f.(type) {
	case Note:
		if strings.TrimSpace(f.Text) == "" {
			return nil, errors.New("got a note without text, want some")
		}
		f.By = cmp.Or(f.By, somebody)
		return f, brief(f.Text, f.Incident, f.By)
	case Maintenance:
		f.By = cmp.Or(f.By, somebody)
		return f, cmp.Or(brief(f.ID, f.Text, f.By), e.possible(f))
	}
	return nil, fmt.Errorf("got a fact of type %T, want a Note or a Maintenance", f)
}

// brief tells which text is too long.
func brief(texts ...string) error {
	for _, t := range texts {
		if len(t) > longestText {
			return fmt.Errorf("got a text of %d bytes, want at most %d", len(t), longestText)
		}
	}
	return nil
}

// possible tells what is wrong with a maintenance. One that is known may be cancelled, and
// may be of routes that there are no more.
func (e *Engine) possible(m Maintenance) error {
	e.mu.Lock()
	last, known := e.past.windows.last(m.ID)
	e.mu.Unlock()
	switch {
	case m.ID == "":
		return errors.New("got a maintenance without an ID, want one")
	case m.From.IsZero() || m.Until.IsZero():
		return errors.New("got a maintenance without a beginning or an end, want both")
	case !known && !m.From.Before(m.Until):
		return fmt.Errorf("got an end, %v, that is not after the beginning, %v", m.Until, m.From)
	case known && slices.Equal(m.Routes, last.Routes):
		return nil
	}
	routes := slices.Sorted(maps.Keys(e.routes()))
	for _, r := range m.Routes {
		if !slices.Contains(routes, r) {
			return fmt.Errorf("got unknown route %q, want %s", r, strings.Join(routes, ", "))
		}
	}
	return nil
}

// routes are the names of those that are probed.
func (e *Engine) routes() map[string]bool {
	all := make(map[string]bool)
	for _, p := range e.cfg.Probes {
		all[p.Route.Name] = true
	}
	return all
}
