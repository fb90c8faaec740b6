package status

import (
	"net/http"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
)

// incidentPage is all about one incident.
type incidentPage struct {
	frame
	Incident told
}

func (p *Page) incident(w http.ResponseWriter, r *http.Request) {
	i, known := p.cfg.Board.Incident(r.PathValue("id"))
	switch {
	case !known:
		p.notFound(w, r)
	case i.ID != r.PathValue("id"): // it was merged into this one
		http.Redirect(w, r, i.ID, http.StatusFound)
	default:
		p.cache.page("/incidents/"+i.ID, func() (int, []byte) {
			s := p.cfg.Board.Situation()
			t := p.teller(s)
			v := incidentPage{p.pages.frame(t, s, "../", "incident", t.say("page.title.incident", i)), t.incident(words.Staff, s, i)}
			return p.pages.render(http.StatusOK, "incident.html", v)
		}).serve(w, r)
	}
}

// notFound answers what there is not, however deep in the tree it would be: its links
// lead from the root.
func (p *Page) notFound(w http.ResponseWriter, r *http.Request) {
	p.cache.page("missing", func() (int, []byte) {
		s := p.cfg.Board.Situation()
		t := p.teller(s)
		return p.pages.render(http.StatusNotFound, "missing.html", p.pages.frame(t, s, "/", "missing", t.say("page.title.notfound", nil)))
	}).serve(w, r)
}

// entry is a line of the timeline.
type entry struct {
	At   stamp
	Text string
	Sign string // the state from then on
}

// timeline begins with the first message that did not come through. Operators' updates
// stand on their own.
func (t teller) timeline(a words.Audience, i situation.Incident) []entry {
	all := []entry{{At: t.at("moment.seconds", i.Began), Text: t.say("step.began", nil)}}
	for _, e := range i.Timeline {
		name := "step.staff."
		if a == words.NOC {
			name = "step.noc."
		}
		all = append(all, entry{t.at("moment.seconds", e.At), t.say(name+string(e.Step), e), t.say("state."+string(e.State), nil)})
	}
	return all
}

// figure is a number with its name.
type figure struct{ Name, Number string }

func (t teller) figures(f situation.Figures) []figure {
	number := func(n int) string { return t.say("number", n) }
	all := []figure{
		{t.say("figure.messages", nil), number(f.Messages)}, {t.say("figure.missed", nil), number(f.Missed)},
		{t.say("figure.overdue", nil), number(f.Overdue)}, {t.say("figure.held", nil), number(f.Held)},
		{t.say("figure.late", nil), number(f.Late)}, {t.say("figure.refused", nil), number(f.Refused)},
		{t.say("figure.lost", nil), number(f.Lost)}, {t.say("figure.bounced", nil), number(f.Bounced)},
	}
	longest := t.say("empty.value", nil)
	if f.Longest > 0 {
		longest = t.say("duration.short", f.Longest)
	}
	return append(all, figure{t.say("figure.longest", nil), longest})
}
