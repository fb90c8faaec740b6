package words

import (
	"fmt"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// try lets every template write about made-up situations of every kind, so that what is
// wrong with one is known before anything happens.
func (w *Words) try() error {
	for _, e := range examples() {
		if err := w.tryUpdates(e); err != nil {
			return err
		}
	}
	names, err := phraseNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := w.voices[phrases].own.write(name, clean(phraseData(name), w.cfg.Zone), maxTitle)
		if err != nil {
			return fmt.Errorf("phrase %q: %w", name, err)
		}
		if text == "" {
			return fmt.Errorf("phrase %q: got nothing, want text", name)
		}
	}
	return nil
}

// tryUpdates writes all texts about a situation, and about its incidents alone.
func (w *Words) tryUpdates(e example) error {
	for _, a := range Audiences {
		if err := w.tryOne(string(a), "title", "text", e.name, w.view(e.Situation)); err != nil {
			return err
		}
		for _, i := range e.Incidents {
			if err := w.tryOne(string(a), "title.incident", "text.incident", e.name, w.viewOf(e.Situation, i)); err != nil {
				return err
			}
		}
	}
	for _, i := range e.Incidents {
		if err := w.tryOne(report, report, report, e.name, w.viewOf(e.Situation, i)); err != nil {
			return err
		}
	}
	return nil
}

func (w *Words) tryOne(file, title, text, example string, v View) error {
	for _, name := range []string{title, text} {
		limit := maxText
		if name == title {
			limit = maxTitle
		}
		if name == report {
			limit = maxReport
		}
		got, err := w.voices[file].own.write(name, v, limit)
		if err != nil {
			return fmt.Errorf("%s on the example %q: %w", file, example, err)
		}
		if tidy(got) == "" {
			return fmt.Errorf("%s on the example %q: {{define %q}}: got nothing, want text", file, example, name)
		}
	}
	return nil
}

// phraseData is what the phrase of a name is given when it is tried.
func phraseData(name string) any {
	s := examples()[4].Situation
	i, d := s.Incidents[0], s.Directions[0]
	moment := when(time.UTC, i.Began, s.At)
	kinds := []struct {
		data  any
		names []string
	}{
		{moment, []string{"time", "date", "date.full", "moment", "moment.zone", "moment.at", "moment.since", "moment.seconds", "card.since", "card.last", "card.checked",
			"incident.began", "incident.repaired", "incident.ended", "update.next", "update.due", "time.updated", "time.checked", "time.shown", "time.asof", "maintenance.until"}},
		{90, []string{"days", "hours", "minutes", "seconds", "messages", "number", "form.error.long", "duration", "longest", "duration.short", "card.usual", "card.takes",
			"sparkline.max", "incident.lasted", "incident.lasting", "update.in", "update.overdue", "time.ago", "time.in", "path.more"}},
		{0.9, []string{"percent", "component.probability", "incident.confidence", "strip.share"}},
		{Piece{2, "minutes"}, []string{"piece"}},
		{i.Routes, []string{"list.and", "list.or"}},
		{s, []string{"page.title", "page.contact", "page.footer", "feed.title", "feed.author"}},
		{i, []string{"page.title.incident", "incident.title", "incident.what", "incident.id", "incident.affected", "incident.components"}},
		{i.Components[0], []string{"named"}},
		{probe.Inbound, []string{"where"}},
		{"CET", []string{"zone"}},
		{map[string]any{"Usual": 4.0, "Worst": 9.0, "Missed": 1, "Count": 30}, []string{"sparkline.text"}},
		{"{n}", []string{"page.stale", "update.left", "update.late"}},
		{"anna", []string{"update.by", "form.as"}},
		{d, []string{"sparkline.label", "strip.label"}},
		{map[string]any{"Point": d.Latency[0], "At": moment}, []string{"sparkline.point"}},
		{map[string]any{"Day": d.Days[0], "Date": moment}, []string{"strip.day"}},
		{d.Days[0], []string{"strip.good", "strip.misses"}},
		{map[string]any{"From": moment, "Until": moment}, []string{"time.from-until", "maintenance.times"}},
		{situation.Maintenance{Directions: i.Directions}, []string{"maintenance.affected"}},
		{s.Components[0], []string{"component.sentence"}},
		{situation.Hop{Least: 1, Most: 2.5}, []string{"hop.took"}},
		{i.Timeline[1], []string{"step.staff.verdict", "step.noc.opened", "step.noc.verdict", "step.noc.widened", "step.noc.narrowed", "step.noc.relapsed"}},
	}
	for _, k := range kinds {
		for _, n := range k.names {
			if n == name {
				return k.data
			}
		}
	}
	return nil
}
