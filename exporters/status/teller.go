package status

import (
	"strings"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
)

// teller puts things into words, as of one moment.
type teller struct {
	words Words
	now   time.Time // in the site's zone
}

// say gives a phrase. One that the templates cannot say is shown as its name: a company's
// slip in one phrase must not take the page away when it is needed.
func (t teller) say(name string, data any) string { return say(t.words, name, data) }

func say(w Words, name string, data any) string {
	text, err := w.Say(name, data)
	if err != nil {
		return name
	}
	return text
}

// stamp is words about a moment, and the moment as programs read it.
type stamp struct {
	ISO  string
	Text string
}

// at says something about a moment; zero: nothing.
func (t teller) at(name string, when time.Time) stamp {
	if when.IsZero() {
		return stamp{}
	}
	return stamp{t.iso(when), t.say(name, t.moment(when))}
}

func (t teller) iso(when time.Time) string { return when.In(t.now.Location()).Format(time.RFC3339) }

// moment is a time as the phrases take it.
func (t teller) moment(when time.Time) words.Moment { return t.words.When(when, t.now) }

// span says from when until when something is.
func (t teller) span(name string, from, until time.Time) string {
	return t.say(name, map[string]any{"From": t.moment(from), "Until": t.moment(until)})
}

// prose is a text in paragraphs.
type prose struct {
	Title string
	Text  []string
}

// update says how things stand. If the templates cannot, the condition alone is said.
func (t teller) update(a words.Audience, s situation.Situation) prose {
	m, err := t.words.Update(a, s)
	if err != nil || m.Title == "" {
		return prose{Title: t.say("headline."+string(s.Condition), nil)}
	}
	return prose{m.Title, paragraphs(m.Text)}
}

// told says how one incident stands.
func (t teller) told(a words.Audience, s situation.Situation, i situation.Incident) prose {
	m, err := t.words.Incident(a, s, i)
	if err != nil || m.Title == "" {
		return prose{Title: t.say("incident.title", i)}
	}
	return prose{m.Title, paragraphs(m.Text)}
}

func paragraphs(text string) []string {
	var all []string
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return all
}
