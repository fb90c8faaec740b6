// Package words writes what people are told, from templates: for staff, for management
// and for the operations centre, in one language and the time zone of the site.
//
// A language is a folder of text/template files and nothing else. A company can put its
// own defines over those that are built in. A Situation is cleaned and sorted into a View,
// which says what is to be told; the templates say how. docs/words.md describes both.
package words

import (
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
)

// Audience is whom a text is for.
type Audience string

// The audiences.
const (
	Staff      Audience = "staff"
	Management Audience = "management"
	NOC        Audience = "noc"
)

// Audiences lists all audiences.
var Audiences = [...]Audience{Staff, Management, NOC}

// Config says which words are used.
type Config struct {
	Language string         // such as "en"; one that is built in, or that Dir holds
	Dir      string         // Dir/LANGUAGE/FILE.tmpl goes over the built-in file of that name; empty: none
	Zone     *time.Location // of the site; nil: UTC
	// Failed is told when one of the company's own templates fails at run time, and
	// the built-in one was used instead; nil: nobody is. It may be called from several goroutines.
	Failed func(error)
}

// Words is a language. It is safe for concurrent use.
type Words struct {
	cfg    Config
	voices map[string]*voice // by file, without the ending
}

// Language is the language's tag (BCP 47).
func (w *Words) Language() string { return w.cfg.Language }

// Message is a text with its title, plain and in short lines of prose.
type Message struct {
	Title string `json:"title"` // one line
	Text  string `json:"text"`  // paragraphs, apart by an empty line
}

// Update says what works and what does not. A template of the company's that fails is
// told to Config.Failed, and the built-in one writes the text: an error means that this
// failed, too.
func (w *Words) Update(a Audience, s situation.Situation) (Message, error) {
	return w.message(a, "title", "text", w.view(s))
}

// Incident says the same of one incident alone, as for a feed or a chat.
func (w *Words) Incident(a Audience, s situation.Situation, i situation.Incident) (Message, error) {
	return w.message(a, "title.incident", "text.incident", w.viewOf(s, i))
}

// Report is the account of an incident in Markdown: timeline, figures, evidence, updates.
func (w *Words) Report(s situation.Situation, i situation.Incident) (string, error) {
	return w.write(report, "report", w.viewOf(s, i), maxReport)
}

// Say gives a phrase of the page by its name, such as "heading.incidents". It is one line
// of plain text: nothing in it is escaped. Which data it wants stands in phrases.tmpl.
func (w *Words) Say(name string, data any) (string, error) {
	text, err := w.write(phrases, name, clean(data, w.cfg.Zone), maxTitle)
	return line(text, maxTitle), err
}

// When is a time as phrases about times want it, told at the time now.
func (w *Words) When(t, now time.Time) Moment { return when(w.cfg.Zone, t, now) }

func (w *Words) message(a Audience, title, text string, v View) (Message, error) {
	head, err := w.write(string(a), title, v, maxTitle)
	if err != nil {
		return Message{}, err
	}
	body, err := w.write(string(a), text, v, maxText)
	return Message{Title: line(head, maxTitle), Text: body}, err
}

// write lets one template write. The company's own come first.
func (w *Words) write(file, name string, data any, limit int) (string, error) {
	v, known := w.voices[file]
	if !known {
		return "", unknownFile(file)
	}
	text, err := v.own.write(name, data, limit)
	if err == nil || v.builtIn == nil {
		return tidy(text), err
	}
	if w.cfg.Failed != nil {
		w.cfg.Failed(err)
	}
	text, err = v.builtIn.write(name, data, limit)
	return tidy(text), err
}
