package main

import (
	"crypto/tls"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// lagRoutes are probed about once a second each, with an interval that falls into
// no step with whatever the servers do every half second.
const (
	lagRoutes = "[outside-to-hq, inside-hq, hq-to-branch]"
	lagEvery  = "1037ms"
	lagCount  = 300 // messages measured
	lagWarm   = 30  // messages before that
)

// resolution is that of times in lines of JSON: they are cut to whole milliseconds,
// so that a message may have been sent that much later than its line says.
const resolution = time.Millisecond

// outlier is a lag that is worth a look at the message that had it.
const outlier = 200 * time.Millisecond

// BenchmarkLag measures how long after the store has a message mailpath has seen it,
// what it says of the time, and what that costs, over real Postfix and Dovecot. The
// truth is when the kernel tells of the file in the Maildir. A bare IMAP client that
// relies on IDLE stands beside it.
func BenchmarkLag(b *testing.B) {
	s := newSite(b)
	config := s.config(lagEvery, "20s", "{routes: all", "{routes: "+lagRoutes)
	program := binary(b)
	for b.Loop() {
		roots := &tls.Config{RootCAs: s.Pool}
		idlers := []*idler{startIdler(b, s.A, roots), startIdler(b, s.B, roots)}
		c := startChild(b, program, config, filepath.Join(b.TempDir(), "journal.db"))
		c.waitFor("to warm up", func() bool { return len(c.outcomes()) >= lagWarm })
		w := watchMaildirs(b, s.A.Users[0].Maildir, s.B.Users[0].Maildir)
		m := beginMeasuring(c)
		c.waitLong(5*time.Minute, "to see enough messages", func() bool { return len(m.lines()) >= lagCount })
		m.end()
		lines := m.lines()
		truths := w.end()
		var noticed []sighting
		for _, i := range idlers {
			noticed = append(noticed, i.end()...)
		}
		if status := c.end(syscall.SIGTERM); status != exitOK {
			b.Errorf("got status %d after SIGTERM, want 0; its log:\n%s", status, c.log.String())
		}
		compare(b, lines, truths, noticed)
		m.report(b)
	}
	b.ReportMetric(0, "ns/op") // how long a benchmark takes says nothing
}

// compare reports how what was seen differs from the truth.
func compare(b *testing.B, lines []outcomeLine, truths, noticed []sighting) {
	b.Helper()
	var lag, width, idle milliseconds
	inside, compared := 0, 0
	for _, l := range lines {
		came, known := timeOf(l.ID, truths)
		if !known || l.Status != "delivered" {
			b.Errorf("%+v: want it delivered, and in a Maildir", l)
			continue
		}
		least, most := l.Sent.Add(seconds(l.Min)), l.Sent.Add(seconds(l.Max))
		compared++
		if !came.Before(least) && !came.After(most.Add(resolution)) {
			inside++
		} else {
			b.Logf("the store had it %v after the interval began and %v before it ended: %+v", came.Sub(least), most.Sub(came), l)
		}
		width.add(most.Sub(least))
		if came.Sub(l.Sent) < time.Second {
			lag.add(most.Sub(came))
			if most.Sub(came) > outlier {
				b.Logf("seen %v after the store had it: %+v", most.Sub(came), l)
			}
		}
		if at, ok := timeOf(l.ID, noticed); ok {
			idle.add(at.Sub(came))
		}
	}
	if compared < lagCount || len(idle) < compared*9/10 {
		b.Errorf("compared %d messages, %d of them noticed by IDLE, want %d and nearly all", compared, len(idle), lagCount)
	}
	lag.report(b, "lag", 0.5, 0.99, 1)
	width.report(b, "width", 0.5)
	idle.report(b, "idle", 0.5, 0.99)
	b.ReportMetric(100*float64(inside)/float64(compared), "contains-%")
}
