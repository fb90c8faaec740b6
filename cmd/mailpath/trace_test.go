package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// traceable is a mail world over TCP and a configuration of it with components.
func traceable(t *testing.T) (*world.World, string) {
	t.Helper()
	w, err := world.New(world.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	text := worldConfig(t, w)
	var components strings.Builder
	components.WriteString("components:\n")
	for _, name := range world.Components() {
		fmt.Fprintf(&components, "  %s: {title: %s, received_by: [%s]}\n", name, name, strings.Join(w.Hosts(name), ", "))
	}
	for _, r := range w.Routes() {
		text = strings.Replace(text, fmt.Sprintf("  %s: {direction", r.Name), fmt.Sprintf("  %s: {path: [%s], direction", r.Name, strings.Join(r.Path, ", ")), 1)
	}
	text = strings.Replace(text, "senders:\n", strings.ReplaceAll(components.String(), ", received_by: []", "")+"senders:\n", 1)
	text = strings.Replace(text, "late_after: 30s", "late_after: 3s", 1)
	return w, write(t, "mailpath.yaml", text)
}

func TestTraceStatusAndWords(t *testing.T) {
	t.Parallel()
	w, config := traceable(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		args   []string
		world  func() error
		status int
		words  []string // patterns
	}{
		{"all is well", []string{"outside-to-hq"}, nil, exitOK,
			[]string{`(?m)^  banner +[0-9.]+`, `accepted after .*250`, `delivered in INBOX`, `mx1.example.com \(gateway-in\)`, `End to end it took`, `No step took long: all of them`}},
		{"a clock that is slow", []string{"outside-to-hq"}, func() error { return w.SetClock("gateway-in", -5*time.Minute) }, exitOK,
			[]string{`The clock of mx1.example.com \(gateway-in\) is [0-9ms–]+ slow: corrected`, `No step took long: all of them`}},
		{"a route nobody knows", []string{"outside-to-hg"}, nil, exitUsage, []string{`"outside-to-hg", want one of outside-to-hq, past-av-to-hq, inside-hq`}},
		{"no route", nil, nil, exitUsage, []string{`accepts 1 arg`}},
		{"a wait that is too short", []string{"inside-hq", "--wait", "1s"}, nil, exitUsage, []string{`--wait 1s: want the late_after of route inside-hq, which is 3s, or more`}},
		{"an output nobody knows", []string{"inside-hq", "-o", "xml"}, nil, exitUsage, []string{`want text or json`}},
		{"it is refused", []string{"past-av-to-hq"}, func() error {
			return w.Break("antispam", world.Refuse{Code: 550, Text: "no mail today"})
		}, exitBad, []string{`550.*no mail today`, `Rejected`, `a\s+5xx will not`}},
		{"it is held", []string{"past-av-to-hq"}, func() error { return w.Break("antispam", world.Hold{}) }, exitBad,
			[]string{`not arrived within 3 s`, `Not arrived: it was accepted`, `look for [0-9A-Za-z]+ in the log`, `antispam, store-hq`}},
		{"it is taken for spam", []string{"inside-hq"}, func() error { return w.Break("store-hq", world.Junk{}) }, exitBad,
			[]string{`in Junk`, `Not well: wrong place`}},
		{"nobody can look", []string{"inside-branch"}, func() error { return w.Blind("branch", world.Refusing) }, exitOurs,
			[]string{`mailbox branch cannot be watched`, `nobody can tell\.\s+Mend\s+the\s+watching\s+of\s+mailbox\s+branch\s+first`}},
	} {
		if c.world != nil {
			must(c.world())
		}
		status, stdout, stderr := command(t, append([]string{"trace", "-c", config}, c.args...)...)
		if status != c.status {
			t.Errorf("%s: got status %d, want %d\n%s%s", c.name, status, c.status, stdout, stderr)
		}
		for _, pattern := range c.words {
			if !regexp.MustCompile(pattern).MatchString(stdout + stderr) {
				t.Errorf("%s: got no %s in\n%s%s", c.name, pattern, stdout, stderr)
			}
		}
	}
}

// tracedJSON is what tests read of a document.
type tracedJSON struct {
	Route, ID, Result, Status, Place string
	Exit                             int `json:"exit_status"`
	Phases                           []struct {
		Name    string
		Seconds float64
	}
	Latency float64 `json:"latency_seconds"`
	Min     float64 `json:"latency_min_seconds"`
	Max     float64 `json:"latency_max_seconds"`
	Steps   []struct {
		Component, Host string
		Next            string `json:"next_component"`
		NextHost        string `json:"next_host"`
		Seconds         float64
		Min, Max        float64
		Negative        bool
		MinSeconds      float64 `json:"min_seconds"`
		MaxSeconds      float64 `json:"max_seconds"`
	}
	Clocks  []clockOffset
	Auth    []struct{ Method, Result string }
	Entries []struct {
		By, Component string
		IsHop         bool `json:"is_hop"`
	}
}

// clockOffset is what a document says of a host's clock.
type clockOffset struct {
	Component, Host string
	Min             float64 `json:"offset_min_seconds"`
	Max             float64 `json:"offset_max_seconds"`
	Wrong           bool
}

// path is the components that a document's steps lead through, but for hosts that belong
// to none, such as a filter's localhost.
func (d tracedJSON) path() string {
	var names []string
	for _, s := range d.Steps {
		if s.Next != "" && s.Next != trace.Other && (len(names) == 0 || names[len(names)-1] != s.Next) {
			names = append(names, s.Next)
		}
	}
	return strings.Join(names, " ")
}

func readTraced(t testing.TB, text string) tracedJSON {
	t.Helper()
	var d tracedJSON
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

func TestTraceJSON(t *testing.T) {
	t.Parallel()
	w, config := traceable(t)
	status, stdout, stderr := command(t, "trace", "outside-to-hq", "-c", config, "-o", "json")
	d := readTraced(t, stdout)
	if status != exitOK || d.Result != "ok" || d.Status != "delivered" || d.Place != "inbox" || len(d.Entries) < 5 || len(d.Phases) < 6 {
		t.Errorf("got status %d and\n%s%s", status, stdout, stderr)
	}
	if got, want := d.path(), "internet gateway-in antispam store-hq"; got != want {
		t.Errorf("got steps through %q, want %q\n%s", got, want, stdout)
	}
	sum := 0.0
	for _, s := range d.Steps {
		sum += s.Seconds
	}
	if sum < d.Latency-1e-6 || sum > d.Latency+1e-6 {
		t.Errorf("got steps of %g s in sum, want the latency of %g s", sum, d.Latency)
	}
	if err := w.Break("internet", world.Hold{}); err != nil {
		t.Fatal(err)
	}
	status, stdout, _ = command(t, "trace", "outside-to-hq", "-c", config, "-o", "json")
	for _, want := range []string{`"status": null`, `"steps": []`, `"entries": []`, `"auth": []`, `"latency_seconds": null`, `"result": "not arrived"`, `"exit_status": 1`} {
		if !strings.Contains(stdout, want) {
			t.Errorf("a message that is held: got status %d and no %s in\n%s", status, want, stdout)
		}
	}
}

// guarded is a buffer that is written and read at the same time.
type guarded struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.buffer.Write(p)
}

func (g *guarded) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.buffer.String()
}

// along traces a route of the stage's world, and gives what is known in the end.
func (s *stage) along(route string, out *guarded) *journey {
	s.t.Helper()
	return s.waiting(s.t.Context(), route, 0, out)
}

// waiting is along, with --wait.
func (s *stage) waiting(ctx context.Context, route string, wait time.Duration, out *guarded) *journey {
	s.t.Helper()
	parts, err := buildWorld(s.world, s.dial, s.keys, s.clock).along(route, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	show := newTracer(out, parts.probes[0], "mx.example.com:25", s.clock)
	show.wait = wait
	seen, err := follow(ctx, parts, s.keys, s.clock, slog.New(slog.DiscardHandler), show)
	if err != nil {
		s.t.Fatal(err)
	}
	return seen
}

// A server that hangs is seen hanging, in the phase in which it does.
func TestStoryOfATraceThatHangs(t *testing.T) {
	perform(t, func(s *stage) {
		s.lies(silent)
		var out guarded
		done := make(chan *journey)
		go func() { done <- s.along(inbound, &out) }()
		s.wait(30 * time.Second)
		if !strings.HasSuffix(strings.TrimRight(out.String(), " "), "\n  banner") {
			t.Errorf("after 30 s: got %q, want the banner waited for", out.String())
		}
		seen := <-done
		if v := seen.verdict(); v.status != exitBad || v.result != string(probe.Unsent) || !regexp.MustCompile(`\n  connect +0s\n  banner +2m0s\nnot sent after 2m0s`).MatchString(out.String()) {
			t.Errorf("got %+v and\n%s", v, out.String())
		}
	})
}

// One message goes out although there are other probes, and nobody but its own route's
// sender and mailbox is asked.
func TestTraceSendsOneMessage(t *testing.T) {
	perform(t, func(s *stage) {
		var out guarded
		s.along("hq-to-branch", &out)
		if n, err := s.world.Count("branch", "INBOX"); err != nil || n > 1 {
			t.Errorf("got %d messages (%v), want one at most: it may have been cleaned away", n, err)
		}
		for _, mailbox := range []string{"hq", "provider"} {
			if all, err := s.world.Messages(mailbox, "INBOX"); err != nil || len(all) != 0 {
				t.Errorf("mailbox %s: got %d messages (%v), want none", mailbox, len(all), err)
			}
		}
		if all, err := s.world.Messages("branch", "INBOX"); err != nil || len(all) != 1 {
			t.Errorf("got %d messages (%v), want one\n%s", len(all), err, out.String())
		}
	})
}
