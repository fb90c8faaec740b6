package config

import (
	"net"
	"net/mail"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
	"go.yaml.in/yaml/v4"
)

var (
	hostPattern = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$`)
	envPattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// name is the value of a key that is a name; empty if missing or wrong.
func (f *fields) name(key string) string {
	got := f.text(key)
	if got == "" {
		return ""
	}
	if err := probe.CheckName(got); err != nil {
		f.bad(key, "got %v", err)
		return ""
	}
	return got
}

// address is the value of a key that is a bare mail address. ASCII only: an
// envelope with more needs SMTPUTF8 (RFC 6531), which many servers do not offer.
func (f *fields) address(key string) string {
	got := f.text(key)
	if got == "" {
		return ""
	}
	parsed, err := mail.ParseAddress(got)
	if err != nil || parsed.Address != got || !ascii(got) || !greetable(domain(got)) {
		f.bad(key, "got %q, want a bare ASCII address such as mailpath@example.com", got)
		return ""
	}
	return got
}

func domain(address string) string { return address[strings.LastIndex(address, "@")+1:] }

// greetable tells a host or an address literal, what EHLO takes (RFC 5321 section 4.1.1.1).
func greetable(s string) bool {
	literal := strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && ascii(s)
	return literal || hostPattern.MatchString(s)
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}

// duration is the value of a key that is a time, at least as long as the shortest.
func (f *fields) duration(key string, shortest time.Duration) time.Duration {
	text := f.text(key)
	if text == "" {
		return 0
	}
	got, err := time.ParseDuration(text)
	switch {
	case err != nil:
		f.bad(key, "got %q, want a duration with its unit (s, m or h), such as 30s", text)
	case got < shortest:
		f.bad(key, "got %s, want at least %s", text, brief(shortest))
	default:
		return got
	}
	return 0
}

// brief is a duration without the zeros that time.Duration prints: 4h, not 4h0m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// filePath is the value of a key that is a file's path, made absolute.
func (f *fields) filePath(key string) string {
	got := f.text(key)
	if got == "" || filepath.IsAbs(got) {
		return got
	}
	return filepath.Join(f.dir, got)
}

// secret reads where a secret stands, from exactly one of two keys.
func (f *fields) secret(fileKey, envKey string) Secret {
	if f.broken || f.strange {
		return Secret{}
	}
	if f.has(fileKey) == f.has(envKey) {
		got := "neither"
		if f.has(fileKey) {
			got = "both"
		}
		f.wrong(f.node, f.where, "got %s of %s and %s, want one of them", got, fileKey, envKey)
		return Secret{}
	}
	env := f.text(envKey)
	if env != "" && !envPattern.MatchString(env) {
		// Not quoted: it may be the secret itself.
		f.bad(envKey, "got %d characters that cannot be a variable's name, want a name such as PROBE_PASSWORD", len(env))
	}
	return Secret{file: f.filePath(fileKey), env: env}
}

// server is a host and a port.
type server struct {
	item
	host, port string
}

func (s server) address() string { return net.JoinHostPort(s.host, s.port) }

// loopback tells whether mail to the server stays inside this machine.
func (s server) loopback() bool {
	ip, err := netip.ParseAddr(s.host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(s.host, "localhost")
}

// readServer reads host:port; the zero server after a problem.
func (r *reader) readServer(i item, example string) server {
	if i.node.Kind != yaml.ScalarNode {
		r.wrong(i.node, i.where, "got %s, want host:port, such as %s", kind(i.node), example)
		return server{}
	}
	got := r.text(i.node, i.where)
	host, port, err := net.SplitHostPort(got)
	number, portErr := strconv.ParseUint(port, 10, 16)
	_, ipErr := netip.ParseAddr(host)
	switch {
	case got == "":
	case strings.ContainsAny(got, "@/"): // not quoted: it may hold a password
		r.wrong(i.node, i.where, "got a URL or an account, want host:port alone, such as %s", example)
	case err != nil || portErr != nil || number == 0 || ipErr != nil && !hostPattern.MatchString(host):
		r.wrong(i.node, i.where, "got %q, want host:port, such as %s", got, example)
	default:
		return server{i, host, strconv.FormatUint(number, 10)}
	}
	return server{}
}

// servers reads one server, or several in a list.
func (f *fields) servers(key, example string) []server {
	if !f.has(key) {
		return nil
	}
	if f.values[key].Kind != yaml.SequenceNode {
		return []server{f.readServer(item{f.values[key], f.path(key)}, example)}
	}
	var servers []server
	for _, i := range f.items(key) {
		s := f.readServer(i, example)
		same := func(o server) bool { return strings.EqualFold(o.address(), s.address()) }
		if s.host != "" && slices.ContainsFunc(servers, same) {
			f.wrong(i.node, i.where, "got %q twice in one list, want it once", s.address())
			continue
		}
		servers = append(servers, s)
	}
	return servers
}

// tls gives the mode for a server: what the key tls says, else what follows from
// the port (RFC 8314 section 7), else the last resort.
func (f *fields) tls(lastResort probe.TLSMode) func(server) probe.TLSMode {
	known := []string{string(probe.NoTLS), string(probe.StartTLS), string(probe.ImplicitTLS)}
	if chosen := probe.TLSMode(f.choice("tls", known)); f.has("tls") {
		return func(server) probe.TLSMode { return chosen }
	}
	return func(s server) probe.TLSMode { return defaultTLS(s.port, lastResort) }
}

func defaultTLS(port string, lastResort probe.TLSMode) probe.TLSMode {
	switch port {
	case "465", "993":
		return probe.ImplicitTLS
	case "587", "143":
		return probe.StartTLS
	}
	return lastResort
}
