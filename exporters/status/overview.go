package status

import (
	"net/http"
	"slices"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
)

// overview is the page for everybody.
type overview struct {
	frame
	Says          prose
	Troubles      []string
	Open          []told
	Cards         []card
	Ways          []way
	Maintenance   []window
	Announcements []update
	History       history
	Past          []told
	MayWrite      bool // there is a form at all; whether one may use it is asked there
}

func (p *Page) overview(w http.ResponseWriter, r *http.Request) { p.current().serve(w, r) }

// current is the overview as it is now: its tag is what viewers are told of.
func (p *Page) current() *rendered {
	return p.cache.page("/", func() (int, []byte) {
		return p.pages.render(http.StatusOK, "overview.html", p.viewOverview(p.cfg.Board.Situation()))
	})
}

// teller says things as of the situation.
func (p *Page) teller(s situation.Situation) teller { return teller{p.cfg.Words, s.At} }

func (p *Page) viewOverview(s situation.Situation) overview {
	t := p.teller(s)
	v := overview{
		frame: p.pages.frame(t, s, "", "overview", t.say("page.title", s)),
		Says:  t.update(words.Staff, s), Troubles: t.troubles(s),
		Cards: t.cards(s), Ways: t.ways(s), History: t.history(s),
		MayWrite: p.cfg.Announce != nil,
	}
	for _, m := range s.Maintenance {
		v.Maintenance = append(v.Maintenance, t.window(m))
	}
	v.Announcements = t.updates(s.Announcements)
	for _, i := range s.Incidents {
		if i.Open() {
			v.Open = append(v.Open, t.incident(words.Staff, s, i))
		} else {
			v.Past = append(v.Past, t.brief(i))
		}
	}
	return v
}

func (t teller) troubles(s situation.Situation) []string {
	var all []string
	for _, trouble := range s.Troubles {
		all = append(all, t.say("trouble."+string(trouble), nil))
	}
	return all
}

// update is what an operator wrote.
type update struct {
	At   stamp
	By   string
	Text string
}

// updates gives them in the order in which they are.
func (t teller) updates(all []situation.Update) []update {
	var shown []update
	for _, u := range all {
		shown = append(shown, update{At: t.at("moment", u.At), By: t.by(u.By), Text: u.Text})
	}
	return shown
}

func (t teller) by(name string) string {
	if name == "" {
		return ""
	}
	return t.say("update.by", name)
}

// window is a maintenance.
type window struct {
	ID    string
	Now   bool
	State string
	Times string
	Text  string
	By    string
	What  string
}

func (t teller) window(m situation.Maintenance) window {
	w := window{
		ID: m.ID, Now: m.Now, State: t.say("maintenance.planned", nil),
		Times: t.span("maintenance.times", m.From, m.Until), Text: m.Text, By: t.by(m.By), What: t.say("maintenance.all", nil),
	}
	if m.Now {
		w.State = t.say("maintenance.now", nil)
	}
	if len(m.Routes) > 0 && len(m.Directions) > 0 {
		w.What = t.say("maintenance.affected", m)
	}
	return w
}

// told is an incident as it is shown.
type told struct {
	ID       string
	Name     string
	State    string
	Says     prose
	Steps    []step
	Help     string // what the state means
	Began    stamp
	Ended    stamp
	Lasted   string
	Next     stamp // the next update; empty: none is promised
	Due      int64 // the same, in seconds since 1970
	Overdue  bool
	Updates  []update
	Timeline []entry
	Figures  []figure
	Cause    string
	Sure     string
	Sentence string
	Reasons  []string
	Affected string
}

// step is one state of an incident.
type step struct {
	Name string
	Done bool
	Now  bool
}

// states are those of an incident, in their order.
var states = [...]string{"investigating", "identified", "monitoring", "resolved"}

func (t teller) steps(i situation.Incident) []step {
	at := slices.Index(states[:], string(i.State))
	var all []step
	for n, state := range states {
		all = append(all, step{Name: t.say("state."+state, nil), Done: n < at || n == at && !i.Open(), Now: n == at})
	}
	return all
}

// brief is what a list says of an incident.
func (t teller) brief(i situation.Incident) told {
	shown := told{
		ID: i.ID, Name: t.say("incident.id", i), State: t.say("state."+string(i.State), nil), Says: prose{Title: t.say("incident.title", i)},
		Began: t.at("incident.began", i.Began), Ended: t.at("incident.ended", i.Ended),
	}
	shown.Lasted = t.say("incident.lasting", t.now.Sub(i.Began).Seconds())
	if !i.Open() {
		shown.Lasted = t.say("incident.lasted", i.Ended.Sub(i.Began).Seconds())
	}
	return shown
}

// incident is all that is said of one, the newest update first.
func (t teller) incident(a words.Audience, s situation.Situation, i situation.Incident) told {
	shown := t.brief(i)
	shown.Says, shown.Steps, shown.Help = t.told(a, s, i), t.steps(i), t.say("state.help."+string(i.State), nil)
	t.promise(&shown, i)
	newest := slices.Clone(i.Updates)
	slices.Reverse(newest)
	shown.Updates = t.updates(newest)
	if len(i.Directions) > 0 {
		shown.Affected = t.say("incident.affected", i)
	}
	if len(i.Components) > 0 {
		shown.Cause = t.say("incident.components", i)
		shown.Sure = t.say("incident.confidence", i.Confidence)
	}
	shown.Sentence, shown.Reasons = i.Sentence, i.Reasons
	shown.Timeline, shown.Figures = t.timeline(a, i), t.figures(i.Figures)
	return shown
}

// promise says when the next update comes, or that it has not come.
func (t teller) promise(shown *told, i situation.Incident) {
	if !i.Open() || i.NextUpdate.IsZero() {
		return
	}
	name := "update.next"
	if shown.Overdue = t.now.Sub(i.NextUpdate) > time.Minute; shown.Overdue {
		name = "update.due"
	}
	shown.Next, shown.Due = t.at(name, i.NextUpdate), i.NextUpdate.Unix()
}
