package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// scrapes reads the demo's own metrics, as Prometheus would, and holds each scrape
// to the law of conservation: sent + adopted = outcomes + in flight.
type scrapes struct {
	url      string
	last     time.Time
	count    int
	problems []string
}

// everySecond scrapes if the last scrape is a second old.
func (s *scrapes) everySecond(ctx context.Context, clock probe.Clock) {
	if now := clock.Now(); now.Sub(s.last) >= time.Second {
		s.last = now
		s.scrape(ctx)
	}
}

func (s *scrapes) scrape(ctx context.Context) {
	balance, err := readBalance(ctx, s.url)
	if ctx.Err() != nil {
		return
	}
	s.count++
	if err != nil {
		s.problems = append(s.problems, err.Error())
	}
	for route, b := range balance {
		if b != 0 {
			s.problems = append(s.problems, fmt.Sprintf("route %s: sent + adopted - outcomes - in flight is %g, want 0", route, b))
		}
	}
}

// conserved tells whether every scrape kept the law; without one, nothing is known.
func (s *scrapes) conserved() bool { return s.count > 0 && len(s.problems) == 0 }

var (
	lawSeries = regexp.MustCompile(`^mailpath_(messages_sent_total|messages_adopted_total|outcomes_total|in_flight_messages)\{(.*)\} (\S+)`)
	routeOf   = regexp.MustCompile(`(?:^|,)route="([^"]*)"`)
)

// readBalance gives sent + adopted - outcomes - in flight for each route.
func readBalance(ctx context.Context, url string) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("scraping the metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scraping the metrics: got %s, want 200 OK", response.Status)
	}
	return balanceOf(response.Body)
}

func balanceOf(metrics io.Reader) (map[string]float64, error) {
	balance := make(map[string]float64)
	lines := bufio.NewScanner(metrics)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		m := lawSeries.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		value, err := strconv.ParseFloat(m[3], 64)
		route := routeOf.FindStringSubmatch(m[2])
		if err != nil || route == nil {
			return nil, fmt.Errorf("reading the metrics: got line %q, want a route and a number", lines.Text())
		}
		if m[1] == "outcomes_total" || m[1] == "in_flight_messages" {
			value = -value
		}
		balance[route[1]] += value
	}
	if len(balance) == 0 {
		return nil, fmt.Errorf("reading the metrics: got no series of the law of conservation")
	}
	return balance, lines.Err()
}
