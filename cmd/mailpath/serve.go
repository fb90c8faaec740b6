package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/exporters/web"
)

// doorFlags say where a process is served, and to whom.
type doorFlags struct {
	address, file             string // of the listener for everything
	publicAddress, publicFile string // of the one for reading; no address: there is none
}

func (f *doorFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "listen", defaultListen, "serve HTTP on this `ADDRESS`")
	cmd.Flags().StringVar(&f.file, "web-config", "", "the `FILE` with TLS, users and passwords of what is served: the web configuration of Prometheus exporters")
	cmd.Flags().StringVar(&f.publicAddress, "public-listen", "", "serve the status page also on this `ADDRESS`, for reading only: neither metrics nor the journal, and nothing can be written")
	cmd.Flags().StringVar(&f.publicFile, "public-web-config", "", "the web configuration `FILE` for --public-listen")
}

// doors are the HTTP servers of a process: one for everything, and one for reading only,
// if it is wanted.
type doors struct{ main, public *web.Server }

// openDoors takes the addresses; nothing is answered before serve.
func openDoors(f doorFlags, log *slog.Logger) (d doors, err error) {
	if f.publicAddress == "" && f.publicFile != "" {
		return d, usage(errors.New("got --public-web-config without --public-listen: want an address to serve on, too"))
	}
	if d.main, err = listen(f.address, f.file, "--listen", log); err != nil {
		return d, err
	}
	if f.publicAddress != "" {
		if d.public, err = listen(f.publicAddress, f.publicFile, "--public-listen", log); err != nil {
			return doors{}, errors.Join(err, d.close())
		}
	}
	return d, nil
}

// listen takes one address, which a flag gives.
func listen(address, file, flag string, log *slog.Logger) (*web.Server, error) {
	s, err := web.Listen(web.Config{Address: address, File: file, Log: log})
	if err == nil {
		return s, nil
	}
	if errors.Is(err, web.ErrAddress) {
		err = fmt.Errorf("%w: give %s another address, such as 127.0.0.1:0", err, flag)
	}
	return nil, usage(err)
}

// close ends both.
func (d doors) close() error {
	var problems []error
	for _, s := range []*web.Server{d.main, d.public} {
		if s != nil {
			problems = append(problems, s.Close())
		}
	}
	return errors.Join(problems...)
}

// rooms are what is behind the doors.
type rooms struct {
	metrics, api http.Handler
	page         http.Handler // what people are told, and the form for telling them
	public       http.Handler // the same without the form
	ready        <-chan struct{}
}

// serve answers in the background. Before ready is closed there is nothing to tell:
// metrics would go backwards while the journal is replayed.
func (d doors) serve(r rooms) {
	d.main.Serve(r.all())
	if d.public != nil {
		d.public.Serve(r.reading())
	}
}

func (r rooms) all() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "healthy\n") })
	mux.Handle("GET /-/ready", whenReady(r.ready, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ready\n") })))
	mux.Handle("GET /metrics", whenReady(r.ready, r.metrics))
	mux.Handle("/api/v1/", whenReady(r.ready, r.api))
	for _, path := range pagePaths {
		mux.Handle(path, whenReady(r.ready, r.page))
	}
	mux.Handle("/", whenReady(r.ready, r.page))
	return mux
}

// pagePaths are those of the page that lie below paths of others.
var pagePaths = [...]string{"/api/v1/status", "/api/v1/incidents", "/api/v1/incidents/", "/api/v1/update", "/api/v1/recent"}

// publicPaths are what anybody may read who reaches the public listener; a path that ends
// with a slash means all below it.
var publicPaths = [...]string{
	"/{$}", "/incidents/", "/events", "/feed.atom", "/static/", "/api/v1/status", "/api/v1/incidents", "/api/v1/incidents/", "/api/v1/update",
}

// reading is what is served in public: nothing that is not named, and no way to write.
func (r rooms) reading() http.Handler {
	mux := http.NewServeMux()
	for _, path := range publicPaths {
		mux.Handle("GET "+path, whenReady(r.ready, r.public))
	}
	return mux
}

// notReady is shown to people before there is anything to tell them; it asks again by itself.
const notReady = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="3"><title>mailpath is starting</title></head>
<body><main><h1>mailpath is starting</h1><p>It is reading its journal. This page comes back by itself in a moment.</p></main></body></html>
`

// whenReady answers 503 until ready is closed.
func whenReady(ready <-chan struct{}, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-ready:
			next.ServeHTTP(w, r)
			return
		default:
		}
		w.Header().Set("Retry-After", "3")
		w.Header().Set("Cache-Control", "no-store")
		if !slices.ContainsFunc(r.Header.Values("Accept"), func(a string) bool { return strings.Contains(a, "text/html") }) {
			http.Error(w, "not ready: the journal is being replayed", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, notReady)
	})
}
