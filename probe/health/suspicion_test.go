package health_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/health"
)

// asked writes what a burst asks for.
func asked(s probe.Suspected) string {
	var all []string
	for _, c := range s.Confirm {
		all = append(all, fmt.Sprintf("%s %d in %v", c.Route, c.Messages, c.Within.Round(time.Millisecond)))
	}
	return strings.Join(all, ", ")
}

func TestOverdueMailIsSuspected(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in", "inside")
	p.handOver("in")
	p.now += 1.1
	if got := p.look("hq"); got != nil {
		t.Errorf("a message of 1.1 s is suspected: %+v", got)
	}
	p.now += 0.2
	got := p.suspect("hq", "in")
	if want := "a message has been on its way for 1.3 s; normally they take 0.4 s"; got.Reason != want {
		t.Errorf("got reason %q, want %q", got.Reason, want)
	}
	// Of each set of shared components one first, the most similar path before the others.
	if got, want := asked(got), "in 3 in 1.2s, in-again 1 in 1m0s, past 1 in 1m0s, inside 1 in 1.2s, out 1 in 1m0s, to-branch 1 in 1m0s"; got != want {
		t.Errorf("the burst is\n%s, want\n%s", got, want)
	}
	p.handOver("in")
	p.now += 5
	if again := p.look("hq"); again != nil {
		t.Errorf("suspected again: %+v, want one burst for each suspicion", again)
	}
}

func TestAnOutageIsConfirmedWithinSeconds(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in", "inside")
	p.handOver("in")
	p.now += 1.3
	s := p.suspect("hq", "in")
	p.confirm(s, "in")
	p.arrive(p.confirm(s, "inside")...)
	p.now += 1.3
	p.look("hq")
	p.wants("in", probe.HealthBroken)
	p.wants("inside", probe.HealthOK)
	if want := "the last 3 test messages did not arrive in time; normally at most 1 in 100 fails"; p.reason["in"] != want {
		t.Errorf("got reason %q, want %q", p.reason["in"], want)
	}
}

// What is in flight when suspicion arises is one miss together, however much it is.
func TestMessagesInFlightAreOneMissTogether(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	for range 5 {
		p.handOver("in")
	}
	p.now += 1.3
	p.suspect("hq", "in")
	p.now += 60
	p.look("hq") // all five miss their deadlines
	p.handOver("in")
	p.now += 60
	p.look("hq")
	p.wants("in", probe.HealthOK) // two misses
	p.handOver("in")
	p.now += 60
	p.look("hq")
	p.wants("in", probe.HealthBroken)
}

func TestTheMissIsTakenBackWhenOneOfThemArrives(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	first, second := p.handOver("in"), p.handOver("in")
	p.now += 1.3
	burst := p.confirm(p.suspect("hq", "in"), "in")
	p.arrive(first)
	p.arrive(burst[0])
	p.now += 1.3
	p.look("hq") // the other two of the burst miss
	p.wants("in", probe.HealthOK)
	p.arrive(second)
	for range 12 {
		id := p.handOver("in")
		p.now += 0.4
		p.arrive(id)
		p.now += 30
	}
	p.wants("in", probe.HealthOK)
	p.handOver("in")
	p.now += 9            // what came late has made the baseline wider
	p.suspect("hq", "in") // the suspicion was over, so this is a new one
}

// Once one of them has missed its deadline the miss stands, though another arrives:
// the suspicion is not over.
func TestTheMissStandsOnceADeadlineIsMissed(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	p.handOver("in")
	p.now++
	second := p.handOver("in")
	p.now += 0.3
	p.suspect("hq", "in")
	p.now += 59
	p.look("hq") // the first one's deadline
	p.arrive(second)
	p.handOver("in")
	p.now += 1.3
	if got := p.look("hq"); got != nil {
		t.Errorf("suspected again: %+v, want the suspicion to go on", got)
	}
}

func TestAMissIsReasonEnough(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	young := p.handOver("in")
	id := p.send("in", probe.Scheduled, time.Minute)
	p.tell(probe.Attempted{ID: id, Result: probe.Refused, Reply: &probe.Reply{Code: 554, Text: "no"}, Began: at(p.now)})
	s := p.suspect("hq", "in")
	if want := "a test message was rejected by the server (554 no)"; s.Reason != want {
		t.Errorf("got reason %q, want %q", s.Reason, want)
	}
	p.refuse() // its miss and one more: the message in flight adds none
	p.wants("in", probe.HealthOK)
	p.arrive(young)
	p.refuse()
	p.refuse()
	p.wants("in", probe.HealthBroken)
	if want := "4 of the last 5 test messages were rejected by the server (554 no); normally at most 1 in 100 fails"; p.reason["in"] != want {
		t.Errorf("got reason %q, want %q", p.reason["in"], want)
	}
}

// A server that hangs is a symptom, unless the trouble turns out to be our own.
func TestAHangingServerIsSuspected(t *testing.T) {
	for _, tt := range []struct {
		says    string
		attempt probe.Attempted
		misses  int // that it then takes to be broken
	}{
		{"our own trouble is no miss", probe.Attempted{Result: probe.NotSent, Ours: true, Problem: "no credentials"}, 3},
		{"being cut off is", probe.Attempted{Result: probe.Unknown, Problem: "connection reset"}, 2},
		{"a timeout is", probe.Attempted{Result: probe.NotSent, Problem: "i/o timeout"}, 2},
	} {
		p := newPost(t, company...)
		p.warm("in")
		id := p.send("in", probe.Scheduled, time.Minute)
		p.now += 9
		s := p.suspect("hq", "in")
		if want := "the server has let a message wait for 9 s and not taken it yet; normally they take 0.4 s"; s.Reason != want {
			t.Errorf("%s: got reason %q, want %q", tt.says, s.Reason, want)
		}
		tt.attempt.ID, tt.attempt.Began = id, at(p.now-9)
		p.tell(tt.attempt)
		for n := 1; n <= tt.misses; n++ {
			p.wants("in", probe.HealthOK)
			p.refuse()
		}
		p.wants("in", probe.HealthBroken)
	}
}

func TestWhoIsNotSuspected(t *testing.T) {
	for _, tt := range []struct {
		says    string
		warm    bool
		prepare func(*post)
	}{
		{"a route that was never ok", false, func(p *post) { p.handOver("in") }},
		{"a route that is broken", true, func(p *post) {
			for range 3 {
				p.handOver("in")
				p.now += 61
				p.tell(probe.Looked{Mailbox: "hq", Began: at(p.now)})
				for _, e := range p.tracker.Due(at(p.now)) {
					p.tell(e.Fact)
				}
			}
			p.handOver("in")
		}},
		{"a message that an ended process left without an answer", true, func(p *post) {
			id := p.send("in", probe.Scheduled, time.Hour)
			p.now += 20
			p.tell(probe.Orphaned{ID: id})
		}},
	} {
		p := newPost(t, company...)
		if tt.warm {
			p.warm("in")
		}
		tt.prepare(p)
		p.now += 5
		if got := p.look("hq"); got != nil {
			t.Errorf("%s: got %+v, want nothing", tt.says, got)
		}
	}
	p := newPost(t, company...)
	p.warm("in")
	p.handOver("in")
	p.tell(probe.Blind{Mailbox: "hq", Problem: "no route"})
	p.now += 600
	if got := p.monitor.Due(at(p.now), "hq", at(p.now)); got != nil {
		t.Errorf("a blind route is suspected: %+v", got)
	}
}

// Nothing is sent twice: what is on its way, or asked for by another suspicion, is
// left out, and nothing is sent where nobody can look.
func TestBurstsAreNotDoubled(t *testing.T) {
	p := newPost(t, company[:5]...)
	p.warm("in", "inside")
	p.tell(probe.Blind{Mailbox: "branch", Problem: "no route"})
	p.handOver("in")
	p.handOver("inside")
	p.now += 1.3
	both := p.look("hq")
	if len(both) != 2 {
		t.Fatalf("suspected are %+v, want in and inside", both)
	}
	for i, want := range []string{"in 3 in 1.2s, past 1 in 1m0s, inside 1 in 1.2s", "inside 2 in 1.2s"} {
		if got := asked(both[i]); got != want {
			t.Errorf("the burst for %s is %q, want %q", both[i].Route, got, want)
		}
	}
	p.tell(both[0])
	if got := p.suspect("hq", "inside"); asked(got) != "inside 2 in 1.2s" {
		t.Errorf("the second burst is %q after the first was asked for, want it as before", asked(got))
	}
}

// A confirmation counts as on its way until it has arrived or missed, one that was
// asked for and never sent for a minute.
func TestABurstIsReducedByWhatIsOnItsWay(t *testing.T) {
	p := newPost(t, company[:3]...)
	p.warm("in", "inside")
	p.handOver("in")
	p.now += 0.7
	p.handOver("inside")
	p.now += 0.6
	sent := p.confirm(p.suspect("hq", "in"), "inside")
	p.now += 0.7
	for _, step := range []struct {
		says, want string
		before     func()
	}{
		{"one is in flight, those for the others are not sent yet", "inside 2 in 1.2s", func() {}},
		{"it has arrived", "inside 3 in 1.2s", func() { p.arrive(sent...) }},
		{"a minute later", "inside 3 in 1.2s, past 1 in 1m0s, in 1 in 1.2s", func() { p.now += 59.5 }},
	} {
		step.before()
		all := p.look("hq")
		if len(all) != 1 || asked(all[0]) != step.want {
			t.Errorf("%s: got %+v, want the burst %q", step.says, all, step.want)
		}
	}
}

// As long as a message is overdue the suspicion goes on, whatever else arrives.
func TestASuspicionGoesOnWhileSomethingIsOverdue(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	p.handOver("in")
	p.now += 1.3
	p.suspect("hq", "in")
	p.deliver(1, 0.4, "")
	for range 10 {
		id := p.send("in", probe.Confirm, time.Second)
		p.accept(id)
		p.now += 0.4
		p.arrive(id)
		if got := p.look("hq"); got != nil {
			t.Fatalf("suspected again: %+v, want one burst", got)
		}
	}
	p.now += 30
	if got := p.look("hq"); got != nil { // its deadline, which adds nothing
		t.Errorf("suspected again: %+v, want the miss counted once", got)
	}
}

// What is in flight when a miss arouses suspicion is part of that miss.
func TestWhatIsInFlightIsPartOfTheMiss(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	p.handOver("in")
	p.refuse() // a confirmation arouses no suspicion
	if got := p.look("hq"); got != nil {
		t.Errorf("a confirmation aroused suspicion: %+v", got)
	}
	id := p.send("in", probe.Scheduled, time.Minute)
	p.tell(probe.Attempted{ID: id, Result: probe.Refused, Reply: &probe.Reply{Code: 554, Text: "no"}, Began: at(p.now)})
	p.suspect("hq", "in")
	p.now += 61
	p.look("hq")
	p.wants("in", probe.HealthOK) // two misses and the one that is part
	p.refuse()
	p.wants("in", probe.HealthBroken)
}

func TestABurstIsBounded(t *testing.T) {
	routes := []probe.Route{{Name: "in", Mailbox: "hq", Path: []string{"gateway", "store"}}}
	for i := range 100 {
		routes = append(routes, probe.Route{Name: fmt.Sprint("to-", i), Mailbox: "other", Path: []string{"gateway", fmt.Sprint("store-", i)}})
	}
	p := newPost(t, routes...)
	p.warm("in")
	p.handOver("in")
	p.now += 1.3
	if got := p.suspect("hq", "in"); len(got.Confirm) != 21 {
		t.Errorf("the burst goes to %d routes, want the suspected one and 20 others", len(got.Confirm))
	}
	for i := range routes {
		routes[i].Path = routes[0].Path
	}
	p = newPost(t, routes...)
	p.warm("to-50")
	p.handOver("to-50")
	p.now += 1.3
	if got := p.suspect("other", "to-50"); len(got.Confirm) != 21 {
		t.Errorf("of routes of one path, the burst goes to %d, want the suspected one and 20 others", len(got.Confirm))
	}
}

// Messages keep their age when the clock was moved while no process ran.
func TestAMovedClockMakesNothingOverdue(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		p := newPost(t, company...)
		p.warm("in")
		p.handOver("in")
		p.now += 0.5 + by.Seconds()
		p.tell(probe.ClockStepped{By: by, Between: true})
		if got := p.look("hq"); got != nil {
			t.Errorf("moved by %v: got %+v, want nothing", by, got)
		}
		p.now++
		p.suspect("hq", "in")
	}
}

// Misses become known a minute late: those of what was sent before the repair do not
// keep the route broken.
func TestABacklogDoesNotSpoilTheRecovery(t *testing.T) {
	for _, moved := range []time.Duration{0, time.Hour} { // the clock, meanwhile
		p := newPost(t, company...)
		p.warm("in")
		for range 60 { // nothing comes through
			p.handOver("in")
			p.now += 2
			for _, s := range p.look("hq") {
				p.tell(s)
			}
		}
		p.wants("in", probe.HealthBroken)
		for i := range 5 {
			if i == 2 && moved > 0 {
				p.now += moved.Seconds()
				p.tell(probe.ClockStepped{By: moved, Between: true})
			}
			id := p.handOver("in")
			p.now += 0.4
			p.arrive(id)
			p.now += 1.6
			if got := p.look("hq"); got != nil { // a message of before misses its deadline, others are overdue
				t.Errorf("got %+v, want nothing: the backlog is part of what is over", got)
			}
		}
		p.wants("in", probe.HealthOK)
		p.now += 70
		if got := p.look("hq"); got != nil {
			t.Errorf("got %+v, want nothing: the backlog is part of what is over", got)
		}
		p.wants("in", probe.HealthOK)
		p.handOver("in")
		p.now += 1.3
		p.suspect("hq", "in") // and what breaks again is suspected again
	}
}

// Of a route that lets some messages through, the arrivals are known before the
// misses. It is not taken to be well before the messages between are decided.
func TestRecoveryWaitsForWhatWasSentBetween(t *testing.T) {
	p := newPost(t, company...)
	for i := range 20 {
		id := p.handOver("in")
		p.now += 0.4
		if i%2 == 0 {
			p.arrive(id)
		}
		p.now += 0.6
	}
	p.wants("in", "")
	p.now += 60
	p.look("hq")
	if got := p.state["in"]; got == probe.HealthOK {
		t.Errorf("half of the mail is missing and the route is %s", got)
	}
}

// The same changes give the same health, bursts and all.
func TestReplayGivesTheSame(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in", "past", "out")
	for i := range 200 {
		for _, r := range []string{"in", "past", "out"} {
			id := p.handOver(r)
			p.now += 0.4 + float64(i%7)
			if i%5 < 3 || r == "past" {
				p.arrive(id)
			}
		}
		for _, s := range append(p.look("hq"), p.look("provider")...) {
			p.tell(s)
			p.arrive(p.confirm(s, "past")...)
		}
	}
	told, again := p.replayed(), p.replayed()
	if len(told) < 5 || !reflect.DeepEqual(told, again) {
		t.Errorf("replayed, %d changes of health became %d others", len(told), len(again))
	}
	last := make(map[string]probe.Health)
	for _, c := range told {
		last[c.(probe.HealthChanged).Route] = c.(probe.HealthChanged).To
	}
	if !reflect.DeepEqual(last, p.state) {
		t.Errorf("replayed without Due the routes are %v, want %v", last, p.state)
	}
}

// BenchmarkFleet is one round of 10,000 routes into 1,000 mailboxes: each is sent a
// message that does not arrive, and suspected.
func BenchmarkFleet(b *testing.B) {
	var routes []probe.Route
	for i := range 10_000 {
		store := i % 1000
		routes = append(routes, probe.Route{
			Name: fmt.Sprint("route-", i), Mailbox: fmt.Sprint("box-", store),
			Path: []string{"internet", fmt.Sprint("gateway-", i/1000), "antispam", fmt.Sprint("store-", store)},
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		m := health.New(probesOf(routes...))
		id := probe.ID(0)
		round := func(now float64, arrives bool) (suspected int) {
			for _, r := range routes {
				id++
				s := probe.Sending{ID: id, Route: r.Name, Purpose: probe.Scheduled, Mailbox: r.Mailbox, Expect: probe.ExpectDelivered}
				m.Apply(probe.Sent{Origin: probe.Origin{At: at(now)}, Message: s})
				if arrives {
					m.Apply(probe.Settled{Origin: probe.Origin{At: at(now + 1)}, Message: s, Outcome: probe.Outcome{Status: probe.Delivered, Place: probe.Inbox}})
				}
			}
			for i := range 1000 {
				suspected += len(m.Due(at(now+70), fmt.Sprint("box-", i), at(now+70)))
			}
			return suspected
		}
		for i := range 5 {
			round(float64(100*i), true)
		}
		if got := round(500, false); got != len(routes) {
			b.Fatalf("suspected %d routes, want all %d", got, len(routes))
		}
	}
}
