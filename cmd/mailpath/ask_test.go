package main

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// mailpath runs one command line and gives its exit status and what it printed.
func mailpath(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	status = run(t.Context(), args, &out, &log)
	return status, out.String(), log.String()
}

// The journal is read from the running mailpath, and from the file when none runs.
func TestTheJournalIsRead(t *testing.T) {
	o := worldOrdeal(t, t.TempDir())
	c := o.start()
	c.waitUntilReady()
	c.waitFor("to see arrivals", func() bool { return c.metric("mailpath_delivery_seconds_count", "") >= 12 })
	status, live, stderr := mailpath(t, "journal", "--url", c.url, "--route", "inside-hq")
	if status != exitOK || stderr != "" {
		t.Fatalf("got status %d, %s", status, stderr)
	}
	for _, want := range []string{"sending ", "route=inside-hq", "attempted ", "result=accepted", "seen ", "folder=INBOX"} {
		if !strings.Contains(live, want) {
			t.Errorf("got no %q in\n%s", want, live)
		}
	}
	if strings.Contains(live, "hq-to-branch") {
		t.Errorf("got another route's events:\n%s", live)
	}
	if status, totals, stderr := mailpath(t, "journal", "--totals", "--url", c.url); status != exitOK || strings.Count(totals, `"route"`) < 6 || !strings.Contains(totals, `"delivered":`) {
		t.Errorf("got status %d, %s\n%s", status, stderr, totals)
	}
	if status, _, stderr := mailpath(t, "journal", "--journal", o.journal); status != exitOurs || !strings.Contains(stderr, "--url") {
		t.Errorf("the file while it is written: got status %d, %q, want to be sent to --url", status, stderr)
	}
	if status, _, stderr := mailpath(t, "journal", "--url", c.url, "--kind", "sent"); status != exitUsage || !strings.Contains(stderr, `got "sent", want one of sending`) {
		t.Errorf("an unknown kind: got status %d, %q", status, stderr)
	}
	c.end(syscall.SIGTERM)
	if status, dead, stderr := mailpath(t, "journal", "--journal", o.journal, "--route", "inside-hq"); status != exitOK || !strings.HasPrefix(dead, live) {
		t.Errorf("from the file: got status %d, %s\n%s\nwant what was live, and more:\n%s", status, stderr, dead, live)
	}
	if status, _, stderr := mailpath(t, "journal", "--url", c.url); status != exitOurs || !strings.Contains(stderr, "nothing listens there") {
		t.Errorf("nothing runs at the URL: got status %d, %q", status, stderr)
	}
}

// cleanable is a world with old messages in its mailbox at headquarters: three of
// ours, one of another prober, one that is young, and one of somebody's.
func cleanable(t *testing.T) (*ordeal, *world.World) {
	t.Helper()
	o := worldOrdeal(t, t.TempDir())
	cfg, err := loadConfig(o.config)
	o.must(err)
	keys, err := configuredKeys(cfg)
	o.must(err)
	text, err := cfg.TagKeys[0].Value()
	o.must(err)
	key, err := probe.ParseKey(text)
	o.must(err)
	others, err := probe.NewKeyring("another", key)
	o.must(err)
	probes, err := buildProbes(cfg)
	o.must(err)
	now := time.Now()
	deliver := func(keys *probe.Keyring, age time.Duration) {
		p := probes[0]
		p.Payload = payload.Plain()
		m := probe.Compose(p, keys, probe.NewTag(keys.Prober(), p, probe.Scheduled, now.Add(-age), now.Add(-age)))
		o.must(o.world.Deliver("hq", "INBOX", m.Raw))
	}
	for range 3 {
		deliver(keys, 2*time.Hour)
	}
	deliver(others, 2*time.Hour)
	deliver(keys, time.Minute)
	o.must(o.world.Deliver("hq", "INBOX", []byte("From: boss@example.com\r\nSubject: lunch?\r\n\r\nmp1.\r\n")))
	return o, o.world
}

func (o *ordeal) lying(w *world.World) int {
	o.t.Helper()
	n, err := w.Count("hq", "INBOX")
	o.must(err)
	return n
}

// Only this prober's own messages are deleted, and only those nobody waits for any
// more; the running mailpath does it, or else the command itself.
func TestOldTestMessagesAreDeleted(t *testing.T) {
	for name, runs := range map[string]bool{"by the running mailpath": true, "by the command itself": false} {
		t.Run(name, func(t *testing.T) {
			o, w := cleanable(t)
			args := []string{"clean", "--config", o.config}
			if runs {
				c := o.start()
				c.waitUntilReady()
				args = append(args, "--url", c.url)
			} else if _, _, stderr := mailpath(t, "clean", "--url", "http://"+freeAddress(t), "hq"); !strings.Contains(stderr, "nothing listens there") {
				t.Errorf("a URL that was given and where nothing runs: got %q", stderr)
			}
			if !runs {
				args = append(args, "hq")
			}
			status, out, stderr := mailpath(t, append(args, "--dry-run")...)
			if status != exitOK || !strings.Contains(out, "hq: 3 test messages in INBOX from before") || !strings.Contains(out, "would be deleted") {
				t.Errorf("a dry run: got status %d, %s\n%s", status, stderr, out)
			}
			before := o.lying(w)
			if status, out, stderr := mailpath(t, args...); status != exitOK || !strings.Contains(out, ": deleted\n") {
				t.Errorf("got status %d, %s\n%s", status, stderr, out)
			}
			if after := o.lying(w); !runs && after != before-3 || runs && after > before {
				t.Errorf("got %d messages left of %d, want the three old ones gone", after, before)
			}
			if status, out, _ := mailpath(t, args...); status != exitOK || !strings.Contains(out, "hq: no test messages from before") {
				t.Errorf("once more: got status %d\n%s", status, out)
			}
			if status, _, stderr := mailpath(t, "clean", "--config", o.config, "nowhere"); status != exitUsage && status != exitOurs || !strings.Contains(stderr, `got mailbox "nowhere"`) {
				t.Errorf("an unknown mailbox: got status %d, %q", status, stderr)
			}
		})
	}
}
