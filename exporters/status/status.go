// Package status serves the page that tells people what works and what does not, and the
// same as a feed and as JSON.
//
// A request is answered from bytes that were made once for everybody: the Board gives the
// situation, words.Words the sentences, html/template the page; it is made again when the
// Board says that people should be told, and otherwise at most every few seconds. Viewers
// hold a stream of events open, which tells them to fetch the page again. Only the form
// for writing is made for one person.
package status

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

// Board gives what people are told; situation.Board does. All of it may be called from
// several goroutines, and what it gives is the caller's.
type Board interface {
	Situation() situation.Situation
	Incident(id string) (situation.Incident, bool)
	Incidents(since time.Time) []situation.Incident
	Recent() []situation.Outcome
	Changed() <-chan struct{}
	Zone() *time.Location
}

// Words says it; words.Words does.
type Words interface {
	Language() string
	Update(words.Audience, situation.Situation) (words.Message, error)
	Incident(words.Audience, situation.Situation, situation.Incident) (words.Message, error)
	Report(situation.Situation, situation.Incident) (string, error)
	Say(name string, data any) (string, error)
	When(t, now time.Time) words.Moment
}

// Config is what the page is made of.
type Config struct {
	Board Board
	Words Words
	Clock probe.Clock
	// Announce makes a Note or a Maintenance known; nil: this page only reads.
	Announce func(context.Context, probe.Fact) error
	// Writer tells who is asking, and whether they may write; nil: nobody may.
	Writer func(*http.Request) (name string, may bool)
}

// Page serves /, /noc, /incidents/, /events, /feed.atom, /static/, /announce, and under
// /api/v1/ status, incidents, update and recent. It is safe for concurrent use.
type Page struct {
	cfg     Config
	handler http.Handler
	pages   pages
	static  static
	cache   cache
	guard   *http.CrossOriginProtection
	viewers chan struct{} // one element for each that is there
}

// New makes the page.
func New(cfg Config) (*Page, error) {
	p := &Page{cfg: cfg, guard: http.NewCrossOriginProtection(), viewers: make(chan struct{}, maxViewers)}
	var err error
	if p.static, err = readStatic(); err != nil {
		return nil, fmt.Errorf("reading the files of the status page: %w", err)
	}
	if p.pages, err = parsePages(cfg.Words, p.static); err != nil {
		return nil, fmt.Errorf("reading the templates of the status page: %w", err)
	}
	p.cache = cache{board: cfg.Board, clock: cfg.Clock}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.overview)
	mux.HandleFunc("GET /noc", p.noc)
	mux.HandleFunc("GET /incidents/{id}", p.incident)
	mux.HandleFunc("GET /events", p.events)
	mux.HandleFunc("GET /static/{name}", p.static.serve)
	mux.HandleFunc("GET /announce", p.form)
	mux.HandleFunc("POST /announce", p.announce)
	mux.HandleFunc("GET /", p.notFound)
	cfg.api(mux)
	cfg.feed(mux)
	p.handler = harden(mux)
	return p, nil
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// harden sets the headers that keep a page from being used for anything else (CSP level
// 3): it loads nothing from elsewhere, runs no script that stands in it, and is shown in no
// other page.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // with none, a browser sends our own form as from nowhere: Origin: null
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
