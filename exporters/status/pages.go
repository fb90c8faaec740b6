package status

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"

	"github.com/mailpath/mailpath/exporters/situation"
)

//go:embed pages
var pageFiles embed.FS

// pages are the templates, and what all pages have in common.
type pages struct {
	templates *template.Template
	words     Words
	icons     map[situation.Condition]string
	style     string
	script    string
}

// parsePages reads the templates. All text in them is asked for by its name.
func parsePages(w Words, files static) (pages, error) {
	p := pages{words: w, style: files.address("status.css"), script: files.address("status.js"), icons: make(map[situation.Condition]string)}
	for _, c := range conditions {
		p.icons[c] = files.address("icon-" + string(c) + ".svg")
	}
	functions := template.FuncMap{
		"say":     func(name string) string { return say(w, name, nil) },
		"tell":    func(name string, data any) string { return say(w, name, data) },
		"list":    func(all ...any) []any { return all },
		"health":  func(health string) string { return healthSigns[health] },
		"outcome": func(status string) string { return statusSigns[status] },
	}
	var err error
	p.templates, err = template.New("").Funcs(functions).ParseFS(pageFiles, "pages/*.html")
	return p, err
}

// conditions are all there are.
var conditions = [...]situation.Condition{
	situation.Operational, situation.Degraded, situation.PartialOutage,
	situation.MajorOutage, situation.UnderMaintenance, situation.Unknown,
}

// The symbols of a route's health, and of what became of a message.
var (
	healthSigns = map[string]string{"ok": "works", "slow": "suspected", "broken": "failed", "blind": "blind", "unknown": "unknown"}
	statusSigns = map[string]string{
		"delivered": "works", "late": "suspected", "deferred": "suspected", "lost": "failed", "bounced": "failed", "rejected": "failed",
		"unsent": "unknown", "unknown": "unknown",
	}
)

// frame is what stands around the content of every page.
type frame struct {
	Root      string // leads from the page to /
	Name      string // overview, noc, incident, announce or missing
	Lang      string
	Title     string
	Company   string
	Condition situation.Condition
	Icon      string
	Style     string
	Script    string // empty: the page does not update itself
	AsOf      stamp
	Clock     string // the same, short
	Now       int64  // the same, in seconds since 1970
	Zone      string
	Contact   string
	Measured  string
	Stale     string // said when the page could not be updated, with {time} in it
	Left      string // said of the next update, with {n} minutes in it
	Soon      string // said of it in the last minute
	Late      string // said of it after its time, with {n}
}

// frame makes that of a page of one name.
func (p pages) frame(t teller, s situation.Situation, root, name, title string) frame {
	if !slices.Contains(conditions[:], s.Condition) {
		s.Condition = situation.Unknown
	}
	f := frame{
		Root: root, Name: name, Lang: p.words.Language(), Title: title, Company: s.Company, Condition: s.Condition,
		Icon: root + p.icons[s.Condition], Style: root + p.style,
		AsOf: t.at("time.asof", t.now), Clock: t.moment(t.now).Clock(), Now: t.now.Unix(),
		Zone:     t.say("time.shown", t.moment(t.now)),
		Measured: t.say("page.footer", s),
		Stale:    t.say("page.stale", "{time}"), Left: t.say("update.left", "{n}"), Soon: t.say("update.soon", nil), Late: t.say("update.late", "{n}"),
	}
	if s.Contact != "" {
		f.Contact = t.say("page.contact", s)
	}
	if name == "overview" || name == "noc" || name == "incident" {
		f.Script = root + p.script
	}
	return f
}

// render makes a page of a template. What it is given has all that the template asks for,
// which tests hold; if not so, the error is the page.
func (p pages) render(status int, name string, view any) (int, []byte) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, view); err != nil {
		return http.StatusInternalServerError, []byte("making the page: " + template.HTMLEscapeString(err.Error()))
	}
	return status, bytes.Map(shown, b.Bytes())
}

// shown gives the characters of a page that are shown. Whatever texts of people, servers
// and configurations are in it, and whoever has cleaned them: none turns the direction of
// what stands beside it.
func shown(c rune) rune {
	if c == '\n' || situation.Visible(c) {
		return c
	}
	return -1
}
