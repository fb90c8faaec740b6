package status

import (
	"errors"
	"net/http"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// What is said after something was announced: it is shown, or it is shown and a restart
// would forget it.
const (
	doneStored   = "stored"
	doneUnstored = "unstored"
)

// form shows the forms, to those who may write.
func (p *Page) form(w http.ResponseWriter, r *http.Request) {
	name, may := p.writer(r)
	if !may {
		p.refuse(w)
		return
	}
	v := p.viewForm(name, filled{Next: defaultNext})
	if open := v.Open; len(open) > 0 {
		v.Filled.Incident = open[len(open)-1].ID
	}
	switch r.URL.Query().Get("done") {
	case doneStored:
		v.Done = v.t.say("form.done", nil)
	case doneUnstored:
		v.Done, v.Unstored = v.t.say("form.done", nil), v.t.say("form.error.notdurable", nil)
	}
	p.showForm(w, http.StatusOK, v)
}

// writer tells who is asking, and whether they may write.
func (p *Page) writer(r *http.Request) (name string, may bool) {
	if p.cfg.Announce == nil || p.cfg.Writer == nil {
		return "", false
	}
	return p.cfg.Writer(r)
}

// refuse says that somebody may not write, and what they can do.
func (p *Page) refuse(w http.ResponseWriter) {
	s := p.cfg.Board.Situation()
	t := p.teller(s)
	v := formPage{frame: p.pages.frame(t, s, "", "announce", t.say("page.title.announce", nil)), Refused: t.say("form.error.forbidden", nil)}
	p.showForm(w, http.StatusForbidden, v)
}

// announce takes what was written. Whatever is wrong with it is said in the form, with all
// that was typed still in it.
func (p *Page) announce(w http.ResponseWriter, r *http.Request) {
	name, may := p.writer(r)
	if !may {
		p.refuse(w)
		return
	}
	f, problem := readForm(w, r)
	if problem == nil && p.guard.Check(r) != nil {
		problem = &slip{status: http.StatusForbidden, phrase: "form.error.token"}
	}
	v := p.viewForm(name, f)
	var fact probe.Fact
	if problem == nil {
		fact, problem = v.fact(name)
	}
	if problem != nil {
		p.showSlip(w, v, *problem)
		return
	}
	switch err := p.cfg.Announce(r.Context(), fact); {
	case err == nil:
		http.Redirect(w, r, "announce?done="+doneStored, http.StatusSeeOther)
	case errors.Is(err, probe.ErrNotDurable):
		http.Redirect(w, r, "announce?done="+doneUnstored, http.StatusSeeOther)
	case errors.Is(err, probe.ErrNotReady):
		w.Header().Set("Retry-After", "5")
		p.showSlip(w, v, slip{status: http.StatusServiceUnavailable, phrase: "form.error.notready"})
	case errors.Is(err, probe.ErrUnfit):
		p.showSlip(w, v, slip{status: http.StatusBadRequest, phrase: "form.error.other", detail: err.Error()})
	default:
		p.showSlip(w, v, slip{status: http.StatusInternalServerError, phrase: "form.error.other", detail: err.Error()})
	}
}

// slip is what is wrong with what was written.
type slip struct {
	status int
	phrase string
	data   any
	field  string // the one that is to be mended; empty: none
	detail string
}

func (p *Page) showSlip(w http.ResponseWriter, v formPage, wrong slip) {
	v.Slip = &shownSlip{Text: v.t.say(wrong.phrase, wrong.data), Field: wrong.field, Detail: wrong.detail}
	p.showForm(w, wrong.status, v)
}

func (p *Page) showForm(w http.ResponseWriter, status int, v formPage) {
	status, body := p.pages.render(status, "announce.html", v)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever hangs up does not want it
}

// defaultNext is the promise that is offered, in minutes.
const defaultNext = "15"

// choice is one of those that a field offers.
type choice struct {
	Value, Text string
}

// formPage is the forms as one person sees them.
type formPage struct {
	frame
	t        teller
	As       string // who writes
	Refused  string
	Done     string
	Unstored string
	Slip     *shownSlip
	Filled   filled
	Open     []told
	Nexts    []choice
	Lengths  []choice
	Routes   []string
}

type shownSlip struct{ Text, Field, Detail string }

func (p *Page) viewForm(name string, f filled) formPage {
	s := p.cfg.Board.Situation()
	t := p.teller(s)
	v := formPage{frame: p.pages.frame(t, s, "", "announce", t.say("page.title.announce", nil)), t: t, Filled: f}
	if name != "" {
		v.As = t.say("form.as", name)
	}
	for _, i := range s.Incidents {
		if i.Open() {
			v.Open = append(v.Open, t.brief(i))
		}
	}
	for _, d := range s.Directions {
		for _, r := range d.Routes {
			v.Routes = append(v.Routes, r.Name)
		}
	}
	v.Nexts, v.Lengths = t.choices(nexts[:]), t.choices(lengths[:])
	return v
}

// choices are lengths of time, given in minutes.
func (t teller) choices(all []length) []choice {
	var some []choice
	for _, l := range all {
		some = append(some, choice{l.minutes, t.say("duration", l.long.Seconds())})
	}
	return some
}

type length struct {
	minutes string
	long    time.Duration
}

// nexts are when the next update can be promised, lengths how long maintenance can be
// announced for.
var (
	nexts   = [...]length{{"5", 5 * time.Minute}, {"10", 10 * time.Minute}, {"15", 15 * time.Minute}, {"30", 30 * time.Minute}, {"60", time.Hour}}
	lengths = [...]length{
		{"15", 15 * time.Minute}, {"30", 30 * time.Minute}, {"60", time.Hour}, {"120", 2 * time.Hour}, {"240", 4 * time.Hour},
		{"480", 8 * time.Hour}, {"1440", 24 * time.Hour},
	}
)
