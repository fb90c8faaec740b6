package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/lab/browser"
	"github.com/mailpath/mailpath/probe"
)

// browserStory is the story as the pages tell it.
type browserStory struct {
	*told
	browser *browser.Browser
	dir     string // of pictures
	turn    int    // of views

	live     *reader // the page as it stays open, never loaded again
	bare     *reader // the same without JavaScript
	liveNOC  *reader
	bareNOC  *reader
	incident *reader // of the incident, once there is one
	bareOne  *reader
}

// The pages of mailpath tell the story in a real browser: what they say, that it comes by
// itself where JavaScript runs and is all there where it does not, for everybody, on any
// screen.
func TestStatusPageInBrowser(t *testing.T) {
	t.Parallel()
	s := newBrowserStory(t)
	s.untilHealthy()
	s.live.wants("healthy", "Mail is working")
	s.mark()
	s.show("healthy", "Mail is working")
	s.live.lacks("healthy", "Investigating")

	s.doubt()
	i := s.untilIncident(probe.Investigating)
	s.live.wants("investigating", "outside", "Investigating")
	s.open(i)
	s.show("investigating", "outside", "Investigating")

	i = s.settle()
	s.show("identified", "outside", "Identified")
	s.countdown("identified")

	s.announceThrice(i)
	s.show("updated", "The vendor is called.", "A patch is being installed.", "The patch needs a restart.")

	s.must(s.world.Repair(brokenComponent))
	s.untilIncident(probe.Monitoring)
	s.show("monitoring", "Monitoring")
	s.untilIncident(probe.Resolved)
	s.live.wants("resolved", "Mail is working again")
	s.incident.wants("resolved", "Resolved")
	s.show("resolved", "Mail")
	s.stayed()
	s.otherViews()
}

func newBrowserStory(t *testing.T) *browserStory {
	t.Helper()
	s := &browserStory{told: newTold(t, nil, ""), dir: os.Getenv(screenshotsVariable)}
	if s.dir != "" {
		if err := os.MkdirAll(s.dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.browser = startBrowser(t)
	s.start()
	s.live, s.bare = s.read("status", "/", false), s.read("status", "/", true)
	s.liveNOC, s.bareNOC = s.read("noc", "/noc", false), s.read("noc", "/noc", true)
	return s
}

func (s *browserStory) read(name, path string, noScript bool) *reader {
	s.t.Helper()
	v := browser.Desktop()
	v.NoScript = noScript
	r := read(s.t, s.browser, name, s.child.url+path, v)
	r.dir = s.dir
	return r
}

// open opens the page of an incident.
func (s *browserStory) open(i situation.Incident) {
	s.t.Helper()
	s.incident, s.bareOne = s.read("incident", "/incidents/"+i.ID, false), s.read("incident", "/incidents/"+i.ID, true)
}

// show holds all pages to a state of the story: those with JavaScript have it by
// themselves, those without when they are loaded again. Two tabs are looked at at once, in
// another view at each state; all pages in all views where pictures are kept.
func (s *browserStory) show(state string, texts ...string) {
	s.t.Helper()
	all := views()
	few := all[s.turn%len(all):][:1] // a phone, one in the dark, a desktop, one in the dark
	others := state == "identified"
	if s.dir != "" { // somebody wants to see everything
		few, others = all, true
	}
	s.turn++
	var both sync.WaitGroup
	both.Go(func() {
		s.live.wants(state, texts...)
		s.live.check(state, few...)
		if s.incident != nil {
			s.incident.wants(state, texts...)
		}
		if others && s.incident != nil {
			s.liveNOC.check(state, few...)
			s.incident.check(state, few...)
		}
	})
	both.Go(func() {
		for _, r := range []*reader{s.bare, s.bareOne, s.bareNOC} {
			if r == nil || r != s.bare && !others {
				continue
			}
			if err := r.page.Reload(); err != nil {
				s.t.Error(err)
			}
			if r != s.bareNOC {
				r.wants(state, texts...)
			}
			r.check(state, few...)
		}
	})
	both.Wait()
}

// mark puts the focus of the open page on a link, and something into the page that a new
// load would lose.
func (s *browserStory) mark() {
	s.t.Helper()
	for range 3 {
		s.must(s.live.page.Press("\t"))
	}
	if at := eval[string](s.live, `window.marked = true, document.activeElement.tagName`); at == "BODY" {
		s.t.Error("after three Tabs nothing has the focus, want something")
	}
	eval[bool](s.live, `window.focused = document.activeElement.outerHTML, true`)
}

// stayed holds that the open page was never loaded again, and has kept its focus.
func (s *browserStory) stayed() {
	s.t.Helper()
	if !eval[bool](s.live, `window.marked === true`) {
		s.t.Error("the open page was loaded again, want it to update itself")
	}
	if got, want := eval[string](s.live, `document.activeElement.outerHTML`), eval[string](s.live, `String(window.focused)`); got != want {
		s.t.Errorf("the focus went from %s to %s, want it to stay", want, got)
	}
}

// countdown holds that the page says how long it is until the next update.
func (s *browserStory) countdown(state string) {
	s.t.Helper()
	if text := eval[string](s.live, `document.querySelector("[data-due]")?.innerText ?? ""`); !strings.Contains(text, "min") {
		s.t.Errorf("%s: got countdown %q to the next update, want some minutes", state, text)
	}
}

// announceThrice tells people something by the API and by the forms of the page, with
// JavaScript and without it.
func (s *browserStory) announceThrice(i situation.Incident) {
	s.t.Helper()
	if a := s.announce(map[string]any{"text": "The vendor is called.", "next_seconds": 900}); a.Incident != i.ID {
		s.t.Errorf("announcing: got %+v, want it about incident %s", a, i.ID)
	}
	s.live.wants("updated", "The vendor is called.")
	for _, form := range []struct {
		text     string
		noScript bool
	}{{"A patch is being installed.", false}, {"The patch needs a restart.", true}} {
		r := s.read("announce", "/announce", form.noScript)
		r.check(fmt.Sprintf("form-%v", form.noScript), views()[1])
		s.must(r.page.Type("textarea", form.text))
		s.must(r.page.Click("main button[type=submit]"))
		s.live.wants("updated", form.text)
		r.page.Close()
	}
	updates := s.untilIncident(probe.Identified).Updates
	if len(updates) != 3 {
		s.t.Errorf("got updates %+v, want three", updates)
	}
}

// otherViews looks at the page as it hangs on a wall, for those who like nothing to move,
// and as it is printed.
func (s *browserStory) otherViews() {
	s.t.Helper()
	wall, still, print := browser.Wall(), browser.Phone(), browser.Desktop()
	wall.Dark, still.Still, print.Print = true, true, true
	s.live.check("resolved", wall, print, still)
	if moving := eval[int](s.live, `document.getAnimations().filter(a => a.playState === "running").length`); moving > 0 {
		s.t.Errorf("for those who like nothing to move: got %d animations", moving)
	}
}
