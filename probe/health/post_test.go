package health_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/health"
)

// post is a tracker and a monitor, given events as an engine would. Times are seconds
// since it began.
type post struct {
	t       *testing.T
	tracker *probe.Tracker
	monitor *health.Monitor
	probes  []probe.Probe
	mailbox map[string]string   // of each route
	route   map[probe.ID]string // of each message
	now     float64
	ids     probe.ID
	seq     probe.Seq

	changes []probe.Change // all that the monitor was given
	state   map[string]probe.Health
	reason  map[string]string
}

// The routes of a company, as their paths go.
var company = []probe.Route{
	{Name: "in", Mailbox: "hq", Path: []string{"internet", "gateway-in", "antispam", "store"}},
	{Name: "past", Mailbox: "hq", Path: []string{"antispam", "store"}},
	{Name: "inside", Mailbox: "hq", Path: []string{"store"}},
	{Name: "branch", Mailbox: "branch", Path: []string{"store-branch"}},
	{Name: "to-branch", Mailbox: "branch", Path: []string{"store", "link", "store-branch"}},
	{Name: "out", Mailbox: "provider", Path: []string{"store", "gateway-out", "internet"}},
	{Name: "in-again", Mailbox: "provider", Path: []string{"store", "antispam", "gateway-in", "internet"}},
}

func newPost(t *testing.T, routes ...probe.Route) *post {
	probes := probesOf(routes...)
	p := &post{
		t: t, tracker: probe.NewTracker(simBegan, nil), monitor: health.New(probes),
		probes: probes, mailbox: make(map[string]string), route: make(map[probe.ID]string), state: make(map[string]probe.Health), reason: make(map[string]string),
	}
	for _, r := range routes {
		p.mailbox[r.Name] = r.Mailbox
	}
	return p
}

func at(seconds float64) time.Time {
	return simBegan.Add(time.Duration(seconds * float64(time.Second)))
}

// warm makes routes ok, with mail that takes 0.4 s, and gives them a baseline.
func (p *post) warm(routes ...string) {
	p.t.Helper()
	for range 30 {
		for _, r := range routes {
			id := p.send(r, probe.Scheduled, time.Minute)
			p.accept(id)
			p.now += 0.4
			p.arrive(id)
		}
		p.now += 30
	}
	for _, r := range routes {
		if p.state[r] != probe.HealthOK {
			p.t.Fatalf("route %s is %s, want ok", r, p.state[r])
		}
	}
}

func (p *post) tell(f probe.Fact) {
	p.seq++
	for _, c := range p.tracker.Apply(probe.Event{Seq: p.seq, At: at(p.now), Fact: f}) {
		p.changes = append(p.changes, c)
		for _, follows := range p.monitor.Apply(c) {
			changed := follows.(probe.HealthChanged)
			p.state[changed.Route], p.reason[changed.Route] = changed.To, changed.Reason
		}
	}
}

func (p *post) send(route string, purpose probe.Purpose, lateAfter time.Duration) probe.ID {
	p.ids++
	p.route[p.ids] = route
	p.tell(probe.Sending{
		ID: p.ids, Route: route, Purpose: purpose, Mailbox: p.mailbox[route],
		LateAfter: lateAfter, LostAfter: time.Hour, Expect: probe.ExpectDelivered,
	})
	return p.ids
}

// handOver sends a scheduled message, and the server takes it.
func (p *post) handOver(route string) probe.ID {
	id := p.send(route, probe.Scheduled, time.Minute)
	p.accept(id)
	return id
}

func (p *post) accept(id probe.ID) {
	p.tell(probe.Attempted{ID: id, Result: probe.Accepted, Began: at(p.now)})
}

// refuse sends a confirmation along route "in" that the server rejects.
func (p *post) refuse() {
	id := p.send("in", probe.Confirm, time.Second)
	p.tell(probe.Attempted{ID: id, Result: probe.Refused, Reply: &probe.Reply{Code: 554, Text: "no"}, Began: at(p.now)})
}

func (p *post) arrive(ids ...probe.ID) {
	for _, id := range ids {
		p.tell(probe.Seen{ID: id, Mailbox: p.mailbox[p.route[id]], Ref: probe.Ref{Folder: "INBOX"}, Absent: at(p.now - 0.1), Present: at(p.now)})
	}
}

// look looks at a mailbox: deadlines fall due, and what is suspected is told. It is
// asked twice, as it must give the same until it is applied.
func (p *post) look(mailbox string) []probe.Suspected {
	p.t.Helper()
	p.tell(probe.Looked{Mailbox: mailbox, Began: at(p.now), Ended: at(p.now)})
	for _, e := range p.tracker.Due(at(p.now)) {
		p.tell(e.Fact)
	}
	events := p.monitor.Due(at(p.now), mailbox, at(p.now))
	if again := p.monitor.Due(at(p.now), mailbox, at(p.now)); !reflect.DeepEqual(again, events) {
		p.t.Errorf("asked again, what is due is %v, want %v as before", again, events)
	}
	var all []probe.Suspected
	for _, e := range events {
		all = append(all, e.Fact.(probe.Suspected))
	}
	return all
}

// suspect looks, wants one route to be suspected, and takes that in.
func (p *post) suspect(mailbox, route string) probe.Suspected {
	p.t.Helper()
	all := p.look(mailbox)
	if len(all) != 1 || all[0].Route != route {
		p.t.Fatalf("at %v s suspected are %+v, want route %s alone", p.now, all, route)
	}
	p.tell(all[0])
	return all[0]
}

// confirm sends the burst of a suspicion on one route, and has it taken.
func (p *post) confirm(s probe.Suspected, route string) []probe.ID {
	var ids []probe.ID
	for _, c := range s.Confirm {
		for range c.Messages {
			if c.Route == route {
				id := p.send(route, probe.Confirm, c.Within)
				p.accept(id)
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (p *post) wants(route string, want probe.Health) {
	p.t.Helper()
	if got := p.state[route]; got != want {
		p.t.Errorf("at %.1f s route %s is %s (%s), want %s", p.now, route, got, p.reason[route], want)
	}
}

// replayed gives what a fresh monitor says to the same changes.
func (p *post) replayed() []probe.Change {
	m := health.New(p.probes)
	var all []probe.Change
	for _, c := range p.changes {
		all = append(all, m.Apply(c)...)
	}
	return all
}
