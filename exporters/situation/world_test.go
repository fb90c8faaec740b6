package situation_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

var start = time.Date(2026, 11, 24, 8, 40, 0, 0, time.UTC)

// world is a board that is told changes, in a synctest bubble.
type world struct {
	*situation.Board
	clock probe.Clock
	seq   probe.Seq
	book  *book
}

// book is a book of incidents that are set by hand.
type book struct {
	all           []incident.Incident // the newest first
	announcements []incident.Update
	told          []probe.Change
}

func (b *book) Apply(c probe.Change) bool {
	switch c.(type) {
	case probe.Noted, probe.MaintenanceTold, probe.IncidentTold:
		b.told = append(b.told, c)
	}
	return false
}
func (b *book) Open() (open []incident.Incident) {
	for n := range b.all {
		if i := b.all[len(b.all)-1-n]; i.Open() {
			open = append(open, i)
		}
	}
	return open
}
func (b *book) Incidents(since time.Time) (some []incident.Incident) {
	for _, i := range b.all {
		if i.Open() || !i.Ended.Before(since) {
			some = append(some, i)
		}
	}
	return some
}
func (b *book) Incident(id string) (incident.Incident, bool) {
	for _, i := range b.all {
		if i.ID == id {
			return i, true
		}
	}
	return incident.Incident{}, false
}
func (b *book) Announcements(time.Time) []incident.Update { return b.announcements }

// probesOf are probes of the routes of the story: two ways in, of which one has a
// shortcut, and one inside.
func probesOf() []probe.Probe {
	routes := []probe.Route{
		{Name: "inside-hq", Direction: probe.Internal, Mailbox: "hq", Path: []string{"store-hq"}},
		{Name: "past-av-to-hq", Direction: probe.Inbound, Mailbox: "hq", Path: []string{"antispam", "store-hq"}},
		{Name: "outside-to-hq", Direction: probe.Inbound, Mailbox: "hq", Path: []string{"internet", "gateway-in", "antispam", "store-hq"}},
		{Name: "outside-to-branch", Direction: probe.Inbound, Mailbox: "branch", Path: []string{"internet", "gateway-in", "store-branch"}},
	}
	var all []probe.Probe
	for _, r := range routes {
		all = append(all, probe.Probe{
			Route: r, Payload: payload.Plain(), Every: 30 * time.Second, LateAfter: time.Minute, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered,
		})
	}
	return all
}

func topologyOf(probes []probe.Probe) diagnosis.Topology {
	t := diagnosis.Topology{Components: []diagnosis.Component{{Name: "store-hq", Title: "the mailbox \u202eserver"}, {Name: "gateway-in", Title: "the gateway's inbound filter"}}}
	for _, p := range probes {
		t.Routes = append(t.Routes, diagnosis.Route{Name: p.Route.Name, Path: p.Route.Path, Direction: p.Route.Direction, Mailbox: p.Route.Mailbox})
	}
	return t
}

// bubble runs a test in a bubble that begins at start, with a change to the configuration.
func bubble(t *testing.T, adapt func(*situation.Config), f func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		clock := probe.NewClockOver(func() time.Time { return start })
		cfg := situation.Config{Clock: clock, Probes: probesOf(), Topology: topologyOf(probesOf()), Zone: time.UTC, Prober: "hq-1"}
		if adapt != nil {
			adapt(&cfg)
		}
		w := &world{Board: situation.NewBoard(cfg), clock: clock, book: new(book)}
		w.With(w.book)
		f(t, w)
	})
}

func (w *world) origin() probe.Origin {
	w.seq++
	return probe.Origin{Seq: w.seq, At: w.clock.Now()}
}

func (w *world) health(route string, to probe.Health) {
	w.Export(probe.HealthChanged{Origin: w.origin(), Route: route, To: to, Reason: "said \u202eso\n\n"})
}

// send puts a message of a route on its way, sent at its slot, now.
func (w *world) send(route string) probe.Sending {
	o := w.origin()
	m := probe.Sending{ID: probe.ID(o.Seq), Route: route, Purpose: probe.Scheduled, Slot: o.At, Mailbox: "hq", Expect: probe.ExpectDelivered}
	w.Export(probe.Sent{Origin: o, Message: m})
	return m
}

// arrive is the arrival of a message, now.
func (w *world) arrive(m probe.Sending, status probe.Status, missed bool) {
	took := w.clock.Since(m.Slot)
	w.Export(probe.Settled{Origin: w.origin(), Message: m, Outcome: probe.Outcome{
		Status: status, Began: m.Slot, Latency: probe.Interval{Max: took}, Observed: took, Source: probe.ByLook, Place: probe.Inbox, Tries: 1, Missed: missed, Counted: missed,
	}})
}

func (w *world) window(id string, from, until time.Duration, routes ...string) {
	w.Export(probe.MaintenanceTold{Origin: w.origin(), Maintenance: probe.Maintenance{
		ID: id, From: start.Add(from), Until: start.Add(until), Routes: routes, Text: "Patch <b>\r\nday", By: "op",
	}})
}

func directionOf(t *testing.T, s situation.Situation, name probe.Direction) situation.Direction {
	t.Helper()
	for _, d := range s.Directions {
		if d.Direction == name {
			return d
		}
	}
	t.Fatalf("got no direction %s in %+v", name, s.Directions)
	return situation.Direction{}
}

// told tells whether a channel of Changed is closed.
func told(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
