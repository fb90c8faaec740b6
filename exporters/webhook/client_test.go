package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/webhook"
	"github.com/mailpath/mailpath/probe"
)

const (
	token = "s3cr3t-t0k3n"
	path  = "/services/T0000/B0000/aVerySecretPart"
)

func always(text string) func() (string, error) {
	return func() (string, error) { return text, nil }
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// TestMisbehavingReceivers holds what becomes of each answer, and that no error tells an
// address or a token.
func TestMisbehavingReceivers(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host got %s with authorization %q, want nothing", r.Method, r.Header.Get("Authorization"))
	}))
	defer other.Close()
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    webhook.Failure // Problem: a part of it; none: there is no error
		body    int
	}{
		{"refuses", answer(410, "this hook was removed"), webhook.Failure{Status: 410, Problem: `got status 410, want one of the 200s; it says "this hook was removed"`}, 0},
		{"takes it", answer(204, ""), webhook.Failure{}, 0},
		{"hangs", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }, webhook.Failure{Again: true, Problem: "no answer in time"}, 0},
		{"redirects elsewhere", redirect(307, other.URL+"/take"), webhook.Failure{Status: 307, Problem: "got status 307"}, 0},
		{"redirects and makes a GET of it", redirect(302, "/end"), webhook.Failure{Status: 302, Problem: "got status 302"}, 0},
		{"redirects on the spot", redirect(308, "/end"), webhook.Failure{}, 2},
		{"redirects in a circle", redirect(307, path), webhook.Failure{Status: 307, Problem: "got status 307"}, 0},
		{"has no end", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, endless{}) }, webhook.Failure{}, 4096},
		{"refuses without an end", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400); _, _ = io.Copy(w, endless{}) }, webhook.Failure{Status: 400, Problem: "aaa…"}, 0},
		{"fails", answer(500, ""), webhook.Failure{Again: true, Status: 500, Problem: "got status 500"}, 0},
		{"closes", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, webhook.Failure{Again: true, Problem: "EOF"}, 0},
		{"does not know the token yet", answer(401, ""), webhook.Failure{Again: true, Status: 401, Problem: "got status 401"}, 0},
		{"took too long itself", answer(408, ""), webhook.Failure{Again: true, Status: 408, Problem: "got status 408"}, 0},
		{"wants time", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "120"); w.WriteHeader(429) }, webhook.Failure{Again: true, Status: 429, After: 2 * time.Minute, Problem: "got status 429"}, 0},
		{"hides the secrets", answer(400, "it was aVery\x00Secret\u202ePart of T0000"), webhook.Failure{Status: 400, Problem: `"it was … of …"`}, 0},
		{"repeats the secrets", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			fmt.Fprintf(w, "bad\x1b[31m %s at %s%s, %s", r.Header.Get("Authorization"), r.Host, r.URL.Path, r.URL)
		}, webhook.Failure{Status: 403, Problem: `"bad[31m Bearer … at ……, …"`}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.handler)
			defer server.Close()
			patience := time.Minute
			if test.name == "hangs" {
				patience = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c := webhook.NewClient(probe.NewClock(), &http.Transport{DisableKeepAlives: true})
			body, err := c.Do(ctx, webhook.Request{Method: http.MethodPost, URL: always(server.URL + path), Token: always(token + "\n"), Body: []byte("{}")})
			checkFailure(t, err, test.want, server.URL)
			if len(body) != test.body {
				t.Errorf("got a body of %d bytes, want %d", len(body), test.body)
			}
		})
	}
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// redirect leads to another place, which repeats the body it is given.
func redirect(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			_, _ = io.Copy(w, r.Body)
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

func checkFailure(t *testing.T, err error, want webhook.Failure, address string) {
	t.Helper()
	if want.Problem == "" {
		if err != nil {
			t.Errorf("got error %v, want none", err)
		}
		return
	}
	f := new(webhook.Failure)
	if !errors.As(err, &f) {
		t.Fatalf("got error %v, want a Failure", err)
	}
	if f.Again != want.Again || f.Status != want.Status || f.After != want.After || !strings.Contains(f.Problem, want.Problem) {
		t.Errorf("got %+v, want %+v", *f, want)
	}
	checkSecrets(t, f.Problem, address)
}

func checkSecrets(t *testing.T, text, address string) {
	t.Helper()
	for _, secret := range []string{token, "aVerySecretPart", "T0000", strings.TrimPrefix(address, "http://")} {
		if strings.Contains(text, secret) {
			t.Errorf("got %q, want it without %q", text, secret)
		}
	}
	if len(text) > 500 {
		t.Errorf("got an error of %d bytes, want it bounded", len(text))
	}
}

// What cannot even be asked is told without the address, too.
func TestUnreachableReceivers(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, address := range []string{
		gone.URL + path, "http://\x7f" + path, "ftp://example.com" + path, path, "", "https://user:" + token + "@127.0.0.1:1" + path,
		strings.Replace(gone.URL, "http:", "https:", 1) + path, "http://T0000.invalid:99999" + path,
	} {
		c := webhook.NewClient(probe.NewClock(), nil)
		_, err := c.Do(t.Context(), webhook.Request{Method: http.MethodPost, URL: always(address), Token: always(token)})
		checkFailure(t, err, webhook.Failure{Again: true, Problem: "receiver"}, gone.URL)
	}
}

// A secret that has been rotated is used at once.
func TestSecretsRotate(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.Path+" "+r.Header.Get("Authorization"))
	}))
	defer server.Close()
	n := 0
	rotating := func(prefix string) func() (string, error) {
		return func() (string, error) { return fmt.Sprint(prefix, n), nil }
	}
	c := webhook.NewClient(probe.NewClock(), nil)
	for n = range 2 {
		if _, err := c.Do(t.Context(), webhook.Request{Method: http.MethodPost, URL: rotating(server.URL + "/"), Token: rotating("t")}); err != nil {
			t.Error(err)
		}
	}
	if fmt.Sprint(got) != "[/0 Bearer t0 /1 Bearer t1]" {
		t.Errorf("got %v, want both addresses and tokens", got)
	}
}
