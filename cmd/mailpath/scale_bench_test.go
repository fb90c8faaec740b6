package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// The scale at which mailpath is measured: one message per route and minute, for so
// long, with a scrape so often. The first scrapes make what later ones use again, so
// that memory is known after five at the earliest.
const (
	scaleFor    = 210 * time.Second
	scrapeEvery = 30 * time.Second
)

// BenchmarkScale measures what mailpath needs for many routes and mailboxes, alone:
// the mail world that it probes is another process.
func BenchmarkScale(b *testing.B) {
	program, world := binary(b), compiled(b, "../../lab/world/worldlab")
	for _, size := range []struct{ mailboxes, routes int }{{100, 10}, {1000, 10}} {
		b.Run(fmt.Sprintf("%dx%d", size.mailboxes*size.routes, size.mailboxes), func(b *testing.B) {
			for b.Loop() {
				w := startCrowd(b, world, "-mailboxes", fmt.Sprint(size.mailboxes), "-routes", fmt.Sprint(size.routes))
				c := startBeside(w, program, size.mailboxes)
				m, before := beginMeasuring(c), w.spent()
				scrapes := keepScraping(b, c)
				m.end()
				after := w.spent()
				m.report(b)
				m.reportDeliveries(b)
				scrapes.report(b)
				b.ReportMetric((after.cpu-before.cpu).Seconds()/after.at.Sub(before.at).Seconds(), "world-cores")
				c.end(syscall.SIGTERM)
				w.end()
			}
			b.ReportMetric(0, "ns/op") // how long a benchmark takes says nothing
		})
	}
}

// reportDeliveries reports what became of the messages.
func (m *measuring) reportDeliveries(b *testing.B) {
	b.Helper()
	var delay, width milliseconds
	delivered := 0
	for _, l := range m.outcomes {
		delay.add(seconds(l.Delay))
		if l.Status == "delivered" {
			delivered++
			width.add(seconds(l.Max - l.Min))
		}
	}
	if delivered == 0 {
		b.Fatalf("nothing was delivered; the log says\n%s", m.child.log.String())
	}
	wall := m.ended.at.Sub(m.began.at)
	b.ReportMetric((m.ended.cpu-m.began.cpu).Seconds()/wall.Seconds(), "cores")
	b.ReportMetric(float64(len(m.outcomes))/wall.Minutes(), "messages/min")
	b.ReportMetric(100*float64(delivered)/float64(len(m.outcomes)), "delivered-%")
	width.report(b, "width", 0.5, 0.99)
	delay.report(b, "delay", 0.5, 0.99)
}

// scraped is what Prometheus would have got.
type scraped struct {
	last []byte
	took milliseconds
}

// keepScraping scrapes by the clock until the time is up.
func keepScraping(b *testing.B, c *child) *scraped {
	b.Helper()
	s := new(scraped)
	ticker := time.NewTicker(scrapeEvery)
	defer ticker.Stop()
	for range scaleFor / scrapeEvery {
		<-ticker.C
		s.scrape(b, c.url+"/metrics")
	}
	return s
}

// scrape reads the metrics as Prometheus does by default: OpenMetrics, compressed.
func (s *scraped) scrape(b *testing.B, url string) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if s.last, err = io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("scraping: got %s and %v", response.Status, err)
	}
	s.took.add(time.Since(began))
}

func (s *scraped) report(b *testing.B) {
	b.Helper()
	s.took.report(b, "scrape", 1)
	b.ReportMetric(float64(len(s.last))/1e6, "scrape-MB")
	b.ReportMetric(sumIn(b, bytes.NewReader(s.last), "mailpath_schedule_slots_missed_total", ""), "slots-missed")
	// A message that never arrives has no outcome for long, but is a miss by now.
	b.ReportMetric(sumIn(b, bytes.NewReader(s.last), "mailpath_slo_misses_total", ""), "slo-misses")
}
