package cstate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/webhook"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

const (
	titleLimit  = 300
	textLimit   = 8000
	recentLimit = 100 // of the updates: the newest
)

// quoted is a text as JSON, which YAML reads as the same text whatever stands in it (YAML 1.2
// section 1.3).
func quoted(text string) string {
	b, _ := json.Marshal(webhook.Line(text, titleLimit)) // a string always can be
	return string(b)
}

// page is the file of an incident: front matter, then what was told, the newest first.
func page(now situation.Situation, i situation.Incident, m words.Message, systems map[probe.Direction]string) []byte {
	zone := now.At.Location()
	var b bytes.Buffer
	resolved := `""`
	if !i.Open() {
		resolved = i.Ended.In(zone).Format(time.RFC3339)
	}
	fmt.Fprintf(&b, "---\n%s\ntitle: %s\ndate: %s\nresolved: %t\nresolvedWhen: %s\nseverity: %s\n", marker(i.ID), quoted(m.Title), i.Began.In(zone).Format(time.RFC3339), !i.Open(), resolved, severity(now, i))
	b.WriteString("affected:\n")
	for _, d := range i.Directions {
		name := string(d)
		if systems[d] != "" {
			name = systems[d]
		}
		fmt.Fprintf(&b, "  - %s\n", quoted(name))
	}
	if len(i.Directions) == 0 {
		b.Truncate(b.Len() - 1)
		b.WriteString(" []\n")
	}
	b.WriteString("section: issue\n---\n")
	for _, line := range told(i, m) {
		fmt.Fprintf(&b, "\n*%s* - %s {{< track %q >}}\n", line.state, escape(line.text), line.at.In(zone).Format(time.DateTime))
	}
	return b.Bytes()
}

// severity is cstate's: down if at some time no route of a direction carried mail, notice if
// the trouble was meant, for maintenance.
func severity(now situation.Situation, i situation.Incident) string {
	for _, entry := range i.Timeline {
		if entry.Step == probe.IncidentMaintained {
			return "notice"
		}
	}
	for _, entry := range append(slices.Clone(i.Timeline), situation.Entry{Routes: i.Broken}) {
		for _, d := range now.Directions {
			broken, counted := 0, 0
			for _, r := range d.Routes {
				if r.Shortcut {
					continue
				}
				if counted++; slices.Contains(entry.Routes, r.Name) {
					broken++
				}
			}
			if counted > 0 && broken == counted {
				return "down"
			}
		}
	}
	return "disrupted"
}

// saying is one thing that was told.
type saying struct {
	at    time.Time
	state string
	text  string
}

// told is what was told, the newest first: how it stands, the updates, and when the state
// became another one.
func told(i situation.Incident, m words.Message) []saying {
	all := []saying{{i.Changed, label(i.State), m.Text}}
	for _, u := range i.Updates[max(0, len(i.Updates)-recentLimit):] {
		all = append(all, saying{u.At, "Update", u.Text})
	}
	var before probe.IncidentState
	for _, entry := range i.Timeline {
		if entry.State != before && entry.State != i.State && entry.Sentence != "" {
			all = append(all, saying{entry.At, label(entry.State), entry.Sentence})
		}
		before = entry.State
	}
	slices.SortStableFunc(all[1:], func(a, b saying) int { return b.at.Compare(a.at) })
	return all
}

// label is a state as cstate writes it.
func label(s probe.IncidentState) string {
	if s == "" {
		return "Update"
	}
	return strings.ToUpper(string(s[:1])) + string(s[1:])
}

// escape makes of somebody's text Markdown that shows just that: no HTML, no links, no
// pictures, and no shortcodes of Hugo, which are looked for before Markdown is.
func escape(text string) string {
	var b strings.Builder
	for _, r := range webhook.Plain(text, textLimit) {
		switch {
		case strings.ContainsRune(`{}<>&`, r):
			fmt.Fprintf(&b, "&#%d;", r)
		case strings.ContainsRune("\\`*_[]()#!|~+-=.:$", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	// A line that is indented would be code (CommonMark section 4.4).
	lines := strings.Split(b.String(), "\n")
	for n, line := range lines {
		lines[n] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}
