package status

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
)

const (
	// fresh is for how long a page is good while nothing happens that people should be
	// told at once.
	fresh = 5 * time.Second
	// maxPages bounds the pages that are kept: one for each incident that is looked at.
	maxPages = 64
)

// rendered is a page as it is sent.
type rendered struct {
	status  int
	tag     string // names the content
	body    []byte
	zipped  []byte
	made    time.Time
	changed <-chan struct{} // closed: it is not good any more
}

func newRendered(status int, body []byte) *rendered {
	sum := sha256.Sum256(body)
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is one that there is
	_, _ = z.Write(body)                            // neither fails into memory
	_ = z.Close()
	return &rendered{status: status, tag: hex.EncodeToString(sum[:12]), body: body, zipped: b.Bytes()}
}

// serve answers with the page, or with 304 if the viewer has it (RFC 9110 section 13.1.2).
// Each coding has an entity tag of its own (section 8.8.3.3).
func (p *rendered) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Encoding")
	body, tag := p.body, `"`+p.tag+`"`
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body, tag = p.zipped, `"`+p.tag+`-gz"`
	}
	h.Set("ETag", tag)
	if p.status != http.StatusOK {
		w.WriteHeader(p.status)
		_, _ = w.Write(body) // whoever hangs up does not want it
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// takesGzip tells whether the viewer takes gzip: browsers name it without a weight, and
// whoever gives it one means to be asked (RFC 9110 section 12.5.3).
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return true
		}
	}
	return false
}

// cache keeps pages as they are sent, so that many viewers cost as much as one.
type cache struct {
	board Board
	clock probe.Clock

	mu   sync.Mutex
	kept map[string]*rendered
}

// page gives the page of that name, made anew if the kept one is not good any more. Whoever
// asks meanwhile waits for it.
func (c *cache) page(name string, render func() (status int, body []byte)) *rendered {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if p := c.kept[name]; p != nil && p.good(now) {
		return p
	}
	// What changes from here on may not be in the page: asked for before it is made.
	changed := c.board.Changed()
	p := newRendered(render())
	p.made, p.changed = now, changed
	if c.kept == nil || len(c.kept) >= maxPages {
		c.kept = make(map[string]*rendered)
	}
	c.kept[name] = p
	return p
}

func (p *rendered) good(now time.Time) bool {
	select {
	case <-p.changed:
		return false
	default:
		return now.Sub(p.made) < fresh
	}
}
