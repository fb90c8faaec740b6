package prom_test

import (
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
)

func TestWhatPeopleAreToldIsExported(t *testing.T) {
	clock := probe.NewClock()
	now := clock.Now()
	e := prom.New(configOf(clock, 10, probeOf(outside), probeOf(inside)))
	origin := func(seq probe.Seq) probe.Origin { return probe.Origin{Seq: seq, At: now} }
	incident := probe.IncidentChanged{ID: "a", Step: probe.IncidentOpened, State: probe.Investigating, Next: now.Add(20 * time.Minute)}
	e.Export(probe.IncidentTold{Origin: origin(3), IncidentChanged: incident}) // a replay moves gauges
	e.Export(probe.MaintenanceTold{Origin: origin(4), Maintenance: probe.Maintenance{ID: "m", From: now.Add(-time.Minute), Until: now.Add(time.Hour), Routes: []string{outside.Name}}})
	e.Export(probe.MaintenanceTold{Origin: origin(5), Maintenance: probe.Maintenance{ID: "n", From: now.Add(time.Hour), Until: now.Add(2 * time.Hour)}})
	expect := func(says, family, route string, want float64) {
		t.Helper()
		for labels, got := range scrape(t, e)[family] {
			if (route == "" || labels == route) && (got < want-0.001 || got > want+0.001) {
				t.Errorf("%s: %s %s: got %v, want %v", says, family, labels, got, want)
			}
		}
		if len(scrape(t, e)[family]) == 0 {
			t.Errorf("%s: got no %s", says, family)
		}
	}
	unix := func(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }
	expect("opened", "incident_open", "", 1)
	expect("opened", "incident_next_update_timestamp_seconds", "", unix(incident.Next))
	e.Export(probe.Noted{Origin: probe.Origin{Seq: 11, At: now.Add(time.Minute)}, Note: probe.Note{Incident: "a", Text: "we look", Next: now.Add(5 * time.Minute)}})
	expect("noted", "incident_next_update_timestamp_seconds", "", unix(now.Add(5*time.Minute)))
	expect("noted", "incident_last_update_timestamp_seconds", "", unix(now.Add(time.Minute)))
	sum := 0.0
	for _, value := range scrape(t, e)["maintenance"] {
		sum += value
	}
	if got := len(scrape(t, e)["maintenance"]); sum != 1 || got != 2 {
		t.Errorf("got %v routes in maintenance of %d, want one of two", sum, got)
	}
	incident.Step, incident.State, incident.Ended = probe.IncidentResolved, probe.Resolved, now
	e.Export(probe.IncidentTold{Origin: origin(12), IncidentChanged: incident})
	expect("over", "incident_open", "", 0)
	expect("over", "incident_next_update_timestamp_seconds", "", 0)
	expect("over", "incident_last_update_timestamp_seconds", "", 0)
}
