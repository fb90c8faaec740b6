package component_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/component"
	"github.com/mailpath/mailpath/probe"
)

// vector is an answer of Prometheus with an instant vector.
func vector(elements ...string) string {
	return `{"status":"success","data":{"resultType":"vector","result":[` + strings.Join(elements, ",") + `]}}`
}

func element(labels, value string) string {
	return `{"metric":{` + labels + `},"value":[1.7e9,"` + value + `"]}`
}

// What Prometheus answers, and what is said of the component.
func TestPrometheus(t *testing.T) {
	above := component.Query{Query: "queue", Threshold: 100, Means: "mail queues up"}
	below := component.Query{Query: "queue", Threshold: 0.5, Below: true, Means: "nothing moves"}
	const look, nobody, server = "Look at what the query measures", "exporter behind it", "Prometheus is up"
	for name, c := range map[string]struct {
		query  component.Query
		status int
		body   string
		state  probe.FindingState
		reason string // the URL being PROM
		advice string
	}{
		"below the threshold": {above, 200, vector(element(`"host":"a"`, "99"), element(`"host":"b"`, "100")), probe.FindingOK,
			`queue is 100 for {host="b"}, want at most 100; 1 more series is no worse`, ""},
		"a number": {above, 200, `{"status":"success","data":{"resultType":"scalar","result":[1.7e9,"7"]}}`, probe.FindingOK, "queue is 7, want at most 100", ""},
		"one above": {above, 200, vector(element(`"host":"a"`, "99"), element(`"zone":"z","host":"b"`, "100.5")), probe.FindingFailed,
			`mail queues up: queue is 100.5 for {host="b", zone="z"}, want at most 100`, look},
		"many above, the worst first": {above, 200, vector(element(`"n":"1"`, "101"), element(`"n":"2"`, "+Inf"), element(`"n":"3"`, "5e3"), element(`"n":"4"`, "200"), element(`"n":"5"`, "NaN"), element(`"n":"6"`, "1")), probe.FindingFailed,
			`mail queues up: queue is +Inf for {n="2"}, 5000 for {n="3"}, 200 for {n="4"}, want at most 100; 1 more series is bad`, look},
		"two below, the worst first": {below, 200, vector(element("", "0.4"), element(`"n":"2"`, "-1"), element(`"n":"3"`, "0.5")), probe.FindingFailed,
			`nothing moves: queue is -1 for {n="2"}, 0.4, want at least 0.5`, look},
		"not below": {below, 200, vector(element(`"n":"3"`, "0.5")), probe.FindingOK, `queue is 0.5 for {n="3"}, want at least 0.5`, ""},
		"labels that deceive": {above, 200, vector(element(`"n":"\u001b[2J\"\n"`, "101")), probe.FindingFailed,
			`mail queues up: queue is 101 for {n="\x1b[2J\"\n"}, want at most 100`, look},
		"no series":            {above, 200, vector(), probe.FindingUnknown, "Prometheus knows no number for queue", nobody},
		"no number":            {above, 200, vector(element("", "NaN")), probe.FindingUnknown, "Prometheus knows no number for queue", nobody},
		"a histogram":          {above, 200, vector(`{"metric":{},"histogram":[1.7e9,{"count":"1"}]}`), probe.FindingUnknown, "could not ask Prometheus at PROM: got a series without a number, such as a native histogram, want numbers", server},
		"a range":              {above, 200, `{"status":"success","data":{"resultType":"matrix","result":[]}}`, probe.FindingUnknown, `could not ask Prometheus at PROM: got a "matrix", want an instant vector or a number: the query must not end in a range`, server},
		"a query that is none": {above, 400, `{"status":"error","errorType":"bad_data","error":"parse error"}`, probe.FindingUnknown, `could not ask Prometheus at PROM: got 400 Bad Request: "parse error"`, server},
		"another server":       {above, 404, "<html>", probe.FindingUnknown, `could not ask Prometheus at PROM: got 404 Not Found and no answer of Prometheus: "<html>"`, server},
		"half an answer":       {above, 200, vector()[:20], probe.FindingUnknown, `could not ask Prometheus at PROM: got 200 OK and no answer of Prometheus: "{\"status\":\"success\","`, server},
		"words for numbers":    {above, 200, vector(element("", "many")), probe.FindingUnknown, `could not ask Prometheus at PROM: got the number "many": strconv.ParseFloat: parsing "many": invalid syntax`, server},
		"a number bare":        {above, 200, vector(`{"metric":{},"value":[1,2]}`), probe.FindingUnknown, `could not ask Prometheus at PROM: got the number "": strconv.ParseFloat: parsing "": invalid syntax`, server},
		"too much":             {above, 200, strings.Repeat(" ", 1<<20) + vector(), probe.FindingUnknown, "could not ask Prometheus at PROM: got more than 1 MiB, want a few series", server},
	} {
		t.Run(name, func(t *testing.T) {
			var asked string
			prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.Method + " " + r.URL.Path + " " + r.URL.Query().Get("query")
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			}))
			defer prometheus.Close()
			c.query.URL = prometheus.URL + "/prefix/"
			checked := component.Prometheus("gateway", c.query, probe.NewClock()).Check(t.Context())
			f := checked.Finding
			if reason := strings.ReplaceAll(f.Reason, c.query.URL, "PROM"); f.State != c.state || reason != c.reason {
				t.Errorf("got %s, %s\nwant %s, %s", f.State, reason, c.state, c.reason)
			}
			if !strings.Contains(f.Advice, c.advice) || (f.Advice == "") != (c.advice == "") {
				t.Errorf("got advice %q, want %q in it", f.Advice, c.advice)
			}
			if want := "GET /prefix/api/v1/query queue"; asked != want {
				t.Errorf("Prometheus was asked %q, want %q", asked, want)
			}
			if want := (probe.Finding{Check: "prometheus", Target: c.query.String(), Component: "gateway"}); f.Check != want.Check || f.Target != want.Target || f.Component != want.Component {
				t.Errorf("got %+v, want %+v", f, want)
			}
		})
	}
}

func TestQueryInWords(t *testing.T) {
	for want, q := range map[string]component.Query{
		"queue above 1e+06": {Query: "queue", Threshold: 1e6},
		"up below 1":        {Query: "up", Threshold: 1, Below: true},
	} {
		if got := q.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Prometheus that is not there, or answers nothing, says nothing of the component; and
// the question ends with the context.
func TestPrometheusDoesNotAnswer(t *testing.T) {
	forever := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, " ")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}))
	defer forever.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for url, want := range map[string]string{
		forever.URL: "could not ask Prometheus at " + forever.URL + ": reading the answer: context deadline exceeded",
		gone.URL:    "could not ask Prometheus at " + gone.URL + ": dial tcp " + strings.TrimPrefix(gone.URL, "http://") + ": connect: connection refused",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		checked := component.Prometheus("gateway", component.Query{URL: url, Query: "up"}, probe.NewClock()).Check(ctx)
		cancel()
		if f := checked.Finding; f.State != probe.FindingUnknown || f.Reason != want {
			t.Errorf("got %s, %s\nwant unknown, %s", f.State, f.Reason, want)
		}
		if checked.Took > 10*time.Second {
			t.Errorf("it took %v, want little more than the context's 200 ms", checked.Took)
		}
	}
}
