package health_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/health"
)

// A route's story is written as one letter per change:
//
//   - a message arrived            l  a message arrived whose miss was told before
//   - a deadline was missed        v  a message arrived in the junk folder
//     r  the server said 5xx          c  a confirmation arrived
//     d  the server said 4xx          m  a confirmation missed its deadline
//     u  nobody there to take it      w  our own credentials were refused
//     x  the mailbox went blind       ?  a deadline was missed, but maybe it was never taken
//     o  the mailbox was looked at    e  a message ended as unknown
//     n  a bounce came back           q  a message arrived in quarantine
//
// and the health that is shown after it as one letter per change:
// k ok, s slow, b broken, x blind, . unknown.
func changeOf(letter rune, o probe.Origin) probe.Change {
	m := probe.Sending{Route: "in", Mailbox: "hq", Purpose: probe.Scheduled, Expect: probe.ExpectDelivered}
	accepted := &probe.Attempted{Result: probe.Accepted}
	settled := func(out probe.Outcome) probe.Change { return probe.Settled{Origin: o, Message: m, Outcome: out} }
	switch letter {
	case '-':
		return probe.DeadlineMissed{Origin: o, Message: m, Certain: true}
	case '?':
		return probe.DeadlineMissed{Origin: o, Message: m}
	case '+':
		return settled(probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Attempt: accepted})
	case 'v':
		return settled(probe.Outcome{Status: probe.Delivered, Place: probe.Junk, Attempt: accepted})
	case 'q':
		return settled(probe.Outcome{Status: probe.Delivered, Place: probe.Quarantine, Attempt: accepted})
	case 'n':
		report := &probe.Report{Kind: probe.ReportFailed, Status: "5.1.1", Diagnostic: "550 5.1.1 user unknown"}
		return settled(probe.Outcome{Status: probe.Bounced, Report: report, Attempt: accepted})
	case 'l':
		return settled(probe.Outcome{Status: probe.Late, Place: probe.Inbox, Missed: true, Counted: true, Attempt: accepted})
	case 'e':
		return settled(probe.Outcome{Status: probe.Uncertain, Missed: true, Attempt: &probe.Attempted{Result: probe.Unknown}})
	case 'r':
		return settled(probe.Outcome{Status: probe.Rejected, Attempt: refused(554, "5.7.1", "no")})
	case 'd':
		return settled(probe.Outcome{Status: probe.Deferred, Attempt: refused(451, "4.7.1", "later")})
	case 'u':
		return settled(probe.Outcome{Status: probe.Unsent, Attempt: &probe.Attempted{Result: probe.NotSent, Problem: "connection refused"}})
	case 'w':
		return settled(probe.Outcome{Status: probe.Unsent, Attempt: &probe.Attempted{Result: probe.NotSent, Ours: true}})
	case 'c':
		m.Purpose = probe.Confirm
		return settled(probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Attempt: accepted})
	case 'm':
		m.Purpose = probe.Confirm
		return probe.DeadlineMissed{Origin: o, Message: m, Certain: true}
	case 'x':
		return probe.MailboxBlind{Origin: o, Mailbox: "hq", Problem: "connecting: i/o timeout"}
	case 'o':
		return probe.MailboxLooked{Origin: o, Mailbox: "hq", Looks: 1}
	}
	panic("no such letter: " + string(letter))
}

func refused(code int, enhanced, text string) *probe.Attempted {
	return &probe.Attempted{Result: probe.Refused, Reply: &probe.Reply{Code: code, Enhanced: enhanced, Text: text}}
}

func letterOf(h probe.Health) byte {
	return map[probe.Health]byte{
		probe.HealthOK: 'k', probe.HealthSlow: 's', probe.HealthBroken: 'b', probe.HealthBlind: 'x', probe.HealthUnknown: '.',
	}[h]
}

// tell applies a story to a fresh monitor of one route.
func tell(t *testing.T, story string) (shown string, changes []probe.HealthChanged) {
	t.Helper()
	var m probe.Assessor = health.New([]probe.Probe{{
		Route: probe.Route{Name: "in", Sender: "outside", Mailbox: "hq"}, LateAfter: time.Minute, Expect: probe.ExpectDelivered,
	}})
	state := probe.HealthUnknown
	var letters strings.Builder
	for i, letter := range story {
		o := probe.Origin{Seq: probe.Seq(i + 1), At: time.Unix(int64(i), 0)}
		for _, c := range m.Apply(changeOf(letter, o)) {
			change := c.(probe.HealthChanged)
			if change.From != state || change.To == state || change.Origin != o || change.Route != "in" || change.Reason == "" {
				t.Errorf("story %q: change %d is %+v, want one of route in from %s, with a reason and origin %v", story, i, change, state, o)
			}
			state = change.To
			changes = append(changes, change)
		}
		letters.WriteByte(letterOf(state))
	}
	return letters.String(), changes
}

func TestRule(t *testing.T) {
	for _, tt := range []struct{ says, story, want string }{
		{"a backlog that drains does not make a broken route ok", "---llllll+++++", "..bbbbbbbbbbbk"},
		{"from unknown, five arrivals in a row make ok", "+++++", "....k"},
		{"two absences are not enough", "+++++--", "....kkk"},
		{"three absences in a row make broken, even from unknown", "---", "..b"},
		{"three absences in a row make an ok route broken", "+++++---", "....kkkb"},
		{"an arrival between lets it take four", "+++++--+-", "....kkkkk"},
		{"four absences with two arrivals between", "+++++-+-+--", "....kkkkkkb"},
		{"six arrivals make up for an absence", "+++++-++++++--", "....kkkkkkkkkk"},
		{"a single absence now and then is nothing", "+++++-++++++-++++++-++++++-", "....kkkkkkkkkkkkkkkkkkkkkkk"},
		{"an absence throws a recovery back", "---++++-+++++", "..bbbbbbbbbbk"},
		{"so does one on a route that was never ok", "++++-+++++", ".........k"},
		{"one deferral makes an ok route slow, one arrival ok again", "+++++d+", "....ksk"},
		{"two deferrals are still slow", "+++++dd+", "....kssk"},
		{"from the third deferral in a row on, each is an absence", "+++++ddddd", "....kssssb"},
		{"an arrival breaks a row of deferrals", "+++++dd+dd+dd", "....kssksskss"},
		{"deferrals do not make an unknown route slow", "dd", ".."},
		{"five deferrals make an unknown route broken", "ddddd", "....b"},
		{"a deferral does not make a broken route better", "---d", "..bb"},
		{"a deferral throws a recovery back", "---++++d+++++", "..bbbbbbbbbbk"},
		{"a deferral does not break a row of absences", "+++++--d-", "....kkksb"},
		{"an absence does not break a row of deferrals", "+++++d-d-d", "....kssssb"},
		{"a slow route breaks like any other", "+++++d---", "....ksssb"},
		{"rejections and failures to hand over are absences", "ru-", "..b"},
		{"an arrival in the wrong folder is an arrival", "vvvvv", "....k"},
		{"so is one in quarantine", "qqqqq", "....k"},
		{"bounces are absences", "+++++nnn", "....kkkb"},
		{"what may never have been taken says nothing", "+++++???eee", "....kkkkkkk"},
		{"our own trouble says nothing", "+++++ww", "....kkk"},
		{"but who cannot send for long knows nothing any more", "+++++wwww+", "....kkk..k"},
		{"not of a broken route, either", "---www-", "..bbb.b"},
		{"our own trouble breaks no row", "+++++-w-w-", "....kkkkkb"},
		{"a late arrival makes up for nothing", "+++++-l-l-", "....kkkkkb"},
		{"confirmations count as much", "cccccmmm", "....kkkb"},
		{"blind hides what is known, a look brings it back", "+++++xo", "....kxk"},
		{"blind is not left by an arrival", "x+++++o", "xxxxxxk"},
		{"health goes on being computed while blind", "+++++xrrro", "....kxxxxb"},
		{"blind again for another reason is still blind", "xxo", "xx."},
		{"a look tells nothing new when nothing was hidden", "ooo+++++o", ".......kk"},
		{"slow survives blindness", "+++++dxo+", "....ksxsk"},
	} {
		if got, _ := tell(t, tt.story); got != tt.want {
			t.Errorf("%s: story %q shows %q, want %q", tt.says, tt.story, got, tt.want)
		}
	}
}

// neverArrived is what is said of a route that nothing has ever come through.
func neverArrived(what string) string {
	return "no message has ever arrived on this route, as far as the journal knows: " + what +
		"; check that sender outside may send to this address, and that mail to it comes to mailbox hq"
}

func TestReasons(t *testing.T) {
	for _, tt := range []struct{ story, want string }{
		{"+++++d", "the server did not take a message now and asks to try again later (451 4.7.1 later)"},
		{"---", neverArrived("the last 3 test messages did not arrive in time")},
		{"rrr", neverArrived("the last 3 test messages were rejected by the server (554 5.7.1 no)")},
		{"+----", "the last 3 test messages did not arrive in time; whether that is normal is not known"},
		{"+++++", "the last 5 test messages arrived in time"},
		{"+++++---", "the last 3 test messages did not arrive in time; normally at most 1 in 100 fails"},
		{"+++++--+--", "4 of the last 5 test messages did not arrive in time; normally at most 1 in 100 fails"},
		{"+++++-++++++-++++++-++++++----", "the last 4 test messages did not arrive in time; normally 1 in 57 fails"},
		{"+++++uuu", "the last 3 test messages could not be handed over (connection refused); normally at most 1 in 100 fails"},
		{"+++++ddddd", "the last 5 test messages were put off by the server (451 4.7.1 later); normally at most 1 in 100 fails"},
		{"+++++d---", "the last 4 test messages did not come through; the last one did not arrive in time; normally at most 1 in 100 fails"},
		{"+++++--r", "the last 3 test messages did not come through; the last one was rejected by the server (554 5.7.1 no); normally at most 1 in 100 fails"},
		{"+++++nnn", "the last 3 test messages came back as bounces (550 5.1.1 user unknown); normally at most 1 in 100 fails"},
		{"+++++--n", "the last 3 test messages did not come through; the last one came back as a bounce (550 5.1.1 user unknown); normally at most 1 in 100 fails"},
		{"+++++d+", "a message arrived again"},
		{"x", "mailbox hq cannot be watched: connecting: i/o timeout"},
		{"+++++xo", "mailbox hq is watched again; what is known of the route: the last 5 test messages arrived in time"},
		{"xrrro", "mailbox hq is watched again; what is known of the route: " + neverArrived("the last 3 test messages were rejected by the server (554 5.7.1 no)")},
		{"xo", "mailbox hq is watched again; what is known of the route: too few messages have been sent to tell"},
	} {
		_, changes := tell(t, tt.story)
		if len(changes) == 0 {
			t.Errorf("story %q changes nothing, want reason %q", tt.story, tt.want)
			continue
		}
		if got := changes[len(changes)-1].Reason; got != tt.want {
			t.Errorf("story %q ends with reason %q, want %q", tt.story, got, tt.want)
		}
	}
}

func probesOf(routes ...probe.Route) []probe.Probe {
	var probes []probe.Probe
	for _, r := range routes {
		probes = append(probes, probe.Probe{Route: r, LateAfter: time.Minute, LostAfter: time.Hour, Expect: probe.ExpectDelivered})
	}
	return probes
}

func TestBlindnessTouchesAllRoutesOfTheMailbox(t *testing.T) {
	m := health.New(probesOf(
		probe.Route{Name: "outside-to-hq", Mailbox: "hq"},
		probe.Route{Name: "hq-to-branch", Mailbox: "branch"},
		probe.Route{Name: "inside-hq", Mailbox: "hq"},
		probe.Route{Name: "outside-to-hq", Mailbox: "hq"}, // the route of a second payload
	))
	var got []string
	for _, c := range m.Apply(probe.MailboxBlind{Mailbox: "hq", Problem: "no route to host"}) {
		got = append(got, c.(probe.HealthChanged).Route)
	}
	if want := []string{"outside-to-hq", "inside-hq"}; !slices.Equal(got, want) {
		t.Errorf("routes that went blind: got %q, want %q", got, want)
	}
}

func TestOtherRoutesAreIgnored(t *testing.T) {
	m := health.New(probesOf(probe.Route{Name: "other", Mailbox: "branch"}))
	for _, letter := range "---xo+++++" {
		if got := m.Apply(changeOf(letter, probe.Origin{})); len(got) != 0 {
			t.Errorf("change %q of a route that is not configured: got %v, want nothing", letter, got)
		}
	}
}

// Of the probes of a route, the one that expects delivery soonest says what is late.
func TestTheLeastDeadlineStandsInForTheBaseline(t *testing.T) {
	probes := probesOf(probe.Route{Name: "in"}, probe.Route{Name: "in"}, probe.Route{Name: "in"}, probe.Route{Name: "in"})
	for i, late := range []time.Duration{time.Minute, 30 * time.Second, time.Second, 2 * time.Minute} {
		probes[i].LateAfter = late
	}
	probes[2].Expect = "blocked"
	if got, want := health.New(probes).Within("in"), 30*time.Second; got != want {
		t.Errorf("a message is overdue after %v, want %v", got, want)
	}
}
