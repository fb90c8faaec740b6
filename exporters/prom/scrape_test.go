package prom_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
)

// hanging is somebody who has asked and does not read until told.
type hanging struct {
	*httptest.ResponseRecorder
	read chan struct{}
}

func (h hanging) Write(p []byte) (int, error) {
	<-h.read
	return h.ResponseRecorder.Write(p)
}

// Scrapes beyond two wait, and those that are given up meanwhile do nothing.
func TestScrapesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := prom.New(configOf(probe.NewClock(), 0, probeOf(outside)))
		read := make(chan struct{})
		var first [2]hanging
		for i := range first {
			first[i] = hanging{httptest.NewRecorder(), read}
			go e.Handler().ServeHTTP(first[i], httptest.NewRequest("GET", "/metrics", nil))
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		given := httptest.NewRecorder()
		began := time.Now()
		e.Handler().ServeHTTP(given, httptest.NewRequestWithContext(ctx, "GET", "/metrics", nil))
		if waited := time.Since(began); waited != 10*time.Second || given.Body.Len() != 0 {
			t.Errorf("got %d bytes after %v, want none after the scraper's 10s", given.Body.Len(), waited)
		}
		third := httptest.NewRecorder()
		go e.Handler().ServeHTTP(third, httptest.NewRequest("GET", "/metrics", nil))
		close(read)
		synctest.Wait()
		for i, r := range []*httptest.ResponseRecorder{third, first[0].ResponseRecorder, first[1].ResponseRecorder} {
			if !strings.Contains(r.Body.String(), "mailpath_build_info") {
				t.Errorf("scrape %d: got %q, want all metrics", i, r.Body)
			}
		}
	})
}

func TestCompression(t *testing.T) {
	handler := prom.New(configOf(probe.NewClock(), 0, probeOf(outside))).Handler()
	for accept, want := range map[string]string{
		"gzip":                 "gzip",
		"":                     "",
		"deflate, gzip;q=0.5":  "gzip",
		"gzip;q=0, identity":   "",
		"identity":             "",
		"br;q=1, GZIP ; q=1.0": "gzip",
		"gzip;q=0.000":         "",
	} {
		request := httptest.NewRequest("GET", "/metrics", nil)
		request.Header.Set("Accept-Encoding", accept)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if got := recorder.Header().Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: got Content-Encoding %q, want %q", accept, got, want)
		}
		if zipped := strings.HasPrefix(recorder.Body.String(), "\x1f\x8b"); zipped != (want == "gzip") {
			t.Errorf("Accept-Encoding %q: got a body that is zipped: %v, want %v", accept, zipped, want == "gzip")
		}
	}
}

func TestFormats(t *testing.T) {
	handler := prom.New(configOf(probe.NewClock(), 0, probeOf(outside))).Handler()
	for accept, want := range map[string]string{
		"text/html": "text/plain; version=0.0.4; charset=utf-8",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;q=0.5": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
		"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3":                                         "application/openmetrics-text; version=1.0.0; charset=utf-8",
	} {
		request := httptest.NewRequest("GET", "/metrics", nil)
		request.Header.Set("Accept", accept)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if got := recorder.Header().Get("Content-Type"); !strings.HasPrefix(got, want) {
			t.Errorf("Accept %q: got Content-Type %q, want %q", accept, got, want)
		}
	}
}

// The order of labels is written out for each family: here it is held to.
func TestLabelsAreSorted(t *testing.T) {
	for _, family := range families(t, prom.New(configOf(probe.NewClock(), 0, probeOf(outside)))) {
		var names []string
		for _, l := range family.GetMetric()[0].GetLabel() {
			names = append(names, l.GetName())
		}
		if !slices.IsSorted(names) {
			t.Errorf("%s: got labels %v, want them sorted", family.GetName(), names)
		}
	}
}

// What comes out of a mail, a server or a newer journal makes no series.
func TestWhatIsNotKnownIsOther(t *testing.T) {
	clock := probe.NewClock()
	p := probeOf(outside)
	e := prom.New(configOf(clock, 0, p))
	origin := func(seq probe.Seq) probe.Origin { return probe.Origin{Seq: seq, At: clock.Now()} }
	for i, purpose := range []probe.Purpose{"invented", "dreamt-up"} {
		m := sendingOf(p, probe.ID(i), purpose, clock.Now())
		e.Export(probe.Sent{Origin: origin(1), Message: m})
		e.Export(probe.Settled{Origin: origin(2), Message: m, Outcome: probe.Outcome{Status: probe.Late, Place: probe.Place("the attic")}})
		e.Export(probe.Contradicted{Origin: origin(3), Message: m, Told: "vanished"})
	}
	m := sendingOf(p, 10, probe.Manual, clock.Now())
	e.Export(probe.Sent{Origin: origin(4), Message: m})
	e.Export(probe.Settled{Origin: origin(5), Message: m, Outcome: probe.Outcome{Status: "vanished"}})
	got := checkLaw(t, e)
	for _, want := range []struct {
		family, labels string
		n              float64
	}{
		{"messages_sent_total", "payload=plain purpose=other route=outside-to-hq", 2},
		{"outcomes_total", "payload=plain purpose=other route=outside-to-hq status=late", 2},
		{"outcomes_total", "payload=plain purpose=manual route=outside-to-hq status=other", 1},
		{"arrivals_total", "place=other route=outside-to-hq", 2},
		{"contradicted_total", "route=outside-to-hq status=other", 2},
	} {
		if n, there := got[want.family][want.labels]; !there || n != want.n {
			t.Errorf("got %s{%s} %v (there: %v), want %v", want.family, want.labels, n, there, want.n)
		}
	}
	for family, most := range map[string]int{"messages_sent_total": 3, "outcomes_total": 8 + 2, "arrivals_total": 4, "contradicted_total": 6 + 1} {
		if len(got[family]) != most {
			t.Errorf("got %d series of %s, want %d: %v", len(got[family]), family, most, got[family])
		}
	}
}

// A name that no format can carry must not end all scrapes.
func TestDamagedNames(t *testing.T) {
	clock := probe.NewClock()
	p := probeOf(outside)
	e := prom.New(configOf(clock, 0, p))
	m := sendingOf(p, 1, probe.Scheduled, clock.Now())
	m.Route = "outside\xff"
	e.Export(probe.Sent{Origin: probe.Origin{Seq: 1, At: clock.Now()}, Message: m})
	if got := scrape(t, e)["in_flight_messages"]["route=outside\uFFFD"]; got != 1 {
		t.Errorf("got %v in flight on the damaged route, want 1", got)
	}
}

// The process's clock began with the wall clock: what moved before does not count.
func TestClockStep(t *testing.T) {
	clock := probe.NewClock()
	e := prom.New(configOf(clock, 10))
	for _, step := range []struct {
		seq     probe.Seq
		by      time.Duration
		between bool
		want    float64
	}{
		{9, time.Hour, false, 0},
		{11, time.Minute, true, 0},
		{12, 90 * time.Second, false, 90},
		{13, -100 * time.Second, false, -10},
		{14, 10 * time.Second, false, 0},
	} {
		e.Export(probe.ClockMoved{
			Origin: probe.Origin{Seq: step.seq, At: clock.Now()}, ClockStepped: probe.ClockStepped{By: step.by, Between: step.between},
		})
		if got := scrape(t, e)["clock_step_seconds"][""]; got != step.want {
			t.Errorf("after event %d: got a step of %v s, want %v", step.seq, got, step.want)
		}
	}
}

func TestJournalIsAsked(t *testing.T) {
	cfg := configOf(probe.NewClock(), 0)
	failed, unwritten := uint64(3), 40
	cfg.JournalErrors = func() uint64 { return failed }
	cfg.JournalUnwritten = func() int { return unwritten }
	e := prom.New(cfg)
	for range 2 {
		got := scrape(t, e)
		if n := got["journal_errors_total"][""]; n != float64(failed) {
			t.Errorf("got %v errors of the journal, want %v", n, failed)
		}
		if n := got["journal_unwritten_events"][""]; n != float64(unwritten) {
			t.Errorf("got %v unwritten events, want %v", n, unwritten)
		}
		failed, unwritten = 4, 0
	}
}
