package probetest

import (
	"fmt"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// TrafficPerMessage is how many events Traffic gives.
const TrafficPerMessage = 4

// TrafficRoutes are the routes of Traffic, TrafficMailboxes its mailboxes.
const (
	TrafficRoutes    = 10
	TrafficMailboxes = 3
)

// TrafficRoute is the n-th route of Traffic.
func TrafficRoute(n int) probe.Route {
	return probe.Route{
		Name: fmt.Sprintf("outside-to-hq@mx%d", n), Direction: probe.Inbound, Sender: fmt.Sprintf("outside@mx%d", n), Mailbox: fmt.Sprintf("hq-%d", n%TrafficMailboxes),
		From: "mailpath@provider.example", To: "mailpath-in@example.com",
	}
}

// Traffic gives the events of the n-th message of a prober that runs well: one every
// 30 seconds on each of its routes, from a time on.
func Traffic(from time.Time, n int) []probe.Event {
	at := from.Add(time.Duration(n) * 3 * time.Second)
	id := probe.ID(uint64(n+1) * 0x9E3779B97F4A7C15)
	route := TrafficRoute(n % TrafficRoutes)
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	var phases []probe.Phase
	for i, name := range []string{"dns", "connect", "banner", "ehlo", "tls", "auth", "mail", "rcpt", "data", "reply"} {
		phases = append(phases, probe.Phase{Name: name, Took: ms(1.234567 + float64(i) + float64(n%97)/10)})
	}
	sent, seen := at.Add(ms(4.2)), at.Add(ms(850))
	queueID := fmt.Sprintf("4MRb%08X", uint32(n)*2654435761)
	facts := [TrafficPerMessage]probe.Fact{
		probe.Sending{ID: id, Route: route.Name, Payload: "plain", Purpose: probe.Scheduled, Slot: at, Sender: route.Sender, Mailbox: route.Mailbox,
			LateAfter: time.Minute, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered},
		probe.Attempted{ID: id, Result: probe.Accepted, Began: sent, Phases: phases,
			Reply: &probe.Reply{Code: 250, Enhanced: "2.0.0", Text: "Ok: queued as " + queueID, QueueID: queueID}},
		probe.Seen{ID: id, Tag: probe.Tag{ID: id, Full: true, Prober: "hq-1", Route: route.Name, Payload: "plain", Purpose: probe.Scheduled, Slot: at, Sent: sent, Interval: 30 * time.Second},
			Carrier: probe.InHeader, Mailbox: route.Mailbox, Ref: probe.Ref{Folder: "INBOX", UIDValidity: 1795423260, UID: uint32(n + 1)},
			Absent: at.Add(ms(700)), Present: seen, Internal: at.Truncate(time.Second), Chain: uint64(id) ^ 0x5bd1e995,
			Trail: probe.Trail{Hops: trafficHops(at), Auth: []probe.AuthResult{{Method: "spf", Result: "pass"}, {Method: "dkim", Result: "pass"}, {Method: "dmarc", Result: "pass"}}}},
		probe.Looked{Mailbox: route.Mailbox, Began: at.Add(ms(800)), Ended: seen, Looks: 40},
	}
	events := make([]probe.Event, len(facts))
	for i, f := range facts {
		events[i] = probe.Event{At: at.Add(time.Duration(i) * 300 * time.Millisecond), Fact: f}
	}
	return events
}

// trafficHops is the way of a message that has gone from a provider through a gateway and
// a filter to the mailbox server.
func trafficHops(at time.Time) []probe.Hop {
	var hops []probe.Hop
	for _, host := range []string{"smtp.provider.example", "mx1.example.com", "antispam.example.com", "imap.hq.example.com"} {
		hops = append(hops, probe.Hop{By: host, At: at.Truncate(time.Second), Resolution: time.Second, Source: "received"})
	}
	return hops
}
