package component

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// Query is a question to Prometheus about a component.
type Query struct {
	URL       string // of Prometheus, with the prefix of its paths if it has one
	Query     string // in PromQL; it yields an instant vector or a number
	Threshold float64
	Below     bool   // a value below the threshold is bad; otherwise one above it
	Means     string // what is the matter then, for people
}

// String is the query with its condition.
func (q Query) String() string { return q.Query + " " + q.bad() }

func (q Query) bad() string {
	if q.Below {
		return "below " + number(q.Threshold)
	}
	return "above " + number(q.Threshold)
}

// want is the condition of being well.
func (q Query) want() string {
	if q.Below {
		return "at least " + number(q.Threshold)
	}
	return "at most " + number(q.Threshold)
}

func (q Query) isBad(value float64) bool {
	if q.Below {
		return value < q.Threshold
	}
	return value > q.Threshold
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Prometheus asks Prometheus one instant query. The component has failed if any series
// is on the wrong side of the threshold. Trouble with Prometheus says nothing of it.
func Prometheus(component string, q Query, clock probe.Clock) Check {
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	return Check{Kind: KindPrometheus, Target: q.String(), Component: component, clock: clock, ask: func(ctx context.Context) judgement {
		all, err := q.evaluate(ctx, client)
		if err != nil {
			return unknown("See whether Prometheus is up, reachable from here and given a good query; nothing is known of the component.",
				"could not ask Prometheus at %s: %v", q.URL, err)
		}
		return q.judge(all)
	}}
}

// judge tells of the worst series first.
func (q Query) judge(all []series) judgement {
	all = slices.DeleteFunc(slices.Clone(all), func(s series) bool { return s.value != s.value })
	if len(all) == 0 {
		return unknown("See whether the exporter behind it is up and scraped, and whether the query is spelled right; nothing is known of the component.",
			"Prometheus knows no number for %s", q.Query)
	}
	slices.SortStableFunc(all, q.worstFirst)
	bad := slices.IndexFunc(all, func(s series) bool { return !q.isBad(s.value) })
	if bad < 0 {
		bad = len(all)
	}
	if bad == 0 {
		return ok("%s is %s, want %s%s", q.Query, all[0], q.want(), others(len(all)-1, "no worse"))
	}
	const named = 3
	var words []string
	for _, s := range all[:min(bad, named)] {
		words = append(words, s.String())
	}
	return failed("Look at what the query measures; its dashboard shows since when.", "%s: %s is %s, want %s%s",
		q.Means, q.Query, strings.Join(words, ", "), q.want(), others(bad-len(words), "bad"))
}

func (q Query) worstFirst(a, b series) int {
	switch {
	case a.value == b.value:
		return 0
	case (a.value < b.value) == q.Below:
		return -1
	}
	return 1
}

func others(n int, what string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "; 1 more series is " + what
	}
	return fmt.Sprintf("; %d more series are %s", n, what)
}

// series is one element of an answer.
type series struct {
	labels map[string]string
	value  float64
}

// String is the value and whose it is.
func (s series) String() string {
	names := make([]string, 0, len(s.labels))
	for name, value := range s.labels {
		names = append(names, fmt.Sprintf("%s=%q", name, value))
	}
	if len(names) == 0 {
		return number(s.value)
	}
	slices.Sort(names)
	return number(s.value) + " for {" + strings.Join(names, ", ") + "}"
}

// maxAnswer bounds what Prometheus may say: a query for a check yields a few series.
const maxAnswer = 1 << 20

// evaluate asks, over the HTTP API of Prometheus.
func (q Query) evaluate(ctx context.Context, client *http.Client) ([]series, error) {
	base, err := url.Parse(q.URL)
	if err != nil {
		return nil, err
	}
	at := base.JoinPath("api/v1/query")
	at.RawQuery = url.Values{"query": {q.Query}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, plain(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer: %w", err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("got more than %d MiB, want a few series", maxAnswer>>20)
	}
	return parseAnswer(response.Status, body)
}

// plain takes off the library's words, which repeat the whole URL.
func plain(err error) error {
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// answer is the envelope of Prometheus' HTTP API.
type answer struct {
	Status string
	Error  string
	Data   struct {
		ResultType string
		Result     json.RawMessage
	}
}

// parseAnswer reads an answer; errors of Prometheus come in the same envelope.
func parseAnswer(status string, body []byte) ([]series, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("got %s and no answer of Prometheus: %.100q", status, body)
	}
	if a.Status != "success" {
		return nil, fmt.Errorf("got %s: %q", status, a.Error)
	}
	switch a.Data.ResultType {
	case "scalar":
		var at sample
		err := json.Unmarshal(a.Data.Result, &at)
		return []series{{value: float64(at)}}, err
	case "vector":
		var elements []struct {
			Metric map[string]string
			Value  *sample
		}
		if err := json.Unmarshal(a.Data.Result, &elements); err != nil {
			return nil, err
		}
		var all []series
		for _, e := range elements {
			if e.Value == nil {
				return nil, errors.New("got a series without a number, such as a native histogram, want numbers")
			}
			all = append(all, series{e.Metric, float64(*e.Value)})
		}
		return all, nil
	}
	return nil, fmt.Errorf("got a %q, want an instant vector or a number: the query must not end in a range", a.Data.ResultType)
}

// sample is a number as Prometheus writes one: a time, and the number as text.
type sample float64

// UnmarshalJSON implements json.Unmarshaler.
func (s *sample) UnmarshalJSON(text []byte) error {
	var pair [2]any
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	written, _ := pair[1].(string)
	value, err := strconv.ParseFloat(written, 64)
	if err != nil {
		return fmt.Errorf("got the number %q: %w", written, err)
	}
	*s = sample(value)
	return nil
}
