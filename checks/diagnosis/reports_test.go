package diagnosis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// reportedAmong gives the messages of some minutes, from outside, a report.
func reportedAmong(from, to float64, words string, rest func(string, time.Time) fate) func(string, time.Time) fate {
	return func(route string, slot time.Time) fate {
		f := rest(route, slot)
		if route == "in" && !slot.Before(clock(from)) && slot.Before(clock(to)) {
			f.back = back(words, 0)
		}
		return f
	}
}

// The routes cannot tell the Internet, the gateway and the anti-spam filter apart. What
// comes back can, with the first message.
func TestReportsTellWhoBroke(t *testing.T) {
	bounced := func(words string) func(string, time.Time) fate {
		return gateway(clock(10), clock(30), fate{back: back(words, 0)})
	}
	held := gateway(clock(10), clock(30), fate{held: clock(30)})
	const lost = "Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Lost: 40 of 45 test messages. Of these came back as bounces: 40."
	for _, tt := range []struct {
		says   string
		fateOf func(string, time.Time) fate
		want   string
	}{
		{"a gateway takes mail and gives it back, its filter being dead", bounced("gateway-in > antispam 4.4.1"), `
08:11:10 since 08:10:00: antispam 96
08:32:05 since 08:10:00: repaired
08:32:05 [antispam]: ` + lost + `
`},
		{"it holds the mail and says so", gateway(clock(10), clock(30), fate{held: clock(30), back: back("gateway-in > antispam delayed", 0)}), `
08:12:00 since 08:10:00: antispam 96
08:31:35 since 08:10:00: repaired
08:31:35 [antispam]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. None of 44 test messages was lost.
`},
		{"what comes back names nobody", bounced("nobody"), `
08:11:10 since 08:10:00: internet+gateway-in+antispam 99
08:32:05 since 08:10:00: repaired
08:32:05 [internet gateway-in antispam]: ` + lost + `
`},
		{"it names hosts that nobody claims", bounced("nowhere > elsewhere 5.3.0"), `
08:11:10 since 08:10:00: internet+gateway-in+antispam 99
08:32:05 since 08:10:00: repaired
08:32:05 [internet gateway-in antispam]: ` + lost + `
`},
		{"one message comes back, and the others do not", reportedAmong(14.5, 15, "gateway-in > antispam 5.3.0", held), `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:14:40 since 08:10:00: antispam 96
08:31:35 since 08:10:00: repaired
08:31:35 [antispam]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. Lost: 1 of 44 test messages. Of these came back as bounces: 1.
`},
		{"one came back before, which says nothing of the trouble", reportedAmong(5, 5.5, "gateway-in > antispam 5.3.0", held), `
08:12:00 since 08:10:00: internet+gateway-in+antispam 99
08:31:35 since 08:10:00: repaired
08:31:35 [internet gateway-in antispam]: Mail arrives again since 08:30:05 UTC; the trouble began at 08:10:00 UTC. Mail was delayed by up to 20 minutes. None of 44 test messages was lost.
`},
	} {
		topology := company(basic)
		w := &world{routes: topology.Routes}
		w.send(60, tt.fateOf)
		w.play(topology)
		if got := w.words(); got != strings.TrimPrefix(tt.want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.says, got, tt.want)
		}
	}
}

// Mail for one mailbox comes back, whatever way it takes; that for others of the same
// server arrives.
func TestAFullMailboxIsLaidOnItsStore(t *testing.T) {
	topology := company(every)
	w := &world{routes: topology.Routes}
	w.send(40, func(route string, slot time.Time) fate {
		for _, r := range topology.Routes {
			if r.Name == route && r.Mailbox == "one" && !slot.Before(clock(10)) && slot.Before(clock(30)) {
				return fate{back: diagnosis.BounceEvidence{Reporting: r.Path[0], Remote: "store-1", Status: "5.2.2", Text: "552 5.2.2 mailbox full"}}
			}
		}
		return fate{}
	})
	w.play(topology)
	var last diagnosis.Diagnosed
	for _, c := range w.told {
		if d, ok := c.(diagnosis.Diagnosed); ok && !d.Repaired {
			last = d
		}
	}
	if len(last.Diagnoses) != 1 {
		t.Fatalf("got %+v, want one suspect", last.Diagnoses)
	}
	got := last.Diagnoses[0]
	if want := "The break is at a mailbox or an address that the mailbox server at site 1 keeps."; got.Sentence != want {
		t.Errorf("got %q, want %q", got.Sentence, want)
	}
	reason := "the gateway's inbound filter gave the mail back: the mailbox server at site 1 said 552 5.2.2 mailbox full (this is about the address or the mailbox, not about all mail)"
	if !strings.Contains(strings.Join(got.Reasons, "\n"), reason) {
		t.Errorf("got reasons\n%s\nwant in them\n%s", strings.Join(got.Reasons, "\n"), reason)
	}
}

// reports gives a monitor reports about messages of a trouble, and tells what it says of
// them in the end.
func reports(t *testing.T, steps ...probe.Change) string {
	t.Helper()
	m := diagnosis.New(company("in internal1"))
	for id := probe.ID(1); id <= 3; id++ {
		m.Apply(probe.Sent{Origin: probe.Origin{At: clock(10)}, Message: outside(id)})
		m.Apply(probe.DeadlineMissed{Origin: probe.Origin{At: clock(11)}, Message: outside(id), Certain: true})
	}
	var said []string
	for _, c := range append(steps, probe.HealthChanged{Origin: probe.Origin{At: clock(80)}, Route: "in", To: probe.HealthBroken}) {
		for _, follows := range m.Apply(c) {
			if d, ok := follows.(diagnosis.Diagnosed); ok {
				for _, reason := range d.Diagnoses[0].Reasons {
					if strings.Contains(reason, "no server that is known") {
						said = append(said, reason)
					}
				}
			}
		}
	}
	return strings.Join(said, "; ")
}

// outside is a message from outside, sent in the order of its number.
func outside(id probe.ID) probe.Sending {
	return probe.Sending{ID: id, Route: "in", Mailbox: "one", Purpose: probe.Scheduled, Slot: clock(10 + float64(id)/100), Expect: probe.ExpectDelivered}
}

func report(id probe.ID, kind probe.ReportKind, text string) trace.Reported {
	return trace.Reported{Origin: probe.Origin{At: clock(12)}, Message: outside(id), Report: probe.Report{Kind: kind, Diagnostic: text}}
}

func TestTheLastReportOfAMessageCounts(t *testing.T) {
	const failed, delayed = probe.ReportFailed, probe.ReportDelayed
	came, held := "mail of in came back, and no server that is known is named: ", "mail of in is held somewhere, and no server that is known is named: "
	arrived := probe.Settled{Origin: probe.Origin{At: clock(13)}, Message: outside(1), Outcome: probe.Outcome{Status: probe.Late, Place: probe.Inbox, Missed: true, Counted: true}}
	told := report(1, failed, "copy")
	told.Told = probe.Delivered
	early := report(4, failed, "early")
	early.Message.Slot = clock(5)
	many := []probe.Change{report(4, failed, "the oldest")}
	for id := probe.ID(5); id < 25; id++ {
		many = append(many, report(id, failed, "others"))
	}
	for _, tt := range []struct {
		says  string
		steps []probe.Change
		want  string
	}{
		{"held, then given up", []probe.Change{report(1, delayed, "soon"), report(1, failed, "never")}, came + "never"},
		{"given up, then a notice that comes late", []probe.Change{report(1, failed, "never"), report(1, delayed, "soon")}, came + "never"},
		{"held, and it arrives", []probe.Change{report(1, delayed, "soon"), arrived}, ""},
		{"a copy for somebody else came back", []probe.Change{told}, ""},
		{"one is held and one came back", []probe.Change{report(2, delayed, "soon"), report(1, failed, "never")}, came + "never; " + held + "soon"},
		{"several that say the same: the words of the last sent", []probe.Change{report(2, failed, "two"), report(1, failed, "one")}, came + "two"},
		{"one that was sent before the trouble", []probe.Change{early}, ""},
		{"more than count", many, came + "others"},
	} {
		if got := reports(t, tt.steps...); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.says, got, tt.want)
		}
	}
	moved := []probe.Change{report(1, failed, "never"), probe.ClockMoved{Origin: probe.Origin{At: clock(70)}, ClockStepped: probe.ClockStepped{By: time.Hour, Between: true}}}
	if got := reports(t, moved...); got != came+"never" {
		t.Errorf("the clock was moved: got %q, want %q", got, came+"never")
	}
}

// A bounced message that is found after all was not lost.
func TestFoundAfterItCameBackIsLateAndNotLost(t *testing.T) {
	for _, told := range []probe.Status{probe.Bounced, probe.Lost} {
		m := diagnosis.New(company("in internal1"))
		var all []probe.Change
		for _, c := range []probe.Change{
			probe.Sent{Origin: probe.Origin{At: clock(10)}, Message: outside(1)},
			probe.Sent{Origin: probe.Origin{At: clock(10)}, Message: outside(2)},
			probe.HealthChanged{Origin: probe.Origin{At: clock(12)}, Route: "in", To: probe.HealthBroken},
			probe.Settled{Origin: probe.Origin{At: clock(20)}, Message: outside(1), Outcome: probe.Outcome{Status: probe.Bounced}},
			probe.Settled{Origin: probe.Origin{At: clock(20)}, Message: outside(2), Outcome: probe.Outcome{Status: told}},
			probe.Contradicted{Origin: probe.Origin{At: clock(25)}, Message: outside(2), Told: told},
			probe.HealthChanged{Origin: probe.Origin{At: clock(30)}, Route: "in", To: probe.HealthOK},
		} {
			all = append(all, m.Apply(c)...)
		}
		got, ok := all[len(all)-1].(diagnosis.Recovered)
		if !ok || fmt.Sprint(got.Lost, got.Bounced, got.Late) != "1 1 1" {
			t.Errorf("%s: got %+v, want it recovered with one message bounced, which is lost, and one late", told, got)
		}
	}
}

// What still waits in our queue when a trouble is over was not taken, so nobody has it.
func TestWhatWaitsInOurQueueWasNotTaken(t *testing.T) {
	m := diagnosis.New(company("in internal1"))
	refused := probe.Attempted{Result: probe.Refused, Reply: &probe.Reply{Code: 451, Text: "later"}}
	var all []probe.Change
	for _, c := range []probe.Change{
		probe.Sent{Origin: probe.Origin{At: clock(10)}, Message: outside(1)},
		probe.Answered{Origin: probe.Origin{At: clock(10)}, Message: outside(1), Attempt: refused, Again: clock(300)},
		probe.HealthChanged{Origin: probe.Origin{At: clock(12)}, Route: "in", To: probe.HealthBroken},
		probe.DeadlineMissed{Origin: probe.Origin{At: clock(13)}, Message: outside(1), Deferred: true},
		probe.HealthChanged{Origin: probe.Origin{At: clock(30)}, Route: "in", To: probe.HealthOK},
		probe.MailboxLooked{Origin: probe.Origin{At: clock(100)}, Mailbox: "one"},
	} {
		all = append(all, m.Apply(c)...)
	}
	got, ok := all[len(all)-1].(diagnosis.Recovered)
	if !ok || got.Refused != 1 || got.Missing != 0 || got.Messages != 1 {
		t.Errorf("got %+v, want it recovered with 1 message refused and none missing", got)
	}
}

// What a report tells is judged together with the end that it brings; a notice of delay
// brings none.
func TestAReportIsJudgedWithTheEndThatItBrings(t *testing.T) {
	for _, kind := range []probe.ReportKind{probe.ReportFailed, probe.ReportDelayed} {
		m := diagnosis.New(company(basic))
		for id := probe.ID(1); id <= 3; id++ {
			m.Apply(probe.Sent{Origin: probe.Origin{At: clock(10)}, Message: outside(id)})
		}
		m.Apply(probe.DeadlineMissed{Origin: probe.Origin{At: clock(11)}, Message: outside(1), Certain: true})
		m.Apply(probe.HealthChanged{Origin: probe.Origin{At: clock(12)}, Route: "in", To: probe.HealthBroken})
		r := report(2, kind, "no")
		r.Reporting, r.Remote = "gateway-in", "antispam"
		now := len(m.Apply(r))
		then := len(m.Apply(probe.Settled{Origin: r.Origin, Message: outside(2), Outcome: probe.Outcome{Status: probe.Bounced}}))
		if got, want := now == 0 && then == 1, kind == probe.ReportFailed; got != want {
			t.Errorf("%s: got %d verdicts with it, %d with the end", kind, now, then)
		}
	}
}

func TestWhatMissesItsDeadlineInOurQueueWasRefused(t *testing.T) {
	m := diagnosis.New(company("in internal1"))
	for id := probe.ID(1); id <= 5; id++ { // the first two may be greylisted
		m.Apply(probe.Sent{Origin: probe.Origin{At: clock(10)}, Message: outside(id)})
		m.Apply(probe.DeadlineMissed{Origin: probe.Origin{At: clock(11)}, Message: outside(id), Deferred: true})
	}
	all := m.Apply(probe.HealthChanged{Origin: probe.Origin{At: clock(12)}, Route: "in", To: probe.HealthBroken})
	if len(all) != 1 {
		t.Fatalf("got %v, want a verdict", all)
	}
	got := all[0].(diagnosis.Diagnosed).Diagnoses[0].Reasons[0]
	if want := "mail from outside (in) is not taken: 3 of 3 messages refused or not handed over"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
