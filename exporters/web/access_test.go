package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/exporters/web"
)

// Who may write: a proxy, another machine, another name and another site are refused,
// unless somebody has proved who they are.
func TestWhoMayWrite(t *testing.T) {
	users := filepath.Join(t.TempDir(), "web.yml")
	writeFile(t, users, "basic_auth_users:\n  noc: "+hash+"\n")
	for _, c := range []struct {
		says, file, remote, host string
		header                   http.Header
		proto                    string
		name                     string
		refusal                  string // a part of it; empty: may write
	}{
		{says: "another machine", remote: "192.0.2.7:4711", refusal: "callers on the same machine"},
		{says: "this machine", remote: "127.0.0.1:4711"},
		{says: "a name that leads here, of somebody's", remote: "127.0.0.1:4711", host: "evil.example:9797", refusal: "another name"},
		{says: "this machine, by IPv6", remote: "[::1]:4711", host: "[::1]:9797"},
		{says: "this machine, by IPv6 without a port", remote: "[::1]:4711", host: "[::1]"},
		{says: "this machine, IPv4 in IPv6", remote: "[::ffff:127.0.0.1]:4711"},
		{says: "another address of this machine", remote: "127.0.0.53:4711", host: "127.9.9.9"},
		{says: "a proxy with an empty field", remote: "127.0.0.1:4711", header: http.Header{"Via": {""}}, refusal: "through a proxy"},
		{says: "a proxy here, for another", remote: "127.0.0.1:4711", header: http.Header{"X-Forwarded-For": {"192.0.2.7"}}, refusal: "through a proxy"},
		{says: "a newer proxy here, for another", remote: "127.0.0.1:4711", header: http.Header{"Forwarded": {"for=192.0.2.7"}}, refusal: "through a proxy"},
		{says: "a proxy here, for itself as it says", remote: "127.0.0.1:4711", header: http.Header{"X-Real-Ip": {"127.0.0.1"}}, refusal: "through a proxy"},
		{says: "a proxy here that tells nothing", remote: "127.0.0.1:4711", proto: "HTTP/1.0", refusal: "through a proxy"},
		{says: "a browser behind a proxy that tells nothing", remote: "127.0.0.1:4711", header: http.Header{"Origin": {"https://status.example"}, "Sec-Fetch-Site": {"same-origin"}}, refusal: "not of this machine"},
		{says: "a browser that does not say where it is", remote: "127.0.0.1:4711", header: http.Header{"Origin": {"null"}}, refusal: "not of this machine"},
		{says: "mailpath's page in a browser here", remote: "127.0.0.1:4711", host: "localhost:9797", header: http.Header{"Origin": {"http://localhost:9797"}}},
		{says: "a name below localhost", remote: "127.0.0.1:4711", host: "mailpath.LOCALHOST."},
		{says: "a name that looks like an address", remote: "127.0.0.1:4711", host: "127.0.0.1.evil.example", refusal: "another name"},
		{says: "a name that ends like this machine's", remote: "127.0.0.1:4711", host: "evillocalhost", refusal: "another name"},
		{says: "no name", remote: "127.0.0.1:4711", host: "-", refusal: "another name"},
		{says: "no address", remote: "@", refusal: "callers on the same machine"},
		{says: "an empty address", remote: "", refusal: "callers on the same machine"},
		{says: "a user when nobody is asked for a password", remote: "192.0.2.7:4711", header: as("noc"), refusal: "callers on the same machine"},
		{says: "a user when nobody is asked, here", remote: "127.0.0.1:4711", header: as("noc")},
		{says: "a user", file: users, remote: "192.0.2.7:4711", host: "mailpath.example", header: as("noc"), name: "noc"},
		{says: "a user that there is not", file: users, remote: "192.0.2.7:4711", header: as("root"), refusal: "callers on the same machine"},
		{says: "a user without a name", file: users, remote: "192.0.2.7:4711", header: as(""), refusal: "callers on the same machine"},
		{says: "a user, through a proxy", file: users, remote: "127.0.0.1:4711", host: "mailpath.example", header: with(as("noc"), "X-Forwarded-For", "192.0.2.7"), name: "noc"},
		{says: "a configuration that is gone", file: users + ".old", remote: "127.0.0.1:4711", header: as("noc"), refusal: "cannot be read"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/announce", nil)
		r.RemoteAddr, r.Header = c.remote, c.header.Clone()
		r.Host = "127.0.0.1:9797"
		if c.host != "" {
			r.Host = strings.TrimPrefix(c.host, "-")
		}
		if c.proto != "" {
			r.Proto, r.ProtoMajor, r.ProtoMinor = c.proto, 1, 0
		}
		access := web.NewAccess(c.file)
		name, may := access.Writer(r)
		answer, done := httptest.NewRecorder(), false
		access.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { done = true })).ServeHTTP(answer, r)
		if want := c.refusal == ""; may != want || done != want || name != c.name || !strings.Contains(answer.Body.String(), c.refusal) || want != (answer.Code == http.StatusOK) {
			t.Errorf("%s: got %q, %v, and %d %q, want %q, refused with %q", c.says, name, may, answer.Code, answer.Body, c.name, c.refusal)
		}
	}
}

// as is the header of a user; the server has compared the password, not Access.
func as(user string) http.Header {
	r := &http.Request{Header: make(http.Header)}
	r.SetBasicAuth(user, password)
	return r.Header
}

func with(h http.Header, name, value string) http.Header {
	h.Set(name, value)
	return h
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
