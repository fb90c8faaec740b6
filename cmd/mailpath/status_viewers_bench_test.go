package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
)

const (
	manyViewers = 200
	viewedFor   = time.Minute
	// announcedEvery is how often people are told something while they are measured, which
	// every viewer's page shows at once.
	announcedEvery = 15 * time.Second
)

// spectators are people who have the status page open.
type spectators struct {
	client   *http.Client
	url      string
	watching sync.WaitGroup
	stop     func()

	there   atomic.Int64 // that are told of changes
	fetched atomic.Int64 // times that a page was loaded again
	same    atomic.Int64 // of these: it had not changed
	bytes   atomic.Int64

	mu   sync.Mutex
	seen []string // what each has on the screen
	errs []error
}

// watch opens the page so many times. Each viewer does what the page's script does: it
// waits for events, and at each it loads the page again if that has changed.
func watch(t testing.TB, url string, viewers int) *spectators {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	a := &spectators{url: url, stop: stop, seen: make([]string, viewers)}
	a.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * viewers}}
	for n := range viewers {
		a.watching.Go(func() {
			if err := a.view(ctx, n); err != nil && ctx.Err() == nil {
				a.mu.Lock()
				defer a.mu.Unlock()
				a.errs = append(a.errs, fmt.Errorf("viewer %d: %w", n, err))
			}
		})
	}
	t.Cleanup(a.leave)
	return a
}

// leave closes all pages.
func (a *spectators) leave() {
	a.stop()
	a.watching.Wait()
	a.client.CloseIdleConnections()
}

// view is one viewer, until the page is closed.
func (a *spectators) view(ctx context.Context, n int) error {
	tag, err := a.load(ctx, n, "")
	if err != nil {
		return err
	}
	response, err := a.get(ctx, "/events", "")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("waiting for events: got %s", response.Status)
	}
	a.there.Add(1)
	defer a.there.Add(-1)
	data := false
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if lines.Text() != "" {
			data = data || strings.HasPrefix(lines.Text(), "data")
			continue
		}
		if data { // an event ends with an empty line
			if tag, err = a.load(ctx, n, tag); err != nil {
				return err
			}
		}
		data = false
	}
	return fmt.Errorf("waiting for events: they ended")
}

func (a *spectators) get(ctx context.Context, path, tag string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+path, nil)
	if err != nil {
		return nil, err
	}
	if tag != "" {
		request.Header.Set("If-None-Match", tag)
	}
	return a.client.Do(request)
}

// load loads the page, if it has changed, and gives its tag.
func (a *spectators) load(ctx context.Context, n int, tag string) (string, error) {
	response, err := a.get(ctx, "/", tag)
	if err != nil {
		return tag, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	a.fetched.Add(1)
	a.bytes.Add(int64(len(text)))
	switch {
	case err != nil:
		return tag, err
	case response.StatusCode == http.StatusNotModified:
		a.same.Add(1)
		return tag, nil
	case response.StatusCode != http.StatusOK:
		return tag, fmt.Errorf("loading the page: got %s", response.Status)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[n] = string(text)
	return response.Header.Get("ETag"), nil
}

// see counts the viewers on whose screens a text is.
func (a *spectators) see(text string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, page := range a.seen {
		if strings.Contains(page, text) {
			n++
		}
	}
	return n
}

// check tells what went wrong for viewers.
func (a *spectators) check(t testing.TB) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.errs) > 0 {
		t.Errorf("%d of %d viewers are told nothing any more, the first because of %v", len(a.errs), len(a.seen), a.errs[0])
	}
}

// Everybody who has the page open sees at once what is announced, and what breaks.
func TestAllViewersAreTold(t *testing.T) {
	t.Parallel()
	x := newTold(t, nil, "")
	x.start()
	x.untilHealthy()
	a := watch(t, x.child.url, manyViewers)
	x.child.waitFor("to have an audience", func() bool { return a.there.Load() == manyViewers })
	const text = "The mail server is restarted at noon."
	x.announce(map[string]any{"text": text})
	x.child.waitFor("to tell all viewers what is announced", func() bool { return a.see(text) == manyViewers })
	x.must(x.world.Break(brokenComponent, world.CrashLoop{}))
	i := x.untilIncident("identified")
	x.child.waitFor("to tell all viewers of the incident", func() bool { return a.see(i.ID) == manyViewers })
	a.check(t)
}

// BenchmarkViewers measures what people who have the status page open cost, and what they
// do to the measuring: with none and with 200, told something every quarter of a minute.
func BenchmarkViewers(b *testing.B) {
	program, lab := binary(b), compiled(b, "../../lab/world/worldlab")
	for _, viewers := range []int{0, manyViewers} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) {
			for b.Loop() {
				w := startCrowd(b, lab, "-mailboxes", "6", "-routes", "1", "-every", "1s")
				c := startBeside(w, program, 6)
				c.waitFor("to know what is usual", func() bool { return c.metric("mailpath_outcomes_total", "") > 6*25 })
				a := watch(b, c.url, viewers)
				c.waitFor("to have an audience", func() bool { return a.there.Load() == int64(viewers) })
				fetched, same, bytes := a.fetched.Load(), a.same.Load(), a.bytes.Load()
				m := beginMeasuring(c)
				keepAnnouncing(b, c)
				m.end()
				a.check(b)
				m.reportDeliveries(b)
				m.report(b)
				b.ReportMetric(float64(a.fetched.Load()-fetched), "fetches")
				b.ReportMetric(float64(a.same.Load()-same), "unchanged")
				b.ReportMetric(float64(a.bytes.Load()-bytes)/1e6, "fetched-MB")
				a.leave()
				c.end(syscall.SIGTERM)
				w.end()
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// keepAnnouncing tells people something by the clock until the time is up.
func keepAnnouncing(b *testing.B, c *child) {
	b.Helper()
	ticker := time.NewTicker(announcedEvery)
	defer ticker.Stop()
	for n := range int(viewedFor / announcedEvery) {
		<-ticker.C
		document := fmt.Sprintf(`{"text": "Announcement %d of many."}`, n+1)
		response, err := http.Post(c.url+"/api/v1/announce", "application/json", strings.NewReader(document))
		if err != nil {
			b.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			b.Fatalf("announcing: got %s", response.Status)
		}
	}
}
