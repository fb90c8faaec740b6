package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// What to do about a message that arrived, but not as it should.
func TestTraceTellsWhatToDoAboutAnArrival(t *testing.T) {
	unsigned := probe.Trail{Auth: []probe.AuthResult{{Method: "spf", Result: "pass"}, {Method: "dkim", Result: "none"}}}
	signed := probe.Trail{Auth: []probe.AuthResult{{Method: "dkim", Result: "pass"}, {Method: "dmarc", Result: "none"}}}
	const inJunk = `- read the filter's fields (X-Spam…, Authentication-Results) in its header
  (` + "`clean: false`" + ` in mailbox hq keeps it there), and the log of the anti-spam
  component
`
	const unsignedToo = `- it came without a DKIM signature: have the server that sends it sign, or give
  its sender a key (` + "`dkim`" + `, docs/config.md)
`
	altered := []probe.Alteration{{Kind: probe.FieldRemoved, Text: "X-A"}, {Kind: probe.Banner, Text: "Outside", Meant: true}, {Kind: probe.FieldRemoved, Text: "X-B"}, {Kind: probe.Footer}}
	for _, c := range []struct {
		says    string
		outcome probe.Outcome
		copies  int
		want    string
	}{
		{"in Junk", probe.Outcome{Place: probe.Junk, Folder: "Junk", Trail: signed}, 0, inJunk},
		{"all is well, unsigned", probe.Outcome{Place: probe.Inbox, Folder: "INBOX", Trail: unsigned}, 0, ""},
		{"in quarantine, unsigned", probe.Outcome{Place: probe.Quarantine, Folder: "INBOX", Trail: unsigned}, 0, "- look it up in the filter's quarantine list\n" + unsignedToo},
		{"altered, and some of it is meant", probe.Outcome{Place: probe.Inbox, Folder: "INBOX", Altered: altered}, 0,
			"- if it is meant to be altered so, declare it in the route: `alters:\n  [field-removed, footer]`\n"},
		{"in Junk, unsigned", probe.Outcome{Place: probe.Junk, Folder: "Junk", Trail: unsigned}, 0, inJunk + unsignedToo},
		{"altered as it is meant", probe.Outcome{Place: probe.Inbox, Folder: "INBOX", Altered: altered[1:2]}, 0, ""},
		{"twice", probe.Outcome{Place: probe.Inbox, Folder: "INBOX"}, 1, "- compare the Received fields of both copies (`clean: false` in mailbox hq keeps\n  them there)\n"},
	} {
		c.outcome.Status = probe.Delivered
		j := fated(ended(c.outcome))
		for range c.copies {
			j.Export(probe.Duplicated{Message: on("in", 1), Folder: "INBOX"})
		}
		var out strings.Builder
		if err := j.print(&out, j.verdict()); err != nil {
			t.Fatal(err)
		}
		_, got, found := strings.Cut(out.String(), "\nNext:\n")
		if got != c.want || found != (c.want != "") {
			t.Errorf("%s: got\n%s\nwant in the end\n%s", c.says, &out, c.want)
		}
	}
}

// A queue is advised against greylisting where there is none, and the answer is no final one.
func TestTraceAdvisesAQueue(t *testing.T) {
	for _, c := range []struct {
		code  int
		retry []time.Duration
		want  bool
	}{{550, nil, false}, {451, nil, true}, {451, []time.Duration{time.Minute}, false}} {
		refused, status := answered(probe.Refused, c.code, "no"), probe.Rejected
		if c.code == 451 {
			status = probe.Deferred
		}
		j := fated(probe.Answered{Message: on("in", 1), Attempt: refused, Tries: 1})
		j.probe.Route.Retry = c.retry
		for _, e := range []probe.Exporter{j, j.results} {
			e.Export(probe.Settled{Message: on("in", 1), Outcome: probe.Outcome{Status: status, Attempt: &refused, Tries: 1}})
		}
		var out strings.Builder
		if err := j.print(&out, j.verdict()); err != nil {
			t.Fatal(err)
		}
		if got := strings.HasSuffix(out.String(), "a\n5xx will not.\nNext:\n- if it is greylisting, give the route a `retry` (docs/config.md)\n"); got != c.want {
			t.Errorf("%d, with %d further tries: got\n%s\nwant the advice: %v", c.code, len(c.retry), &out, c.want)
		}
	}
}

// A bounce ends the waiting, unless the message was not taken yet, or had ended before.
func TestLiveBounce(t *testing.T) {
	taken := probe.Answered{Message: on("in", 1), Attempt: answered(probe.Accepted, 250, "ok"), Tries: 1}
	turnedAway := probe.Answered{Message: on("in", 1), Attempt: answered(probe.Refused, 451, "later"), Tries: 1, Again: time.Date(2026, 11, 23, 10, 0, 5, 0, time.UTC)}
	seen := probe.ReportSeen{Message: on("in", 1), Report: bounce(), Mailbox: "provider"}
	for _, c := range []struct {
		says    string
		changes []probe.Change
		want    string
	}{
		{"it waits in our queue", []probe.Change{turnedAway, seen}, `refused after 30ms (longest: rcpt 30ms): rcpt: 451 later
turned away for now: to be tried again at 10:00:05 (try 2)
a bounce in mailbox provider
turned away for now: to be tried again at 10:00:05 (try 2)
`},
		{"it bounces", []probe.Change{taken, seen, probe.Settled{Message: on("in", 1), Outcome: probe.Outcome{Status: probe.Bounced, Report: &seen.Report, Tries: 1}}}, `accepted after 30ms (longest: rcpt 30ms): 250 ok
waiting for it in mailbox hq (it is late after 60 s)
a bounce in mailbox provider
bounced: mx1.example.com says: 550 5.1.1 user unknown (told by mail.hq.example.com)
`},
		{"it is taken late", []probe.Change{turnedAway, probe.DeadlineMissed{Message: on("in", 1), Deferred: true}, taken}, `refused after 30ms (longest: rcpt 30ms): rcpt: 451 later
turned away for now: to be tried again at 10:00:05 (try 2)
it has not arrived within 60 s: it was turned away for now, and waits to be tried again
accepted after 30ms (longest: rcpt 30ms): 250 ok
waiting for it in mailbox hq (it is late already)
`},
	} {
		got := live(t, 0, func(show *tracer) {
			for _, change := range c.changes {
				show.Export(change)
			}
		})
		if _, got, _ = strings.Cut(got, "looking into mailbox hq\n"); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.says, got, c.want)
		}
	}
}
