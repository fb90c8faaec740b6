package webhook

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

// Version is that of the generic JSON. Fields may be added to it; a field that changes its
// meaning, or goes, makes another version.
const Version = 1

// Kind is what an Event is about.
type Kind string

// The kinds.
const (
	KindIncident    Kind = "incident"
	KindNote        Kind = "note"
	KindMaintenance Kind = "maintenance"
)

// Event is what a receiver is told: the generic JSON, and what templates are given.
// docs/hooks.md describes it. All text in it is harmless and bounded.
type Event struct {
	Version  int       `json:"version"`  // of this form: 1
	ID       string    `json:"id"`       // the same at each attempt, and in the header Idempotency-Key
	Sequence probe.Seq `json:"sequence"` // the number in the journal; they rise
	Again    bool      `json:"again"`    // it happened before this process began, and may have been told by the last one
	At       time.Time `json:"at"`       // when it happened
	Kind     Kind      `json:"event"`    // what it is about: incident, note or maintenance

	Step       probe.IncidentStep  `json:"step,omitempty"`        // what happened in the incident: opened, verdict, widened, narrowed, progress, repaired, relapsed, drained, resolved, merged or maintained
	State      probe.IncidentState `json:"state,omitempty"`       // of the incident: investigating, identified, monitoring or resolved
	IncidentID string              `json:"incident_id,omitempty"` // such as 2026-11-24-0841; absent: it is about no incident
	Into       string              `json:"merged_into,omitempty"` // of step merged: the incident in which it is continued

	Prober   string         `json:"prober"`            // the name of this mailpath among others
	Site     string         `json:"site,omitempty"`    // where it runs, by its name
	Company  string         `json:"company,omitempty"` // for titles
	Audience words.Audience `json:"audience"`          // for whom title and text are: staff, management or noc
	Language string         `json:"language"`          // of title and text (BCP 47)
	Title    string         `json:"title"`             // one line
	Text     string         `json:"text"`              // paragraphs, apart by an empty line
	URL      string         `json:"url,omitempty"`     // of the incident on the status page, or of the page; absent: it is not configured

	Incident    *situation.Incident    `json:"incident,omitempty"`    // as it was then
	Note        *situation.Update      `json:"note,omitempty"`        // what an operator wrote
	Maintenance *situation.Maintenance `json:"maintenance,omitempty"` // that was announced, or changed
	Cancelled   bool                   `json:"cancelled,omitempty"`   // the maintenance will not be
}

// The bounds of texts, in characters, and of lists.
const (
	titleLimit  = 300
	textLimit   = 8000
	noteLimit   = 4000
	nameLimit   = 200
	listLimit   = 100
	recentLimit = 20 // of updates and of the timeline: the newest
)

// eventOf makes what a receiver is told of a change.
func (e *Exporter) eventOf(p Parcel) Event {
	now := e.cfg.Board.Situation()
	seq, at := p.Change.Cause()
	ev := Event{
		Version: Version, Sequence: seq, Again: p.Again, At: at, Audience: e.cfg.Audience, Language: e.cfg.Words.Language(),
		Prober: Line(now.Prober, nameLimit), Site: Line(now.Site, nameLimit), Company: Line(now.Company, nameLimit), URL: link(now.URL, ""),
	}
	if now.TimeZone != "" {
		ev.At = at.In(now.At.Location())
	}
	about, _ := p.Packed.(situation.Incident)
	var m words.Message
	switch c := p.Change.(type) {
	case probe.IncidentTold:
		ev.Kind, ev.Step, ev.Into = KindIncident, c.Step, Line(c.Into, nameLimit)
		m = e.aboutIncident(&ev, now, about, c.Sentence)
		if c.Step == probe.IncidentMerged {
			m = e.aboutMerged(&ev, now, about, c.Into)
		}
		ev.IncidentID, ev.State = Line(c.ID, nameLimit), c.State
	case probe.Noted:
		ev.Kind, ev.Note = KindNote, &situation.Update{At: ev.At, Text: Plain(c.Text, noteLimit), By: Line(c.By, nameLimit)}
		if !c.Next.IsZero() {
			ev.Note.Next = c.Next.In(ev.At.Location())
		}
		if about.ID != "" {
			m = e.aboutIncident(&ev, now, about, c.Text)
		} else {
			m = words.Message{Title: e.phrase("heading.announcements", nil, "Announcements"), Text: c.Text}
		}
	case probe.MaintenanceTold:
		m = e.aboutMaintenance(&ev, now, c.Maintenance)
	}
	ev.Title, ev.Text = Line(m.Title, titleLimit), Plain(m.Text, textLimit)
	ev.ID = idOf(ev, p.Change)
	return ev
}

// aboutIncident fills in an incident, and says it in words. Nothing that words lack keeps
// news back.
func (e *Exporter) aboutIncident(ev *Event, now situation.Situation, i situation.Incident, otherwise string) words.Message {
	i = inZone(i, ev.At.Location())
	ev.IncidentID, ev.State, ev.URL = Line(i.ID, nameLimit), i.State, link(now.URL, i.ID)
	m, err := e.cfg.Words.Incident(e.cfg.Audience, now, i)
	if err != nil {
		e.cfg.Log.Error("an incident cannot be said in words; it is told without", "receiver", e.cfg.Name, "incident", i.ID, "error", err)
	}
	if err != nil || m.Title == "" {
		m = words.Message{Title: fmt.Sprintf("%s: %s", i.ID, i.State), Text: otherwise}
	}
	bounded := harmless(i)
	ev.Incident = &bounded
	return m
}

// aboutMerged says where an incident is continued: it is over, and nothing is well. The link
// leads there, too.
func (e *Exporter) aboutMerged(ev *Event, now situation.Situation, i situation.Incident, into string) words.Message {
	ev.URL = link(now.URL, into)
	step := "step.staff.merged"
	if e.cfg.Audience == words.NOC {
		step = "step.noc.merged"
	}
	return words.Message{
		Title: e.phrase("incident.id", i, "Incident "+i.ID) + " → " + into,
		Text:  e.phrase(step, situation.Entry{Step: probe.IncidentMerged}, "It has the same cause as another incident and is continued there."),
	}
}

func (e *Exporter) aboutMaintenance(ev *Event, now situation.Situation, m probe.Maintenance) words.Message {
	ev.Kind, ev.Cancelled = KindMaintenance, !m.From.Before(m.Until)
	told := situation.Maintenance{ID: m.ID, From: m.From, Until: m.Until, Now: !ev.At.Before(m.From) && ev.At.Before(m.Until), Told: ev.At, Routes: m.Routes, Text: m.Text, By: m.By}
	for _, known := range now.Maintenance {
		if known.ID == m.ID {
			told.Directions = known.Directions
		}
	}
	if zone := now.At.Location(); now.TimeZone != "" {
		told.From, told.Until = m.From.In(zone), m.Until.In(zone)
	}
	told.ID, told.Text, told.By = Line(m.ID, nameLimit), Plain(m.Text, noteLimit), Line(m.By, nameLimit)
	told.Routes, told.Directions = names(m.Routes), append([]probe.Direction{}, told.Directions...)
	ev.Maintenance = &told
	if ev.Cancelled {
		return words.Message{Title: e.phrase("maintenance.cancelled", nil, "Maintenance cancelled"), Text: told.Text}
	}
	const form = "2006-01-02 15:04 MST"
	title := e.phrase("heading.maintenance", nil, "Maintenance")
	return words.Message{Title: title, Text: told.From.Format(form) + " – " + told.Until.Format(form) + "\n\n" + told.Text}
}

// phrase is a phrase of the language, or English where it has none.
func (e *Exporter) phrase(name string, data any, otherwise string) string {
	if text, err := e.cfg.Words.Say(name, data); err == nil && text != "" && text != name {
		return text
	}
	return otherwise
}

// link is the page of an incident, or the status page itself without one.
func link(page, incident string) string {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	if incident != "" {
		u = u.JoinPath("incidents", incident)
	}
	return u.String()
}

// idOf is the same for the same news, whoever tells it how often: the prober, the incident
// and the event's number. An incident that went into another keeps its own. What is about no
// incident has its time, for a new journal begins its numbers anew.
func idOf(ev Event, change probe.Change) string {
	var subject string
	switch c := change.(type) {
	case probe.IncidentTold:
		subject = Line(c.ID, nameLimit)
	case probe.Noted:
		subject = Line(c.Incident, nameLimit)
	}
	if subject == "" {
		subject = string(ev.Kind) + "-" + ev.At.UTC().Format("20060102T150405Z")
	}
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f && r != '"' && r != '\\' {
			return r
		}
		return '-'
	}, fmt.Sprintf("%s/%s/%d", ev.Prober, subject, ev.Sequence))
}

// inZone gives an incident with its times in a zone.
func inZone(i situation.Incident, zone *time.Location) situation.Incident {
	for _, t := range []*time.Time{&i.Began, &i.Opened, &i.Repaired, &i.Drained, &i.Ended, &i.Changed, &i.NextUpdate} {
		if !t.IsZero() {
			*t = t.In(zone)
		}
	}
	return i
}

// harmless is an incident whose texts are harmless, and that is bounded. It shares nothing.
func harmless(i situation.Incident) situation.Incident {
	i.ID, i.Sentence = Line(i.ID, nameLimit), Line(i.Sentence, titleLimit)
	i.Directions = append([]probe.Direction{}, i.Directions...)
	i.Routes, i.Broken, i.Components = names(i.Routes), names(i.Broken), titles(i.Components)
	reasons := make([]string, 0, len(i.Reasons))
	for _, r := range i.Reasons[:min(len(i.Reasons), recentLimit)] {
		reasons = append(reasons, Line(r, titleLimit))
	}
	i.Reasons = reasons
	timeline := append([]situation.Entry{}, i.Timeline[max(0, len(i.Timeline)-recentLimit):]...)
	for n, entry := range timeline {
		timeline[n].Routes, timeline[n].Components, timeline[n].Sentence = names(entry.Routes), titles(entry.Components), Line(entry.Sentence, titleLimit)
	}
	updates := append([]situation.Update{}, i.Updates[max(0, len(i.Updates)-recentLimit):]...)
	for n, u := range updates {
		updates[n].Text, updates[n].By = Plain(u.Text, noteLimit), Line(u.By, nameLimit)
	}
	i.Timeline, i.Updates = timeline, updates
	return i
}

func names(all []string) []string {
	some := make([]string, 0, len(all))
	for _, name := range all[:min(len(all), listLimit)] {
		some = append(some, Line(name, nameLimit))
	}
	return some
}

func titles(all []situation.Named) []situation.Named {
	some := make([]situation.Named, 0, len(all))
	for _, c := range all[:min(len(all), listLimit)] {
		some = append(some, situation.Named{Name: Line(c.Name, nameLimit), Title: Line(c.Title, nameLimit)})
	}
	return some
}
