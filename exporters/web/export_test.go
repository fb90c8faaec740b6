package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
)

// ServeOn serves on a listener of a test's own.
func ServeOn(l net.Listener, log *slog.Logger, h http.Handler) *Server {
	s := &Server{cfg: Config{Log: log}, listener: l, ended: make(chan struct{})}
	s.leaving, s.leave = context.WithCancel(context.Background())
	s.Serve(h)
	return s
}
