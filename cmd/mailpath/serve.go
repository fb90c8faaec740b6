package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// server is the one HTTP server of a process.
type server struct {
	http     *http.Server
	listener net.Listener
}

// listen binds an address; nothing is answered before serve.
func listen(address string) (*server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, usage(fmt.Errorf("listening for HTTP on %s: %w: give --listen another address, such as 127.0.0.1:0", address, err))
	}
	return &server{listener: l}, nil
}

// url is where the server is found from this machine.
func (s *server) url() string {
	address := s.listener.Addr().(*net.TCPAddr)
	if address.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", address.Port)
	}
	return "http://" + address.String()
}

// serve answers in the background. Before ready is closed there is nothing to tell:
// metrics would go backwards while the journal is replayed.
func (s *server) serve(metrics, api http.Handler, ready <-chan struct{}) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "healthy\n") })
	mux.Handle("GET /-/ready", whenReady(ready, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ready\n") })))
	mux.Handle("GET /metrics", whenReady(ready, metrics))
	mux.Handle("/api/v1/", whenReady(ready, api))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "mailpath\n\n/metrics    what Prometheus scrapes\n/-/healthy  the process lives\n/-/ready    the journal is replayed and the schedule runs\n/api/v1/    what the commands ask: journal, totals, clean\n")
	})
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go s.http.Serve(s.listener)
}

// whenReady answers 503 until ready is closed.
func whenReady(ready <-chan struct{}, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-ready:
			next.ServeHTTP(w, r)
		default:
			http.Error(w, "not ready: the journal is being replayed", http.StatusServiceUnavailable)
		}
	})
}

// close lets answers under way end, but not for long.
func (s *server) close() error {
	if s.http == nil {
		return s.listener.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // somebody reads slowly: that is no trouble of ours
		return s.http.Close()
	}
	return err
}
