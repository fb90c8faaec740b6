package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// bounce is what a gateway was told, and told us.
func bounce() probe.Report {
	return probe.Report{
		Kind: probe.ReportFailed, Status: "5.1.1", Diagnostic: "550 5.1.1 user unknown", Recipient: "hq@example.com",
		Reporting: "mail.hq.example.com", Remote: "mx1.example.com",
	}
}

func TestReportInWords(t *testing.T) {
	for _, c := range []struct {
		change func(*probe.Report)
		want   string
	}{
		{func(r *probe.Report) { r.Remote = "" }, "mail.hq.example.com says: 550 5.1.1 user unknown"},
		{func(*probe.Report) {}, "mx1.example.com says: 550 5.1.1 user unknown (told by mail.hq.example.com)"},
		{func(r *probe.Report) { r.Status, r.Diagnostic, r.Reporting = "", "", "" }, "mx1.example.com gives no reason"},
		{func(r *probe.Report) { r.Reporting = "" }, "mx1.example.com says: 550 5.1.1 user unknown"},
		{func(r *probe.Report) { r.Reporting = r.Remote; r.Status = "" }, "mx1.example.com says: 550 5.1.1 user unknown"},
		{func(r *probe.Report) { *r = probe.Report{} }, "a host that is not named gives no reason"},
		{func(r *probe.Report) { r.Diagnostic = "" }, "mx1.example.com says: 5.1.1 (told by mail.hq.example.com)"},
	} {
		r := bounce()
		c.change(&r)
		if got := reportInWords(r); got != c.want {
			t.Errorf("%+v: got %q, want %q", r, got, c.want)
		}
	}
}

func TestAnswerInWords(t *testing.T) {
	timed := answered(probe.Accepted, 250, "queued")
	timed.Phases = append(timed.Phases, probe.Phase{Name: "data", Took: 2 * time.Second})
	for _, c := range []struct {
		a    probe.Attempted
		want string
	}{
		{timed, "accepted after 2.03s (longest: data 2s): 250 queued"},
		{probe.Attempted{Result: probe.NotSent, Problem: "signing the message: no key"}, "not sent after 0s: signing the message: no key"},
		{answered(probe.Refused, 550, "no"), "refused after 30ms (longest: rcpt 30ms): rcpt: 550 no"},
		{probe.Attempted{Result: probe.Accepted, Phases: []probe.Phase{{Name: "dns"}}}, "accepted after 0s"},
	} {
		if got := answerInWords(c.a); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.a, got, c.want)
		}
	}
}

func TestReportSeenInWords(t *testing.T) {
	of := func(kind probe.ReportKind, told probe.Status) probe.ReportSeen {
		return probe.ReportSeen{Report: probe.Report{Kind: kind, Status: "4.4.1", Reporting: "mx1.example.com"}, Mailbox: "provider", Told: told}
	}
	for _, c := range []struct {
		seen probe.ReportSeen
		want string
	}{
		{of(probe.ReportDelayed, ""), "a delay notice in mailbox provider: it is still tried: mx1.example.com says: 4.4.1"},
		{of(probe.ReportFailed, probe.Lost), "a bounce in mailbox provider, after it was told lost: mx1.example.com says: 4.4.1"},
		{of(probe.ReportAbsence, probe.Delivered), "an out-of-office answer in mailbox provider, after it was told delivered"},
		{of(probe.ReportFailed, ""), "a bounce in mailbox provider"}, // the outcome says the rest
		{of("praise", ""), "a report (praise) in mailbox provider"},
		{probe.ReportSeen{Report: probe.Report{Kind: probe.ReportDelivered}, Mailbox: "hq"}, "a confirmation in mailbox hq: it was delivered"},
		{of(probe.ReportDelayed, probe.Lost), "a delay notice in mailbox provider, after it was told lost: it is still tried: mx1.example.com says: 4.4.1"},
	} {
		if got := reportSeenInWords(c.seen); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	for _, kind := range probe.ReportKinds {
		if reportWords[kind].what == "" {
			t.Errorf("%s: got no words", kind)
		}
	}
}

func TestOutcomeInWords(t *testing.T) {
	r := bounce()
	taken := &probe.Attempted{Result: probe.Accepted}
	for _, c := range []struct {
		o    probe.Outcome
		want string
	}{
		{probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Folder: "INBOX", Observed: 1200 * time.Millisecond}, "delivered in INBOX after 1.2s"},
		{probe.Outcome{Status: probe.Delivered, Place: probe.Junk, Folder: "Junk", Observed: time.Second}, "delivered, but in Junk after 1s"},
		{probe.Outcome{Status: probe.Delivered, Place: probe.Junk, Folder: "Werbung", Observed: time.Second}, "delivered, but in Junk (folder Werbung) after 1s"},
		{probe.Outcome{Status: probe.Late, Place: probe.Quarantine, Folder: "INBOX", Observed: time.Minute, Mailbox: "spamtrap"}, "late, but in quarantine (mailbox spamtrap) after 1m0s"},
		{probe.Outcome{Status: probe.Delivered, Place: probe.Quarantine, Folder: "INBOX", Observed: time.Second}, "delivered, but in quarantine after 1s"},
		{probe.Outcome{Status: probe.Delivered, Place: probe.OtherFolder, Folder: "Archive", Observed: time.Second}, "delivered, but in Archive after 1s"},
		{probe.Outcome{Status: probe.Bounced, Report: &r}, "bounced: mx1.example.com says: 550 5.1.1 user unknown (told by mail.hq.example.com)"},
		{probe.Outcome{Status: probe.Bounced}, "bounced"},
		{probe.Outcome{Status: probe.Delivered, Folder: "INBOX", Observed: 313 * time.Second, Tries: 3, Deferred: 312 * time.Second, Attempt: taken}, "delivered in INBOX after 5m13s, taken at the 3rd try after 5m12s"},
		{probe.Outcome{Status: probe.Deferred, Tries: 4, Deferred: 21 * time.Minute}, "deferred: given up after 4 tries in 21m"},
		{probe.Outcome{Status: probe.Deferred, Tries: 1}, "deferred"},
		{probe.Outcome{Status: probe.Rejected, Tries: 2, Deferred: time.Minute, Attempt: &probe.Attempted{Result: probe.Refused}}, "rejected, at the 2nd try after 60 s"},
		{probe.Outcome{Status: probe.Lost, Tries: 1, Attempt: taken}, "lost"},
		{probe.Outcome{Status: probe.Late, Folder: "INBOX", Adopted: true, Observed: time.Minute, Latency: probe.Interval{Min: time.Second, Max: 2 * time.Minute}}, "sent by an earlier process: late in INBOX after 1m0s (between 1s and 2m0s)"},
	} {
		if got := outcomeInWords(c.o); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.o, got, c.want)
		}
	}
}

func TestAlteredInWords(t *testing.T) {
	for _, c := range []struct {
		all  []probe.Alteration
		want string
	}{
		{[]probe.Alteration{{Kind: probe.SubjectPrefix, Text: "[EXT] ", Meant: true}, {Kind: probe.NewMessageID}, {Kind: probe.Footer, Text: "This mail is confidential."}},
			`subject prefix "[EXT] " (meant), new Message-ID (not declared), footer "This mail is confidential." (not declared)`},
		{nil, ""},
		{[]probe.Alteration{{Kind: "colour", Text: "\x1b[31mred\u202e"}}, `colour "[31mred" (not declared)`},
		{[]probe.Alteration{{Kind: probe.Banner, Text: strings.Repeat("long ", 100)}}, `banner "long long long long long long …ong long long long long long " (not declared)`},
		{slices.Repeat([]probe.Alteration{{Kind: probe.FieldRemoved, Text: "X"}}, 20), strings.Repeat(`field removed "X" (not declared), `, 8) + "and 12 more"},
	} {
		if got := alteredInWords(c.all); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	for _, kind := range probe.AlterationKinds {
		if alterationWords[kind] == "" {
			t.Errorf("%s: got no words", kind)
		}
	}
}

func TestSubjectOfAStatus(t *testing.T) {
	for status, want := range map[string]string{"5.7.1": "security or policy", "4.2.2": "mailbox", "2.1.5": "", "5.1": "", "": "", "5.1.10": "the address", "5.9.9": "", "x.1.1": ""} {
		if got := subjectOf(status); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q: got %q, want %q", status, got, want)
		}
	}
}

func TestOrdinals(t *testing.T) {
	for n, want := range map[int]string{3: "3rd", 112: "112th", 1: "1st", 22: "22nd", 11: "11th", 4: "4th", 101: "101st", 13: "13th"} {
		if got := ordinal(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
