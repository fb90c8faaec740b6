package web_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/web"
	"github.com/mailpath/mailpath/lab/ca"
)

// hash is the bcrypt hash of password, at the lowest cost.
const (
	password = "correct horse"
	hash     = "$2a$04$fK.3OW7xleStMR.PRh1DZeOyv.wE7h4qfUljwskupeyQhCrvKsOpa"
)

// site is a server on this machine.
type site struct {
	*web.Server
	t   *testing.T
	log *logged
}

// logged is a log that can be read meanwhile.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func serve(t *testing.T, file string, h func(*web.Server) http.Handler) *site {
	t.Helper()
	log := new(logged)
	s, err := web.Listen(web.Config{Address: "127.0.0.1:0", File: file, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(h(s))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &site{s, t, log}
}

// echo answers with who is asking and what they sent, to those who may write.
func echo(s *web.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /write", s.Access().Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _ := s.Access().Writer(r)
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s wrote %d bytes %v", name, len(body), err)
	})))
	mux.HandleFunc("GET /read", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "read") })
	mux.HandleFunc("GET /styled", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
	})
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("a bug") })
	mux.HandleFunc("GET /half", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("x", 10_000))
		w.(http.Flusher).Flush()
		panic("a bug")
	})
	return mux
}

// ask sends a request; the status is 0 if there is no answer.
func (s *site) ask(client *http.Client, method, path string, header http.Header, body string) (int, string, http.Header) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = header.Clone()
	response, err := client.Do(r)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error(), nil
	}
	return response.StatusCode, string(said), response.Header
}

// authority makes a server's certificate and a client's in a directory.
func authority(t *testing.T, dir string) (*ca.Authority, tls.Certificate) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := ca.New(time.Now())
	must(err)
	server, err := a.Issue("127.0.0.1")
	must(err)
	key, err := ca.KeyPEM(server)
	must(err)
	writeFile(t, filepath.Join(dir, "server.pem"), string(ca.CertificatePEM(server)))
	writeFile(t, filepath.Join(dir, "server.key"), string(key))
	writeFile(t, filepath.Join(dir, "ca.pem"), string(a.PEM()))
	holder, err := a.Issue("on-call")
	must(err)
	return a, holder
}

func client(a *ca.Authority, h2 bool, certificates ...tls.Certificate) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: a.Pool(), Certificates: certificates}, ForceAttemptHTTP2: h2, DisableKeepAlives: true,
	}}
}

// TLS, passwords and client certificates, as the web configuration file says, with its
// relative paths; and again when the file has changed.
func TestTheWebConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, holder := authority(t, dir)
	const secured = "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem, client_auth_type: VerifyClientCertIfGiven}\n"
	file := filepath.Join(dir, "web.yml")
	writeFile(t, file, secured+"basic_auth_users: {noc: "+hash+"}\n")
	s := serve(t, file, echo)
	wrong := http.Header{}
	wrong.Set("Authorization", "Basic bm9jOmd1ZXNz")
	for _, h2 := range []bool{true, false} {
		for _, c := range []struct {
			says, method, path string
			header             http.Header
			status             int
			want               string
		}{
			{"a user", http.MethodPost, "/write", as("noc"), 200, "noc wrote 5 bytes <nil>"},
			{"a wrong password", http.MethodPost, "/write", wrong, 401, "Unauthorized"},
			{"nobody", http.MethodGet, "/read", nil, 401, "Unauthorized"},
			{"a user, through a proxy", http.MethodPost, "/write", with(as("noc"), "X-Forwarded-For", "192.0.2.7"), 200, "noc wrote"},
			{"a user led by another site", http.MethodPost, "/write", with(as("noc"), "Origin", "https://evil.example"), 403, "page of another site"},
			{"a user who reads", http.MethodGet, "/read", as("noc"), 200, "read"},
		} {
			status, said, _ := s.ask(client(a, h2), c.method, c.path, c.header, "hello")
			if status != c.status || !strings.Contains(said, c.want) {
				t.Errorf("HTTP/2 %v, %s: got %d %q, want %d %q", h2, c.says, status, said, c.status, c.want)
			}
		}
	}
	if status, said, _ := s.ask(&http.Client{}, http.MethodGet, "/read", as("noc"), ""); status != 0 || !strings.Contains(said, "certificate") {
		t.Errorf("a client that does not know the authority: got %d %q", status, said)
	}
	// From now on nobody has a password, and who has a certificate is known by it.
	writeFile(t, file, secured)
	for _, c := range []struct {
		client *http.Client
		header http.Header
		status int
		want   string
	}{
		{client(a, true), with(as("noc"), "Via", "1.1 proxy"), 403, "through a proxy"},
		{client(a, true, holder), with(http.Header{}, "Via", "1.1 proxy"), 200, "on-call wrote"},
		{client(a, true), nil, 200, " wrote"},
	} {
		if status, said, _ := s.ask(c.client, http.MethodPost, "/write", c.header, "hello"); status != c.status || !strings.HasPrefix(said, c.want) && !strings.Contains(said, c.want) {
			t.Errorf("got %d %q, want %d %q", status, said, c.status, c.want)
		}
	}
	// Of a stranger's certificate nothing is believed.
	stranger, _ := authority(t, t.TempDir())
	forged, err := stranger.Issue("on-call")
	if err != nil {
		t.Fatal(err)
	}
	if status, said, _ := s.ask(client(a, true, forged), http.MethodPost, "/write", nil, "hello"); status == 200 && strings.Contains(said, "on-call") {
		t.Errorf("a certificate of a stranger: got %d %q", status, said)
	}
}

// What is wrong with the web configuration, or with the address, is told before anything is served.
func TestListenTellsWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct{ text, address, want string }{
		"an unknown key":          {"tls: {}", "127.0.0.1:0", "field tls not found"},
		"a password in clear":     {"basic_auth_users: {noc: hunter2}", "127.0.0.1:0", "crypto/bcrypt"},
		"a certificate not there": {"tls_server_config: {cert_file: nowhere.pem, key_file: nowhere.key}", "127.0.0.1:0", filepath.Join(dir, "nowhere.pem")},
		"no YAML":                 {"basic_auth_users: [", "127.0.0.1:0", "web.yml"},
		"an address in use":       {"", taken.Addr().String(), "address already in use"},
	} {
		file := filepath.Join(dir, "web.yml")
		writeFile(t, file, c.text)
		s, err := web.Listen(web.Config{Address: c.address, File: file, Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			s.Close()
			t.Errorf("%s: got no error, want one with %q", name, c.want)
		} else if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %q and no secret", name, err, c.want)
		}
	}
	if _, err := web.Listen(web.Config{Address: "127.0.0.1:0", File: filepath.Join(dir, "none.yml")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: got %v, want %v", err, os.ErrNotExist)
	}
}

// Every answer has its headers; a handler's own stand. A panic ends its answer alone.
func TestAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t, "", echo)
	plain := &http.Client{}
	for _, c := range []struct {
		path         string
		status       int
		body, policy string
	}{
		{"/styled", 200, "", "default-src 'self'"},
		{"/panic", 500, "its log says more", "default-src 'none'; frame-ancestors 'none'"},
		{"/half", 0, "EOF", ""},
		{"/nowhere", 404, "not found", "default-src 'none'; frame-ancestors 'none'"},
		{"/read", 200, "read", "default-src 'none'; frame-ancestors 'none'"},
	} {
		status, said, header := s.ask(plain, http.MethodGet, c.path, nil, "")
		if status != c.status || !strings.Contains(said, c.body) || !strings.HasPrefix(header.Get("Content-Security-Policy"), c.policy) {
			t.Errorf("%s: got %d %.80q with %v, want %d %q with %q", c.path, status, said, header, c.status, c.body, c.policy)
		}
		if status != 0 && (header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "same-origin" || header.Get("X-Frame-Options") != "DENY") {
			t.Errorf("%s: got headers %v", c.path, header)
		}
	}
	if log := s.log.String(); strings.Count(log, "a bug") < 2 || !strings.Contains(log, "path=/half") {
		t.Errorf("got the log\n%s\nwant both panics in it", log)
	}
}

// A browser that a page of another site has led here writes nothing; one on mailpath's own page does.
func TestForgery(t *testing.T) {
	t.Parallel()
	s := serve(t, "", echo)
	for _, c := range []struct {
		says, method string
		header       http.Header
		status       int
	}{
		{"another site", http.MethodPost, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}, 403},
		{"our page", http.MethodPost, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {s.URL()}}, 200},
		{"another port of this machine", http.MethodPost, http.Header{"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://127.0.0.1:1"}}, 403},
		{"an old browser, another site", http.MethodPost, http.Header{"Origin": {"https://evil.example"}}, 403},
		{"an old browser, our page", http.MethodPost, http.Header{"Origin": {s.URL()}}, 200},
		{"no browser", http.MethodPost, nil, 200},
		{"another site that only reads", http.MethodGet, http.Header{"Sec-Fetch-Site": {"cross-site"}}, 405},
	} {
		if status, said, _ := s.ask(&http.Client{}, c.method, "/write", c.header, "text=hello"); status != c.status {
			t.Errorf("%s: got %d %q, want %d", c.says, status, said, c.status)
		}
	}
}
