package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"text/template"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

// bodyLimit bounds what a template makes, in bytes.
const bodyLimit = 1 << 20

var errTooLong = fmt.Errorf("got more than %d bytes", bodyLimit)

// bounded is a buffer that refuses what is too much.
type bounded struct{ bytes.Buffer }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > bodyLimit {
		return 0, errTooLong
	}
	return b.Buffer.Write(p)
}

// newTemplate reads a template and tries it on made-up events. One that makes JSON must make
// it of every text.
func newTemplate(text string) (writer, error) {
	t, err := template.New("webhook").Funcs(template.FuncMap{"json": inJSON}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	w := func(ev Event) ([]byte, string, error) { return execute(t, ev) }
	for _, ev := range samples() {
		if _, _, err := w(ev); err != nil {
			return nil, fmt.Errorf("trying the template on %s of step %q: %w", ev.Kind, ev.Step, err)
		}
	}
	return w, nil
}

// inJSON is the template function json: a value with its quotes.
func inJSON(v any) (string, error) {
	b, _, err := asJSON(v)
	return string(b), err
}

func execute(t *template.Template, ev Event) ([]byte, string, error) {
	var b bounded
	if err := t.Execute(&b, ev); err != nil {
		return nil, "", fmt.Errorf("executing the template: %w", err)
	}
	body := bytes.TrimSpace(b.Bytes())
	switch {
	case len(body) == 0:
		return nil, "", errors.New("executing the template: got nothing, want a body")
	case body[0] != '{' && body[0] != '[':
		return body, typeText, nil
	case !json.Valid(body):
		return nil, "", errors.New("executing the template: got broken JSON; write {{json .Title}}, without quotes around it, for a text that may hold any character")
	}
	return body, typeJSON, nil
}

// samples are events of every kind, with texts that need quoting.
func samples() []Event {
	at := time.Date(2026, 11, 24, 8, 41, 0, 0, time.UTC)
	said := Event{
		Version: Version, ID: "hq-1/2026-11-24-0841/17", Sequence: 17, At: at, Prober: "hq-1", Audience: words.Staff, Language: "en",
		Title: `Mail from "outside"`, Text: "A line with \\ and \"quotes\",\nand another <b>.",
	}
	note, maintenance := said, said
	note.Kind, note.Note = KindNote, &situation.Update{At: at, Text: said.Text}
	maintenance.Kind, maintenance.Maintenance = KindMaintenance, &situation.Maintenance{ID: "m", From: at, Until: at.Add(time.Hour), Text: said.Text}
	all := []Event{note, maintenance}
	for step, state := range map[probe.IncidentStep]probe.IncidentState{probe.IncidentOpened: probe.Investigating, probe.IncidentJudged: probe.Identified, probe.IncidentResolved: probe.Resolved} {
		ev := said
		ev.Kind, ev.Step, ev.State, ev.IncidentID = KindIncident, step, state, "2026-11-24-0841"
		ev.Incident = &situation.Incident{ID: ev.IncidentID, State: state, Began: at, Opened: at, Sentence: said.Text}
		all = append(all, ev)
	}
	return all
}
