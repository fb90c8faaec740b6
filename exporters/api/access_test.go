package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/api"
	"github.com/mailpath/mailpath/probe"
)

// Without a web configuration nobody but a caller on this machine changes anything, neither
// a browser that another site leads nor a proxy that speaks for others.
func TestOnlyCallersOnThisMachineChangeAnything(t *testing.T) {
	s := new(swept)
	told := new(teller)
	cfg := api.Config{
		Journal: journalOf(t), Clock: probe.NewClock(), Mailboxes: []api.Mailbox{{Name: "hq", Sweeper: s, LostAfter: time.Hour}}, Announcing: told.announcing(),
	}
	for _, c := range []struct {
		says, remote, host string
		header             http.Header
		want               int
	}{
		{"this machine", "127.0.0.1:4711", "127.0.0.1:9797", nil, http.StatusOK},
		{"another machine", "192.0.2.7:4711", "127.0.0.1:9797", nil, http.StatusForbidden},
		{"no address", "@", "127.0.0.1:9797", nil, http.StatusForbidden},
		{"this machine, by IPv6", "[::1]:4711", "[::1]:9797", nil, http.StatusOK},
		{"this machine under another's name", "127.0.0.1:4711", "evil.example:9797", nil, http.StatusForbidden},
		{"a page in a browser here", "127.0.0.1:4711", "127.0.0.1:9797", http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
		{"a form in a browser here", "127.0.0.1:4711", "127.0.0.1:9797", http.Header{"Content-Type": {"text/plain"}}, http.StatusUnsupportedMediaType},
		{"a form that begins like JSON", "127.0.0.1:4711", "127.0.0.1:9797", http.Header{"Content-Type": {"application/jsonx"}}, http.StatusUnsupportedMediaType},
		{"JSON with its character set", "127.0.0.1:4711", "127.0.0.1:9797", http.Header{"Content-Type": {"application/json; charset=utf-8"}}, http.StatusOK},
		{"a proxy here, for another", "127.0.0.1:4711", "127.0.0.1:9797", http.Header{"X-Forwarded-For": {"192.0.2.7"}}, http.StatusForbidden},
		{"a newer proxy here, for another", "127.0.0.1:4711", "127.0.0.1:9797", http.Header{"Forwarded": {"for=192.0.2.7"}}, http.StatusForbidden},
	} {
		for path, body := range map[string]string{"/api/v1/clean": `{"remove": true}`, "/api/v1/announce": `{"text": "hello"}`} {
			request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			request.RemoteAddr, request.Host = c.remote, c.host
			request.Header.Set("Content-Type", "application/json")
			for k, v := range c.header {
				request.Header[k] = v
			}
			s.removed, told.facts = false, nil
			answer := httptest.NewRecorder()
			api.Handler(cfg).ServeHTTP(answer, request)
			if answer.Code != c.want || (s.removed || len(told.facts) > 0) != (c.want == http.StatusOK) {
				t.Errorf("%s, %s: got %d %s, done: %v %v, want %d", c.says, path, answer.Code, answer.Body, s.removed, told.facts, c.want)
			}
		}
	}
	for _, path := range []string{"/api/v1/clean", "/api/v1/announce"} {
		if status, _ := ask(t, cfg, http.MethodGet, path, ""); status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: got %d, want %d", path, status, http.StatusMethodNotAllowed)
		}
	}
}
