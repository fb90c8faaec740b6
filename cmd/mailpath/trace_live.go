package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// tracer shows one message under way, as an exporter and as one who is told of the
// sender's progress. What is not over yet stands on a line that is not ended, so that
// whatever hangs is seen hanging; on a terminal it tells how long already.
type tracer struct {
	clock  probe.Clock
	probe  probe.Probe
	server string
	wait   time.Duration // for how long it is waited for the message; 0: until it is late

	mu      sync.Mutex
	w       io.Writer       // io.Discard: nothing is shown
	columns func() int      // how wide the terminal is now; nil: it is none
	open    string          // what is not over; empty: nothing
	since   time.Time       // it began
	took    time.Duration   // of the phase on it; negative: none has ended
	met     map[string]bool // phases of this try
	queued  bool            // it waits to be tried again
	taken   bool            // or may be: what is open is the waiting for it
	late    bool
	stop    context.CancelFunc
	ticking sync.WaitGroup
}

func newTracer(w io.Writer, p probe.Probe, server string, clock probe.Clock) *tracer {
	t := &tracer{clock: clock, probe: p, server: server, w: w, met: make(map[string]bool)}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		t.columns = func() int {
			if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
				return columns
			}
			return usualWidth
		}
	}
	return t
}

// quiet makes it show nothing.
func (t *tracer) quiet() { t.w, t.columns = io.Discard, nil }

// begin shows the beginning; end must follow.
func (t *tracer) begin(ctx context.Context) {
	r := t.probe.Route
	t.line("%s: from %s by %s to %s", r.Name, r.From, t.server, r.To)
	t.line("")
	t.mu.Lock()
	t.start("looking into mailbox " + r.Mailbox)
	t.mu.Unlock()
	ctx, t.stop = context.WithCancel(ctx)
	if t.columns != nil {
		t.ticking.Go(func() { t.tick(ctx) })
	}
}

// end ends whatever is still open.
func (t *tracer) end() {
	t.stop()
	t.ticking.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close("")
}

// tick draws the open line anew every second, with how long it has been so.
func (t *tracer) tick(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		t.mu.Lock()
		if elapsed := t.clock.Since(t.since).Truncate(time.Second); t.open != "" && elapsed > 0 {
			t.draw(" … " + lasting(elapsed))
		}
		t.mu.Unlock()
	}
}

// start opens a line; t.mu is held.
func (t *tracer) start(text string) {
	t.since, t.took = t.clock.Now(), -1
	t.reopen(text)
}

// reopen opens a line for what began before; t.mu is held.
func (t *tracer) reopen(text string) {
	t.open = text
	if t.columns == nil {
		fmt.Fprint(t.w, text)
		return
	}
	t.draw(" …")
}

// draw shows the open line on a terminal, in one row: a longer one could not be drawn
// over. t.mu is held.
func (t *tracer) draw(end string) {
	room := t.columns() - 1
	fmt.Fprintf(t.w, "\r%s\x1b[K", begin(begin(t.open, max(room-length(end), 1))+end, max(room, 1)))
}

// close ends the open line, if there is one, with what came of it; t.mu is held.
func (t *tracer) close(result string) {
	if t.open == "" {
		return
	}
	if t.columns != nil {
		fmt.Fprintf(t.w, "\r%s\x1b[K", t.open)
	}
	t.open = ""
	fmt.Fprintln(t.w, result)
}

// line tells what ends the open line.
func (t *tracer) line(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close("")
	fmt.Fprintf(t.w, format+"\n", args...)
}

// news tells something amid what the open line is about; that goes on below.
func (t *tracer) news(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	open := t.open
	t.close("")
	fmt.Fprintf(t.w, format+"\n", args...)
	if open != "" {
		t.reopen(open)
	}
}

// progress shows a phase. STARTTLS and its handshake are one; the second EHLO is one of
// its own, which was said under TLS.
func (t *tracer) progress(p smtpsend.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queued { // the journal's word that it is tried again may come later
		t.queued = false
		t.close("")
		fmt.Fprintln(t.w, "trying again")
		clear(t.met)
	}
	text := fmt.Sprintf("  %-10s", p.Phase)
	if p.Ended {
		t.took = max(t.took, 0) + p.Took
		if p.Phase != "tls" { // else more of it may follow
			t.close(t.duration())
		}
		return
	}
	if p.Phase == "tls" && t.open == text {
		return
	}
	t.close(t.duration())
	if t.met[p.Phase] {
		text = fmt.Sprintf("  %-10s", p.Phase+" again")
	}
	t.met[p.Phase] = true
	t.start(text)
}

// duration is what the open line took; t.mu is held.
func (t *tracer) duration() string {
	if t.took < 0 {
		return ""
	}
	return fmt.Sprintf(" %8s", short(t.took))
}

// Export implements probe.Exporter.
func (t *tracer) Export(c probe.Change) {
	switch c := c.(type) {
	case probe.Answered:
		t.answered(c)
	case probe.DeadlineMissed:
		t.missed(c)
	case probe.ReportSeen:
		t.reported(c)
	case probe.Settled:
		t.line("%s", printable(outcomeInWords(c.Outcome)))
	case probe.Duplicated:
		t.news("it arrived once more, in %s", printable(c.Folder))
	case probe.MailboxBlind:
		t.news("mailbox %s cannot be watched: %s", c.Mailbox, printable(c.Problem))
	}
}

// answered tells how a try ended, and what is waited for.
func (t *tracer) answered(c probe.Answered) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close(t.duration())
	fmt.Fprintln(t.w, printable(answerInWords(c.Attempt)))
	switch {
	case !c.Again.IsZero():
		t.queued = true
		t.start(againInWords(c))
	case c.Attempt.Result == probe.Accepted || c.Attempt.Result == probe.Unknown:
		t.taken = true
		late := "late after " + lasting(c.Message.LateAfter)
		if t.late {
			late = "late already"
		}
		t.start(fmt.Sprintf("waiting for it in mailbox %s (it is %s)", c.Message.Mailbox, late))
	}
}

// reported tells of a report. A bounce of a message that was taken ends the waiting.
func (t *tracer) reported(c probe.ReportSeen) {
	t.mu.Lock()
	ends := t.taken && c.Report.Kind == probe.ReportFailed && c.Told == ""
	t.mu.Unlock()
	tell := t.news
	if ends {
		tell = t.line
	}
	tell("%s", printable(reportSeenInWords(c)))
}

// missed tells that the message is late, and that it is waited for all the same, if it is.
func (t *tracer) missed(c probe.DeadlineMissed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.late = true
	t.close("")
	fmt.Fprintf(t.w, "it %s\n", missedInWords(c))
	if m := c.Message; t.wait > m.LateAfter {
		t.reopen(fmt.Sprintf("waiting on in mailbox %s, for %s in all", m.Mailbox, lasting(t.wait)))
	}
}
