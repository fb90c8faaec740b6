package jsonlog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/exporters/jsonlog"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

var update = flag.Bool("update", false, "rewrite testdata")

var start = time.Date(2026, 11, 23, 9, 41, 0, 0, time.FixedZone("CET", 3600))

func at(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

func origin(seq probe.Seq, ms int) probe.Origin { return probe.Origin{Seq: seq, At: at(ms)} }

func sending(id probe.ID, purpose probe.Purpose) probe.Sending {
	return probe.Sending{
		ID: id, Route: "outside-to-hq", Payload: "plain", Purpose: purpose, Slot: at(0), Sender: "outside", Mailbox: "hq",
		LateAfter: time.Minute, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered,
	}
}

func accepted() *probe.Attempted {
	return &probe.Attempted{
		Result: probe.Accepted, Began: at(4),
		Phases: []probe.Phase{
			{Name: "connect", Took: 12 * time.Millisecond}, {Name: "ehlo", Took: time.Millisecond},
			{Name: "tls", Took: 30 * time.Millisecond}, {Name: "ehlo", Took: 2 * time.Millisecond},
		},
		Reply: &probe.Reply{Code: 250, Enhanced: "2.0.0", Text: "Ok: queued as 4F1A2", QueueID: "4F1A2"},
	}
}

func arrived(s probe.Status, latency time.Duration) probe.Outcome {
	return probe.Outcome{
		Status: s, Latency: probe.Interval{Min: latency - 50*time.Millisecond, Max: latency}, Observed: latency,
		Source: probe.ByLook, Place: probe.Inbox, Folder: "INBOX", Carrier: probe.InHeader, Tries: 1, Attempt: accepted(),
	}
}

// outcomes are all ends that a message can have.
func outcomes() []probe.Change {
	adopted := arrived(probe.Delivered, 9*time.Second)
	adopted.Adopted, adopted.Attempt, adopted.Source = true, nil, probe.ByInternalDate
	orphaned := probe.Outcome{Status: probe.Uncertain, Missed: true, Orphaned: true}
	rejected := &probe.Attempted{
		Result: probe.Refused, Began: at(6),
		Reply: &probe.Reply{Code: 550, Enhanced: "5.1.1", Text: `<box@example.com>: "unknown" & gone`}, Problem: "handing over: 550 5.1.1",
	}
	unsent := &probe.Attempted{Result: probe.NotSent, Ours: true, Began: at(7), Problem: "reading the password: file does not exist"}
	return []probe.Change{
		probe.Settled{Origin: origin(20, 1204), Message: sending(1, probe.Scheduled), Outcome: arrived(probe.Delivered, 1200*time.Millisecond)},
		probe.Settled{Origin: origin(21, 90_000), Message: sending(2, probe.Confirm), Outcome: arrived(probe.Late, 90*time.Second)},
		probe.Settled{Origin: origin(22, 500), Message: sending(3, probe.Scheduled), Outcome: probe.Outcome{Status: probe.Rejected, Tries: 1, Attempt: rejected}},
		probe.Settled{Origin: origin(23, 501), Message: sending(4, probe.Scheduled), Outcome: probe.Outcome{Status: probe.Unsent, Tries: 1, Attempt: unsent}},
		probe.Settled{Origin: origin(24, 502), Message: sending(5, probe.Scheduled), Outcome: adopted},
		probe.Settled{Origin: origin(25, 503), Message: sending(6, probe.Scheduled), Outcome: orphaned},
		probe.Settled{Origin: origin(26, 14_400_000), Message: sending(7, probe.Scheduled), Outcome: probe.Outcome{Status: probe.Lost, Missed: true, Tries: 1, Attempt: accepted()}},
	}
}

// others are all other changes, with and without a line.
func others() []probe.Change {
	return []probe.Change{
		probe.Sent{Origin: origin(30, 0), Message: sending(1, probe.Scheduled)},
		probe.Contradicted{Origin: origin(31, 1), Message: sending(7, probe.Scheduled), Told: probe.Lost, Place: probe.Junk},
		probe.Answered{Origin: origin(32, 2), Message: sending(1, probe.Scheduled), Attempt: *accepted()},
		probe.Duplicated{Origin: origin(33, 3), Message: sending(1, probe.Scheduled), Folder: "INBOX"},
		probe.HealthChanged{Origin: origin(34, 4), Route: "outside-to-hq", From: probe.HealthOK, To: probe.HealthBroken, Reason: "three messages in a row did not arrive in time"},
		probe.MailboxLooked{Origin: origin(35, 5), Mailbox: "hq", Looks: 7},
		probe.MailboxBlind{Origin: origin(36, 6), Mailbox: "hq", Problem: "connecting: i/o timeout"},
		probe.DeadlineMissed{Origin: origin(37, 7), Message: sending(1, probe.Scheduled), Certain: true},
		probe.Missed{Origin: origin(38, 8), SlotsMissed: probe.SlotsMissed{Route: "outside-to-hq", Payload: "plain", Slots: 2, Reason: "the prober was stopped"}},
		probe.Skipped{Origin: origin(38, 8), SlotsSkipped: probe.SlotsSkipped{Route: "outside-to-hq", Payload: "plain", Slots: 1, Reason: probe.TooManyInFlight}},
		probe.Suspicion{Origin: origin(38, 9), Suspected: probe.Suspected{Route: "outside-to-hq", Reason: "no message came through for 9 s"}},
		probe.Found{Origin: origin(38, 9), Finding: probe.Finding{Check: "smtp", Target: "mx1.example.com:25", Component: "gateway-in", State: probe.FindingFailed, Reason: "no banner for 30 s", Advice: "look at its log"}},
		diagnosis.Recovered{
			Origin: origin(38, 9), Since: at(-7_200_000), RepairedAt: at(-3_600_000), DrainedAt: at(9), Components: []string{"gateway-in"}, WaitedAt: []string{"gateway-in", "antispam"},
			Tally:    diagnosis.Tally{Longest: 47 * time.Minute, Messages: 30, Missed: 20, Late: 7, Refused: 6, Lost: 4, CutOff: 2, Missing: 1, NotKnown: 3},
			Sentence: "Mail arrives again.",
		},
		probe.ClockMoved{Origin: origin(39, 9), ClockStepped: probe.ClockStepped{By: -1500 * time.Millisecond}},
		probe.ClockMoved{Origin: origin(41, 10), ClockStepped: probe.ClockStepped{By: time.Hour, Between: true}},
		trace.ClockChanged{Origin: origin(42, 11), Clock: clockOf(89, 91)},
		trace.ClockChanged{Origin: origin(43, 12), Clock: clockOf(-1.5, 0.5), Was: probe.Interval{Min: 89 * time.Second, Max: 91 * time.Second}, Jumped: true},
	}
}

func clockOf(least, most float64) trace.Clock {
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return trace.Clock{Component: "gateway-in", Host: "mx1.example.com", Offset: probe.Interval{Min: seconds(least), Max: seconds(most)}}
}

// ways are messages whose way is known, and one whose way does not come.
func ways() []probe.Change {
	end := func(seq probe.Seq, s probe.Status, latency time.Duration, results ...probe.AuthResult) probe.Settled {
		c := probe.Settled{Origin: origin(seq, int(latency.Milliseconds())), Message: sending(probe.ID(seq), probe.Scheduled), Outcome: arrived(s, latency)}
		c.Outcome.Trail = probe.Trail{Hops: []probe.Hop{{By: "mx1.example.com"}}, Auth: results}
		return c
	}
	way := func(c probe.Settled, steps ...trace.Step) trace.Traced {
		return trace.Traced{Origin: c.Origin, Message: c.Message, Outcome: c.Outcome, Steps: steps}
	}
	took := func(least, most time.Duration) probe.Interval { return probe.Interval{Min: least, Max: most} }
	const second = time.Second
	prompt := end(50, probe.Delivered, 3*second, probe.AuthResult{Method: "spf", Result: "pass"}, probe.AuthResult{Method: "dkim", Result: "fail"})
	held := end(51, probe.Late, 44*time.Minute)
	odd, alone := end(52, probe.Delivered, 3*second), end(53, probe.Delivered, 3*second)
	unread := end(54, probe.Delivered, 3*second, probe.AuthResult{Method: "spf", Result: "none"})
	unread.Outcome.Trail.Hops = nil
	return []probe.Change{
		prompt,
		way(prompt,
			trace.Step{Next: "gateway-in", NextHost: "mx1.example.com", Took: took(0, second)},
			trace.Step{Component: "gateway-in", Host: "mx1.example.com", Next: "store-hq", NextHost: "store.example.com", Took: took(250*time.Millisecond, 1500*time.Millisecond)},
			trace.Step{Component: "store-hq", Host: "store.example.com", Took: took(500*time.Millisecond, second)},
		),
		held,
		probe.HealthChanged{Origin: held.Origin, Route: "outside-to-hq", From: probe.HealthBroken, To: probe.HealthSlow},
		way(held, trace.Step{Component: "gateway-in", Host: "mx1.example.com", Next: trace.Other, Took: took(43*time.Minute, 44*time.Minute), Greylisted: 5 * time.Minute}),
		probe.HealthChanged{Origin: held.Origin, Route: "outside-to-hq", From: probe.HealthSlow, To: probe.HealthOK},
		odd,
		way(odd, trace.Step{Component: "gateway-in", Host: "", Took: took(-90*second, -88*second), Negative: true}),
		alone,
		unread,
		end(55, probe.Delivered, 4*second), // the last one
	}
}

// fates are what can happen to a message besides its end, with the end that follows.
func fates() []probe.Change {
	bounce := probe.Report{
		Kind: probe.ReportFailed, Status: "5.1.1", Diagnostic: "550 5.1.1 <box@example.com>: user unknown", Recipient: "box@example.com",
		Reporting: "mail.hq.example.com", Remote: "mx1.example.com",
	}
	changed := arrived(probe.Late, 312*time.Second)
	changed.Tries, changed.Deferred, changed.Place, changed.Folder, changed.Reordered = 3, 305*time.Second, probe.Quarantine, "INBOX", true
	changed.Altered = []probe.Alteration{{Kind: probe.SubjectPrefix, Text: "[EXT] ", Meant: true}, {Kind: probe.NewMessageID}, {Kind: probe.Footer, Text: `"confidential" <&>`}}
	gaveUp := probe.Outcome{Status: probe.Deferred, Tries: 2, Deferred: time.Minute, Attempt: greylisted()}
	scheduled := func(id probe.ID) probe.Sending { return sending(id, probe.Scheduled) }
	return []probe.Change{
		probe.ReportSeen{Origin: origin(60, 9000), Message: scheduled(1), Report: bounce, Mailbox: "provider"},
		probe.Settled{Origin: origin(60, 9000), Message: scheduled(1), Outcome: probe.Outcome{Status: probe.Bounced, Tries: 1, Report: &bounce, Attempt: accepted()}},
		probe.ReportSeen{Origin: origin(61, 9100), Message: scheduled(2), Report: probe.Report{Kind: probe.ReportAbsence}, Mailbox: "provider", Told: probe.Delivered},
		probe.ReportSeen{Origin: origin(62, 9200), Message: scheduled(2), Report: probe.Report{Kind: probe.ReportDelayed, Status: "4.4.1", Reporting: "mx1.example.com"}, Mailbox: "provider"},
		probe.Answered{Origin: origin(63, 9300), Message: scheduled(3), Attempt: *greylisted(), Tries: 1, Again: at(69_300)},
		probe.Answered{Origin: origin(64, 9400), Message: scheduled(4), Attempt: *greylisted(), Tries: 2}, // no more tries
		probe.Settled{Origin: origin(64, 9400), Message: scheduled(4), Outcome: gaveUp},
		probe.TriedAgain{Origin: origin(65, 69_300), Message: scheduled(3), Try: 2},
		probe.Answered{Origin: origin(66, 69_400), Message: scheduled(3), Attempt: probe.Attempted{Result: probe.Refused}, Tries: 2, Again: at(369_300)},
		probe.Settled{Origin: origin(67, 400_000), Message: scheduled(3), Outcome: changed},
	}
}

func greylisted() *probe.Attempted {
	return &probe.Attempted{
		Result: probe.Refused, Began: at(5), Reply: &probe.Reply{Code: 451, Enhanced: "4.7.1", Text: "greylisted, try again"}, Problem: "rcpt: 451 4.7.1",
	}
}

func compare(t *testing.T, name string, changes []probe.Change) {
	t.Helper()
	var b bytes.Buffer
	e := jsonlog.New(&b, &cursor{at: 10}, 10)
	for _, c := range changes {
		e.Export(c)
	}
	if err := e.Close(); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("lines: got\n%s\nwant %s:\n%s", b.String(), path, want)
	}
	for line := range bytes.Lines(b.Bytes()) {
		if !json.Valid(line) {
			t.Errorf("got %q, want JSON", line)
		}
	}
}

func TestOutcomes(t *testing.T) { compare(t, "outcomes.jsonl", outcomes()) }

func TestOthers(t *testing.T) { compare(t, "others.jsonl", others()) }

// Bounces, deferrals and what else happens to a message are lines of their own, and stand in
// the outcome.
func TestFates(t *testing.T) { compare(t, "fates.jsonl", fates()) }

// The way of a message stands in the line of its outcome, which comes before what
// follows from it.
func TestWays(t *testing.T) { compare(t, "ways.jsonl", ways()) }

func TestReplayIsNotWrittenAgain(t *testing.T) {
	var b bytes.Buffer
	e := jsonlog.New(&b, &cursor{at: 25}, 25)
	for _, c := range outcomes() {
		e.Export(c)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if got := bytes.Count(b.Bytes(), []byte("\n")); got != 1 {
		t.Errorf("got %d lines, want the one of event 26:\n%s", got, b.String())
	}
}

// failing fails its first write.
type failing struct{ writes int }

func (f *failing) Write(p []byte) (int, error) {
	f.writes++
	if f.writes == 1 {
		return 0, errDiskFull
	}
	return len(p), nil
}

var errDiskFull = errors.New("no space left on device")

func TestWriteErrorIsKept(t *testing.T) {
	f := new(failing)
	e := jsonlog.New(f, &cursor{at: 10}, 10)
	for _, c := range outcomes()[:3] {
		e.Export(c)
	}
	if err := errors.Join(e.Close(), e.Close()); !errors.Is(err, errDiskFull) {
		t.Errorf("got error %v, want %v", err, errDiskFull)
	}
	if f.writes != 3 {
		t.Errorf("got %d writes, want 3: one error does not end the log", f.writes)
	}
}

// stuck never returns from a write until it is let go.
type stuck chan struct{}

func (s stuck) Write(p []byte) (int, error) {
	<-s
	return len(p), nil
}

// Nobody waits for a pager: neither the engine, nor for ever its end.
func TestWhoeverDoesNotReadStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := make(stuck)
		c := &cursor{at: 10}
		e := jsonlog.New(s, c, 10)
		for range 30_000 {
			for _, c := range outcomes()[:1] {
				e.Export(c)
			}
		}
		if err := e.Close(); err == nil || !strings.Contains(err.Error(), "lines were lost because nobody read them") {
			t.Errorf("got %v, want the number of lines that were lost", err)
		}
		close(s)
		synctest.Wait()
		if c.at >= 20 {
			t.Errorf("got the cursor at %d, want it before event 20: no line had been written when Close returned", c.at)
		}
	})
}
