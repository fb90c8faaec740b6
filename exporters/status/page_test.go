package status

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

// languages are those that are built in.
var languages = []string{"de", "en"}

// heard are words that keep what they could not say: a page shows only its name.
type heard struct {
	*words.Words
	mu     sync.Mutex
	unsaid []string
}

func (h *heard) note(what string, err error) {
	if err != nil {
		h.mu.Lock()
		h.unsaid = append(h.unsaid, fmt.Sprintf("%s: %v", what, err))
		h.mu.Unlock()
	}
}

func (h *heard) Say(name string, data any) (string, error) {
	text, err := h.Words.Say(name, data)
	h.note(name, err)
	return text, err
}

func (h *heard) Update(a words.Audience, s situation.Situation) (words.Message, error) {
	m, err := h.Words.Update(a, s)
	h.note("update for "+string(a), err)
	return m, err
}

func (h *heard) Incident(a words.Audience, s situation.Situation, i situation.Incident) (words.Message, error) {
	m, err := h.Words.Incident(a, s, i)
	h.note("incident for "+string(a), err)
	return m, err
}

// get asks a page for something, as alice or as nobody in particular.
func get(h http.Handler, target string, who string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if who != "" {
		r.SetBasicAuth(who, "secret")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// visit is one page, and how it is answered.
type visit struct {
	target, who string
	code        int
}

// visits are all pages that there are in a situation.
func visits(s situation.Situation) []visit {
	all := []visit{
		{"/", "", 200}, {"/announce", "alice", 200}, {"/announce?done=unstored", "alice", 200}, {"/announce", "", 403}, {"/noc", "", 200},
		{"/incidents/none", "", 404}, {"/no/where/near", "", 404},
	}
	for _, i := range s.Incidents {
		all = append(all, visit{"/incidents/" + i.ID, "", 200})
	}
	return all
}

// Every page says all it has to say in every situation and language, and is a whole
// document that leads nowhere else.
func TestPages(t *testing.T) {
	for _, language := range languages {
		loaded := newWords(t, language)
		for name, s := range examples() {
			t.Run(name+" "+language, func(t *testing.T) {
				t.Parallel()
				w := &heard{Words: loaded}
				p := pageOver(t, w, &testBoard{s: s, recent: recent()}, noAnnouncing)
				served := make(map[string]bool)
				for _, v := range visits(s) {
					r := get(p, v.target, v.who)
					if kind := r.Header.Get("Content-Type"); r.StatusCode != v.code || kind != "text/html; charset=utf-8" {
						t.Errorf("%s: got %d, %s; want %d, HTML", v.target, r.StatusCode, kind, v.code)
					}
					d := parse(t, v.target, bodyOf(t, r))
					d.check(t, language)
					d.follow(t, p, served)
				}
				if len(w.unsaid) > 0 {
					slices.Sort(w.unsaid)
					t.Errorf("got phrases that cannot be said:\n%s", strings.Join(slices.Compact(w.unsaid), "\n"))
				}
			})
		}
	}
}

// What cannot be said is shown by its name, and noticed by the test above.
func TestAPhraseThatCannotBeSaid(t *testing.T) {
	w := &heard{Words: newWords(t, "en")}
	if got := say(w, "no.such.phrase", nil); got != "no.such.phrase" || len(w.unsaid) != 1 {
		t.Errorf("got %q, noted %q; want its name, noted", got, w.unsaid)
	}
}

func TestAMergedIncidentLeadsToTheOther(t *testing.T) {
	p := newPage(t, &testBoard{s: disrupted(probe.Identified)}, nil)
	r := get(p, "/incidents/merged", "")
	if got := r.Header.Get("Location"); r.StatusCode != http.StatusFound || got != "/incidents/2026-11-24-0841" {
		t.Errorf("got %d to %q, want a redirect to the incident", r.StatusCode, got)
	}
}

// A page that only reads offers nothing to write, and links to no form.
func TestAPageThatOnlyReads(t *testing.T) {
	p := newPage(t, &testBoard{s: healthy(noon)}, nil)
	for _, target := range []string{"/noc", "/"} {
		if body := bodyOf(t, get(p, target, "alice")); strings.Contains(body, `href="announce"`) {
			t.Errorf("%s: got a link to the form", target)
		}
	}
}

// Whatever is answered, it has the headers that keep it from being used for anything else.
func TestEveryAnswerIsHardened(t *testing.T) {
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
	}
	p := newPage(t, &testBoard{s: disrupted(probe.Identified)}, noAnnouncing)
	for _, c := range []struct {
		method, target string
		code           int
	}{
		{"GET", "/noc", 200}, {"GET", "/static/status.css", 200}, {"POST", "/", 405}, {"GET", "/", 200}, {"GET", "/static/none", 404}, {"HEAD", "/", 200},
		{"GET", "/announce", 403}, {"POST", "/announce", 403}, {"GET", "/nowhere", 404}, {"GET", "/feed.atom", 200}, {"GET", "/incidents/merged", 302},
		{"GET", "/incidents/2026-11-24-0841", 200}, {"GET", "/api/v1/status", 200}, {"GET", "/api/v1/incidents/none", 404}, {"DELETE", "/announce", 405},
	} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(c.method, c.target, nil))
		if w.Code != c.code {
			t.Errorf("%s %s: got %d, want %d", c.method, c.target, w.Code, c.code)
		}
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s %s: got %s %q, want %q", c.method, c.target, name, got, value)
			}
		}
	}
}

// Files are kept for good under the address that pages give, and asked for again under any other.
func TestFilesArePassedOnceAndKept(t *testing.T) {
	p := newPage(t, &testBoard{s: healthy(noon)}, nil)
	for _, c := range []struct{ name, kind string }{{"status.js", "text/javascript"}, {"icon-operational.svg", "image/svg+xml"}, {"status.css", "text/css"}} {
		r := get(p, "/"+p.static.address(c.name), "")
		if got := r.Header.Get("Cache-Control"); r.StatusCode != 200 || got != "public, max-age=31536000, immutable" || !strings.HasPrefix(r.Header.Get("Content-Type"), c.kind) {
			t.Errorf("%s: got %d, %v; want %s, kept", c.name, r.StatusCode, r.Header, c.kind)
		}
		r = get(p, "/static/"+c.name+"?v=old", "", "If-None-Match", r.Header.Get("ETag"))
		if got := r.Header.Get("Cache-Control"); r.StatusCode != http.StatusNotModified || got != "no-cache" {
			t.Errorf("%s: got %d, %q of an old address; want 304, asked for again", c.name, r.StatusCode, got)
		}
	}
}
