package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// screen shows the demo: what happens, line by line, and on a terminal a table
// below that is drawn anew. It is an exporter, too: health changes are told.
type screen struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	drawn    int // lines of the table that stand below
	elapsed  time.Duration
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		s.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return s
}

func (s *screen) title(url string) {
	s.line("mailpath demo: a mail world inside this process, on loopback; nothing leaves this machine")
	s.line("metrics meanwhile: %s", url)
	s.line("")
}

// say tells what happens now.
func (s *screen) say(format string, args ...any) { s.stamped("==", fmt.Sprintf(format, args...)) }

// Export implements probe.Exporter.
func (s *screen) Export(c probe.Change) {
	h, ok := c.(probe.HealthChanged)
	if !ok {
		return
	}
	s.stamped("  ", fmt.Sprintf("%s: %s -> %s (%s)", h.Route, h.From, h.To, h.Reason))
}

func (s *screen) stamped(mark, text string) {
	s.mu.Lock()
	elapsed := s.elapsed
	s.mu.Unlock()
	s.line("%5.1fs %s %s", elapsed.Seconds(), mark, text)
}

// line prints a line above the table.
func (s *screen) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintf(s.w, format+"\n", args...)
}

func (s *screen) erase() {
	if s.drawn > 0 {
		fmt.Fprintf(s.w, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}

// tableEvery is how often the table is printed where it cannot be drawn anew.
const tableEvery = 10 * time.Second

// draw shows the table as it stands.
func (s *screen) draw(b *board, elapsed time.Duration) {
	table := tableOf(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	previous := s.elapsed
	s.elapsed = elapsed
	switch {
	case s.terminal:
		s.erase()
		s.drawn = strings.Count(table, "\n")
	case previous/tableEvery == elapsed/tableEvery:
		return
	}
	io.WriteString(s.w, table)
}

// tableOf is the board as it is shown while the story goes on.
func tableOf(b *board) string {
	var t strings.Builder
	fmt.Fprintf(&t, "\n  %-16s %-13s %-8s %6s %9s %5s %9s %9s\n", "ROUTE", "DIRECTION", "HEALTH", "SENT", "DELIVERED", "LATE", "IN FLIGHT", "MEDIAN")
	b.each(func(route string, r *row) {
		fmt.Fprintf(&t, "  %-16s %-13s %-8s %6d %9d %5d %9d %9s\n", route, r.direction, r.health, r.sent,
			r.outcomes[probe.Delivered], r.outcomes[probe.Late], r.unsettled, short(r.median()))
	})
	return t.String()
}

// summary is the end of the demo.
func (s *screen) summary(r report) {
	s.line("")
	lost, late, longest := 0, 0, time.Duration(0)
	for _, name := range r.names {
		route := r.Routes[name]
		lost += route.Outcomes[probe.Lost]
		late += route.Outcomes[probe.Late]
		longest = max(longest, route.longestDelay)
		s.line("  %-16s sent %3d: %s", name, route.Sent, inWords(route))
	}
	s.line("")
	s.line("Mail from outside was delayed by up to %s: %d messages came late, %d were lost.", short(longest), late, lost)
	if r.ConservationOK {
		s.line("In each of %d scrapes: sent + adopted = outcomes + in flight.", r.scrapes)
		return
	}
	s.line("CONSERVATION DOES NOT HOLD in %d scrapes: %s", r.scrapes, strings.Join(r.problems, "; "))
}

// inWords lists the outcomes of a route that there were, and its health.
func inWords(r routeReport) string {
	var words []string
	for _, status := range probe.Statuses {
		if n := r.Outcomes[status]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, status))
		}
	}
	if r.InFlight > 0 {
		words = append(words, fmt.Sprintf("%d in flight", r.InFlight))
	}
	if r.Latency != nil {
		words = append(words, fmt.Sprintf("median %.0f ms", r.Latency.Median*1000))
	}
	var states []string
	for _, h := range r.Health {
		states = append(states, string(h.To))
	}
	return strings.Join(words, ", ") + "; " + strings.Join(states, " -> ")
}
