package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// round is a round of once on two routes, told by its changes.
type round struct {
	seq     probe.Seq
	results *board
	show    *timeline
	out     strings.Builder
}

func newRound() *round {
	of := func(route string) probe.Probe {
		return probe.Probe{Route: probe.Route{Name: route, Direction: probe.Inbound, Mailbox: "hq"}}
	}
	r := &round{results: newBoard([]probe.Probe{of("in"), of("past-av")})}
	r.show = &timeline{w: &r.out}
	return r
}

// at is the origin of the next change.
func (r *round) at(seconds float64) probe.Origin {
	r.seq++
	return probe.Origin{Seq: r.seq, At: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))}
}

func (r *round) tell(changes ...probe.Change) {
	for _, c := range changes {
		r.results.Export(c)
		r.show.Export(c)
	}
}

func on(route string, id probe.ID) probe.Sending {
	return probe.Sending{ID: id, Route: route, Mailbox: "hq", LateAfter: time.Minute, Expect: probe.ExpectDelivered, Purpose: probe.Manual}
}

func answered(result probe.Result, code int, text string) probe.Attempted {
	a := probe.Attempted{Result: result, Phases: []probe.Phase{{Name: "rcpt", Took: 30 * time.Millisecond}}, Reply: &probe.Reply{Code: code, Text: text}}
	if result == probe.Refused {
		a.Problem = "rcpt: " + a.Reply.String()
	}
	return a
}

// The timeline and the table, of a message that is taken at its third try, altered and put
// away, and of one that bounces.
func TestOnceTellsWhatBecameOfMessages(t *testing.T) {
	r := newRound()
	in, past := on("in", 1), on("past-av", 2)
	later, taken, bounced := answered(probe.Refused, 451, "greylisted\x1b[2J"), answered(probe.Accepted, 250, "queued as 4F1A2"), bounce()
	r.tell(
		probe.Sent{Origin: r.at(0), Message: in},
		probe.Sent{Origin: r.at(0), Message: past},
		probe.Answered{Origin: r.at(0.03), Message: in, Attempt: later, Tries: 1, Again: r.at(5).At},
		probe.Answered{Origin: r.at(0.04), Message: past, Attempt: taken, Tries: 1},
		probe.ReportSeen{Origin: r.at(2), Message: past, Report: probe.Report{Kind: probe.ReportDelayed, Status: "4.4.1", Reporting: "mx2.example.com"}, Mailbox: "provider"},
		probe.TriedAgain{Origin: r.at(5), Message: in, Try: 2},
		probe.Answered{Origin: r.at(5.03), Message: in, Attempt: later, Tries: 2, Again: r.at(312).At},
		probe.ReportSeen{Origin: r.at(9), Message: past, Report: bounced, Mailbox: "provider"},
		probe.Settled{Origin: r.at(9), Message: past, Outcome: probe.Outcome{Status: probe.Bounced, Tries: 1, Report: &bounced, Attempt: &taken}},
		probe.DeadlineMissed{Origin: r.at(60), Message: in, Deferred: true},
		probe.TriedAgain{Origin: r.at(312), Message: in, Try: 3},
		probe.Answered{Origin: r.at(312.03), Message: in, Attempt: taken, Tries: 3},
	)
	r.tell(
		probe.Settled{Origin: r.at(313), Message: in, Outcome: probe.Outcome{
			Status: probe.Late, Place: probe.Quarantine, Mailbox: "spamtrap", Folder: "INBOX", Observed: 313 * time.Second, Tries: 3, Deferred: 312 * time.Second, Attempt: &taken, Missed: true, Counted: true,
			Altered: []probe.Alteration{{Kind: probe.SubjectPrefix, Text: "[EXT] ", Meant: true}, {Kind: probe.Footer, Text: "Confidential."}},
		}},
		probe.Duplicated{Origin: r.at(314), Message: in, Folder: "INBOX"},
	)
	err := summarise(&r.out, r.results)
	var status *exitError
	if !errors.As(err, &status) || status.status != exitBad {
		t.Errorf("got %v, want exit status %d", err, exitBad)
	}
	want := `10:00:00.000  in                       sending aaaaaaaaaaaac
10:00:00.000  past-av                  sending aaaaaaaaaaaae
10:00:00.030  in                       refused after 30ms (longest: rcpt 30ms): rcpt: 451 greylisted[2J
10:00:00.030  in                       turned away for now: to be tried again at 10:00:05 (try 2)
10:00:00.040  past-av                  accepted after 30ms (longest: rcpt 30ms): 250 queued as 4F1A2
10:00:02.000  past-av                  a delay notice in mailbox provider: it is still tried: mx2.example.com says: 4.4.1
10:00:05.000  in                       trying again (try 2)
10:00:05.030  in                       refused after 30ms (longest: rcpt 30ms): rcpt: 451 greylisted[2J
10:00:05.030  in                       turned away for now: to be tried again at 10:05:12 (try 3)
10:00:09.000  past-av                  a bounce in mailbox provider
10:00:09.000  past-av                  bounced: mx1.example.com says: 550 5.1.1 user unknown (told by mail.hq.example.com)
10:01:00.000  in                       has not arrived within 60 s: it was turned away for now, and waits to be tried again
10:05:12.000  in                       trying again (try 3)
10:05:12.030  in                       accepted after 30ms (longest: rcpt 30ms): 250 queued as 4F1A2
10:05:13.000  in                       late, but in quarantine (mailbox spamtrap) after 5m13s, taken at the 3rd try after 5m12s
10:05:13.000  in                       altered on the way: subject prefix "[EXT] " (meant), footer "Confidential." (not declared)
10:05:14.000  in                       arrived once more, in INBOX

ROUTE    DIRECTION  RESULT   LATENCY  WHY
in       inbound    late     5m13s    it is in quarantine (mailbox spamtrap)
past-av  inbound    bounced  -        mx1.example.com says: 550 5.1.1 user unknown (told by mail.hq.example.com)

` + "`mailpath trace ROUTE` tells more, and what to do.\n"
	if got := r.out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What one message shows of its route, and the exit status that is made of it.
func TestVerdictOfARound(t *testing.T) {
	later, refused, taken, r := answered(probe.Refused, 451, "come back later"), answered(probe.Refused, 550, "no"), answered(probe.Accepted, 250, "ok"), bounce()
	put := func(place probe.Place, folder string) probe.Change {
		return probe.Settled{Message: on("in", 1), Outcome: probe.Outcome{Status: probe.Delivered, Place: place, Folder: folder, Tries: 1, Attempt: &taken}}
	}
	missed := slices.Clip([]probe.Change{probe.DeadlineMissed{Message: on("in", 1), Certain: true}})
	notice := func(host string, kind probe.ReportKind) probe.Change {
		return probe.ReportSeen{Message: on("in", 1), Report: probe.Report{Kind: kind, Reporting: host}, Mailbox: "provider"}
	}
	settled := func(status probe.Status, tries int) probe.Change {
		return probe.Settled{Message: on("in", 1), Outcome: probe.Outcome{Status: status, Tries: tries, Attempt: &refused}}
	}
	for _, c := range []struct {
		says    string
		changes []probe.Change
		want    roundVerdict
	}{
		{"it waits in our queue when time is up", []probe.Change{probe.Answered{Message: on("in", 1), Attempt: later, Tries: 1, Again: time.Unix(1, 0)}, probe.DeadlineMissed{Message: on("in", 1), Deferred: true}},
			roundVerdict{"deferred", "it was turned away for now, and not taken in time: rcpt: 451 come back later", exitBad}},
		{"late and taken at last, and not there", []probe.Change{
			probe.Answered{Message: on("in", 1), Attempt: later, Tries: 1, Again: time.Unix(1, 0)}, probe.DeadlineMissed{Message: on("in", 1), Deferred: true}, probe.Answered{Message: on("in", 1), Attempt: taken, Tries: 2},
		}, roundVerdict{"not arrived", "it was accepted, and is not in the mailbox", exitBad}},
		{"late, and refused at last", []probe.Change{
			probe.Answered{Message: on("in", 1), Attempt: later, Tries: 1, Again: time.Unix(1, 0)}, probe.DeadlineMissed{Message: on("in", 1), Deferred: true}, probe.Answered{Message: on("in", 1), Attempt: refused, Tries: 2}, settled(probe.Rejected, 2),
		}, roundVerdict{"rejected", "rcpt: 550 no", exitBad}},
		{"it arrived, in Junk", []probe.Change{put(probe.Junk, "Spam")}, roundVerdict{"wrong place", "it is in Junk (folder Spam)", exitBad}},
		{"nobody knows whether it was taken", []probe.Change{probe.DeadlineMissed{Message: on("in", 1)}},
			roundVerdict{"answer unknown", "it may not have been accepted, and is not in the mailbox", exitOurs}},
		{"it bounced", []probe.Change{probe.Settled{Message: on("in", 1), Outcome: probe.Outcome{Status: probe.Bounced, Report: &r}}},
			roundVerdict{"bounced", "mx1.example.com says: 550 5.1.1 user unknown (told by mail.hq.example.com)", exitBad}},
		{"turned away, then taken", []probe.Change{probe.Answered{Message: on("in", 1), Attempt: later, Tries: 1, Again: time.Unix(1, 0)}, put(probe.Inbox, "INBOX")}, roundVerdict{"ok", "", exitOK}},
		{"turned away, then refused", []probe.Change{probe.Answered{Message: on("in", 1), Attempt: later, Tries: 1, Again: time.Unix(1, 0)}, probe.Answered{Message: on("in", 1), Attempt: refused, Tries: 2}, settled(probe.Rejected, 2)},
			roundVerdict{"rejected", "rcpt: 550 no", exitBad}},
		{"it is held, it was said", append(missed, notice("mx1.example.com", probe.ReportDelayed), notice("mx2.example.com", probe.ReportDelayed), notice("pc.example.com", probe.ReportAbsence)),
			roundVerdict{"not arrived", "it was accepted, and is not in the mailbox; mx2.example.com reports that it still holds it", exitBad}},
		{"it is held no more, it was said", append(missed, notice("mx1.example.com", probe.ReportDelayed), notice("mx1.example.com", probe.ReportRelayed)),
			roundVerdict{"not arrived", "it was accepted, and is not in the mailbox", exitBad}},
		{"it is held by nobody who has a name", append(missed, notice("", probe.ReportDelayed)), roundVerdict{"not arrived", "it was accepted, and is not in the mailbox", exitBad}},
		{"it was taken and is not there", []probe.Change{probe.DeadlineMissed{Message: on("in", 1), Certain: true}}, roundVerdict{"not arrived", "it was accepted, and is not in the mailbox", exitBad}},
		{"an answer came, and it arrived", []probe.Change{put(probe.Inbox, "INBOX"), probe.ReportSeen{Message: on("in", 1), Report: probe.Report{Kind: probe.ReportAbsence}, Told: probe.Delivered}}, roundVerdict{"ok", "", exitOK}},
		{"late, though taken at last", []probe.Change{
			probe.Answered{Message: on("in", 1), Attempt: later, Tries: 1, Again: time.Unix(1, 0)}, probe.DeadlineMissed{Message: on("in", 1), Deferred: true},
			probe.Settled{Message: on("in", 1), Outcome: probe.Outcome{Status: probe.Late, Place: probe.Inbox, Folder: "INBOX", Attempt: &taken}},
		}, roundVerdict{"late", "", exitBad}},
	} {
		round := newRound()
		round.tell(probe.Sent{Message: on("in", 1)})
		round.tell(c.changes...)
		if got := verdictOf(round.results.row("in")); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.says, got, c.want)
		}
	}
}

// A long reason is cut in the table, which stays readable; when all is well nothing more
// is said.
func TestTableOfARound(t *testing.T) {
	long := bounce()
	long.Diagnostic = "550 5.1.1 " + strings.Repeat("no, ", 120) + "never"
	for _, c := range []struct {
		outcome probe.Outcome
		want    string
	}{
		{probe.Outcome{Status: probe.Bounced, Report: &long}, "in       inbound    bounced  -        mx1.example.com says: 550 5.1.1 no, no, no, no, no, no, no, …no, no, no, no, no, no, never (told by mail.hq.example.com)\n"},
		{probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Folder: "INBOX", Observed: time.Second}, "in       inbound    ok      1s\n"},
	} {
		r := newRound()
		well := probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Folder: "INBOX", Observed: time.Second}
		for route, o := range map[string]probe.Outcome{"in": c.outcome, "past-av": well} {
			r.results.Export(probe.Sent{Message: on(route, 1)})
			r.results.Export(probe.Settled{Message: on(route, 1), Outcome: o})
		}
		err := summarise(&r.out, r.results)
		if got := r.out.String(); !strings.Contains(got, c.want) || strings.Contains(got, "mailpath trace ROUTE") != (err != nil) {
			t.Errorf("got (%v)\n%s\nwant the line\n%sand what tells more only if not all is well", err, got, c.want)
		}
	}
}
