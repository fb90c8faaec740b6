//go:build unix

package prom_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// many are the routes from 10 senders into each of so many mailboxes, named as people do.
func many(mailboxes int) []probe.Probe {
	var probes []probe.Probe
	for mailbox := range mailboxes {
		for sender := range 10 {
			r := probe.Route{
				Name:      fmt.Sprintf("gateway-%d-to-branch-%03d", sender, mailbox),
				Direction: probe.Inbound, Sender: fmt.Sprintf("gateway-%d", sender), Mailbox: fmt.Sprintf("branch-%03d", mailbox),
			}
			r.Path = []string{"internet", "mx-" + r.Sender, "antispam", "store-" + r.Mailbox}
			r.Alters = []probe.MeantAlteration{{Kind: probe.SubjectPrefix}, {Kind: probe.Banner}}
			probes = append(probes, probeOf(r))
		}
	}
	return probes
}

// altered is what paths from outside do to mail.
var altered = []probe.Alteration{{Kind: probe.Banner, Text: "mail from outside", Meant: true}, {Kind: probe.Reencoded}, {Kind: probe.SubjectPrefix, Text: "[EXT] ", Meant: true}}

// rounds gives the changes of some rounds of messages, one along each route in each.
func rounds(probes []probe.Probe, n int, began time.Time) []probe.Change {
	var changes []probe.Change
	origin := func(at time.Time) probe.Origin { return probe.Origin{Seq: probe.Seq(len(changes) + 1), At: at} }
	for round := range n {
		for i, p := range probes {
			at := began.Add(time.Duration(round) * 30 * time.Second)
			m := sendingOf(p, probe.ID(round<<32+i), probe.Scheduled, at)
			a := acceptedOf(m.ID, at)
			took := time.Duration(50+(i*7919+round*104729)%4000) * time.Millisecond
			changes = append(changes, probe.Sent{Origin: origin(at), Message: m})
			changes = append(changes, probe.Answered{Origin: origin(at), Message: m, Attempt: a})
			settled := probe.Settled{Origin: origin(at.Add(took)), Message: m, Outcome: probe.Outcome{
				Status: probe.Delivered, Latency: probe.Interval{Min: took - 20*time.Millisecond, Max: took}, Observed: took,
				Source: probe.ByLook, Place: probe.Inbox, Folder: "INBOX", Carrier: probe.InHeader, Tries: 1, Attempt: &a, Altered: altered,
				Trail: probe.Trail{Auth: []probe.AuthResult{{Method: "spf", Result: "pass"}, {Method: "dkim", Result: "pass"}, {Method: "dmarc", Result: "pass"}}},
			}}
			changes = append(changes, settled, wayAlong(p, settled))
		}
	}
	return changes
}

// wayAlong is the way of a message: each component but the first leaves a stamp.
func wayAlong(p probe.Probe, c probe.Settled) trace.Traced {
	t := trace.Traced{Origin: c.Origin, Message: c.Message, Outcome: c.Outcome}
	from := ""
	for _, component := range append(p.Route.Path[1:], "") {
		took := c.Outcome.Observed / time.Duration(len(p.Route.Path))
		t.Steps = append(t.Steps, trace.Step{Component: from, Next: component, Took: probe.Interval{Max: 2 * took}, Middle: took})
		if component != "" {
			t.Clocks = append(t.Clocks, trace.Clock{Component: component, Host: component + ".example.com", Offset: probe.Interval{Min: -took, Max: took}})
		}
		from = component
	}
	return t
}

// heap is how many bytes the objects on the heap take, garbage included.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// live is the same without garbage.
func live() uint64 {
	runtime.GC()
	runtime.GC() // what pools hold goes at the second
	return heap()
}

// cpu is the time that all threads of the process have worked for.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak gives the largest heap seen until stop is called.
func peak() (stop func() uint64) {
	done, result := make(chan struct{}), make(chan uint64)
	go func() {
		highest := uint64(0)
		for {
			highest = max(highest, heap())
			select {
			case <-done:
				result <- highest
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(done)
		return <-result
	}
}

// formats are what a Prometheus asks for.
var formats = []struct{ name, accept, encoding string }{
	{"text", "text/plain", "identity"},
	{"text-gzip", "text/plain", "gzip"},
	{"openmetrics-gzip", "application/openmetrics-text; version=1.0.0", "gzip"},
	{"protobuf", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", "identity"},
	{"protobuf-gzip", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", "gzip"},
}

// get scrapes over HTTP and gives the number of bytes.
func get(t testing.TB, url, accept, encoding string) int64 {
	t.Helper()
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Accept-Encoding", encoding)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("scraping: got status code %d and error %v, want 200", response.StatusCode, err)
	}
	return n
}

const mib = 1 << 20

// TestMemoryOfRoutes bounds the memory that a route lives on and that a scrape takes
// for it. The collector runs often here, so that garbage hardly counts.
func TestMemoryOfRoutes(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	probes := many(200)
	before := live()
	clock := probe.NewClock()
	e := prom.New(configOf(clock, 0, probes...))
	for _, c := range rounds(probes, 3, clock.Now()) {
		e.Export(c)
	}
	server := httptest.NewServer(e.Handler())
	defer server.Close()
	// While others keep the machine busy the collector comes late, and garbage counts:
	// of three rounds one in which it came in time is enough.
	highest := uint64(math.MaxUint64)
	for round := 0; round < 3 && highest > 10_000; round++ {
		live() // so that what was exported, or scraped, is gone
		stop := peak()
		for _, f := range formats {
			get(t, server.URL, f.accept, f.encoding)
		}
		highest = min(highest, (stop()-before)/uint64(len(probes)))
	}
	if highest > 10_000 {
		t.Errorf("scraping: got up to %d bytes a route, want at most 10000", highest)
	}
	if rest := (live() - before) / uint64(len(probes)); rest > 2_000 {
		t.Errorf("between scrapes: got %d bytes a route, want at most 2000", rest)
	}
	runtime.KeepAlive(e)
}

// BenchmarkScrape10000Routes says what a scrape costs, and what lives between scrapes.
func BenchmarkScrape10000Routes(b *testing.B) {
	probes := many(1000)
	before := live()
	clock := probe.NewClock()
	e := prom.New(configOf(clock, 0, probes...))
	for _, c := range rounds(probes, 3, clock.Now()) {
		e.Export(c)
	}
	server := httptest.NewServer(e.Handler())
	defer server.Close()
	for _, f := range formats {
		b.Run(f.name, func(b *testing.B) {
			resting := live()
			used := cpu(b)
			stop := peak()
			var bytes int64
			for b.Loop() {
				bytes = get(b, server.URL, f.accept, f.encoding)
			}
			b.ReportMetric(float64(stop()-resting)/mib, "MiB-above-live")
			b.ReportMetric((cpu(b)-used).Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(bytes)/1e6, "MB/op")
			b.ReportMetric(float64(live()-before)/mib, "MiB-live")
		})
	}
	runtime.KeepAlive(e)
}

// BenchmarkExport says what a change costs, in time of the processor: one of an earlier
// process, which a replay brings back, and one of this.
func BenchmarkExport(b *testing.B) {
	probes := many(1000)
	clock := probe.NewClock()
	changes := rounds(probes, 10, clock.Now())
	for name, since := range map[string]int{"replayed": len(changes), "new": 0} {
		b.Run(name, func(b *testing.B) {
			var used time.Duration
			for b.Loop() {
				e := prom.New(configOf(clock, probe.Seq(since), probes...))
				began := cpu(b)
				for _, c := range changes {
					e.Export(c)
				}
				used += cpu(b) - began
			}
			b.ReportMetric(float64(used.Nanoseconds())/float64(b.N*len(changes)), "cpu-ns/change")
		})
	}
}
