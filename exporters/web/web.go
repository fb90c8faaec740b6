// Package web is the HTTP server of a mailpath: TLS and basic authentication as every
// exporter for Prometheus has them, limits, headers, and who may write.
//
// A request passes the exporter toolkit, which asks for what the web configuration wants
// (https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md);
// then the limits: its body is read whole, what a browser sends on behalf of another site
// is refused, and every answer has its headers and its deadlines. Access tells handlers who
// is asking, and whether they may write.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/mailpath/mailpath/probe"
)

// Config says where is listened, and how.
type Config struct {
	Address string // such as 127.0.0.1:9797; port 0: any
	File    string // the web configuration; empty: plain HTTP that asks for nothing
	Log     *slog.Logger
}

// Server is one HTTP server.
type Server struct {
	cfg      Config
	access   Access
	secure   bool
	http     *http.Server
	listener net.Listener
	ended    chan struct{} // closed when nothing is served any more
	served   bool
	leaving  context.Context // ends when the server is being closed
	leave    context.CancelFunc
}

// The limits of a connection. What is answered has none but that its reader goes on reading.
const (
	headerWithin = 10 * time.Second // a request's header, and a TLS handshake
	bodyWithin   = 10 * time.Second // a request's body
	writeWithin  = 30 * time.Second // each part of an answer
	idleFor      = 2 * time.Minute  // between two requests
	closeWithin  = 2 * time.Second  // answers under way when the server is closed
	maxHeader    = 32 << 10
	maxBody      = 64 << 10
)

// ErrAddress says that an address cannot be listened on.
var ErrAddress = errors.New("listening for HTTP")

// Listen reads the web configuration and takes the address; nothing is answered before
// Serve. An error says which of both is wrong.
func Listen(cfg Config) (*Server, error) {
	if err := toolkit.Validate(cfg.File); err != nil {
		return nil, fmt.Errorf("reading the web configuration %s: %w", cfg.File, err)
	}
	setup, err := readSetup(cfg.File)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("%w on %s: %w", ErrAddress, cfg.Address, err)
	}
	s := &Server{cfg: cfg, access: NewAccess(cfg.File), secure: setup.secure(), listener: l, ended: make(chan struct{})}
	s.leaving, s.leave = context.WithCancel(context.Background())
	if len(setup.Users) > 0 && !s.secure && !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		cfg.Log.Warn("passwords go over the network for everybody to read: give the web configuration a tls_server_config", "file", cfg.File)
	}
	return s, nil
}

// URL is where the server is found from this machine.
func (s *Server) URL() string {
	scheme, address := "http", s.listener.Addr().(*net.TCPAddr)
	if s.secure {
		scheme = "https"
	}
	if address.IP.IsUnspecified() {
		return fmt.Sprintf("%s://127.0.0.1:%d", scheme, address.Port)
	}
	return scheme + "://" + address.String()
}

// Access tells who of the server's callers may write.
func (s *Server) Access() Access { return s.access }

// Serve answers in the background, until Close. It is called once.
func (s *Server) Serve(h http.Handler) {
	l := limits{next: h, log: s.cfg.Log, clock: probe.NewClock(), leaving: s.leaving}
	s.http = &http.Server{
		Handler:           l.guarded(),
		ReadHeaderTimeout: headerWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn),
		HTTP2:             &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second, WriteByteTimeout: writeWithin, MaxConcurrentStreams: 100},
	}
	s.served = true
	go func() {
		defer close(s.ended)
		err := toolkit.Serve(s.listener, s.http, &toolkit.FlagConfig{WebConfigFile: &s.cfg.File}, s.cfg.Log)
		if !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Log.Error("HTTP is not served any more", "address", s.listener.Addr(), "error", err)
		}
	}()
}

// Close lets answers under way end, but not for long; event streams end at once.
func (s *Server) Close() error {
	s.leave()
	if !s.served {
		return s.listener.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // somebody reads slowly: that is no trouble of ours
		err = s.http.Close()
	}
	<-s.ended
	return err
}
