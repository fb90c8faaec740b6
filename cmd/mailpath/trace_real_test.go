package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/debian"
)

// traced runs trace along the way from outside, as JSON and as text.
func (s *site) traced() (tracedJSON, string) {
	s.t.Helper()
	config := s.config("1m", "25s")
	status, document, stderr := command(s.t, "trace", "outside-to-hq", "-c", config, "-o", "json")
	if status != exitOK {
		s.t.Fatalf("got status %d\n%s%s", status, document, stderr)
	}
	status, text, stderr := command(s.t, "trace", "outside-to-hq", "-c", config)
	if status != exitOK {
		s.t.Fatalf("got status %d\n%s%s", status, text, stderr)
	}
	s.t.Log(text)
	return readTraced(s.t, document), text
}

// sane holds the steps to what is true whatever the clocks show: they lead through the
// hosts in their order, none is longer than the whole, and all together are as long.
func (s *site) sane(d tracedJSON) {
	s.t.Helper()
	var hosts []string
	sum, least, most := 0.0, 0.0, 0.0
	for _, step := range d.Steps {
		hosts = append(hosts, step.NextHost)
		sum, least, most = sum+step.Seconds, least+step.MinSeconds, most+step.MaxSeconds
		if step.Seconds < 0 || step.Seconds > d.Latency+1e-6 || step.MinSeconds > step.Seconds || step.MaxSeconds < step.Seconds {
			s.t.Errorf("got a step of %+v, want one within the latency of %g s", step, d.Latency)
		}
	}
	if want := []string{"mx1.example.com", "scan1.example.com", "mail.hq.example.com", "mail.hq.example.com", ""}; !slices.Equal(hosts, want) {
		s.t.Errorf("got steps to %q, want %q", hosts, want)
	}
	const rounding = 1e-6
	if sum < d.Min-rounding || sum > d.Max+rounding || least > d.Max || most < d.Min {
		s.t.Errorf("got steps of %g s in sum (%g to %g), want the latency, %g to %g s", sum, least, most, d.Min, d.Max)
	}
	if got, want := d.path(), "gateway filter store-hq"; got != want {
		s.t.Errorf("got steps through %q, want %q", got, want)
	}
}

// longest is the step that took longest.
func (d tracedJSON) longest() (component string, seconds float64) {
	for _, step := range d.Steps {
		if step.Seconds > seconds {
			component, seconds = step.Component, step.Seconds
		}
	}
	return component, seconds
}

// A message is followed through real servers; a filter that takes 8 s is found; a clock
// that is 90 s fast is found, said, and does no harm.
func TestTraceOverRealServers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, text := s.traced()
	s.sane(d)
	if slices.ContainsFunc(d.Clocks, func(c clockOffset) bool { return c.Wrong }) || strings.Contains(text, "corrected") {
		t.Errorf("all is well: got clocks %+v, want none wrong\n%s", d.Clocks, text)
	}
	if !regexp.MustCompile(`(?s)mx1\.example\.com \(gateway\).*scan1\.example\.com \(filter\).*mail\.hq\.example\.com \(store-hq\).*mailbox hq, in INBOX`).MatchString(text) ||
		!strings.Contains(text, "queued as") {
		t.Errorf("want the hops in their order\n%s", text)
	}

	s.must(s.SetClock(debian.Gateway, 90*time.Second))
	d, text = s.traced()
	s.sane(d)
	i := slices.IndexFunc(d.Clocks, func(c clockOffset) bool { return c.Wrong })
	if i < 0 || d.Clocks[i].Host != "mx1.example.com" || d.Clocks[i].Min < 80 || d.Clocks[i].Max > 100 || d.Clocks[i].Min > 90 || d.Clocks[i].Max < 90 {
		t.Errorf("the gateway's clock is 90 s fast: got %+v", d.Clocks)
	}
	if !regexp.MustCompile(`The clock of mx1\.example\.com \(gateway\) is [0-9.]+–9[0-9.]+ s fast: corrected\.`).MatchString(text) {
		t.Errorf("the gateway's clock is 90 s fast: want it said\n%s", text)
	}
	s.must(s.SetClock(debian.Gateway, 0))

	s.must(s.SlowFilter(8 * time.Second))
	d, text = s.traced()
	s.sane(d)
	if component, seconds := d.longest(); component != "filter" || seconds < 7 || seconds > 9.5 {
		t.Errorf("the filter takes 8 s: got %s with %g s as the slowest\n%s", component, seconds, text)
	}
	if !regexp.MustCompile(`The longest step: ~?[78]\.?[0-9]* s from scan1\.example\.com \(filter\)\s+to\s+mail\.hq`).MatchString(text) {
		t.Errorf("the filter takes 8 s: want it named\n%s", text)
	}
}
