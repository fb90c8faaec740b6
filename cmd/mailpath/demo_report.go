package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// demoReport is what a demo has shown.
type demoReport struct {
	Started time.Time              `json:"started"`
	Faults  []fault                `json:"faults"`
	Routes  map[string]routeReport `json:"routes"`
	// Verdicts: which component was most likely broken, each time that became another one.
	Verdicts []verdictReport `json:"verdicts"`
	// Recoveries: the ends of troubles.
	Recoveries []recoveryReport `json:"recoveries"`
	// Incidents: what people were told, as in /api/v1/status, the newest first.
	Incidents []situation.Incident `json:"incidents"`
	// ConservationOK: in every scrape, sent + adopted = outcomes + in flight.
	ConservationOK bool `json:"conservation_ok"`

	// Problems: what did not go as the story should.
	Problems []string `json:"problems,omitempty"`

	names   []string
	scrapes int
}

// routeReport is one route's part.
type routeReport struct {
	Direction probe.Direction      `json:"direction"`
	Sent      int                  `json:"sent"`
	Outcomes  map[probe.Status]int `json:"outcomes"`
	InFlight  int                  `json:"in_flight"`
	Latency   *spread              `json:"latency_seconds,omitempty"` // of the messages that arrived
	Health    []healthReport       `json:"health"`

	longestDelay time.Duration
}

// spread is a distribution in three numbers, in seconds.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// verdictReport is one verdict, with the suspect that leads.
type verdictReport struct {
	Time       time.Time `json:"time"`
	Component  string    `json:"component"`  // several, joined by commas: they cannot be told apart
	Confidence float64   `json:"confidence"` // from 0 to 1
	Sentence   string    `json:"sentence"`
	Reasons    []string  `json:"reasons"`
}

// recoveryReport is the end of a trouble.
type recoveryReport struct {
	Time       time.Time `json:"time"`
	Since      time.Time `json:"since"`
	Components []string  `json:"components"`
	Longest    float64   `json:"longest_delay_seconds"`
	Late       int       `json:"late"`
	Lost       int       `json:"lost"`
	WaitedAt   []string  `json:"waited_at"` // where all late mail has waited, by its hops; empty: not at one place, or nobody knows
	Sentence   string    `json:"sentence"`
}

// judge adds what was said of components.
func (r *demoReport) judge(verdicts []diagnosis.Diagnosed, recoveries []diagnosis.Recovered) {
	for _, v := range verdicts {
		for i, d := range v.Diagnoses {
			if i == 0 || d.Confidence >= worthSaying {
				r.Verdicts = append(r.Verdicts, verdictReport{v.At, strings.Join(d.Components, ","), d.Confidence, d.Sentence, d.Reasons})
			}
		}
	}
	for _, c := range recoveries {
		r.Recoveries = append(r.Recoveries, recoveryReport{c.At, c.Since, c.Components, c.Longest.Seconds(), c.Late, c.Lost, append([]string{}, c.WaitedAt...), c.Sentence})
	}
}

// healthReport is one change of a route's health.
type healthReport struct {
	Time   time.Time    `json:"time"`
	From   probe.Health `json:"from"`
	To     probe.Health `json:"to"`
	Reason string       `json:"reason"`
}

// report says what the demo has shown so far.
func (d *demo) report() demoReport {
	r := demoReport{
		Started: d.started, Faults: d.faults, Routes: make(map[string]routeReport),
		ConservationOK: d.scrapes.conserved(), scrapes: d.scrapes.count,
		Problems: slices.Concat(d.problems, d.scrapes.problems),
	}
	r.Verdicts, r.Recoveries = []verdictReport{}, []recoveryReport{}
	r.judge(d.board.told())
	r.Incidents = append([]situation.Incident{}, d.people.board.Incidents(d.started)...)
	d.board.each(func(route string, row *row) {
		r.names = append(r.names, route)
		r.Routes[route] = row.report()
		if n := row.outcomes[probe.Lost]; n > 0 {
			r.Problems = append(r.Problems, fmt.Sprintf("%d messages were lost on %s", n, route))
		}
	})
	return r
}

func (r *row) report() routeReport {
	report := routeReport{Direction: r.direction, Sent: r.sent, Outcomes: make(map[probe.Status]int), InFlight: r.unsettled, longestDelay: r.late}
	for _, s := range probe.Statuses {
		report.Outcomes[s] = r.outcomes[s]
	}
	if len(r.latencies) > 0 {
		report.Latency = &spread{
			Min: slices.Min(r.latencies).Seconds(), Median: r.median().Seconds(), Max: slices.Max(r.latencies).Seconds(),
		}
	}
	for _, c := range r.changes {
		report.Health = append(report.Health, healthReport{Time: c.At, From: c.From, To: c.To, Reason: c.Reason})
	}
	return report
}

func (r demoReport) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
