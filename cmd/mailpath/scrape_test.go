package main

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// sumOf scrapes and sums the samples of a metric whose labels hold a text.
func sumOf(t testing.TB, url, name, labels string) float64 {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return sumIn(t, response.Body, name, labels)
}

// sumIn sums in what has been scraped.
func sumIn(t testing.TB, metrics io.Reader, name, labels string) float64 {
	t.Helper()
	sum := 0.0
	lines := bufio.NewScanner(metrics)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), "} ")
		metric, of, found := strings.Cut(series, "{")
		if !found || metric != name || !strings.Contains(of, labels) {
			continue
		}
		number, err := strconv.ParseFloat(strings.Fields(value)[0], 64)
		if err != nil {
			t.Fatalf("reading %q: %v", lines.Text(), err)
		}
		sum += number
	}
	return sum
}
