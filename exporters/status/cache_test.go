package status

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// Many viewers cost as much as one, and nobody is shown an old page.
func TestManyViewersGetOnePage(t *testing.T) {
	w := newWords(t, "en")
	synctest.Test(t, func(t *testing.T) {
		b := &testBoard{s: small(situation.Operational)}
		p := pageOver(t, w, b, nil)
		view := func() {
			var all sync.WaitGroup
			for range 200 {
				all.Go(func() {
					if code := get(p, "/", "").StatusCode; code != http.StatusOK {
						t.Errorf("got %d, want the page", code)
					}
				})
			}
			all.Wait()
		}
		for _, c := range []struct {
			name   string
			before func()
			want   int // times that it was made so far
		}{
			{"all at once", func() {}, 1},
			{"a while later", func() { time.Sleep(fresh - time.Millisecond) }, 1},
			{"when it is old", func() { time.Sleep(time.Millisecond) }, 2},
			{"when mail has arrived", func() { b.set(small(situation.Degraded), false) }, 2},
			{"when people should be told", func() { b.set(small(situation.MajorOutage), true) }, 3},
			{"after that", func() {}, 3},
		} {
			c.before()
			if view(); b.renders() != c.want {
				t.Errorf("%s: made %d times, want %d", c.name, b.renders(), c.want)
			}
		}
	})
}

// changing is a board on which something happens while a page is being made.
type changing struct {
	*testBoard
	meanwhile func()
}

func (b *changing) Situation() situation.Situation {
	s := b.testBoard.Situation()
	if b.meanwhile != nil {
		meanwhile := b.meanwhile
		b.meanwhile = nil
		meanwhile()
	}
	return s
}

// What changes while a page is made may not be in it: it is not shown to the next one.
func TestAChangeWhileAPageIsMade(t *testing.T) {
	b := &changing{testBoard: &testBoard{s: healthy(noon)}}
	b.meanwhile = func() { b.set(disrupted(probe.Investigating), true) }
	p := pageOver(t, newWords(t, "en"), b, nil)
	before, after := bodyOf(t, get(p, "/", "")), bodyOf(t, get(p, "/", ""))
	if bytes.Contains([]byte(before), []byte(openID)) || !bytes.Contains([]byte(after), []byte(openID)) {
		t.Error("got an old page after the change, want the new one")
	}
}

// A page is sent once to each viewer, zipped to those who take that (RFC 9110 sections 8.8.3 and 12.5.3).
func TestAPageIsSentOnce(t *testing.T) {
	p := newPage(t, &testBoard{s: disrupted(probe.Identified)}, nil)
	plain := get(p, "/", "")
	want := bodyOf(t, plain)
	for _, c := range []struct {
		accepts string
		zipped  bool
	}{{"br, GZIP ,deflate", true}, {"gzip;q=0", false}, {"", false}, {"identity", false}, {"gzip", true}, {"gzipped", false}} {
		r := get(p, "/", "", "Accept-Encoding", c.accepts)
		var body io.Reader = r.Body
		if zipped := r.Header.Get("Content-Encoding") == "gzip"; zipped != c.zipped {
			t.Errorf("%q: zipped: got %v, want %v", c.accepts, zipped, c.zipped)
		}
		tag := r.Header.Get("ETag")
		if same := tag == plain.Header.Get("ETag"); tag == "" || same == c.zipped || r.Header.Get("Vary") != "Accept-Encoding" || r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%q: got %v; want a tag for each coding", c.accepts, r.Header)
		}
		if c.zipped {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != want {
			t.Errorf("%q: got %d bytes, %v; want the page", c.accepts, len(got), err)
		}
		again := get(p, "/", "", "Accept-Encoding", c.accepts, "If-None-Match", tag)
		if body := bodyOf(t, again); again.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%q: got %d, %d bytes with its tag; want 304, none", c.accepts, again.StatusCode, len(body))
		}
		if other := get(p, "/", "", "Accept-Encoding", c.accepts, "If-None-Match", `"other"`); other.StatusCode != http.StatusOK {
			t.Errorf("%q: got %d with another's tag, want the page", c.accepts, other.StatusCode)
		}
	}
	head := httptest.NewRecorder()
	if p.ServeHTTP(head, httptest.NewRequest(http.MethodHead, "/", nil)); head.Code != 200 || head.Body.Len() > 0 || head.Header().Get("ETag") != plain.Header.Get("ETag") {
		t.Errorf("HEAD: got %d, %d bytes, %v", head.Code, head.Body.Len(), head.Header())
	}
}

// However many incidents are looked at, few pages are kept.
func TestFewPagesAreKept(t *testing.T) {
	c := cache{board: new(testBoard), clock: probe.NewClock()}
	for n := range 3 * maxPages {
		want := fmt.Sprint("incident ", n)
		if got := c.page(want, func() (int, []byte) { return 200, []byte(want) }); string(got.body) != want || len(c.kept) > maxPages {
			t.Fatalf("got %q, %d kept; want %q, at most %d", got.body, len(c.kept), want, maxPages)
		}
	}
}
