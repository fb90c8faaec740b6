package main

import (
	"time"

	"github.com/mailpath/mailpath/probe"
)

// The documents that trace --output json prints.
type (
	journeyJSON struct {
		Route      string        `json:"route"`
		ID         string        `json:"id"`
		Result     string        `json:"result"` // in words; ok when all is well
		Why        string        `json:"why"`
		ExitStatus int           `json:"exit_status"`
		Status     *probe.Status `json:"status"` // null: it has not ended yet
		Place      *probe.Place  `json:"place"`
		Mailbox    *string       `json:"mailbox"`
		Folder     *string       `json:"folder"`
		Tries      int           `json:"tries"`
		Deferred   *float64      `json:"deferred_seconds"`
		Again      *string       `json:"again_at"`
		Answer     *answerJSON   `json:"answer"` // null: nobody answered
		Phases     []phaseJSON   `json:"phases"`
		Latency    *float64      `json:"latency_seconds"`
		LatencyMin *float64      `json:"latency_min_seconds"`
		LatencyMax *float64      `json:"latency_max_seconds"`
		Steps      []stepJSON    `json:"steps"`
		Clocks     []clockJSON   `json:"clocks"`
		Entries    []entryJSON   `json:"entries"`
		Auth       []authJSON    `json:"auth"`
		Altered    []alteredJSON `json:"altered"`
		Copies     int           `json:"copies"`
		Reports    []reportJSON  `json:"reports"`
	}
	answerJSON struct {
		Result  string  `json:"result"`
		Reply   *string `json:"reply"`
		QueueID *string `json:"queue_id"`
		Problem *string `json:"problem"`
	}
	phaseJSON struct {
		Name    string  `json:"name"`
		Seconds float64 `json:"seconds"`
	}
	stepJSON struct {
		Component  *string `json:"component"` // null: we had it
		Host       *string `json:"host"`
		Next       *string `json:"next_component"` // null: it is in the mailbox
		NextHost   *string `json:"next_host"`
		Seconds    float64 `json:"seconds"`
		Min        float64 `json:"min_seconds"`
		Max        float64 `json:"max_seconds"`
		Negative   bool    `json:"negative"`
		Greylisted float64 `json:"greylisted_seconds"`
	}
	clockJSON struct {
		Component string  `json:"component"`
		Host      string  `json:"host"`
		Min       float64 `json:"offset_min_seconds"`
		Max       float64 `json:"offset_max_seconds"`
		Wrong     bool    `json:"wrong"`
	}
	authJSON struct {
		Method string `json:"method"`
		Result string `json:"result"`
	}
	alteredJSON struct {
		Kind  probe.AlterationKind `json:"kind"`
		Text  *string              `json:"text"`
		Meant bool                 `json:"meant"`
	}
	reportJSON struct {
		Kind       probe.ReportKind `json:"kind"`
		Status     *string          `json:"status"`
		Diagnostic *string          `json:"diagnostic"`
		Recipient  *string          `json:"recipient"`
		Reporting  *string          `json:"reporting"`
		Remote     *string          `json:"remote"`
		FoundIn    string           `json:"found_in"`
	}
)

// document is all that is known, for a machine.
func (j *journey) document(v roundVerdict) journeyJSON {
	d := journeyJSON{
		Route: j.probe.Route.Name, Result: v.result, Why: v.why, ExitStatus: v.status, Entries: j.way().entries(),
		Phases: []phaseJSON{}, Steps: []stepJSON{}, Clocks: []clockJSON{}, Auth: []authJSON{}, // never null
		Altered: []alteredJSON{}, Reports: []reportJSON{}, Tries: j.tries, Copies: j.copies,
	}
	if j.message.Route != "" {
		d.ID = j.message.ID.String()
	}
	if a := j.attempt; a != nil {
		d.Answer = &answerJSON{Result: a.Result.String(), Problem: orNull(a.Problem)}
		if a.Reply != nil {
			d.Answer.Reply, d.Answer.QueueID = orNull(a.Reply.String()), orNull(a.Reply.QueueID)
		}
		for _, p := range a.Phases {
			d.Phases = append(d.Phases, phaseJSON{p.Name, p.Took.Seconds()})
		}
	}
	for _, s := range j.steps() {
		d.Steps = append(d.Steps, stepJSON{
			orNull(s.Component), orNull(s.Host), orNull(s.Next), orNull(s.NextHost),
			s.Middle.Seconds(), s.Took.Min.Seconds(), s.Took.Max.Seconds(), s.Negative, s.Greylisted.Seconds(),
		})
	}
	for _, c := range j.clocks() {
		d.Clocks = append(d.Clocks, clockJSON{c.Component, c.Host, c.Offset.Min.Seconds(), c.Offset.Max.Seconds(), c.Off()})
	}
	for _, r := range j.reports {
		d.Reports = append(d.Reports, reportJSON{
			r.Report.Kind, orNull(r.Report.Status), orNull(r.Report.Diagnostic), orNull(r.Report.Recipient), orNull(r.Report.Reporting), orNull(r.Report.Remote), r.Mailbox,
		})
	}
	if !j.again.IsZero() && j.outcome == nil {
		d.Again = new(j.again.UTC().Format(time.RFC3339Nano))
	}
	d.end(j.outcome)
	return d
}

// end tells how the message ended, if it has.
func (d *journeyJSON) end(o *probe.Outcome) {
	if o == nil {
		return
	}
	d.Status = &o.Status
	if o.Tries > 1 {
		d.Deferred = new(o.Deferred.Seconds())
	}
	if o.Status.Arrived() {
		latency, shortest, longest := o.Observed.Seconds(), o.Latency.Min.Seconds(), o.Latency.Max.Seconds()
		d.Place, d.Folder, d.Latency, d.LatencyMin, d.LatencyMax = &o.Place, &o.Folder, &latency, &shortest, &longest
		d.Mailbox = orNull(o.Mailbox)
	}
	for _, a := range o.Altered {
		d.Altered = append(d.Altered, alteredJSON{a.Kind, orNull(a.Text), a.Meant})
	}
	for _, a := range o.Trail.Auth {
		d.Auth = append(d.Auth, authJSON(a))
	}
}
