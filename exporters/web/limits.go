package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// limits stand before a handler: what is read is bounded in size and time, what is
// written in time, what is shown in what a browser may do with it.
type limits struct {
	next    http.Handler
	log     *slog.Logger
	clock   probe.Clock     // of the machine: deadlines of connections are by it
	leaving context.Context // ends when event streams should
}

// guarded is the handler within its limits. What a browser sends from a page of another
// site is refused, whatever it is for (http.CrossOriginProtection): a browser adds what it
// knows of us, such as a password, to requests that nobody here meant.
func (l limits) guarded() http.Handler {
	forgery := http.NewCrossOriginProtection()
	forgery.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "this was sent by a browser from a page of another site: open mailpath's own page, or use the command line", http.StatusForbidden)
	}))
	within := forgery.Handler(http.HandlerFunc(l.read))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w, control: http.NewResponseController(w), clock: l.clock}
		a.unbound()
		defer a.bind() // what is buffered goes out when the handler has returned
		defer l.survive(a, r)
		setHeaders(w.Header(), r)
		within.ServeHTTP(a, r)
	})
}

// defaultHeaders are what every answer has, unless its handler or the web configuration says otherwise.
var defaultHeaders = [...][2]string{
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "same-origin"},
	{"X-Frame-Options", "DENY"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
}

func setHeaders(h http.Header, r *http.Request) {
	for _, d := range defaultHeaders {
		if h.Get(d[0]) == "" {
			h.Set(d[0], d[1])
		}
	}
	// What somebody may read, nobody keeps for others.
	if r.Header.Get("Authorization") != "" && h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-cache")
	}
}

// read reads a request's body whole, so that no handler waits for a slow sender, and
// hands the request on.
func (l limits) read(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(l.clock.Now().Add(bodyWithin)) // one that knows no deadlines has none
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		switch {
		case errors.As(err, new(*http.MaxBytesError)):
			http.Error(w, fmt.Sprintf("the request is too large: want at most %d bytes", maxBody), http.StatusRequestEntityTooLarge)
			return
		case err != nil:
			w.Header().Set("Connection", "close") // or else the rest would be read before the answer
			http.Error(w, fmt.Sprintf("the request did not come within %v: %v", bodyWithin, err), http.StatusRequestTimeout)
			_ = control.Flush() // what is buffered is not sent with an abort
			panic(http.ErrAbortHandler)
		}
		_ = control.SetReadDeadline(time.Time{})
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		ctx, cancel := context.WithCancel(r.Context())
		defer context.AfterFunc(l.leaving, cancel)()
		defer cancel()
		r = r.WithContext(ctx)
	}
	l.next.ServeHTTP(w, r)
}

// survive keeps a panic in one answer from more than that answer.
func (l limits) survive(a *answer, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) { // on purpose: half an answer is not to be taken for a whole one
		panic(p)
	}
	l.log.Error("answering a request: panic", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	if a.begun {
		panic(http.ErrAbortHandler)
	}
	http.Error(a, "mailpath has a bug here: its log says more", http.StatusInternalServerError)
}

// answer is a ResponseWriter each of whose parts has a deadline of its own: an answer may
// take as long as it likes, as event streams do, but its reader must go on reading.
type answer struct {
	http.ResponseWriter
	control *http.ResponseController
	clock   probe.Clock
	begun   bool
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// bind sets the deadline, and unbound takes it away: with HTTP/2 a deadline that passes
// ends an answer even when nothing is being written.
func (a *answer) bind()    { _ = a.control.SetWriteDeadline(a.clock.Now().Add(writeWithin)) }
func (a *answer) unbound() { _ = a.control.SetWriteDeadline(time.Time{}) }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.begun = a.begun || status >= 200
	a.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	a.bind()
	defer a.unbound()
	return a.ResponseWriter.Write(p)
}

// FlushError is for http.ResponseController.
func (a *answer) FlushError() error {
	a.begun = true
	a.bind()
	defer a.unbound()
	return a.control.Flush()
}

// Flush implements http.Flusher.
func (a *answer) Flush() { _ = a.FlushError() }
