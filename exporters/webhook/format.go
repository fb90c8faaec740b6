package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Format is the form in which a receiver is told.
type Format string

// The formats.
const (
	Generic    Format = "generic"    // the Event as JSON
	Slack      Format = "slack"      // {"text": …} in Slack's mrkdwn
	Mattermost Format = "mattermost" // {"text": …} in Markdown
	Teams      Format = "teams"      // an Adaptive Card in a message
	Template   Format = "template"   // what a template makes
)

const (
	typeJSON = "application/json"
	typeText = "text/plain; charset=utf-8"
	// chatLimit bounds the text in a chat, in characters: a card of Teams has 28 kB.
	chatLimit = 3000
)

// Formats lists all formats.
func Formats() []Format { return []Format{Generic, Slack, Mattermost, Teams, Template} }

// writer makes a body of an event, and says what type it has.
type writer func(Event) (body []byte, contentType string, err error)

func writerOf(format Format, text string) (writer, error) {
	switch format {
	case Generic, "":
		return func(ev Event) ([]byte, string, error) { return asJSON(ev) }, nil
	case Slack:
		return slack, nil
	case Mattermost:
		return mattermost, nil
	case Teams:
		return teams, nil
	case Template:
		return newTemplate(text)
	}
	return nil, fmt.Errorf("got format %q, want one of %v", format, Formats())
}

// asJSON leaves angle brackets as they are: chat systems have escapes of their own for them.
func asJSON(v any) ([]byte, string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSpace(b.Bytes()), typeJSON, err
}

// message is what Slack, and Mattermost after it, want.
type message struct {
	Text string `json:"text"`
}

// slack escapes what Slack gives a meaning that addresses people or makes links: <!channel>,
// <@U…>, <https://…|name>.
func slack(ev Event) ([]byte, string, error) {
	escape := func(s string) string {
		return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(quiet(s))
	}
	text := "*" + escape(ev.Title) + "*\n" + escape(Plain(ev.Text, chatLimit))
	if ev.URL != "" {
		text += "\n<" + escape(ev.URL) + ">"
	}
	return asJSON(message{text})
}

// mattermost escapes what Markdown gives a meaning: a picture that somebody's text names would
// be fetched by everybody who reads it.
func mattermost(ev Event) ([]byte, string, error) {
	text := "**" + escapeMarkdown(ev.Title) + "**\n" + escapeMarkdown(Plain(ev.Text, chatLimit))
	if ev.URL != "" {
		text += "\n" + "<" + ev.URL + ">"
	}
	return asJSON(message{text})
}

// address is a bare link without any character that could end it and begin something else.
var address = regexp.MustCompile(`https?://[A-Za-z0-9/._~:?&=%+-]+`)

// escapeMarkdown puts a backslash before punctuation that has a meaning (CommonMark section
// 2.4), and leaves addresses whole.
func escapeMarkdown(text string) string {
	var b strings.Builder
	for text != "" {
		at := address.FindStringIndex(text)
		if at == nil {
			at = []int{len(text), len(text)}
		}
		for _, r := range quiet(text[:at[0]]) {
			if strings.ContainsRune("\\`*_[]()#!|~<>&$", r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
		b.WriteString(text[at[0]:at[1]])
		text = text[at[1]:]
	}
	return b.String()
}

// inAddress tells whether a character may stand before the @ of an address.
func inAddress(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '_'
}

// quiet puts a space of no width behind each @ that does not stand in the middle of an
// address of mail: @channel, @here and @all call nobody.
func quiet(text string) string {
	var b strings.Builder
	before := ' '
	for _, r := range text {
		b.WriteRune(r)
		if r == '@' && !inAddress(before) {
			b.WriteRune('\u200b')
		}
		before = r
	}
	return b.String()
}

type (
	card struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	}
	attachment struct {
		ContentType string  `json:"contentType"`
		Content     content `json:"content"`
	}
	content struct {
		Schema  string   `json:"$schema"`
		Type    string   `json:"type"`
		Version string   `json:"version"`
		Body    []block  `json:"body"`
		Actions []action `json:"actions,omitempty"`
	}
	block struct {
		Type    string `json:"type"`
		Inlines []run  `json:"inlines"`
		Spacing string `json:"spacing,omitempty"`
	}
	run struct {
		Type   string `json:"type"`
		Text   string `json:"text"`
		Weight string `json:"weight,omitempty"`
		Size   string `json:"size,omitempty"`
	}
	action struct {
		Type  string `json:"type"`
		Title string `json:"title"`
		URL   string `json:"url"`
	}
)

// cardLines bounds the lines of a card.
const cardLines = 60

// teams makes a card of text runs: they show what stands in them, where a TextBlock would take
// it for Markdown.
func teams(ev Event) ([]byte, string, error) {
	c := content{Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4"}
	c.Body = []block{{Type: "RichTextBlock", Inlines: []run{{Type: "TextRun", Text: ev.Title, Weight: "Bolder", Size: "Large"}}}}
	spacing := "None"
	for n, line := range strings.Split(Plain(ev.Text, chatLimit), "\n") {
		if n == cardLines {
			line = "…"
		}
		if line = strings.TrimSpace(line); line == "" {
			spacing = "Medium"
			continue
		}
		c.Body = append(c.Body, block{Type: "RichTextBlock", Inlines: []run{{Type: "TextRun", Text: line}}, Spacing: spacing})
		if spacing = "None"; n == cardLines {
			break
		}
	}
	if ev.URL != "" {
		c.Actions = []action{{Type: "Action.OpenUrl", Title: ev.URL, URL: ev.URL}}
	}
	return asJSON(card{Type: "message", Attachments: []attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: c}}})
}
