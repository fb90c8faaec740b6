package main

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// live shows a message in a bubble, on a terminal of so many columns if that is not 0.
func live(t *testing.T, columns int, story func(*tracer)) string {
	t.Helper()
	var out guarded
	synctest.Test(t, func(t *testing.T) {
		show := newTracer(&out, probe.Probe{Route: probe.Route{Name: "in", From: "a@example.com", To: "b@example.com", Mailbox: "hq"}}, "mx.example.com:25", probe.NewClock())
		if columns > 0 {
			show.columns = func() int { return columns }
		}
		show.begin(t.Context())
		story(show)
		show.end()
	})
	return out.String()
}

// What is said amid a phase, or amid the waiting, does not make it forgotten.
func TestNewsDoNotHideWhatHangs(t *testing.T) {
	sent := probe.Sending{Mailbox: "hq", LateAfter: time.Minute}
	got := live(t, 0, func(show *tracer) {
		show.progress(smtpsend.Progress{Phase: "banner"})
		time.Sleep(20 * time.Second)
		show.Export(probe.MailboxBlind{Mailbox: "hq", Problem: "refused"})
		time.Sleep(30 * time.Second)
		show.progress(smtpsend.Progress{Phase: "banner", Ended: true, Took: 50 * time.Second})
		show.progress(smtpsend.Progress{Phase: "tls"})
		show.progress(smtpsend.Progress{Phase: "tls", Ended: true, Took: time.Second})
		show.Export(probe.MailboxBlind{Mailbox: "hq", Problem: "again"})
		show.progress(smtpsend.Progress{Phase: "tls"})
		show.progress(smtpsend.Progress{Phase: "tls", Ended: true, Took: 2 * time.Second})
		show.Export(probe.Answered{Message: sent, Attempt: probe.Attempted{Result: probe.Accepted}})
		show.Export(probe.MailboxBlind{Mailbox: "hq", Problem: "once more"})
	})
	want := `in: from a@example.com by mx.example.com:25 to b@example.com

looking into mailbox hq
  banner    
mailbox hq cannot be watched: refused
  banner          50s
  tls       
mailbox hq cannot be watched: again
  tls              3s
accepted after 0s
waiting for it in mailbox hq (it is late after 60 s)
mailbox hq cannot be watched: once more
waiting for it in mailbox hq (it is late after 60 s)
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is drawn over and over fits into one row, however narrow it is, and counts from
// when the phase began.
func TestTicksStayInOneRow(t *testing.T) {
	for _, columns := range []int{80, 30, 12, 2, 1} {
		got := live(t, columns, func(show *tracer) {
			time.Sleep(500 * time.Millisecond)
			show.Export(probe.Answered{Message: probe.Sending{Mailbox: "hq", LateAfter: time.Minute}, Attempt: probe.Attempted{Result: probe.Accepted}})
			time.Sleep(2 * time.Second)
			show.Export(probe.MailboxBlind{Mailbox: "hq", Problem: "refused"})
			time.Sleep(2 * time.Second)
		})
		if strings.Contains(got, "0 ms") {
			t.Errorf("%d columns: got a first tick of nothing in %q", columns, got)
		}
		if columns == 80 && !regexp.MustCompile(`(?s)… 1 s.*refused.*… 2 s.*… 3 s`).MatchString(got) {
			t.Errorf("want the seconds since it was handed over in %q", got)
		}
		// A row that a \r follows without a line feed was drawn to be drawn over.
		for _, row := range regexp.MustCompile(`\r([^\r\n]*)\x1b\[K\r`).FindAllStringSubmatch(strings.ReplaceAll(got, "\r", "\r\r"), -1) {
			if n := cells(row[1]); n > max(columns-1, 1) {
				t.Errorf("%d columns: got a row of %d, %q", columns, n, row[1])
			}
		}
	}
}

// A message that is late is waited for if that is wanted, and then shown hop by hop.
func TestTraceWaitsForLateMail(t *testing.T) {
	for _, c := range []struct {
		name         string
		wait, repair time.Duration
		result       string
		says         string
		within       time.Duration
	}{
		{"it comes", 10 * time.Minute, 4 * time.Minute, "late", `(?s)not arrived within 4 s\nwaiting on in mailbox hq, for 10m in all\nlate in INBOX after 4m.*The longest step: ~4m from antispam.*Not well: late`, 5 * time.Minute},
		{"it does not", 3 * time.Minute, 0, "not arrived", `(?s)not arrived within 4 s\nwaiting on in mailbox hq, for 3m in all\n\nNot arrived.*--wait.*mailpath\s+hops.*mailpath\s+clean`, 3*time.Minute + time.Second},
		{"nobody waits", 0, 4 * time.Minute, "not arrived", `(?s)not arrived within 4 s\n\nNot arrived.*--wait.*mailpath\s+hops.*mailpath\s+clean`, time.Minute + 5*time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			perform(t, func(s *stage) {
				if err := s.world.Break("antispam", world.Hold{}); err != nil {
					t.Fatal(err)
				}
				if c.repair > 0 {
					time.AfterFunc(c.repair, func() { s.world.Repair("antispam") })
				}
				var out guarded
				began := s.clock.Now()
				seen := s.waiting(s.t.Context(), inbound, c.wait, &out)
				if took := s.clock.Since(began); took > c.within {
					t.Errorf("it took %v, want %v at most", took, c.within)
				}
				v := seen.verdict()
				if err := seen.print(&out, v); err != nil || v.result != c.result || v.status != exitBad {
					t.Errorf("got %+v (%v), want %s and status %d", v, err, c.result, exitBad)
				}
				if !regexp.MustCompile(c.says).MatchString(out.String()) {
					t.Errorf("got no %s in\n%s", c.says, out.String())
				}
			})
		})
	}
}

// Whoever interrupts the waiting for a late message is told that it is late; before, that
// nothing is known.
func TestTraceIsInterrupted(t *testing.T) {
	for after, want := range map[time.Duration]int{2 * time.Second: exitOurs, 2 * time.Minute: exitBad} {
		perform(t, func(s *stage) {
			if err := s.world.Break("antispam", world.Hold{}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(s.t.Context(), after)
			defer cancel()
			var out guarded
			seen := s.waiting(ctx, inbound, time.Hour, &out)
			got := seen.report(&out, true, false)
			if e := new(exitError); !errors.As(got, &e) || e.status != want {
				t.Errorf("after %v: got %v, want status %d\n%s", after, got, want, out.String())
			}
		})
	}
}
