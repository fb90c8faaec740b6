package web

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"
)

// setup is what of a web configuration matters beyond the toolkit.
type setup struct {
	TLS struct {
		Cert     string `yaml:"cert"`
		CertFile string `yaml:"cert_file"`
	} `yaml:"tls_server_config"`
	Users map[string]string `yaml:"basic_auth_users"`
}

// secure tells whether a configuration that the toolkit takes means TLS.
func (s setup) secure() bool { return s.TLS.Cert != "" || s.TLS.CertFile != "" }

func readSetup(file string) (setup, error) {
	var s setup
	if file == "" {
		return s, nil
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, &s)
	}
	if err != nil {
		return setup{}, fmt.Errorf("reading the web configuration %s: %w", file, err)
	}
	return s, nil
}

// Access tells who is asking and whether they may write: those who have proved who they
// are to the server whose web configuration this is of, and, while it asks for no proof,
// callers on the same machine. The zero value knows of no web configuration. It is safe
// for concurrent use.
type Access struct{ file string }

// NewAccess is the access to a server with a web configuration; empty: it has none.
func NewAccess(file string) Access { return Access{file} }

// Writer tells who is asking, and whether they may write. A caller on the same machine who
// has not said who they are has no name.
func (a Access) Writer(r *http.Request) (name string, may bool) {
	name, refusal := a.judge(r)
	return name, refusal == ""
}

// Guard lets requests through that may write, and tells the others what to do.
func (a Access) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, refusal := a.judge(r); refusal != "" {
			http.Error(w, refusal, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// The refusals say what to do.
const (
	refusedRemote  = "this is done for callers on the same machine, or who have proved who they are: call it there, or give mailpath a --web-config with basic_auth_users or client certificates"
	refusedProxied = "this is not done through a proxy that asks for no proof: call mailpath itself, or give it a --web-config with basic_auth_users"
	refusedHost    = "this was sent to another name than this machine's own: call mailpath by 127.0.0.1 or localhost"
	refusedOrigin  = "this was sent by a browser from a page that is not of this machine: open mailpath's page by 127.0.0.1 or localhost, or use the command line"
	refusedSetup   = "the web configuration cannot be read, so nobody is known: the log says more"
)

func (a Access) judge(r *http.Request) (name, refusal string) {
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return certified(r.TLS.VerifiedChains[0][0]), ""
	}
	// The toolkit has compared the password before a handler sees the request, if there
	// are users; else anybody may have written anything there.
	s, err := readSetup(a.file)
	if err != nil {
		return "", refusedSetup
	}
	user, _, named := r.BasicAuth()
	if _, known := s.Users[user]; named && known {
		return user, ""
	}
	return "", onThisMachine(r)
}

// certified is the name that a certificate gives its holder: the common name, or else the
// first alternative one.
func certified(c *x509.Certificate) string {
	alternative := append(append([]string{}, c.EmailAddresses...), c.DNSNames...)
	for _, u := range c.URIs {
		alternative = append(alternative, u.String())
	}
	return cmp.Or(c.Subject.CommonName, strings.Join(alternative[:min(len(alternative), 1)], ""), "the holder of certificate "+c.SerialNumber.String())
}

// proxies are the header fields by which a proxy tells that it speaks for somebody else
// (RFC 7239, RFC 9110 section 7.6.3).
var proxies = [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"}

// onThisMachine says why a request is not from a caller on this machine; empty: it is. The
// name it was sent to must be this machine's own, too: a browser here can be led to this
// address under the name of somebody else's site (DNS rebinding). Of what proxies there
// are, some neither tell nor keep the name; these speak HTTP/1.0, or betray themselves by
// where the browser says that it is.
func onThisMachine(r *http.Request) (refusal string) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return refusedRemote
	}
	for _, field := range proxies {
		if len(r.Header.Values(field)) > 0 {
			return refusedProxied
		}
	}
	if !r.ProtoAtLeast(1, 1) {
		return refusedProxied
	}
	if !ownName(r.Host) {
		return refusedHost
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return refusedOrigin
		}
	}
	return ""
}

// ownName tells whether a Host field names the machine itself (RFC 6761 section 6.3).
func ownName(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
