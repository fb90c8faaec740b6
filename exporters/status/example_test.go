package status

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// testBoard gives a situation that a test has made.
type testBoard struct {
	mu      sync.Mutex
	s       situation.Situation
	recent  []situation.Outcome
	changed probe.Signal
	asked   int
}

func (b *testBoard) Situation() situation.Situation {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	return b.s
}

func (b *testBoard) Incident(id string) (situation.Incident, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, i := range b.s.Incidents {
		if i.ID == id || id == "merged" {
			return i, true
		}
	}
	return situation.Incident{}, false
}

func (b *testBoard) Incidents(time.Time) []situation.Incident { return b.s.Incidents }
func (b *testBoard) Recent() []situation.Outcome              { return b.recent }
func (b *testBoard) Changed() <-chan struct{}                 { return b.changed.Told() }
func (b *testBoard) Zone() *time.Location                     { return time.UTC }

// set puts another situation in its place; urgent: people should be told at once.
func (b *testBoard) set(s situation.Situation, urgent bool) {
	b.mu.Lock()
	b.s = s
	b.mu.Unlock()
	if urgent {
		b.changed.Tell()
	}
}

func (b *testBoard) renders() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// newPage makes a page over a situation, on which everybody named alice may write.
func newPage(tb testing.TB, b *testBoard, announce func(context.Context, probe.Fact) error) *Page {
	tb.Helper()
	return pageOver(tb, newWords(tb, "en"), b, announce)
}

// pageOver is the same with words of a test's own.
func pageOver(tb testing.TB, w Words, b Board, announce func(context.Context, probe.Fact) error) *Page {
	tb.Helper()
	p, err := New(Config{
		Board: b, Words: w, Clock: probe.NewClock(), Announce: announce,
		Writer: func(r *http.Request) (string, bool) {
			name, _, _ := r.BasicAuth()
			return name, name == "alice"
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// noAnnouncing is there for pages that show a form which is not sent.
func noAnnouncing(context.Context, probe.Fact) error {
	return errors.New("nothing was to be announced")
}

var (
	cet   = time.FixedZone("CET", 60*60)
	noon  = time.Date(2026, 11, 24, 8, 52, 10, 0, cet)
	began = time.Date(2026, 11, 24, 8, 41, 0, 0, cet)
)

// examples are the situations that the page has to show.
func examples() map[string]situation.Situation {
	all := map[string]situation.Situation{"healthy": healthy(noon)}
	for _, state := range []probe.IncidentState{probe.Investigating, probe.Identified, probe.Monitoring, probe.Resolved} {
		all[string(state)] = disrupted(state)
	}
	upkeep := healthy(noon)
	upkeep.Condition = situation.UnderMaintenance
	upkeep.Directions[2].Condition, upkeep.Directions[2].Maintenance = situation.UnderMaintenance, true
	upkeep.Components[4].Maintenance = true
	upkeep.Maintenance = append([]situation.Maintenance{{
		ID: "m-1", From: noon.Add(-time.Hour), Until: noon.Add(time.Hour), Now: true, Directions: []probe.Direction{probe.SiteToSite}, Routes: []string{"hq-to-branch"},
		Text: "The line to the branch office is being replaced", By: "alice",
	}}, upkeep.Maintenance...)
	all["maintenance"] = upkeep
	blind := healthy(noon)
	blind.Condition = situation.Degraded
	blind.Directions[0].Blind, blind.Directions[0].LastGood = true, noon.Add(-20*time.Minute)
	blind.Directions[1].Condition = situation.Degraded
	blind.Directions[3].Condition, blind.Directions[3].LastGood, blind.Directions[3].Latency, blind.Directions[3].Usual = situation.Unknown, time.Time{}, nil, 0
	blind.Troubles = []situation.Trouble{situation.TroubleBlind, situation.TroubleUnwritten, situation.TroubleNotYet}
	all["blind"] = blind
	all["hostile"] = hostile()
	all["empty"] = situation.Situation{At: noon, Condition: situation.Unknown, TimeZone: "CET"}
	return all
}

func healthy(at time.Time) situation.Situation {
	s := situation.Situation{
		At: at, Company: "Example & Söhne", Contact: "the service desk, extension 100", Site: "hq", Prober: "hq-1", TimeZone: "Europe/Berlin", Condition: situation.Operational,
		Components: []situation.Component{
			{Name: "internet", Title: "the Internet and our MX records", State: situation.ComponentWorks},
			{Name: "gateway-in", Title: "the gateway’s inbound filter", State: situation.ComponentWorks},
			{Name: "antispam", Title: "the anti-spam filter", State: situation.ComponentWorks},
			{Name: "store-hq", Title: "the mailbox server at headquarters", State: situation.ComponentWorks},
			{Name: "link-branch", Title: "the link to the branch office", State: situation.ComponentWorks},
			{Name: "store-branch", Title: "the mailbox server at the branch", State: situation.ComponentWorks},
			{Name: "gateway-out", Title: "the gateway’s outbound side", State: situation.ComponentWorks},
		},
		Maintenance: []situation.Maintenance{{
			ID: "plan-1", From: at.Add(62 * time.Hour), Until: at.Add(64 * time.Hour), Directions: probe.Directions[:2], Text: "New version of the anti-spam filter",
		}},
		Announcements: []situation.Update{{At: at.Add(-26 * time.Hour), Text: "From Thursday on, attachments of up to 50 MB can be sent.", By: "alice"}},
	}
	paths := [][]string{
		{"internet", "gateway-in", "antispam", "store-hq"}, {"store-hq"}, {"store-hq", "link-branch", "store-branch"}, {"store-hq", "gateway-out", "internet"},
	}
	names := []string{"outside-to-hq", "inside-hq", "hq-to-branch", "hq-to-outside"}
	for n, path := range paths {
		usual := []float64{3.2, 0.4, 1.1, 5.6}[n]
		d := situation.Direction{
			Direction: probe.Directions[n], Condition: situation.Operational, Since: at.Add(-300 * time.Hour), LastGood: at.Add(-time.Duration(11+7*n) * time.Second), Usual: usual,
			Latency: latency(at, usual), Days: days(at, n),
			Routes: []situation.Route{{Name: names[n], Mailbox: "hq", Path: path, Health: probe.HealthOK, Since: at.Add(-300 * time.Hour), Reason: "20 of the last 20 messages arrived in time", LastArrival: at.Add(-11 * time.Second), InFlight: 1}},
		}
		if n == 0 {
			d.Routes = append(d.Routes, situation.Route{Name: "past-av-to-hq", Mailbox: "hq", Path: path[2:], Shortcut: true, Health: probe.HealthOK, Since: at.Add(-300 * time.Hour), LastArrival: at.Add(-9 * time.Second)})
		}
		s.Directions = append(s.Directions, d)
	}
	s.Incidents = []situation.Incident{{
		ID: "2026-11-09-1410", State: probe.Resolved, Began: at.Add(-360 * time.Hour), Opened: at.Add(-360 * time.Hour), Ended: at.Add(-359 * time.Hour),
		Directions: []probe.Direction{probe.Outbound}, Routes: []string{"hq-to-outside"},
	}}
	return s
}

func latency(at time.Time, usual float64) []situation.Point {
	var all []situation.Point
	for n := range 60 {
		median := usual * (1 + 0.12*math.Sin(float64(n)*1.7) + 0.06*math.Sin(float64(n)*0.4))
		all = append(all, situation.Point{At: at.Add(time.Duration(n-60) * 3 * time.Minute), Median: median, Worst: median * (1.1 + float64(n*7%5)/10), Count: 6})
	}
	return all
}

func days(at time.Time, direction int) []situation.Day {
	var all []situation.Day
	for n := range 90 {
		d := situation.Day{Date: at.AddDate(0, 0, n-89).Format(time.DateOnly), Condition: situation.Operational, Events: 2880}
		switch {
		case n < 12:
			d.Condition, d.Events = situation.Unknown, 0
		case direction == 3 && n == 74:
			d.Condition, d.Misses, d.Incidents = situation.PartialOutage, 96, []string{"2026-11-09-1410"}
		case (n*13+direction*29)%41 == 0:
			d.Condition, d.Misses = situation.Degraded, 40
		case direction == 2 && n == 60:
			d.Condition = situation.UnderMaintenance
		}
		all = append(all, d)
	}
	return all
}

// disrupted is the story, so far as it has come.
func disrupted(state probe.IncidentState) situation.Situation {
	at := map[probe.IncidentState]time.Time{
		probe.Investigating: began.Add(2 * time.Minute), probe.Identified: began.Add(11 * time.Minute), probe.Monitoring: began.Add(51 * time.Minute), probe.Resolved: began.Add(75 * time.Minute),
	}[state]
	s := healthy(at)
	i := situation.Incident{
		ID: "2026-11-24-0841", State: state, Began: began, Opened: began.Add(80 * time.Second), Changed: at, NextUpdate: at.Add(9 * time.Minute), Directions: []probe.Direction{probe.Inbound},
		Routes: []string{"outside-to-hq"}, Broken: []string{"outside-to-hq"}, Figures: situation.Figures{Messages: 22, Missed: 20, Overdue: 20, Held: 18},
		Timeline: []situation.Entry{{At: began.Add(80 * time.Second), Step: probe.IncidentOpened, State: probe.Investigating, Routes: []string{"outside-to-hq"}}},
	}
	in := &s.Directions[0]
	in.Condition, in.Since, in.LastGood, in.Incidents = situation.MajorOutage, began, began.Add(-20*time.Second), []string{i.ID}
	in.Routes[0].Health, in.Routes[0].Reason, in.Routes[0].InFlight, in.Routes[0].Overdue = probe.HealthBroken, "6 messages in a row did not arrive in time, and 3 of 3 sent to make sure", 24, 20
	in.Days[89].Condition, in.Days[89].Misses, in.Days[89].Incidents = situation.MajorOutage, 94, []string{i.ID}
	s.Condition = situation.MajorOutage
	broken := int(at.Sub(began) / (3 * time.Minute))
	for n := range in.Latency {
		if n >= 60-broken {
			in.Latency[n] = situation.Point{At: in.Latency[n].At, Missed: 6, Count: 6}
		}
	}
	gateway := &s.Components[1]
	gateway.State, gateway.Probability = situation.ComponentSuspected, 0.55
	s.Components[2].State, s.Components[2].Probability = situation.ComponentSuspected, 0.4
	if state == probe.Investigating {
		s.Incidents = append([]situation.Incident{i}, s.Incidents...)
		return s
	}
	i.Components, i.Confidence = []situation.Named{{Name: "gateway-in", Title: gateway.Title}}, 0.94
	i.Sentence = "The break is at the gateway’s inbound filter."
	i.Reasons = []string{"past-av-to-hq enters behind it and is well", "mx1.example.com:25 answers 250 and the message is not seen again", "all other components are passed by routes that are well"}
	i.Timeline = append(i.Timeline, situation.Entry{At: began.Add(130 * time.Second), Step: probe.IncidentJudged, State: probe.Identified, Routes: i.Routes, Components: i.Components, Confidence: 0.94, Sentence: i.Sentence})
	i.Updates = []situation.Update{
		{At: began.Add(5 * time.Minute), Text: "We have found the fault and are in touch with the vendor.", By: "alice", Next: began.Add(15 * time.Minute)},
		{At: began.Add(10 * time.Minute), Text: "The vendor’s patch is being installed.\nMail that was sent to you in the meantime will arrive by itself.", By: "alice", Next: began.Add(20 * time.Minute)},
	}
	gateway.State, gateway.Probability = situation.ComponentFailed, 0.94
	gateway.Findings = []situation.Finding{{Check: "smtp", Target: "mx1.example.com:25", Reason: "the greeting took 9.8 s, want at most 2 s", Advice: "Look at the filter’s own log: a process that crashes on one message starts again and again.", Since: began.Add(time.Minute)}}
	s.Components[2].State, s.Components[2].Probability = situation.ComponentWorks, 0.02
	if state != probe.Identified {
		recover(&s, &i, at)
	}
	s.Incidents = append([]situation.Incident{i}, s.Incidents...)
	return s
}

// recover lets mail arrive again, late.
func recover(s *situation.Situation, i *situation.Incident, at time.Time) {
	i.Repaired = began.Add(47 * time.Minute)
	i.Broken, i.Figures = nil, situation.Figures{Messages: 98, Missed: 94, Overdue: 12, Late: 82, Longest: 47 * 60}
	i.Timeline = append(i.Timeline, situation.Entry{At: i.Repaired, Step: probe.IncidentRepaired, State: probe.Monitoring})
	in := &s.Directions[0]
	in.Condition, in.Since, in.LastGood, in.Routes[0].Health = situation.Degraded, i.Repaired, at.Add(-8*time.Second), probe.HealthSlow
	for n := range in.Latency {
		if p := &in.Latency[n]; p.Missed > 0 {
			p.Median, p.Worst = max(5, i.Repaired.Sub(p.At).Seconds()), max(9, i.Repaired.Sub(p.At).Seconds()+60)
		}
	}
	s.Condition = situation.Degraded
	s.Components[1] = situation.Component{Name: "gateway-in", Title: s.Components[1].Title, State: situation.ComponentWorks}
	if i.State != probe.Resolved {
		return
	}
	i.Figures.Overdue, i.Figures.Late, i.NextUpdate = 0, 94, time.Time{}
	i.Drained, i.Ended = began.Add(60*time.Minute), began.Add(70*time.Minute)
	i.Timeline = append(i.Timeline, situation.Entry{At: i.Drained, Step: probe.IncidentDrained, State: probe.Monitoring}, situation.Entry{At: i.Ended, Step: probe.IncidentResolved, State: probe.Resolved})
	in.Condition, in.Routes[0].Health, s.Condition, in.Incidents = situation.Operational, probe.HealthOK, situation.Operational, nil
}

const nasty = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe\u0007 \" onmouseover=\"x ' {{.}} & "

func hostile() situation.Situation {
	s := disrupted(probe.Identified)
	long := nasty + strings.Repeat("Wm", 400) + " " + strings.Repeat("very long text ", 40)
	s.Company, s.Contact, s.Prober, s.Site = nasty, nasty, nasty, nasty
	for n := range s.Components {
		s.Components[n].Title = nasty + fmt.Sprint(n)
	}
	s.Components[1].Findings[0].Reason, s.Components[1].Findings[0].Advice, s.Components[1].Findings[0].Target = long, nasty, nasty
	i := &s.Incidents[0]
	i.Sentence, i.Reasons, i.Components[0].Title = long, []string{long, nasty}, nasty
	i.Updates[1].Text, i.Updates[1].By = long, nasty
	s.Announcements = []situation.Update{{At: noon, Text: "مرحبا بالعالم\n" + nasty, By: nasty}}
	s.Maintenance[0].Text = long
	s.Directions[0].Routes[0].Reason = long
	return s
}

func recent() []situation.Outcome {
	return []situation.Outcome{
		{At: noon, ID: "5f1c2b3a4d5e6f70", Route: "inside-hq", Purpose: "scheduled", Status: probe.Delivered, Latency: 0.412, Place: "inbox", Hops: []situation.Hop{{Host: "smtp.hq.example.com", Component: "store-hq", Least: 0, Most: 1}}},
		{At: noon.Add(-9 * time.Second), ID: "6f1c2b3a4d5e6f71", Route: "hq-to-outside", Purpose: "confirm", Status: probe.Rejected, Reason: "554 5.7.1 <b>rejected</b> by policy, see " + nasty},
		{At: noon.Add(-21 * time.Second), ID: "7f1c2b3a4d5e6f72", Route: "outside-to-hq", Purpose: "scheduled", Status: probe.Late, Latency: 2820, Place: "inbox", Hops: []situation.Hop{
			{Host: "mx1.example.com", Component: "gateway-in", Least: 2800, Most: 2802}, {Host: "antispam.example.com", Component: "antispam", Least: 1, Most: 2}, {Host: "imap.hq.example.com", Least: -1, Most: 1},
		}},
		{At: noon.Add(-33 * time.Second), ID: "8f1c2b3a4d5e6f73", Route: "hq-to-branch", Purpose: "manual", Status: probe.Uncertain},
	}
}
