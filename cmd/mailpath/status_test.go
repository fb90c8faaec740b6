package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// The commands tell what the page tells, and the exit status says whether mail works.
func TestStatusOnTheCommandLine(t *testing.T) {
	t.Parallel()
	x := newTold(t, nil, "status: {company: Example Ltd, time_zone: Europe/Berlin}\n")
	x.start()
	x.untilHealthy()
	x.says(exitOK, "Mail is working", "status", "--audience", "staff")
	x.says(exitOK, "There was no incident", "incident", "list")
	x.says(exitUsage, `--audience: got "all", want staff, management or noc`, "status", "--audience", "all")

	x.must(x.world.Break(brokenComponent, world.CrashLoop{}))
	i := x.untilIncident(probe.Identified)
	x.announce(map[string]any{"text": "The vendor is called.", "by": "Kim", "next_seconds": 900})
	x.says(exitBad, "inbound", "status")
	x.says(exitBad, "inbound filter", "status")
	x.says(exitOK, i.ID+"  identified", "incident", "list")
	x.says(exitOK, "The vendor is called.", "incident", "report", i.ID)
	x.says(exitOurs, "no incident", "incident", "report", "2026-01-01-0000")

	var s situation.Situation
	if err := json.Unmarshal([]byte(x.says(exitBad, "", "status", "-o", "json")), &s); err != nil || s.Company != "Example Ltd" || s.TimeZone != "Europe/Berlin" {
		t.Errorf("got %+v and %v, want the status as JSON", s, err)
	}
	x.child.end(syscall.SIGTERM)
	x.says(exitOurs, "nothing listens there", "status")
}

// While somebody watches, the status is printed again when it changes, until they stop.
func TestStatusIsWatched(t *testing.T) {
	t.Parallel()
	x := newTold(t, nil, "")
	x.start()
	x.untilHealthy()
	ctx, stop := context.WithCancel(t.Context())
	shown := new(transcript)
	done := make(chan int, 1)
	go func() { done <- run(ctx, []string{"status", "--watch", "--url", x.child.url}, shown, shown) }()
	x.child.waitFor("to be watched", func() bool { return strings.Contains(shown.String(), "DIRECTION") })
	x.announce(map[string]any{"text": "The server is restarted at noon."})
	x.child.waitFor("to tell who watches", func() bool { return strings.Contains(shown.String(), "restarted at noon") })
	stop()
	if status := <-done; status != exitOK {
		t.Errorf("stopped: got exit status %d: %s", status, shown)
	}
}

// says runs a command against the running mailpath, and gives what it printed.
func (x *told) says(status int, text string, args ...string) string {
	x.t.Helper()
	shown := new(transcript)
	got := run(x.t.Context(), append(args, "--url", x.child.url), shown, shown)
	if got != status || !strings.Contains(shown.String(), text) {
		x.t.Errorf("mailpath %s: got exit status %d and\n%s\nwant %d and %q", strings.Join(args, " "), got, shown, status, text)
	}
	return shown.String()
}

// transcript is what a command prints, read while it prints.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (x *transcript) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.Write(p)
}

func (x *transcript) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.String()
}
