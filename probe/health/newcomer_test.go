package health_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

const greylisted = "greylisted, come back in 5 minutes"

// putOff sends a message along route "in" that the server puts off; it waits in our queue
// for so long, or not at all.
func (p *post) putOff(retry ...time.Duration) probe.ID {
	p.ids++
	p.route[p.ids] = "in"
	p.tell(probe.Sending{
		ID: p.ids, Route: "in", Purpose: probe.Scheduled, Mailbox: "hq", LateAfter: time.Minute, LostAfter: time.Hour, Expect: probe.ExpectDelivered, Retry: retry,
	})
	p.tell(probe.Attempted{ID: p.ids, Result: probe.Refused, Reply: &probe.Reply{Code: 451, Enhanced: "4.7.1", Text: greylisted}, Began: at(p.now)})
	return p.ids
}

// minute lets what a letter says happen to a message along route "in", and a minute pass:
//
//	d  it is put off         q  it is put off, and waits in our queue
//	r  it is rejected        m  it is taken, and not there in time
//	+  it arrives            t  the oldest in our queue is tried again, taken, and arrives
//	o  nothing               Q  like q, and only ten seconds pass
func (p *post) minute(letter rune, queue *[]probe.ID) {
	switch letter {
	case 'd':
		p.putOff()
	case 'q', 'Q':
		*queue = append(*queue, p.putOff(5*time.Minute))
	case 'r':
		id := p.send("in", probe.Scheduled, time.Minute)
		p.tell(probe.Attempted{ID: id, Result: probe.Refused, Reply: &probe.Reply{Code: 554, Text: "no"}, Began: at(p.now)})
	case 'm':
		p.handOver("in")
	case '+':
		p.arrive(p.handOver("in"))
	case 't':
		id := (*queue)[0]
		*queue = (*queue)[1:]
		p.tell(probe.Retrying{ID: id, Try: 2})
		p.accept(id)
		p.arrive(id)
	}
	p.look("hq")
	switch letter {
	case 'Q':
		p.now += 10
	case 'm', 'q': // it misses its deadline
		p.now += 60
		p.look("hq")
	default:
		p.now += 60
	}
}

// TestANewRouteMayBeGreylisted shows the health after each minute, as TestRule does.
func TestANewRouteMayBeGreylisted(t *testing.T) {
	for _, tt := range []struct{ says, story, want string }{
		{"for ten minutes 4xx replies say nothing", "ddddddddddd", "..........b"},
		{"an arrival makes ok at once", "dd+", "..k"},
		{"whatever the 4xx replies would have come to", "dddddd+", "......k"},
		{"a 5xx reply counts at once, and so does what was put off", "dddddr", ".....b"},
		{"a 5xx reply is one miss", "ddrrr", "....b"},
		{"so is a missed deadline of a message that was taken", "dddm", "...."},
		{"and it makes the rest count", "dddddm", ".....b"},
		{"a route that has met with something else is judged as usual", "rdddd", "....b"},
		{"so is one on which a message has arrived", "+ddddd", ".....b"},
		{"what waits in our queue is put off as well", "qqqqqqqqqqq", ".........bb"},
		{"and is tried again with success, though late", "qqqqqtoooo", ".....kkkkk"},
		{"what is put off afterwards is slow", "qqqqqt+qo", ".....kkss"},
		{"for the first time", "qqqtd", "...ks"},
		{"what was put off before and has not arrived yet is forgiven", "qQQtoo", "...kkk"},
		{"after ten minutes all of them count, those of before as well", "doooooooooddddd", ".............bb"},
	} {
		p := newPost(t, company...)
		p.state["in"] = probe.HealthUnknown
		var queue []probe.ID
		var shown strings.Builder
		for _, letter := range tt.story {
			p.minute(letter, &queue)
			shown.WriteByte(letterOf(p.state["in"]))
		}
		if got := shown.String(); got != tt.want {
			t.Errorf("%s: story %q shows %q, want %q (%s)", tt.says, tt.story, got, tt.want, p.reason["in"])
		}
	}
}

func TestWhatIsSaidOfANewRoute(t *testing.T) {
	p := newPost(t, company...)
	const turnedAway = "a new route, and the server says try again later (451 4.7.1 " + greylisted + "): greylisting is likely; judged from 00:10 UTC on"
	for range 3 {
		p.putOff()
		p.now += 60
	}
	p.tell(probe.Blind{Mailbox: "hq", Problem: "timeout"})
	p.look("hq")
	p.now += 500
	p.look("hq")
	p.arrive(p.handOver("in"))
	var got []string
	for _, c := range p.replayed() {
		if c := c.(probe.HealthChanged); c.Route == "in" {
			got = append(got, string(c.From+" to "+c.To+": ")+c.Reason)
		}
	}
	want := []string{
		"unknown to unknown: " + turnedAway,
		"unknown to blind: mailbox hq cannot be watched: timeout",
		"blind to unknown: mailbox hq is watched again; what is known of the route: " + turnedAway,
		"unknown to unknown: too few messages have been sent to tell",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A clock that is moved while no process runs makes a new route neither older nor younger.
func TestANewRouteKeepsItsAgeWhenTheClockIsMoved(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, time.Hour} {
		p := newPost(t, company...)
		for range 9 {
			p.putOff()
			p.now += 60
		}
		p.now += by.Seconds()
		p.tell(probe.ClockStepped{By: by, Between: true})
		p.putOff()
		p.wants("in", probe.HealthUnknown)
		p.now += 60
		p.putOff()
		p.wants("in", probe.HealthBroken)
	}
}

// A message that waits in our queue is known to wait: it is no reason for suspicion, and
// is a sign only once it has missed its deadline. When it is tried again, its age begins
// anew.
func TestAMessageInOurQueueIsNotSuspected(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	usual := p.monitor.Within("in")
	for range 30 {
		id := p.putOff(30*time.Second, time.Minute)
		p.now += 29
		if got := p.look("hq"); got != nil {
			t.Fatalf("suspected: %+v, want nothing: the message waits with us", got)
		}
		p.now++
		p.tell(probe.Retrying{ID: id, Try: 2})
		p.now++
		if got := p.look("hq"); got != nil {
			t.Fatalf("suspected: %+v, want nothing: it was tried again a second ago", got)
		}
		p.accept(id)
		p.now += 0.4
		p.arrive(id)
		p.wants("in", probe.HealthOK)
	}
	if got := p.monitor.Within("in"); got != usual {
		t.Errorf("a message is overdue after %v, want %v as before: its wait is not normal", got, usual)
	}
	id := p.putOff(30*time.Second, time.Minute)
	p.now += 30
	p.tell(probe.Retrying{ID: id, Try: 2})
	p.now += 9
	s := p.suspect("hq", "in")
	if want := "the server has let a message wait for 9 s and not taken it yet; normally they take 0.4 s"; s.Reason != want {
		t.Errorf("got reason %q, want %q", s.Reason, want)
	}
}

func TestAMessageInOurQueueThatMissesItsDeadlineIsPutOff(t *testing.T) {
	p := newPost(t, company...)
	p.warm("in")
	p.putOff(time.Hour)
	p.now += 59
	p.look("hq")
	p.wants("in", probe.HealthOK)
	p.now += 2
	p.look("hq")
	p.wants("in", probe.HealthSlow)
	if want := "the server did not take a message now and asks to try again later (451 4.7.1 " + greylisted + ")"; p.reason["in"] != want {
		t.Errorf("got reason %q, want %q", p.reason["in"], want)
	}
	for range 4 {
		p.putOff(time.Hour)
		p.now += 61
		p.look("hq")
	}
	p.wants("in", probe.HealthBroken)
	if want := "the last 5 test messages were put off by the server (451 4.7.1 " + greylisted + "); normally at most 1 in 100 fails"; p.reason["in"] != want {
		t.Errorf("got reason %q, want %q", p.reason["in"], want)
	}
}
