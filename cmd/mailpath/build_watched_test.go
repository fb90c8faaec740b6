package main

import (
	"reflect"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
)

func TestWatchedMailboxes(t *testing.T) {
	route := func(from, mailbox string, lost time.Duration) probe.Probe {
		return probe.Probe{Route: probe.Route{From: from, Mailbox: mailbox}, LostAfter: lost}
	}
	probes := []probe.Probe{
		route("Probe@provider.example", "hq", 4*time.Hour), route("a@example.com", "hq", time.Hour),
		route("a@example.com", "branch", 8*time.Hour), route("nobody@example.net", "branch", time.Hour),
	}
	asides, windows := watched([]config.Mailbox{
		{Name: "stranger", Address: "s@example.com"},
		{Name: "provider", Address: "probe@provider.example"},
		{Name: "kept", Address: "q@example.com", Quarantine: true},
		{Name: "hq", Address: "A@example.com"},
		{Name: "branch", Address: "b@example.com"},
	}, probes)
	wantAsides := map[string][]string{"provider": {"hq"}, "kept": {"branch", "hq"}, "hq": {"branch"}}
	if !reflect.DeepEqual(asides, wantAsides) {
		t.Errorf("got asides %v, want %v", asides, wantAsides)
	}
	wantWindows := map[string]time.Duration{"stranger": 0, "provider": 4 * time.Hour, "kept": 8 * time.Hour, "hq": 8 * time.Hour, "branch": 8 * time.Hour}
	if !reflect.DeepEqual(windows, wantWindows) {
		t.Errorf("got windows %v, want %v", windows, wantWindows)
	}
}
