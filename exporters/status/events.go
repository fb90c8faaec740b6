package status

import (
	"fmt"
	"net/http"
	"time"

	"github.com/mailpath/mailpath/probe"
)

const (
	// maxViewers bounds the streams that are open; whoever comes after asks again instead.
	maxViewers = 500
	// arrivalsEvery is how often viewers are told when nothing happened but mail arriving.
	arrivalsEvery = 10 * time.Second
	// beatEvery is how often a stream says something, lest it is taken for dead on the way.
	beatEvery = 25 * time.Second
	// takesAtMost is how long a viewer may take for one event: who is slower is dropped.
	takesAtMost = 5 * time.Second
	// retryAfter is when to ask again for a stream.
	retryAfter = 30 * time.Second
)

// events tells a viewer when there is another page, by its tag (HTML, section 9.2,
// server-sent events): at once if people should be told, otherwise now and then. It is the
// viewer's own goroutine that waits; there is nothing in the middle that one of them could
// hold up.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	select {
	case p.viewers <- struct{}{}:
		defer func() { <-p.viewers }()
	default:
		w.Header().Set("Retry-After", fmt.Sprintf("%.0f", retryAfter.Seconds()))
		http.Error(w, "too many viewers: ask for the page again instead", http.StatusServiceUnavailable)
		return
	}
	s := stream{page: p, w: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy that collects output would keep it
	if s.write("retry: 5000\n\n") == nil {
		s.follow(r)
	}
}

// stream is one viewer.
type stream struct {
	page    *Page
	w       http.ResponseWriter
	control *http.ResponseController
	told    string // the tag of the page that the viewer knows of
}

// follow tells of pages until the viewer goes or is too slow, or the server ends the
// request's context, as one that shuts down must do.
func (s *stream) follow(r *http.Request) {
	ticker := time.NewTicker(arrivalsEvery)
	defer ticker.Stop()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		changed := s.page.cfg.Board.Changed()
		if s.tell() != nil {
			return
		}
		select {
		case <-changed:
		case <-ticker.C:
		case <-beat.C:
			if s.write(": still here\n\n") != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// tell sends the tag of the page if it is not the one that the viewer knows of.
func (s *stream) tell() error {
	tag := s.page.current().tag
	if tag == s.told {
		return nil
	}
	s.told = tag
	return s.write("event: page\ndata: " + tag + "\n\n")
}

func (s *stream) write(text string) error {
	// A deadline of a socket is by the machine's clock, whatever the process goes by. One
	// that passed while nothing is written would end an HTTP/2 stream: it is taken back.
	// Writers without deadlines are those of tests, or wrapped: they write all the same.
	_ = s.control.SetWriteDeadline(probe.NewClock().Now().Add(takesAtMost))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	err := s.control.Flush()
	_ = s.control.SetWriteDeadline(time.Time{})
	return err
}
