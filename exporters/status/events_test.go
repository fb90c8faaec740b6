package status

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// follower reads a stream of events.
type follower struct{ *bufio.Scanner }

func (f follower) next(t *testing.T) string {
	t.Helper()
	var lines []string
	for f.Scan() {
		if f.Text() == "" {
			return strings.Join(lines, "\n")
		}
		lines = append(lines, f.Text())
	}
	t.Fatalf("got %q, %v; want an event", lines, f.Err())
	return ""
}

// event is that of the page as it is now.
func event(p *Page) string { return "event: page\ndata: " + p.current().tag }

// A viewer is told of the page at first, and of another at once when people should be told.
func TestEventsTellOfPages(t *testing.T) {
	b := &testBoard{s: healthy(noon)}
	p := newPage(t, b, nil)
	ctx, end := context.WithCancel(t.Context())
	server := httptest.NewUnstartedServer(p)
	server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	server.Start()
	defer server.Close()
	limited, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(limited, http.MethodGet, server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got := answer.Header; got.Get("Content-Type") != "text/event-stream" || got.Get("Cache-Control") != "no-store" || got.Get("X-Accel-Buffering") != "no" {
		t.Errorf("got %v, want a stream of events that nobody keeps", got)
	}
	f := follower{bufio.NewScanner(answer.Body)}
	if got := f.next(t); got != "retry: 5000" {
		t.Errorf("got %q, want when to come back", got)
	}
	if got, want := f.next(t), event(p); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, s := range []probe.IncidentState{probe.Investigating, probe.Identified, probe.Monitoring} {
		b.set(disrupted(s), true)
		if got, want := f.next(t), event(p); got != want {
			t.Errorf("%s: got %q, want %q", s, got, want)
		}
	}
	end() // the server leaves
	if f.Scan() || f.Err() != nil {
		t.Errorf("got %q, %v after the server's end; want the stream's", f.Text(), f.Err())
	}
}

// small is a situation whose page is made fast.
func small(c situation.Condition) situation.Situation {
	return situation.Situation{At: noon, Condition: c, TimeZone: "CET"}
}

// inEvents tells a story of viewers in simulated time; leave ends what open has begun.
func inEvents(t *testing.T, story func(b *testBoard, p *Page, open func() (w *httptest.ResponseRecorder, leave func()))) {
	t.Helper()
	w := newWords(t, "en")
	synctest.Test(t, func(t *testing.T) {
		b := &testBoard{s: small(situation.Operational)}
		p := pageOver(t, w, b, nil)
		story(b, p, func() (*httptest.ResponseRecorder, func()) {
			ctx, cancel := context.WithCancel(t.Context())
			w := httptest.NewRecorder()
			done := make(chan struct{})
			go func() {
				defer close(done)
				p.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil))
			}()
			synctest.Wait()
			return w, func() { cancel(); <-done }
		})
	})
}

// While nothing changes, nothing but a sign of life is sent; what can wait is told at the next turn.
func TestEventsAreFew(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		told  bool
	}{{3 * time.Second, true}, {time.Second, false}} {
		inEvents(t, func(b *testBoard, p *Page, open func() (*httptest.ResponseRecorder, func())) {
			w, leave := open()
			want := "retry: 5000\n\n" + event(p) + "\n\n: still here\n\n: still here\n\n"
			time.Sleep(58 * time.Second)
			b.set(small(situation.Degraded), false)
			time.Sleep(c.after)
			leave()
			if c.told {
				want += event(p) + "\n\n"
			}
			if got := w.Body.String(); got != want {
				t.Errorf("%v after a change: got %q, want %q", c.after, got, want)
			}
		})
	}
}

// Who comes when there are too many is sent away, and told when to ask again.
func TestTooManyViewers(t *testing.T) {
	inEvents(t, func(_ *testBoard, p *Page, open func() (*httptest.ResponseRecorder, func())) {
		var leave []func()
		for range maxViewers {
			_, l := open()
			leave = append(leave, l)
		}
		w, l := open()
		l()
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "30" || w.Header().Get("Content-Type") == "text/event-stream" {
			t.Errorf("got %d, %v; want 503, and when to ask again", w.Code, w.Header())
		}
		leave[0]()
		w, leave[0] = open()
		for _, l := range leave {
			l()
		}
		if w.Code != http.StatusOK || len(p.viewers) != 0 {
			t.Errorf("got %d when one had gone, %d viewers after all had; want room, none", w.Code, len(p.viewers))
		}
	})
}

// Who does not read is dropped, and holds up nobody else.
func TestASlowReaderIsDropped(t *testing.T) {
	words := newWords(t, "en")
	synctest.Test(t, func(t *testing.T) {
		b := &testBoard{s: healthy(noon)}
		p := pageOver(t, words, b, nil)
		network := world.Pipes()
		l, err := network.Listen("status")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: p}
		done := make(chan error)
		go func() { done <- server.Serve(l) }()
		follow := func() (net.Conn, follower) {
			c, err := network.Dial(t.Context(), "tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, "GET /events HTTP/1.0\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			f := follower{bufio.NewScanner(c)}
			f.next(t) // the header
			f.next(t) // when to come back
			return c, f
		}
		slow, _ := follow()
		defer slow.Close()
		quick, f := follow()
		if got, want := f.next(t), event(p); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		b.set(disrupted(probe.Investigating), true)
		began := time.Now()
		if got, want := f.next(t), event(p); got != want || time.Since(began) > time.Second {
			t.Errorf("got %q after %v, want %q at once", got, time.Since(began), want)
		}
		time.Sleep(takesAtMost + time.Second)
		if synctest.Wait(); len(p.viewers) != 1 {
			t.Errorf("got %d viewers, want the one who reads", len(p.viewers))
		}
		quick.Close()
		server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}
