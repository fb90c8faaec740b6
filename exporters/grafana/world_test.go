package grafana_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/grafana"
	"github.com/mailpath/mailpath/probe"
)

const secret = "glsa_s3cr3t"

var began = time.Date(2026, 11, 24, 8, 41, 0, 0, time.UTC)

// cursor remembers in memory.
type cursor struct {
	mu sync.Mutex
	at probe.Seq
}

func (c *cursor) Load() probe.Seq { return c.is() }

func (c *cursor) Save(seq probe.Seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = seq
}

func (c *cursor) is() probe.Seq {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// text is a log that can be read while it is written.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *text) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *text) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// world is a Grafana and what is kept from one process to the next.
type world struct {
	*server
	cursor cursor
	log    text
	cfg    grafana.Config
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{server: &server{token: secret}}
	s := httptest.NewServer(w.server)
	t.Cleanup(s.Close)
	w.cfg = grafana.Config{
		URL: s.URL + "/grafana/", Token: func() (string, error) { return secret + "\n", nil }, Prober: "hq-1", Tags: []string{"mail"}, Dashboard: "abc",
		Clock: probe.NewClock(), Log: slog.New(slog.NewTextHandler(&w.log, nil)), Cursor: &w.cursor, Transport: &http.Transport{DisableKeepAlives: true},
	}
	return w
}

// process is one run that is given some changes; it ends when all have been told.
func (w *world) process(t *testing.T, changes ...probe.Change) {
	t.Helper()
	e := grafana.New(w.cfg)
	for _, c := range changes {
		e.Export(c)
	}
	e.Close(t.Context())
	w.cfg.Since = w.cursor.is()
}

// story are the steps of an incident; their events are numbered from 1.
func story() map[probe.IncidentStep]probe.IncidentTold {
	i := probe.IncidentChanged{ID: "2026-11-24-0841", State: probe.Investigating, Began: began, Opened: began.Add(time.Minute), Routes: []string{"outside-to-hq", "outside-to-branch"}, Broken: []string{"outside-to-hq"}}
	steps := make(map[probe.IncidentStep]probe.IncidentTold)
	step := func(seq probe.Seq, s probe.IncidentStep, change func()) {
		change()
		i.Step = s
		steps[s] = probe.IncidentTold{Origin: probe.Origin{Seq: seq, At: began.Add(time.Duration(seq) * time.Minute)}, IncidentChanged: i}
	}
	step(1, probe.IncidentOpened, func() {})
	step(2, probe.IncidentProgressed, func() {})
	step(3, probe.IncidentJudged, func() { i.State, i.Sentence = probe.Identified, "The gateway <b>most likely</b> failed." })
	step(4, probe.IncidentMerged, func() { i.State, i.Ended, i.Into = probe.Resolved, began.Add(time.Hour), "2026-11-24-0830" })
	step(5, probe.IncidentResolved, func() { i.Into = "" })
	return steps
}

var (
	opened = note{ID: 1, DashboardUID: "abc", Time: began.UnixMilli(), Tags: []string{"mail", "prober:hq-1", "incident:2026-11-24-0841"}, Text: "2026-11-24-0841 (investigating): Routes: outside-to-hq, outside-to-branch"}
	judged = with(opened, "2026-11-24-0841 (identified): The gateway &lt;b&gt;most likely&lt;/b&gt; failed.", 0)
	over   = with(opened, "2026-11-24-0841 (resolved): The gateway &lt;b&gt;most likely&lt;/b&gt; failed.", began.Add(time.Hour).UnixMilli())
)

func with(n note, text string, end int64) note {
	n.Text, n.TimeEnd = text, end
	return n
}

func checkNotes(t *testing.T, got []note, want ...note) {
	t.Helper()
	if !slices.EqualFunc(got, want, func(a, b note) bool {
		return a.ID == b.ID && a.DashboardUID == b.DashboardUID && a.Time == b.Time && a.TimeEnd == b.TimeEnd && a.Text == b.Text && slices.Equal(a.Tags, b.Tags)
	}) {
		t.Errorf("got annotations\n%+v\nwant\n%+v", got, want)
	}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for !is() {
		select {
		case <-deadline.C:
			t.Fatalf("got no end of waiting for %s, want it within 20 s", what)
		case <-ticks.C:
		}
	}
}
