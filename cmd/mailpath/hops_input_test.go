package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// twoWays is a configuration of a route that is probed and one that is not, through one
// host with two roles.
const twoWays = `prober: test-1
senders:
  hq: {smtp: {server: "127.0.0.1:1", tls: none}, from: mailpath@example.com}
mailboxes:
  hq: {address: mailpath@example.com, imap: {server: "127.0.0.1:1", tls: none, auth: {username: mailpath, password_env: MAILPATH_TEST_PASSWORD}}}
components:
  gateway-in: {title: the gateway inbound, received_by: [mx.example.com]}
  gateway-out: {title: the gateway outbound, received_by: [mx.example.com]}
  store: {title: the mailbox server, received_by: [store.example.com]}
routes:
  in: {direction: inbound, sender: hq, mailbox: hq, path: [gateway-in, store]}
  out: {direction: outbound, sender: hq, mailbox: hq, path: [store, gateway-out]}
  around: {direction: outbound, sender: hq, mailbox: hq, path: [gateway-out, store, gateway-in]}
probes:
  - {routes: [in], every: 1m, late_after: 1s, lost_after: 1h}
`

// A route that nobody probes leads through its components all the same, and a host has
// the role that it has there; also where it has two.
func TestHopsOnARouteWithoutAProbe(t *testing.T) {
	config := write(t, "mailpath.yaml", twoWays)
	hop := func(by string) string {
		return "Received: from x by " + by + " with SMTP; Mon, 23 Nov 2026 08:15:03 +0000\r\n"
	}
	message := write(t, "message.eml", hop("mx.example.com")+hop("store.example.com")+hop("mx.example.com")+hop("mx.example.com"))
	for _, c := range []struct {
		route string
		want  []string // the oldest first
	}{
		{"around", []string{"gateway-out", "gateway-out", "store", "gateway-in"}},
		{"out", []string{"gateway-out", "gateway-out", "store", "gateway-out"}},
		{"in", []string{"gateway-in", "gateway-in", "store", "gateway-in"}},
	} {
		status, stdout, stderr := command(t, "hops", message, "-c", config, "--route", c.route, "-o", "json")
		var entries []struct{ Component string }
		if err := json.Unmarshal([]byte(stdout), &entries); err != nil || status != exitOK {
			t.Fatalf("got status %d (%v)\n%s%s", status, err, stdout, stderr)
		}
		var got []string
		for _, e := range slices.Backward(entries) {
			got = append(got, e.Component)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("route %s: got %q, want %q", c.route, got, c.want)
		}
	}
}

// Whoever interrupts hops while nobody writes what it reads is not kept waiting.
func TestHopsIsInterrupted(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	in, silent := io.Pipe()
	defer silent.Close()
	for name, args := range map[string][]string{"a FIFO": {"hops", fifo}, "standard input": {"hops"}} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var out bytes.Buffer
		root := newRoot(io.Discard, io.Discard)
		root.SetIn(in)
		done := make(chan int, 1)
		go func() { done <- carryOut(ctx, root, args, &out) }()
		cancel()
		select {
		case status := <-done:
			if status != exitOurs || !strings.Contains(out.String(), "interrupted") {
				t.Errorf("%s: got status %d and %q, want %d and that it was interrupted", name, status, &out, exitOurs)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: got no end, want one at once", name)
		}
	}
}
