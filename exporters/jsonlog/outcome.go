package jsonlog

import (
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// message says which test message a line is about.
type message struct {
	ID      probe.ID      `json:"id"`
	Route   string        `json:"route"`
	Payload string        `json:"payload"`
	Purpose probe.Purpose `json:"purpose"`
	Mailbox string        `json:"mailbox"`
	Slot    *moment       `json:"slot,omitempty"`
}

// outcome is the one line that each message gets in the end.
type outcome struct {
	head
	message
	Status  probe.Status  `json:"status"`
	Verdict probe.Verdict `json:"verdict"` // the outcome held against the expectation
	*arrival
	*attempt
	Tries          int               `json:"tries,omitempty"`
	Deferred       float64           `json:"deferred_seconds,omitempty"` // from the first try to the last
	Report         *report           `json:"report,omitempty"`           // that ended it
	Hops           []hop             `json:"hops,omitempty"`
	Authentication map[string]string `json:"authentication,omitempty"` // result by method
	Adopted        bool              `json:"adopted,omitempty"`
	Orphaned       bool              `json:"orphaned,omitempty"`
}

// arrival is what is known of a message that arrived.
type arrival struct {
	Latency    float64       `json:"latency_seconds"`
	LatencyMin float64       `json:"latency_min_seconds"`
	LatencyMax float64       `json:"latency_max_seconds"`
	Source     probe.Source  `json:"latency_source,omitempty"`
	Place      probe.Place   `json:"place,omitempty"`
	Folder     string        `json:"folder,omitempty"`
	FoundIn    string        `json:"found_in,omitempty"` // mailbox, where it is not the message's own
	Carrier    probe.Carrier `json:"carrier,omitempty"`
	OutOfOrder bool          `json:"out_of_order,omitempty"`
	Altered    []alteration  `json:"altered,omitempty"`
}

// alteration is something that was changed in a message on its way.
type alteration struct {
	Kind  probe.AlterationKind `json:"kind"`
	Text  string               `json:"text,omitempty"`
	Meant bool                 `json:"meant"`
}

// attempt is what is known of the handing over, when it was seen to end.
type attempt struct {
	Sent    moment             `json:"sent"` // just before the dial
	Delay   *float64           `json:"schedule_delay_seconds,omitempty"`
	Phases  map[string]float64 `json:"phases_seconds,omitempty"`
	Reply   string             `json:"reply,omitempty"`
	QueueID string             `json:"queue_id,omitempty"`
	Problem string             `json:"problem,omitempty"`
}

// hop is the way from one server's stamp to the next, as long as the first one had the
// message.
type hop struct {
	Component  string  `json:"component,omitempty"` // empty: we had it
	Host       string  `json:"host,omitempty"`
	TookMin    float64 `json:"took_min_seconds"`
	TookMax    float64 `json:"took_max_seconds"`
	Next       string  `json:"next,omitempty"` // component; empty: it is in the mailbox
	Greylisted float64 `json:"greylisted_seconds,omitempty"`
	Negative   bool    `json:"negative,omitempty"`
}

func messageOf(m probe.Sending) message {
	return message{
		ID: m.ID, Route: m.Route, Payload: m.Payload, Purpose: m.Purpose, Mailbox: m.Mailbox, Slot: knownMoment(m.Slot),
	}
}

func outcomeOf(h head, c probe.Settled) *outcome {
	o := c.Outcome
	line := &outcome{
		head: h, message: messageOf(c.Message),
		Status: o.Status, Verdict: c.Message.Expect.Judge(o), Adopted: o.Adopted, Orphaned: o.Orphaned,
		Tries: o.Tries, Deferred: o.Deferred.Seconds(),
	}
	if o.Status.Arrived() {
		line.arrival = arrivalOf(c.Message, o)
	}
	if o.Report != nil {
		line.Report = new(report(*o.Report))
	}
	if o.Attempt != nil {
		line.attempt = attemptOf(c.Message, o.Attempt)
	}
	for _, r := range o.Trail.Auth {
		if line.Authentication == nil {
			line.Authentication = make(map[string]string, len(o.Trail.Auth))
		}
		line.Authentication[r.Method] = r.Result
	}
	return line
}

func arrivalOf(m probe.Sending, o probe.Outcome) *arrival {
	a := &arrival{
		Latency: o.Observed.Seconds(), LatencyMin: o.Latency.Min.Seconds(), LatencyMax: o.Latency.Max.Seconds(),
		Source: o.Source, Place: o.Place, Folder: o.Folder, Carrier: o.Carrier, OutOfOrder: o.Reordered,
	}
	if o.Mailbox != m.Mailbox {
		a.FoundIn = o.Mailbox
	}
	for _, x := range o.Altered {
		a.Altered = append(a.Altered, alteration(x))
	}
	return a
}

func attemptOf(m probe.Sending, a *probe.Attempted) *attempt {
	line := &attempt{Sent: moment(a.Began), Problem: a.Problem}
	if m.Purpose == probe.Scheduled { // the others have no slot to be late for
		delay := a.Began.Sub(m.Slot).Seconds()
		line.Delay = &delay
	}
	for _, p := range a.Phases {
		if line.Phases == nil {
			line.Phases = make(map[string]float64, len(a.Phases))
		}
		line.Phases[p.Name] += p.Took.Seconds() // a phase may come twice: EHLO before and after STARTTLS
	}
	if a.Reply != nil {
		line.Reply, line.QueueID = a.Reply.String(), a.Reply.QueueID
	}
	return line
}

func hopsOf(steps []trace.Step) []hop {
	var hops []hop
	for _, s := range steps {
		hops = append(hops, hop{
			Component: s.Component, Host: s.Host, TookMin: s.Took.Min.Seconds(), TookMax: s.Took.Max.Seconds(), Next: s.Next,
			Greylisted: s.Greylisted.Seconds(), Negative: s.Negative,
		})
	}
	return hops
}
