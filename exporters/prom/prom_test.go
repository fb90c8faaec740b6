package prom_test

import (
	"bytes"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
)

var update = flag.Bool("update", false, "rewrite testdata and docs/metrics.md")

// serve gets the metrics in the format that is asked for.
func serve(t testing.TB, e *prom.Exporter, accept string) string {
	t.Helper()
	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept", accept)
	recorder := httptest.NewRecorder()
	e.Handler().ServeHTTP(recorder, request)
	if recorder.Code != 200 {
		t.Fatalf("getting metrics: status code %d, want 200: %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

// ours are the names of the metrics of ours.
func ours(t *testing.T, e *prom.Exporter) []string {
	t.Helper()
	gathered, err := served(t, e).Gather()
	if err != nil {
		t.Fatalf("gathering metrics: %v", err)
	}
	var names []string
	for _, f := range gathered {
		if strings.HasPrefix(f.GetName(), "mailpath_") {
			names = append(names, f.GetName())
		}
	}
	return names
}

// compare holds all metrics of ours against a file.
func compare(t *testing.T, e *prom.Exporter, name string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		gathered, err := served(t, e).Gather()
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, family := range gathered {
			if !strings.HasPrefix(family.GetName(), "mailpath_") {
				continue
			}
			if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := testutil.GatherAndCompare(served(t, e), bytes.NewReader(want), ours(t, e)...); err != nil {
		t.Errorf("comparing metrics with %s: %v", path, err)
	}
}

func TestAllSeriesAreThereFromTheStart(t *testing.T) {
	e := prom.New(configOf(probe.NewClock(), 0, probeOf(outside)))
	compare(t, e, "start.txt")
}

// TestStory is an outage with all that can happen to a message.
func TestStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClock()
		start := clock.Now()
		at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
		probes := []probe.Probe{probeOf(outside), probeOf(inside)}
		e := prom.New(configOf(clock, 0, probes...))
		w := newWorld(start, probes, e)
		send := func(p probe.Probe, id probe.ID, seconds float64) {
			w.tell(at(seconds), sendingOf(p, id, probe.Scheduled, at(seconds-0.002)), acceptedOf(id, at(seconds+0.001)))
		}
		look := func(seconds float64, looks int) {
			w.tell(at(seconds), probe.Looked{Mailbox: "hq", Began: at(seconds - 0.01), Ended: at(seconds), Looks: looks})
			w.due(at(seconds))
		}
		look(0.5, 1)
		send(probes[1], 1, 1)
		w.tell(at(1.3), seenOf(1, "INBOX", at(1.1), at(1.3)))
		w.tell(at(1.4), probe.Seen{ID: 1, Mailbox: "hq", Ref: probe.Ref{Folder: "INBOX"}, Present: at(1.4), Chain: 2}) // a duplicate
		send(probes[1], 2, 31)
		w.tell(at(33), seenOf(2, "Junk", at(32), at(33)))
		for id := probe.ID(3); id <= 6; id++ { // four are held
			send(probes[0], id, float64(id))
		}
		look(70, 42)
		w.tell(at(100), seenOf(3, "INBOX", at(99), at(100))) // one is released
		w.tell(at(101), sendingOf(probes[0], 7, probe.Scheduled, at(101)), probe.Attempted{
			ID: 7, Result: probe.Refused, Began: at(101), Reply: &probe.Reply{Code: 451, Text: "later"},
		})
		w.tell(at(102), sendingOf(probes[0], 8, "invented", at(102)), probe.Attempted{
			ID: 8, Result: probe.NotSent, Ours: true, Began: at(102), Phases: []probe.Phase{{Name: "invented", Took: time.Second}},
		})
		w.tell(at(103), probe.SlotsMissed{Route: outside.Name, Payload: "plain", Slots: 3})
		w.tell(at(103), probe.SlotsSkipped{Route: outside.Name, Payload: "plain", Slots: 59, Reason: probe.TooManyInFlight})
		w.tell(at(104), probe.Suspected{Route: outside.Name, Reason: "nothing for 9 s"})
		e.Checked(probe.Checked{Finding: probe.Finding{Check: "smtp", Target: "mx1.example.com:25", Component: "gateway-in", State: probe.FindingFailed}, Took: 30 * time.Second, NotAfter: time.Unix(1_800_000_000, 0)})
		e.Checked(probe.Checked{Finding: probe.Finding{Check: "prometheus", Target: "http://prometheus.example.com", Component: "gateway-in", State: probe.FindingUnknown}, Took: time.Second})
		e.Export(tracedOf(probes[0], probe.Scheduled, at(105),
			hop("gateway-in", 47*time.Minute, 47*time.Minute+time.Second), hop("store-hq", -time.Second, time.Second), hop("", 0, time.Hour)))
		e.Export(authenticated(probes[0], probe.Scheduled, at(105), "spf=pass", "dmarc=fail"))
		look(4*3600+4.5, 500)                                    // one is given up
		w.tell(at(4*3600+10), seenOf(4, "INBOX", at(0), at(10))) // and found
		w.tell(at(4*3600+11), probe.Blind{Mailbox: "hq", Problem: "connection lost"})
		synctest.Wait()
		time.Sleep(4*time.Hour + 20*time.Second)
		compare(t, e, "story.txt")
	})
}

func TestMetricsAreWellFormed(t *testing.T) {
	e := prom.New(configOf(probe.NewClock(), 0, probeOf(outside), probeOf(inside)))
	problems, err := testutil.GatherAndLint(served(t, e), ours(t, e)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestHandler(t *testing.T) {
	clock := probe.NewClock()
	p := probeOf(outside)
	e := prom.New(configOf(clock, 0, p))
	now := clock.Now()
	w := newWorld(now, []probe.Probe{p}, e)
	w.tell(now, sendingOf(p, 77, probe.Scheduled, now), acceptedOf(77, now), seenOf(77, "INBOX", now, now.Add(time.Second)))
	text := serve(t, e, "application/openmetrics-text; version=1.0.0")
	for _, want := range []string{
		`mailpath_delivery_seconds_bucket{prober="hq-1",route="outside-to-hq",site="hq",le="1.0"} 1 # {id="` + probe.ID(77).String() + `"} 1.0 `,
		`mailpath_messages_sent_total{payload="plain",prober="hq-1",purpose="scheduled",route="outside-to-hq",site="hq"} 1.0`,
		"\ngo_goroutines{prober=", "\nprocess_start_time_seconds{prober=", "\n# EOF\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics: got\n%s\nwant %q in it", text, want)
		}
	}
}

func TestHistogramsAreNativeToo(t *testing.T) {
	clock := probe.NewClock()
	e := prom.New(configOf(clock, 0, probeOf(outside)))
	gathered, err := served(t, e).Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range gathered {
		if h := f.GetMetric()[0].GetHistogram(); h != nil && strings.HasPrefix(f.GetName(), "mailpath_") {
			found++
			if h.Schema == nil || len(h.GetBucket()) < 10 {
				t.Errorf("%s: got schema %v and %d classic buckets, want both kinds", f.GetName(), h.Schema, len(h.GetBucket()))
			}
		}
	}
	if found != 5 {
		t.Errorf("got %d histograms, want 5", found)
	}
}
