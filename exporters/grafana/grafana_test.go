package grafana_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/grafana"
	"github.com/mailpath/mailpath/probe"
)

// An incident has one annotation, which its steps change and the last one ends. Each process
// finds it again; what a replay brings is not told again.
func TestIncident(t *testing.T) {
	t.Parallel()
	w, steps := newWorld(t), story()
	other := note{ID: 77, Tags: []string{"mail", "incident:2026-11-24-0841", "prober:branch"}, Text: "another one's"}
	w.change(func(s *server) { s.notes = []note{other} })
	w.process(t, steps[probe.IncidentOpened], steps[probe.IncidentProgressed])
	checkNotes(t, w.all(), other, opened)
	w.checkSeen(t, "GET 200", "POST 200")
	w.process(t, steps[probe.IncidentOpened], steps[probe.IncidentProgressed], steps[probe.IncidentJudged])
	checkNotes(t, w.all(), other, judged)
	w.checkSeen(t, "GET 200", "PATCH 200")
	w.process(t, steps[probe.IncidentOpened], steps[probe.IncidentJudged], steps[probe.IncidentResolved], probe.Noted{Origin: probe.Origin{Seq: 6}})
	checkNotes(t, w.all(), other, over)
	w.checkSeen(t, "GET 200", "PATCH 200")
	if w.cursor.is() != 6 || w.log.String() != "" {
		t.Errorf("got the cursor at %d and a log of %q, want 6 and none", w.cursor.is(), w.log.String())
	}
}

// In one process it is asked for once.
func TestOneProcess(t *testing.T) {
	t.Parallel()
	w, steps := newWorld(t), story()
	w.process(t, steps[probe.IncidentOpened], steps[probe.IncidentJudged], steps[probe.IncidentResolved])
	checkNotes(t, w.all(), over)
	w.checkSeen(t, "GET 200", "POST 200", "PATCH 200", "PATCH 200")
}

// An incident that went into another ends, and says so.
func TestMerged(t *testing.T) {
	t.Parallel()
	w, steps := newWorld(t), story()
	w.process(t, steps[probe.IncidentJudged], steps[probe.IncidentMerged])
	checkNotes(t, w.all(), with(over, over.Text+" It went into 2026-11-24-0830.", over.TimeEnd))
}

// Somebody deletes an annotation, or makes it anew: the next step makes one, or changes that.
func TestDeleted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		now      []note
		fail     int // of PATCH
		want     []note
		requests []string
	}{
		{"and makes it anew", []note{{ID: 9, DashboardUID: "abc", Time: 1, Tags: opened.Tags}}, 0, []note{{9, "abc", opened.Time, 0, opened.Tags, judged.Text}}, []string{"PATCH 404", "GET 200", "PATCH 200"}},
		{"for good", nil, 0, []note{{2, "abc", opened.Time, 0, opened.Tags, judged.Text}}, []string{"PATCH 404", "GET 200", "POST 200"}},
		{"and it may not be changed", nil, 403, []note{{2, "abc", opened.Time, 0, opened.Tags, judged.Text}}, []string{"PATCH 403", "GET 200", "POST 200"}},
		{"not, but it may not be changed", []note{opened}, 403, []note{opened}, []string{"PATCH 403", "GET 200"}},
	} {
		w, steps := newWorld(t), story()
		e := grafana.New(w.cfg)
		e.Export(steps[probe.IncidentOpened])
		await(t, "the annotation", func() bool { return w.cursor.is() == 1 })
		w.checkSeen(t, "GET 200", "POST 200")
		w.change(func(s *server) { s.notes, s.fail = test.now, map[string]int{http.MethodPatch: test.fail} })
		e.Export(steps[probe.IncidentJudged])
		e.Close(t.Context())
		t.Run(test.name, func(t *testing.T) {
			checkNotes(t, w.all(), test.want...)
			w.checkSeen(t, test.requests...)
			if refused := strings.Contains(w.log.String(), "given up"); refused != (len(test.now) == 1 && test.fail == 403) || w.cursor.is() != 3 {
				t.Errorf("got the cursor at %d, log %q, want 3, and it given up only when it is refused", w.cursor.is(), &w.log)
			}
		})
	}
}

// A Grafana that fails leaves the step to the next process; no log line has the token.
func TestFailing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*server)
		want   probe.Seq // the cursor
		log    string
	}{
		{"it cannot be asked", func(s *server) { s.fail = map[string]int{http.MethodGet: 500} }, 0, "got status 500"},
		{"it cannot be told", func(s *server) { s.fail = map[string]int{http.MethodPost: 503} }, 0, "got status 503"},
		{"the token is wrong", func(s *server) { s.token = "another" }, 0, "got status 401"},
		{"it closes", func(s *server) { s.loses = map[string]bool{http.MethodGet: true} }, 0, "EOF"},
		{"it answers nonsense", func(s *server) { s.raw = map[string]string{http.MethodGet: "<html>" + secret} }, 0, "finding the annotation of an incident"},
		{"it refuses", func(s *server) { s.fail = map[string]int{http.MethodPost: 400} }, 1, "given up"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, steps := newWorld(t), story()
			w.change(test.change)
			w.process(t, steps[probe.IncidentOpened])
			if got := w.log.String(); w.cursor.is() != test.want || !strings.Contains(got, test.log) || strings.Contains(got, secret) {
				t.Errorf("got the cursor at %d and log %q, want %d, %q, and no token", w.cursor.is(), got, test.want, test.log)
			}
			w.change(func(s *server) { s.token, s.fail, s.loses, s.raw = secret, nil, nil, nil })
			w.process(t, steps[probe.IncidentOpened], steps[probe.IncidentJudged])
			checkNotes(t, w.all(), judged)
		})
	}
}

// An answer that is lost, or cannot be read, makes no second annotation.
func TestAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*server){
		func(s *server) { s.raw = map[string]string{http.MethodPost: "added"} },
		func(s *server) { s.loses = map[string]bool{http.MethodPost: true} },
	} {
		w, steps := newWorld(t), story()
		w.change(change)
		w.process(t, steps[probe.IncidentOpened])
		w.change(func(s *server) { s.loses = nil })
		w.process(t, steps[probe.IncidentOpened], steps[probe.IncidentJudged])
		checkNotes(t, w.all(), judged)
	}
}

// The token is read at each request.
func TestTokenRotates(t *testing.T) {
	t.Parallel()
	w, steps := newWorld(t), story()
	var mu sync.Mutex
	token, reads := secret, 0
	w.cfg.Token = func() (string, error) {
		mu.Lock()
		defer mu.Unlock()
		reads++
		return token, nil
	}
	e := grafana.New(w.cfg)
	e.Export(steps[probe.IncidentOpened])
	await(t, "the annotation", func() bool { return w.cursor.is() == 1 })
	w.change(func(s *server) { s.token = "glsa_new" })
	mu.Lock()
	token = "glsa_new"
	mu.Unlock()
	e.Export(steps[probe.IncidentJudged])
	e.Close(t.Context())
	checkNotes(t, w.all(), judged)
	if reads != 3 || w.log.String() != "" {
		t.Errorf("got the token read %d times and log %q, want 3 and none", reads, &w.log)
	}
}

// A Grafana that takes connections and never answers, or is not there, holds up neither the
// engine nor the end.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, address := range []string{"http://" + mute.Addr().String(), gone.URL} {
		w := newWorld(t)
		w.cfg.URL = address
		e := grafana.New(w.cfg)
		start := w.cfg.Clock.Now()
		for seq := range probe.Seq(1000) {
			c := story()[probe.IncidentJudged]
			c.Seq = seq + 1
			e.Export(c)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		e.Close(ctx)
		if passed := w.cfg.Clock.Since(start); passed > 4*time.Second {
			t.Errorf("%s: got an end after %v, want it with the context, after 50 ms", address, passed)
		}
		if got := w.log.String(); w.cursor.is() != 0 || strings.Contains(got, secret) || strings.Contains(got, strings.TrimPrefix(address, "http://")) {
			t.Errorf("%s: got the cursor at %d and log %q, want 0 and no secrets", address, w.cursor.is(), got)
		}
	}
}

// What somebody writes is bounded, one line, and no HTML.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := story()[probe.IncidentOpened]
	c.Sentence = "<script>alert(1)</script>\n\u202e\x1b[2J" + strings.Repeat("A", 1<<20)
	w.process(t, c)
	got := w.all()
	if len(got) != 1 || len(got[0].Text) > 1000 || strings.ContainsAny(got[0].Text, "<>\n\x1b\u202e") {
		t.Errorf("got %.300q, want one short line without HTML", fmt.Sprint(got))
	}
}
