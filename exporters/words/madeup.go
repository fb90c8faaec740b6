package words

import (
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// example is a made-up situation, with which templates are tried before anything happens.
type example struct {
	name string
	situation.Situation
}

// examples are situations of every kind: an outage from its first minute to the next day,
// and what else there is.
func examples() []example {
	return append(story(), cases()...)
}

// minute is the time of day in the example's day, so many minutes after 00:00 in Berlin.
func minute(hour, min int) time.Time { return time.Date(2026, 11, 24, hour-1, min, 12, 0, time.UTC) }

// story is that of a gateway whose filter stops.
func story() []example {
	identified := func(i *situation.Incident) {
		i.State, i.Confidence, i.Sentence = probe.Identified, 0.93, "The break is at the gateway's inbound filter."
		i.Components = []situation.Named{{Name: "gateway-in", Title: "the gateway's inbound filter"}}
		i.Reasons = []string{"outside-to-hq is broken, and past-av-to-hq, which enters behind it, is not", "It answers 250 and nothing arrives."}
		i.Figures = situation.Figures{Messages: 22, Missed: 19, Overdue: 19}
		i.NextUpdate = minute(9, 0)
		i.Timeline = append(i.Timeline, situation.Entry{At: minute(8, 44), Step: probe.IncidentJudged, State: i.State, Routes: i.Broken, Components: i.Components, Confidence: i.Confidence, Sentence: i.Sentence})
	}
	updated := func(i *situation.Incident) {
		identified(i)
		i.Updates = []situation.Update{
			{At: minute(8, 46), Text: "The vendor has been called.", By: "anna", Next: minute(9, 0)},
			{At: minute(8, 58), Text: "Vendor patch is being installed.", By: "anna", Next: minute(9, 15)},
		}
		i.NextUpdate, i.Figures.Held = minute(9, 15), 12
	}
	monitoring := func(i *situation.Incident) {
		updated(i)
		i.State, i.Broken, i.Repaired = probe.Monitoring, nil, minute(9, 28)
		i.Figures = situation.Figures{Messages: 94, Missed: 90, Overdue: 33, Late: 57, Longest: 2790}
		i.NextUpdate = minute(9, 45)
		i.Timeline = append(i.Timeline, situation.Entry{At: minute(9, 28), Step: probe.IncidentRepaired, State: i.State})
	}
	resolved := func(i *situation.Incident) {
		monitoring(i)
		i.State, i.Drained, i.Ended, i.NextUpdate = probe.Resolved, minute(9, 33), minute(9, 38), time.Time{}
		i.Figures = situation.Figures{Messages: 94, Missed: 90, Late: 90, Longest: 2790}
		i.Timeline = append(i.Timeline,
			situation.Entry{At: minute(9, 33), Step: probe.IncidentDrained, State: probe.Monitoring},
			situation.Entry{At: minute(9, 38), Step: probe.IncidentResolved, State: i.State})
	}
	return []example{
		{"01-healthy", situationAt(minute(8, 40))},
		{"02-investigating", outage(minute(8, 43), situation.MajorOutage, nil)},
		{"03-identified", outage(minute(8, 45), situation.MajorOutage, identified)},
		{"04-updated", outage(minute(8, 59), situation.MajorOutage, updated)},
		{"05-overdue", outage(minute(9, 20), situation.MajorOutage, updated)},
		{"06-monitoring", outage(minute(9, 30), situation.Operational, monitoring)},
		{"07-resolved", outage(minute(9, 40), situation.Operational, resolved)},
		{"08-next-day", outage(minute(32, 40), situation.Operational, resolved)},
	}
}

// situationAt is one in which all is well.
func situationAt(at time.Time) situation.Situation {
	s := situation.Situation{
		At: at, Company: "Example Ltd", Contact: "the service desk, extension 100", URL: "https://status.example.com/",
		Site: "hq", Prober: "hq-1", TimeZone: "Europe/Berlin", Condition: situation.Operational,
	}
	for n, d := range probe.Directions {
		name := map[probe.Direction]string{probe.Inbound: "outside-to-hq", probe.Internal: "inside-hq", probe.SiteToSite: "hq-to-branch", probe.Outbound: "hq-to-outside", probe.Mobile: "hq-phone"}[d]
		good := at.Add(-time.Duration(20+n) * time.Second)
		s.Directions = append(s.Directions, situation.Direction{
			Direction: d, Condition: situation.Operational, Since: at.Add(-100 * time.Hour), LastGood: good, Usual: 4,
			Latency: []situation.Point{{At: at.Add(-time.Minute), Median: 4, Worst: 5, Count: 2}},
			Days:    []situation.Day{{Date: "2026-11-24", Condition: situation.Operational, Events: 120}},
			Routes:  []situation.Route{{Name: name, Mailbox: "hq", Path: []string{"gateway-in", "store-hq"}, Health: probe.HealthOK, Since: at.Add(-100 * time.Hour), LastArrival: good}},
		})
	}
	s.Components = []situation.Component{
		{Name: "gateway-in", Title: "the gateway's inbound filter", State: situation.ComponentWorks},
		{Name: "store-hq", Title: "the mailbox server at headquarters", State: situation.ComponentWorks},
	}
	return s
}

// outage is one in which mail from outside is in a condition, with an incident.
func outage(at time.Time, c situation.Condition, change func(*situation.Incident)) situation.Situation {
	s := situationAt(at)
	s.Condition = c
	i := situation.Incident{
		ID: "2026-11-24-0841", State: probe.Investigating, Began: minute(8, 41), Opened: minute(8, 42), Changed: minute(8, 42), NextUpdate: minute(8, 57),
		Directions: []probe.Direction{probe.Inbound}, Routes: []string{"outside-to-hq"}, Broken: []string{"outside-to-hq"},
		Figures:  situation.Figures{Messages: 7, Missed: 3, Overdue: 3},
		Timeline: []situation.Entry{{At: minute(8, 42), Step: probe.IncidentOpened, State: probe.Investigating, Routes: []string{"outside-to-hq"}}},
	}
	if change != nil {
		change(&i)
	}
	s.Incidents = []situation.Incident{i}
	if i.Open() {
		s.Directions[0].Incidents = []string{i.ID}
	}
	if c != situation.Operational {
		fail(&s, 0, c)
		s.Components[0].State, s.Components[0].Probability = situation.ComponentSuspected, 0.6
		s.Components[0].Findings = []situation.Finding{{Check: "smtp", Target: "mx1.example.com:25", Reason: "the banner came after 31 s, want 10 s at most", Advice: "look at the load of the filter", Since: minute(8, 41)}}
	}
	return s
}

// fail puts a direction into a condition.
func fail(s *situation.Situation, n int, c situation.Condition) {
	d := &s.Directions[n]
	d.Condition, d.Since, d.LastGood = c, minute(8, 42), minute(8, 40)
	s.Condition = c
	r := &d.Routes[0]
	r.Since, r.LastArrival, r.InFlight, r.Overdue, r.Reason = minute(8, 42), minute(8, 40), 7, 3, "3 of 3 messages did not arrive within 60s"
	r.Health = probe.HealthBroken
	if c == situation.Degraded {
		r.Health, r.Overdue, r.Reason = probe.HealthSlow, 0, "messages take 4m10s, usually 4s"
		d.Latency = []situation.Point{{At: minute(8, 40), Median: 250, Worst: 400, Count: 2}, {At: minute(8, 42)}}
	}
}
