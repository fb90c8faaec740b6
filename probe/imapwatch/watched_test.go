package imapwatch_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/probetest"
)

// watched is a watch of a scripted server.
type watched struct {
	t       *testing.T
	clock   probe.Clock
	pace    *steady
	watcher *imapwatch.Watcher
	looks   chan probe.Look
	blind   chan error
}

// watchScripted watches a scripted server in a bubble until the test function ends.
// The bubble ends only if no goroutine is left, and the server's end when their
// connections are closed.
func watchScripted(t *testing.T, s *scripted, every time.Duration, test func(w *watched)) {
	synctest.Test(t, func(t *testing.T) {
		network := world.Pipes()
		l, err := network.Listen("imap.test")
		if err != nil {
			t.Fatal(err)
		}
		w := &watched{t: t, clock: probe.NewClock(), looks: make(chan probe.Look, 10_000), blind: make(chan error, 10_000)}
		w.pace = &steady{clock: w.clock, every: every}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				running.Go(func() { s.serve(conn) })
			}
		})
		if s.mode == "" {
			s.mode = probe.NoTLS
		}
		if s.folders == nil {
			s.folders = []string{"INBOX"}
		}
		cfg := imapwatch.Config{
			Endpoint: probe.Endpoint{
				Server: l.Addr().String(), TLS: s.mode, CAFile: s.caFile, Clock: w.clock, Dial: network.Dial,
				Username: "u", Password: func() (string, error) { return "p", nil },
			},
			Mailbox: "hq", Folders: s.folders, Window: time.Hour,
			Matcher: probe.NewMatcher(probetest.Keyring(), []string{"a@example.org"}, probetest.Reports{}),
		}
		if s.configure != nil {
			s.configure(&cfg)
		}
		w.watcher = imapwatch.New(cfg)
		running.Go(func() {
			for ctx.Err() == nil {
				if err := w.watcher.Watch(ctx, w.pace, w.take); err != nil {
					w.blind <- err
				}
				_ = w.clock.SleepUntil(ctx, w.clock.Now().Add(time.Second))
			}
		})
		defer func() {
			cancel()
			l.Close()
			running.Wait()
		}()
		test(w)
	})
}

func (w *watched) take(l probe.Look) error {
	w.pace.set(w.pace.step(), l.Began)
	w.looks <- l
	return nil
}

// steady is a pace of one look every so often; zero: rest.
type steady struct {
	clock   probe.Clock
	changed probe.Signal
	mu      sync.Mutex
	every   time.Duration
	last    time.Time
}

func (p *steady) Changed() <-chan struct{} { return p.changed.Told() }

func (p *steady) Next() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.every == 0 {
		return time.Time{}
	}
	return p.last.Add(p.every)
}

func (p *steady) step() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.every
}

func (p *steady) set(every time.Duration, last time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.every, p.last = every, last
}

func headerOf(clock probe.Clock) (header string, id probe.ID) {
	m := probetest.Message(clock, "a@example.org", "b@example.com")
	header, _, _ = strings.Cut(string(m.Raw), "\r\n\r\n")
	return header + "\r\n\r\n", m.Tag.ID
}

// await is the look that finds a message, and what it finds of it.
func (w *watched) await(id probe.ID) (probe.Look, probe.Observation) {
	w.t.Helper()
	limit := time.After(10 * time.Minute)
	for {
		select {
		case l := <-w.looks:
			for _, o := range l.Found {
				if o.Tag.ID == id {
					return l, o
				}
			}
		case <-limit:
			w.t.Fatalf("message %v was never found; blind: %v", id, w.problems())
		}
	}
}

// problem is the next reason of blindness.
func (w *watched) problem() error {
	w.t.Helper()
	select {
	case err := <-w.blind:
		return err
	case <-time.After(20 * time.Minute):
		w.t.Fatal("it was never blind")
		return nil
	}
}

// problems gives the reasons of blindness that nobody has asked for yet.
func (w *watched) problems() (problems []error) {
	for len(w.blind) > 0 {
		problems = append(problems, <-w.blind)
	}
	return problems
}
