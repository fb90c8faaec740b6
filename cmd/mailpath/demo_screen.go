package main

import (
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// screen shows the demo: what happens, line by line, and on a terminal that has
// room for it a table below that is drawn anew. It is an exporter, too: health
// changes and verdicts are told.
type screen struct {
	mu       sync.Mutex
	w        io.Writer
	terminal *os.File // nil: it is none
	drawn    int      // lines of the table that stand below
	elapsed  time.Duration
}

// width is that of the smallest terminal that the demo is made for.
const width = 79

// newScreen makes a screen; left is called when nobody reads it any more.
func newScreen(w io.Writer, left func()) *screen {
	s := &screen{w: audience{w, left}}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		s.terminal = f
	}
	return s
}

// audience is who reads, as long as somebody does.
type audience struct {
	io.Writer
	left func()
}

func (a audience) Write(p []byte) (int, error) {
	n, err := a.Writer.Write(p)
	if err != nil {
		a.left()
	}
	return n, err
}

func (s *screen) title(url string) {
	s.line("mailpath demo: a mail world inside this process; nothing leaves this machine")
	s.line("what people see of it: %s/", url)
	s.line("what Prometheus scrapes: %s/metrics", url)
	s.line("")
}

// say tells what happens now.
func (s *screen) say(format string, args ...any) { s.stamped("==", fmt.Sprintf(format, args...)) }

// Export implements probe.Exporter.
func (s *screen) Export(c probe.Change) {
	switch c := c.(type) {
	case probe.HealthChanged:
		s.stamped("  ", fmt.Sprintf("%s: %s -> %s (%s)", c.Route, c.From, c.To, c.Reason))
	case diagnosis.Diagnosed:
		s.verdict(c)
	case diagnosis.Recovered:
		s.stamped("!!", c.Sentence)
	}
}

// verdict tells which component is to blame, and why.
func (s *screen) verdict(c diagnosis.Diagnosed) {
	for i, d := range c.Diagnoses {
		if i > 0 && d.Confidence < worthSaying {
			break
		}
		s.stamped("!!", fmt.Sprintf("%s (%s sure)", d.Sentence, share(d.Confidence)))
		for _, reason := range d.Reasons {
			s.stamped("   -", reason)
		}
	}
}

func (s *screen) stamped(mark, text string) {
	s.mu.Lock()
	elapsed := s.elapsed
	s.mu.Unlock()
	lead := fmt.Sprintf("%5.1fs %s ", elapsed.Seconds(), mark)
	for line := range wrapped(text, width-len(lead)) {
		s.line("%s%s", lead, line)
		lead = strings.Repeat(" ", len(lead))
	}
}

// wrapped gives the lines of a text, broken between words.
func wrapped(text string, width int) iter.Seq[string] {
	return func(yield func(string) bool) {
		line := ""
		for word := range strings.FieldsSeq(text) {
			if line != "" && len(line)+1+len(word) > width {
				if !yield(line) {
					return
				}
				line = ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		yield(line)
	}
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
	switch lines := strings.Count(table, "\n"); {
	case s.hasRoomFor(lines):
		s.erase()
		s.drawn = lines
	case previous/tableEvery == elapsed/tableEvery:
		return
	default:
		s.drawn = 0 // what stood there has scrolled away
	}
	io.WriteString(s.w, table)
}

// hasRoomFor tells whether a table can be drawn over itself: a line that is broken,
// or has scrolled away, cannot be erased.
func (s *screen) hasRoomFor(lines int) bool {
	if s.terminal == nil {
		return false
	}
	columns, rows, err := term.GetSize(int(s.terminal.Fd()))
	return err == nil && columns >= width && rows > lines
}

// tableOf is the board as it is shown while the story goes on.
func tableOf(b *board) string {
	var t strings.Builder
	fmt.Fprintf(&t, "\n  %-16s %-12s %-7s %5s %9s %5s %9s %8s\n", "ROUTE", "DIRECTION", "HEALTH", "SENT", "DELIVERED", "LATE", "IN FLIGHT", "MEDIAN")
	b.each(func(route string, r *row) {
		fmt.Fprintf(&t, "  %-16s %-12s %-7s %5d %9d %5d %9d %8s\n", route, r.direction, r.health, r.sent,
			r.outcomes[probe.Delivered], r.outcomes[probe.Late], r.unsettled, short(r.median()))
	})
	return t.String()
}

// summary is the end of the demo.
func (s *screen) summary(r demoReport) {
	s.line("")
	for _, name := range r.names {
		lead := fmt.Sprintf("  %-14s sent %3d: ", name, r.Routes[name].Sent)
		for line := range wrapped(inWords(r.Routes[name]), width-len(lead)) {
			s.line("%s%s", lead, line)
			lead = strings.Repeat(" ", len(lead))
		}
	}
	s.line("")
	outside := r.Routes[brokenRoute]
	s.line("Mail from outside was delayed by up to %s: %d came late, %d were lost.",
		short(outside.longestDelay), outside.Outcomes[probe.Late], outside.Outcomes[probe.Lost])
	s.line("In %d scrapes: sent + adopted = outcomes + in flight.", r.scrapes)
	for _, p := range r.Problems {
		s.line("THE STORY DID NOT HOLD: %s", p)
	}
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
		words = append(words, "median "+short(time.Duration(r.Latency.Median*float64(time.Second))))
	}
	states := []string{string(probe.HealthUnknown)}
	for _, h := range r.Health {
		states = append(states, string(h.To))
	}
	return strings.Join(words, ", ") + "; " + strings.Join(states, " -> ")
}
