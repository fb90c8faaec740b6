package web_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/exporters/web"
	"github.com/mailpath/mailpath/lab/world"
)

// inBubble tells a story of a server in a bubble of simulated time, over pipes.
func inBubble(t *testing.T, story func(serve func(http.HandlerFunc) *web.Server, dial func() net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := world.Pipes()
		l, err := network.Listen("web")
		if err != nil {
			t.Fatal(err)
		}
		var s *web.Server
		defer func() { s.Close() }()
		story(func(h http.HandlerFunc) *web.Server {
			s = web.ServeOn(l, slog.New(slog.DiscardHandler), h)
			return s
		}, func() net.Conn {
			c, err := network.Dial(t.Context(), "tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			return c
		})
	})
}

// trickle writes a byte each second, and tells for how long somebody took them.
func trickle(c net.Conn, text string) time.Duration {
	began := time.Now()
	for i := range len(text) {
		if _, err := c.Write([]byte(text[i : i+1])); err != nil {
			break
		}
		time.Sleep(time.Second)
	}
	return time.Since(began)
}

// Who sends slowly, or nothing at all, is not waited for.
func TestSlowSendersAreCutOff(t *testing.T) {
	for _, c := range []struct {
		says, first, then string
		within            time.Duration
		answer            string
	}{
		{"a slow body", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n", strings.Repeat("x", 100), 12 * time.Second, "HTTP/1.1 408 "},
		{"a slow header", "GET / HTTP/1.1\r\n", strings.Repeat("X-Slow: x\r\n", 30), 12 * time.Second, ""},
		{"a header without end", "GET / HTTP/1.1\r\n", strings.Repeat("x", 1000), 12 * time.Second, ""},
		{"nothing after an answer", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 3 * time.Minute, "HTTP/1.1 200 "},
	} {
		inBubble(t, func(serve func(http.HandlerFunc) *web.Server, dial func() net.Conn) {
			serve(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "well") })
			conn := dial()
			defer conn.Close()
			got, began := make(chan string), time.Now()
			go func() {
				said, _ := io.ReadAll(conn)
				got <- string(said)
			}()
			if _, err := io.WriteString(conn, c.first); err != nil {
				t.Fatal(err)
			}
			trickle(conn, c.then)
			if said := <-got; !strings.HasPrefix(said, c.answer) || time.Since(began) > c.within {
				t.Errorf("%s: got %.60q after %v, want %q within %v", c.says, said, time.Since(began), c.answer, c.within)
			}
		})
	}
}

// Who does not read is not waited for either, and an event stream may be silent for as
// long as it likes.
func TestSlowReadersAndEventStreams(t *testing.T) {
	inBubble(t, func(serve func(http.HandlerFunc) *web.Server, dial func() net.Conn) {
		wrote := make(chan time.Duration, 1)
		s := serve(func(w http.ResponseWriter, r *http.Request) {
			began := time.Now()
			if r.URL.Path == "/events" {
				w.Header().Set("Content-Type", "text/event-stream")
				control := http.NewResponseController(w)
				for r.Context().Err() == nil {
					io.WriteString(w, "data: x\n\n")
					if control.Flush() != nil {
						return
					}
					select {
					case <-time.After(time.Hour):
					case <-r.Context().Done():
					}
				}
				wrote <- time.Since(began)
				return
			}
			for _, err := w.Write(make([]byte, 1<<20)); err == nil; _, err = w.Write(make([]byte, 1<<20)) {
			}
			wrote <- time.Since(began)
		})
		deaf := dial()
		defer deaf.Close()
		io.WriteString(deaf, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if took := <-wrote; took > 31*time.Second {
			t.Errorf("a reader that does not read was waited for %v, want 30 s", took)
		}
		viewer := dial()
		defer viewer.Close()
		began := time.Now()
		io.WriteString(viewer, "GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
		lines := bufio.NewReader(viewer)
		for events := 0; events < 3; {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatalf("after %v: %v", time.Since(began), err)
			}
			if strings.HasPrefix(line, "data:") {
				events++
			}
		}
		if waited := time.Since(began); waited < 2*time.Hour {
			t.Errorf("three events came after %v, want two hours", waited)
		}
		closing := time.Now()
		go io.Copy(io.Discard, lines)
		s.Close()
		if <-wrote; time.Since(closing) > time.Second {
			t.Errorf("closing took %v with somebody at the event stream, want it at once", time.Since(closing))
		}
	})
}

// A request that is too large is refused before anybody keeps it.
func TestLargeRequests(t *testing.T) {
	t.Parallel()
	s := serve(t, "", echo)
	for size, want := range map[int]int{64 << 10: 200, 1 << 20: 413, 0: 200, 64<<10 + 1: 413} {
		status, said, _ := s.ask(&http.Client{}, http.MethodPost, "/write", nil, strings.Repeat("x", size))
		// The server may close before the client has sent all: that is as good.
		if status != want && (want == 200 || status != 0) {
			t.Errorf("%d bytes: got %d %q, want %d", size, status, said, want)
		}
	}
	if status, said, _ := s.ask(&http.Client{}, http.MethodGet, "/read", http.Header{"X-Large": {strings.Repeat("x", 64<<10)}}, ""); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: got %d %q", status, said)
	}
}

// A stream whose viewer goes away ends.
func TestAViewerLeaves(t *testing.T) {
	t.Parallel()
	left := make(chan error, 1)
	s := serve(t, "", func(*web.Server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			left <- context.Cause(r.Context())
		})
	})
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	leave()
	select {
	case err := <-left:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	case <-time.After(10 * time.Second):
		t.Error("the handler goes on without a viewer")
	}
}
