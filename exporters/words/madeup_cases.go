package words

import (
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// cases are the situations beside the story.
func cases() []example {
	at := minute(9, 0)
	changed := func(change func(*situation.Situation)) situation.Situation {
		s := situationAt(at)
		change(&s)
		return s
	}
	return []example{
		{"20-nothing", situation.Situation{At: at}},
		{"21-nothing-known", changed(unknown)},
		{"22-blind", changed(func(s *situation.Situation) { blind(s, 0) })},
		{"23-blind-in-incident", blindInIncident(at)},
		{"24-partial", outage(at, situation.PartialOutage, nil)},
		{"25-slow", changed(func(s *situation.Situation) { fail(s, 0, situation.Degraded) })},
		{"26-several-suspects", outage(at, situation.MajorOutage, suspects)},
		{"27-lost", outage(at, situation.MajorOutage, func(i *situation.Incident) {
			i.Figures = situation.Figures{Messages: 94, Missed: 90, Overdue: 80, Lost: 3, Late: 5, Refused: 2, Bounced: 1, Longest: 600}
		})},
		{"28-resolved-with-losses", outage(at, situation.Operational, func(i *situation.Incident) {
			i.State, i.Repaired, i.Ended, i.NextUpdate = probe.Resolved, minute(8, 55), minute(8, 59), time.Time{}
			i.Figures = situation.Figures{Messages: 94, Missed: 13, Refused: 12, Lost: 1, Bounced: 1}
		})},
		{"29-two-incidents", changed(two)},
		{"30-everything-broken", changed(func(s *situation.Situation) {
			for n := range s.Directions {
				fail(s, n, situation.MajorOutage)
			}
		})},
		{"31-one-direction", changed(func(s *situation.Situation) { s.Directions = s.Directions[:1] })},
		{"32-signs", outage(at, situation.Operational, func(i *situation.Incident) { i.Broken = []string{"past-av-to-hq"} })},
		{"40-maintenance-announced", changed(func(s *situation.Situation) { maintain(s, minute(44, 0), minute(46, 0)) })},
		{"41-maintenance-running", changed(func(s *situation.Situation) { maintain(s, minute(8, 0), minute(10, 0)) })},
		{"42-maintenance-over", changed(func(s *situation.Situation) { maintain(s, minute(7, 0), minute(8, 30)) })},
		{"43-announcement", changed(func(s *situation.Situation) {
			s.Announcements = []situation.Update{{At: minute(8, 30), Text: "The spam filter gets new rules today.", By: "ben"}}
		})},
		{"50-hostile", outage(at, situation.MajorOutage, hostile)},
		{"51-yesterday", outage(minute(25, 10), situation.MajorOutage, nil)},
	}
}

func unknown(s *situation.Situation) {
	s.Condition, s.Troubles = situation.Unknown, []situation.Trouble{situation.TroubleNotYet}
	for n := range s.Directions {
		d := &s.Directions[n]
		d.Condition, d.Since, d.LastGood, d.Usual, d.Latency = situation.Unknown, time.Time{}, time.Time{}, 0, nil
		d.Routes[0].Health, d.Routes[0].Since, d.Routes[0].LastArrival = probe.HealthUnknown, time.Time{}, time.Time{}
	}
}

func blind(s *situation.Situation, n int) {
	d := &s.Directions[n]
	d.Blind, d.LastGood = true, minute(8, 40)
	d.Routes[0].Health, d.Routes[0].Reason = probe.HealthBlind, "imap.example.com:993: connection refused"
	s.Troubles = []situation.Trouble{situation.TroubleBlind}
}

func blindInIncident(at time.Time) situation.Situation {
	s := outage(at, situation.MajorOutage, nil)
	blind(&s, 0)
	return s
}

func suspects(i *situation.Incident) {
	i.State, i.Confidence, i.Sentence = probe.Investigating, 0.45, "The break is at the gateway's inbound filter or the anti-spam filter."
	i.Components = []situation.Named{{Name: "gateway-in", Title: "the gateway's inbound filter"}, {Name: "antispam", Title: "the anti-spam filter"}}
	i.Reasons = []string{"The routes cannot tell the two apart."}
	i.Figures.Late = 2
}

// two is an outage of mail from outside, and another of mail between sites.
func two(s *situation.Situation) {
	*s = outage(s.At, situation.MajorOutage, func(i *situation.Incident) {
		i.Updates = []situation.Update{{At: minute(8, 50), Text: "The vendor has been called.", By: "anna", Next: minute(9, 5)}}
		i.NextUpdate = minute(9, 5)
	})
	fail(s, 2, situation.MajorOutage)
	s.Incidents = append(s.Incidents, situation.Incident{
		ID: "2026-11-24-0852", State: probe.Identified, Began: minute(8, 52), Opened: minute(8, 53), Changed: minute(8, 54),
		Directions: []probe.Direction{probe.SiteToSite}, Routes: []string{"hq-to-branch"}, Broken: []string{"hq-to-branch"},
		Components: []situation.Named{{Name: "link-branch", Title: "the link to the branch office"}}, Confidence: 0.97,
		Sentence: "The break is at the link to the branch office.", Figures: situation.Figures{Messages: 16, Missed: 1, Overdue: 1},
	})
	s.Directions[2].Incidents = []string{"2026-11-24-0852"}
}

func maintain(s *situation.Situation, from, until time.Time) {
	m := situation.Maintenance{
		ID: "m1", From: from, Until: until, Now: !from.After(s.At) && s.At.Before(until),
		Directions: []probe.Direction{probe.Inbound, probe.Outbound}, Routes: []string{"outside-to-hq", "hq-to-outside"}, Text: "The gateway gets a new version.", By: "ben",
	}
	s.Maintenance = []situation.Maintenance{m}
	if m.Now {
		for _, n := range []int{0, 3} {
			s.Directions[n].Condition, s.Directions[n].Maintenance = situation.UnderMaintenance, true
		}
		s.Condition = situation.UnderMaintenance
	}
}

// hostile is what somebody may write who means harm.
func hostile(i *situation.Incident) {
	text := "<script>alert(1)</script>\r\nNext update at 23:59.\n\n\x1b[31mred\x07 \u202etxet desrever\u2066 `code` [link](javascript:1) {{.}} | * # \x00\xff"
	i.Updates = []situation.Update{{At: minute(8, 58), Text: text, By: text}}
	i.Components, i.Confidence = []situation.Named{{Name: "x", Title: text}}, 0.7
	i.Sentence, i.Reasons = text, []string{text}
}
