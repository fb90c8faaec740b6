package status

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

var apiStart = time.Date(2026, 11, 24, 8, 40, 0, 0, time.UTC)

// apiConfig is a page over a board of one route that is well.
func apiConfig(t *testing.T) Config {
	t.Helper()
	clock := probe.NewClockOver(func() time.Time { return apiStart })
	r := probe.Route{Name: "inside-hq", Direction: probe.Internal, Mailbox: "hq", Path: []string{"store-hq"}}
	b := situation.NewBoard(situation.Config{
		Clock: clock, Zone: time.FixedZone("CET", 60*60), Prober: "hq-1", URL: "https://status.example.com",
		Probes: []probe.Probe{{Route: r, Payload: payload.Plain(), Every: 30 * time.Second, Expect: probe.ExpectDelivered}},
	})
	b.Export(probe.HealthChanged{Origin: probe.Origin{Seq: 1, At: apiStart}, Route: "inside-hq", To: probe.HealthOK})
	b.Export(probe.Settled{Origin: probe.Origin{Seq: 2, At: apiStart}, Message: probe.Sending{ID: 7, Route: "inside-hq"}, Outcome: probe.Outcome{Status: probe.Rejected, Attempt: &probe.Attempted{Problem: "<b>\u202eno"}}})
	return Config{Board: b, Words: newWords(t, "en"), Clock: clock}
}

// ask asks all that programs may ask for.
func ask(t *testing.T, cfg Config, target string, header ...string) *http.Response {
	t.Helper()
	mux := http.NewServeMux()
	cfg.api(mux)
	cfg.feed(mux)
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAPI(t *testing.T) {
	cfg := apiConfig(t)
	for _, c := range []struct {
		target string
		code   int
		kind   string
		cache  string
		body   string // begins so, or says so
	}{
		{"/api/v1/update?audience=board", 400, "text/plain; charset=utf-8", "", `audience: got "board", want one of ["staff" "management" "noc"]`},
		{"/api/v1/status", 200, "application/json", "no-store", `"condition":"operational"`},
		{"/api/v1/incidents?since=yesterday", 400, "text/plain; charset=utf-8", "", `since: got "yesterday", want a date`},
		{"/api/v1/incidents", 200, "application/json", "no-cache", `{"incidents":[]}`},
		{"/api/v1/incidents?since=2026-11-01", 200, "application/json", "no-cache", `{"incidents":[]}`},
		{"/api/v1/incidents?since=2026-11-01T08:00:00%2B01:00", 200, "application/json", "no-cache", `{"incidents":[]}`},
		{"/api/v1/update?format=html", 400, "text/plain; charset=utf-8", "", `format: got "html", want text or json`},
		{"/api/v1/update", 200, "application/json", "no-store", `{"title":`},
		{"/api/v1/update?audience=management&format=text", 200, "text/plain; charset=utf-8", "no-store", "\n\n"},
		{"/api/v1/incidents/" + strings.Repeat("x", 5000), 404, "text/plain; charset=utf-8", "", `no incident "xxx`},
		{"/api/v1/incidents/none/report", 404, "text/plain; charset=utf-8", "", `no incident "none" is known`},
		{"/api/v1/recent", 200, "application/json", "no-store", `"status":"rejected","reason":"\u003cb\u003eno"}]}`},
		{"/feed.atom", 200, "application/atom+xml; charset=utf-8", "no-cache", `<feed xmlns="http://www.w3.org/2005/Atom"`},
	} {
		r := ask(t, cfg, c.target)
		body := bodyOf(t, r)
		if r.StatusCode != c.code || r.Header.Get("Content-Type") != c.kind || r.Header.Get("Cache-Control") != c.cache || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%.80s: got %d, %v; want %d, %s, %s", c.target, r.StatusCode, r.Header, c.code, c.kind, c.cache)
		}
		if !strings.Contains(body, c.body) || c.code >= 400 && len(body) > 300 {
			t.Errorf("%.80s: got\n%.500s\nwant %q in it", c.target, body, c.body)
		}
		tag := r.Header.Get("ETag")
		if (tag != "") != (c.cache == "no-cache") {
			t.Errorf("%.80s: got ETag %q with %q", c.target, tag, c.cache)
		}
		if tag == "" {
			continue
		}
		if again := ask(t, cfg, c.target, "If-None-Match", tag); again.StatusCode != http.StatusNotModified {
			t.Errorf("%.80s: with its ETag got %d, want 304", c.target, again.StatusCode)
		}
	}
}

func TestAPIStatusIsASituation(t *testing.T) {
	d := json.NewDecoder(ask(t, apiConfig(t), "/api/v1/status").Body)
	d.DisallowUnknownFields()
	var s situation.Situation
	if err := d.Decode(&s); err != nil {
		t.Fatal(err)
	}
	if s.Prober != "hq-1" || s.TimeZone != "CET" || len(s.Directions) != 1 || len(s.Directions[0].Days) != 90 {
		t.Errorf("got %+v, want the situation", s)
	}
}
