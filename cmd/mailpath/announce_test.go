package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"github.com/mailpath/mailpath/exporters/situation"
)

// What was announced is told at once, and by the process after a kill, too.
func TestWhatIsAnnouncedSurvivesAKill(t *testing.T) {
	o := worldOrdeal(t, t.TempDir())
	c := o.start()
	c.waitUntilReady()
	for _, tt := range []struct {
		says   string
		args   []string
		status int
		want   string
	}{
		{"an announcement", []string{"Open house on Friday", "--next", "15m"}, exitOK, "no incident is open"},
		{"an incident that there is not", []string{"We look", "--incident", "2026-11-24-0841"}, exitUsage, "but none is open"},
		{"maintenance", []string{"New disks", "--maintenance", "2h", "--routes", "inside-hq,hq-to-branch"}, exitOK, "maintenance m-"},
		{"nothing", nil, exitUsage, "got a text of 0 characters"},
		{"a route that there is not", []string{"New disks", "--maintenance", "2h", "--routes", "nowhere"}, exitUsage, `got route "nowhere"`},
		{"a time that is none", []string{"New disks", "--maintenance", "2h", "--from", "tonight"}, exitUsage, `--from: got "tonight"`},
		{"routes of no maintenance", []string{"New disks", "--routes", "inside-hq"}, exitUsage, "without --maintenance"},
	} {
		status, stdout, stderr := mailpath(t, append([]string{"announce", "--url", c.url}, tt.args...)...)
		if status != tt.status || !strings.Contains(stdout+stderr, tt.want) {
			t.Errorf("%s: got status %d, %q and %q, want %d and %q", tt.says, status, stdout, stderr, tt.status, tt.want)
		}
	}
	c.end(syscall.SIGKILL)
	c = o.start()
	c.waitUntilReady()
	var s situation.Situation
	var answer bytes.Buffer
	if err := (running{c.url}).get(t.Context(), &answer, "/api/v1/status", nil); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Announcements) != 1 || s.Announcements[0].Text != "Open house on Friday" || len(s.Maintenance) != 1 || !s.Maintenance[0].Now || len(s.Maintenance[0].Routes) != 2 {
		t.Errorf("after a kill: got %+v and %+v, want the announcement and the maintenance", s.Announcements, s.Maintenance)
	}
	if got := c.metric("mailpath_maintenance", ""); got != 2 {
		t.Errorf("got %v routes in maintenance, want 2", got)
	}
	c.end(syscall.SIGTERM)
}
