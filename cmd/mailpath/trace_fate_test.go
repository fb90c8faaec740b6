package main

import (
	"encoding/json"
	"log/slog"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// A message that is turned away at first is seen waiting, and its further tries phase by
// phase; when it is given up before, that is told, too.
func TestStoryOfATraceThatIsGreylisted(t *testing.T) {
	for _, c := range []struct {
		says   string
		repair time.Duration
		result string
		live   string
		end    string
	}{
		{"taken at the third try", 20 * time.Second, "ok",
			`(?s)\nrefused after [^\n]*451: greylisted\nturned away for now: to be tried again at [0-9:]{8} \(try 2\)\ntrying again\n  connect +[^\n]*\n.*\(try 3\)\ntrying again\n  connect.*  reply [^\n]*\naccepted after.*delivered in INBOX after 40\.\d+s[^\n]*, taken at the 3rd try after 40 s`,
			`(?s)\^ of it 40 s in our queue, turned away for now.*had it from us, if\s+the\s+clocks\s+are\s+right\.\s+For\s+40\s+s\s+of\s+it\s+we\s+had\s+been\s+turned\s+away.*It was taken at the 3rd try: for 40 s it had been turned away\.`},
		{"never", 10 * time.Minute, "deferred",
			`(?s)\(try 3\).*it has not arrived within 60 s: it was turned away for now, and waits to be tried again`,
			`(?s)Deferred: it was turned away for now, and not taken in time: .*451: greylisted.*The\s+next\s+try\s+would\s+have\s+been\s+at`},
	} {
		perform(t, func(s *stage) {
			s.breaks("antispam", world.Refuse{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "greylisted"})
			time.AfterFunc(c.repair, func() { s.world.Repair("antispam") })
			parts, err := buildWorld(s.world, s.dial, s.keys, s.clock).along("past-av-to-hq", nil)
			if err != nil {
				s.t.Fatal(err)
			}
			parts.probes[0].Route.Retry = []time.Duration{10 * time.Second, 30 * time.Second, time.Hour}
			parts.probes[0].LateAfter = time.Minute
			var out guarded
			seen, err := follow(s.t.Context(), parts, s.keys, s.clock, slog.New(slog.DiscardHandler), newTracer(&out, parts.probes[0], "mx.example.com:25", s.clock))
			if err != nil {
				s.t.Fatal(err)
			}
			if live := out.String(); !regexp.MustCompile(c.live).MatchString(live) || strings.Contains(live, "connect again") {
				s.t.Errorf("%s: got\n%s\nwant %s, and no phase twice in one try", c.says, live, c.live)
			}
			v := seen.verdict()
			if err := seen.print(&out, v); err != nil || v.result != c.result || (v.status == exitOK) != (c.result == "ok") || !regexp.MustCompile(c.end).MatchString(out.String()) {
				s.t.Errorf("%s: got %+v, %v and\n%s\nwant %s and %s", c.says, v, err, &out.buffer, c.result, c.end)
			}
			d := seen.document(v)
			if d.Tries != 3 || (d.Deferred == nil) != (c.result == "deferred") || (d.Again == nil) != (c.result == "ok") {
				s.t.Errorf("%s: got %d tries, deferred %v and again %v", c.says, d.Tries, d.Deferred, d.Again)
			}
		})
	}
}

// fated is the journey of a message that all of this happened to.
func fated(changes ...probe.Change) *journey {
	p := probe.Probe{Route: probe.Route{Name: "in", Mailbox: "hq", To: "hq@example.com", Path: []string{"gateway-in", "store-hq"}}}
	j := newJourney(p, newBoard([]probe.Probe{p}))
	taken := answered(probe.Accepted, 250, "queued as 4F1A2")
	taken.Reply.QueueID = "4F1A2"
	for _, c := range append([]probe.Change{probe.Sent{Message: on("in", 1)}, probe.Answered{Message: on("in", 1), Attempt: taken, Tries: 1}}, changes...) {
		j.results.Export(c)
		j.Export(c)
	}
	return j
}

func ended(o probe.Outcome) probe.Change {
	taken := answered(probe.Accepted, 250, "queued as 4F1A2")
	o.Attempt, o.Tries = &taken, 1
	return probe.Settled{Message: on("in", 1), Outcome: o}
}

func reported(r probe.Report) probe.Change {
	return probe.ReportSeen{Message: on("in", 1), Report: r, Mailbox: "provider"}
}

// What is said in the end of a message that did not simply arrive.
func TestTraceTellsWhatBecameOfAMessage(t *testing.T) {
	sent := bounce()
	direct, nobody, elsewhere := sent, sent, sent
	direct.Remote, direct.Status, direct.Diagnostic = "", "5.2.2", "mailbox full"
	nobody.Remote, nobody.Reporting, nobody.Status = "", "", ""
	elsewhere.Recipient = "j.doe@example.net"
	bounced := func(r probe.Report) []probe.Change {
		return []probe.Change{reported(r), ended(probe.Outcome{Status: probe.Bounced, Report: &r})}
	}
	for _, c := range []struct {
		says    string
		changes []probe.Change
		want    string
	}{
		{"it bounced further on", bounced(sent), `
Bounced: mx1.example.com says: 550 5.1.1 user unknown (told by
mail.hq.example.com).
It never arrived: it came as far as mail.hq.example.com, which could not hand it
on to mx1.example.com and sent it back.
A status of 5.1.1 is about the address: it may be wrong, or not exist any more.
Next:
- look for test message aaaaaaaaaaaac in the log of mx1.example.com, around the
  time of the bounce
- read the bounce in mailbox provider: there may be more in it than is shown
  here
- trace a route to the same mailbox that starts elsewhere, to see whether it is
  the mailbox or the way
`},
		{"it bounced where it was, and had been forwarded", bounced(func() probe.Report { r := direct; r.Recipient = elsewhere.Recipient; return r }()), `
Bounced: mail.hq.example.com says: 5.2.2 mailbox full.
It never arrived: it came as far as mail.hq.example.com, which could not deliver
it and sent it back.
A status of 5.2.2 is about the mailbox: it may be full, or closed.
It is about j.doe@example.net, not hq@example.com: the message was forwarded, or
its address rewritten.
Next:
- look for test message aaaaaaaaaaaac in the log of mail.hq.example.com, around
  the time of the bounce
- read the bounce in mailbox provider: there may be more in it than is shown
  here
- trace a route to the same mailbox that starts elsewhere, to see whether it is
  the mailbox or the way
`},
		{"it is late, and a notice came", []probe.Change{
			reported(probe.Report{Kind: probe.ReportDelayed, Status: "4.4.1", Diagnostic: "connection\u202e timed out", Reporting: "mx2.example.com"}), probe.DeadlineMissed{Message: on("in", 1), Certain: true},
		}, `
Not arrived: it was accepted, and is not in the mailbox; mx2.example.com reports
that it still holds it.
It is held, and still tried: mx2.example.com says: 4.4.1 connection timed out.
Next:
- look for test message aaaaaaaaaaaac in the queue of mx2.example.com
- ask the components on its path, in their order: gateway-in, store-hq (mailpath
  check)
- trace a route that shares a part of this one, to see which part is well
- to see where it waits, trace with a longer --wait; or, when it comes, save its
  header and run ` + "`mailpath hops`" + `, and remove it with ` + "`mailpath clean`" + `
`},
		{"a bounce of nobody", bounced(nobody), `
Bounced: a host that is not named says: 550 5.1.1 user unknown.
It never arrived: a host that does not name itself sent it back.
Next:
- read the bounce in mailbox provider: there may be more in it than is shown
  here
- trace a route to the same mailbox that starts elsewhere, to see whether it is
  the mailbox or the way
`},
		{"kept back, altered and twice", []probe.Change{ended(probe.Outcome{
			Status: probe.Delivered, Place: probe.Quarantine, Folder: "INBOX", Observed: 2 * time.Second,
			Altered: []probe.Alteration{{Kind: probe.Banner, Text: "Mail from outside", Meant: true}, {Kind: probe.LinksRewritten}},
		}), probe.Duplicated{Message: on("in", 1), Folder: "INBOX"}}, `
There is no Received field: no server says that it had this message.
End to end it took 2 s, by our clock alone.
It was altered on the way: banner "Mail from outside" (meant), links rewritten
(not declared).
It arrived more than once: 1 duplicate of it came, too.
A filter keeps it back until somebody lets it go.
Not well: wrong place: it is in quarantine.
Next:
- look it up in the filter's quarantine list
- if it is meant to be altered so, declare it in the route: ` + "`alters: [links]`" + `
- compare the Received fields of both copies (` + "`clean: false`" + ` in mailbox hq keeps
  them there)
`},
	} {
		j := fated(c.changes...)
		var out strings.Builder
		if err := j.print(&out, j.verdict()); err != nil || out.String() != c.want {
			t.Errorf("%s: got (%v)\n%s\nwant\n%s", c.says, err, &out, c.want)
		}
	}
}

// The last line of the way is where the message is.
func TestLanding(t *testing.T) {
	for _, c := range []struct {
		place   probe.Place
		folder  string
		found   string
		landing string
	}{
		{probe.Junk, "Spam", "hq", "mailbox hq, in Junk (folder Spam)"},
		{probe.Quarantine, "INBOX", "spamtrap", "quarantine (mailbox spamtrap), for mailbox hq"},
		{probe.Inbox, "INBOX", "hq", "mailbox hq, in INBOX"},
		{probe.OtherFolder, "Archive", "", "mailbox hq, in Archive"},
	} {
		j := fated()
		j.Export(ended(probe.Outcome{Status: probe.Delivered, Place: c.place, Folder: c.folder, Mailbox: c.found}))
		if legs := j.legs(nil); legs[len(legs)-1].host != c.landing {
			t.Errorf("got %q, want %q", legs[len(legs)-1].host, c.landing)
		}
	}
}

// The document has all of it.
func TestTraceDocumentOfAMessage(t *testing.T) {
	sent := bounce()
	j := fated(reported(probe.Report{Kind: probe.ReportAnswer}), reported(sent), ended(probe.Outcome{Status: probe.Bounced, Report: &sent}))
	put := fated(ended(probe.Outcome{
		Status: probe.Late, Place: probe.Quarantine, Folder: "INBOX", Mailbox: "spamtrap", Altered: []probe.Alteration{{Kind: probe.SubjectPrefix, Text: "[EXT] ", Meant: true}, {Kind: probe.NewMessageID}},
	}), probe.Duplicated{Message: on("in", 1)})
	for _, c := range []struct {
		j    *journey
		want []string
	}{
		{put, []string{
			`"place": "quarantine"`, `"mailbox": "spamtrap"`, `"copies": 1`, `"kind": "subject-prefix", "text": "[EXT] ", "meant": true`, `"kind": "message-id", "text": null, "meant": false`,
			`"reports": []`, `"deferred_seconds": null`, `"again_at": null`, `"tries": 1`,
		}},
		{j, []string{
			`"status": "bounced"`, `"result": "bounced"`, `"why": "mx1.example.com says: 550`, `"exit_status": 1`, `"place": null`, `"mailbox": null`, `"altered": []`,
			`"kind": "auto-reply", "status": null, "diagnostic": null, "recipient": null, "reporting": null, "remote": null, "found_in": "provider"`,
			`"kind": "failed", "status": "5.1.1", "diagnostic": "550 5.1.1 user unknown", "recipient": "hq@example.com", "reporting": "mail.hq.example.com", "remote": "mx1.example.com", "found_in": "provider"`,
		}},
	} {
		raw, err := json.MarshalIndent(c.j.document(c.j.verdict()), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.Fields(string(raw)), " ")
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("got no %s in\n%s", want, got)
			}
		}
	}
}

// A mailbox of reports that cannot be watched leaves the message's own be.
func TestOnlyTheOwnMailboxMakesATraceBlind(t *testing.T) {
	for _, c := range []struct{ blind, looked, want string }{{"provider", "", ""}, {"hq", "", "gone"}, {"hq", "provider", "gone"}, {"hq", "hq", ""}} {
		j := fated(probe.MailboxBlind{Mailbox: c.blind, Problem: "gone"})
		if c.looked != "" {
			j.Export(probe.MailboxLooked{Mailbox: c.looked})
		}
		if j.blind != c.want {
			t.Errorf("%+v: got %q", c, j.blind)
		}
	}
}

// What becomes of a message can show in mailboxes beside its own: those are watched, too.
func TestTraceWatchesWhereItMayTurnUp(t *testing.T) {
	p := newParts()
	for _, name := range []string{"stranger", "hq", "provider", "branch", "kept"} {
		p.watchers[name], p.cleaners[name] = nil, nil
	}
	p.asides = map[string][]string{"provider": {"branch", "hq"}, "kept": {"branch", "hq"}, "stranger": {"branch"}}
	p.probes = []probe.Probe{{Route: probe.Route{Name: "out", Mailbox: "provider"}, Payload: payload.Plain()}, {Route: probe.Route{Name: "in", Mailbox: "hq"}, Payload: payload.Plain()}}
	got, err := p.along("in", nil)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(got.watchers))
	if want := []string{"hq", "kept", "provider"}; !slices.Equal(names, want) || len(got.cleaners) != 3 || !reflect.DeepEqual(got.asides["kept"], p.asides["kept"]) || len(got.asides) != 2 {
		t.Errorf("got watchers of %v, %d cleaners and asides %v, want those of %v", names, len(got.cleaners), got.asides, want)
	}
}

// Further tries and reports are told as they come, amid what is waited for.
func TestLiveReports(t *testing.T) {
	got := live(t, 0, func(show *tracer) {
		show.Export(probe.Answered{Message: on("in", 1), Attempt: answered(probe.Accepted, 250, "ok"), Tries: 1})
		show.Export(probe.ReportSeen{Message: on("in", 1), Report: probe.Report{Kind: probe.ReportDelayed, Diagnostic: "not\x1b]0;yet"}, Mailbox: "provider"})
	})
	want := `in: from a@example.com by mx.example.com:25 to b@example.com

looking into mailbox hq
accepted after 30ms (longest: rcpt 30ms): 250 ok
waiting for it in mailbox hq (it is late after 60 s)
a delay notice in mailbox provider: it is still tried: a host that is not named says: not]0;yet
waiting for it in mailbox hq (it is late after 60 s)
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
