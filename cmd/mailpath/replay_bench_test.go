package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/exporters/jsonlog"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
	"github.com/mailpath/mailpath/probe/probetest"
)

// millionEvents writes a journal of a million events that end now.
func millionEvents(b *testing.B, path string, clock probe.Clock) {
	b.Helper()
	const messages = 1_000_000 / probetest.TrafficPerMessage
	j, err := journal.Open(path, clock)
	if err != nil {
		b.Fatal(err)
	}
	from := clock.Now().Add(-messages * 3 * time.Second)
	for n := 0; n < messages; n += 2000 {
		var events []probe.Event
		for i := range 2000 {
			events = append(events, probetest.Traffic(from, n+i)...)
		}
		if err := j.Append(b.Context(), events...); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkReplay starts the whole of mailpath run on a journal of a million events:
// opening it, tracker, health, totals, metrics and the log's cursor, until the first
// message may be sent.
func BenchmarkReplay(b *testing.B) {
	clock := probe.NewClock()
	path := filepath.Join(b.TempDir(), "journal.db")
	millionEvents(b, path, clock)
	key, err := probe.NewKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	keys, err := probe.NewKeyring("hq-1", key)
	if err != nil {
		b.Fatal(err)
	}
	p := newParts()
	for n := range probetest.TrafficRoutes {
		p.probes = append(p.probes, probe.Probe{Route: probetest.TrafficRoute(n), Payload: payload.Plain(), Every: time.Hour, LateAfter: time.Minute, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered})
	}
	log := slog.New(slog.DiscardHandler)
	b.ReportAllocs()
	for b.Loop() {
		j, err := openJournal(path, clock, log)
		if err != nil {
			b.Fatal(err)
		}
		outcomes := jsonlog.New(io.Discard, newCursor(j, "log"), j.State().Last)
		engine := probe.NewEngine(engineConfig(p, keys, j, clock, log, newMetrics("hq-1", "hq", p.probes, clock, j), outcomes))
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		go func() { ended <- engine.Run(ctx) }()
		<-engine.Ready()
		stop()
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
		if err := outcomes.Close(); err != nil {
			b.Fatal(err)
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
}
