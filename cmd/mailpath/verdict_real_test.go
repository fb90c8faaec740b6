package main

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/debian"
)

// since gives the lines of a kind that were written at a time or later.
func (c *child) since(at time.Time, event string) []outcomeLine {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.lines), func(l outcomeLine) bool { return l.Event != event || l.Time.Before(at) })
}

// blamed is the components of the last verdict since a time that are more likely broken
// than not, with the time of that verdict.
func (c *child) blamed(since time.Time) (names string, at time.Time) {
	verdicts := c.since(since, "verdict")
	if len(verdicts) == 0 {
		return "", since
	}
	last := verdicts[len(verdicts)-1]
	var all []string
	for _, s := range last.Suspects {
		if s.Confidence >= worthSaying {
			all = append(all, strings.Join(s.Components, " or "))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", "), last.Time
}

// well waits until all routes are ok, and whatever was broken has drained.
func (c *child) well(troubles int) {
	c.t.Helper()
	c.waitFor("to find every route well again", func() bool {
		return c.metric("mailpath_route_health", `state="ok"`) == float64(len(siteRoutes())) && len(c.since(time.Time{}, "recovered")) >= troubles
	})
}

// Each part of a real mail system breaks in turn, the gateway going on to answer where it
// can: the part is named, alone, and the end is told. Nobody can look: nobody is blamed.
func TestVerdictsOverRealServers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	program, journal := binary(t), filepath.Join(s.dir, "journal.db")
	// What is normal is learned from twenty messages along each route, at one a second.
	first := startChild(t, program, s.config("1s", "20s"), journal)
	first.waitFor("to learn what is normal", func() bool {
		return first.metric("mailpath_delivery_seconds_count", "") >= float64(21*len(siteRoutes()))
	})
	first.end(syscall.SIGTERM)
	c := startChild(t, program, s.config("4s", "20s"), journal)
	troubles := len(first.since(time.Time{}, "recovered"))
	for _, part := range []struct {
		name        string
		fail, mend  func() error
		says        string
		nobodyLooks bool
	}{
		{name: "filter", says: "it is killed again and again, and the gateway accepts and holds",
			fail: func() error { return s.CrashLoopFilter(0) }, mend: s.StartFilter},
		{name: "link", says: "the link between the sites is cut", fail: s.CutLink, mend: s.RestoreLink},
		{name: "store-branch", says: "the branch's store takes no mail over LMTP",
			fail: func() error { return s.StopLMTP(debian.SiteB) }, mend: func() error { return s.StartLMTP(debian.SiteB) }},
		{name: "gateway", says: "the gateway refuses connections",
			fail: func() error { return s.StopPostfix(debian.Gateway) }, mend: func() error { return s.StartPostfix(debian.Gateway) }},
		{says: "IMAP at headquarters is down", nobodyLooks: true,
			fail: func() error { return s.StopIMAP(debian.SiteA) }, mend: func() error { return s.StartIMAP(debian.SiteA) }},
	} {
		c.well(troubles)
		failed := time.Now()
		s.must(part.fail())
		if part.nobodyLooks {
			c.waitFor("to be blind", func() bool { return c.metric("mailpath_route_health", `state="blind"`) == 4 })
			c.waitFor("to stay so for a while", func() bool { return time.Since(failed) > 15*time.Second })
			if got := c.since(failed, "verdict"); len(got) != 0 || c.metric("mailpath_route_health", `state="broken"`) != 0 {
				t.Errorf("%s: got verdicts %+v, want none, and nothing broken", part.says, got)
			}
		} else {
			c.waitFor("to name "+part.name, func() bool { names, _ := c.blamed(failed); return names == part.name })
			_, at := c.blamed(failed)
			t.Logf("%s: %s named after %.1f s, %.1f intervals", part.says, part.name, at.Sub(failed).Seconds(), at.Sub(failed).Seconds()/4)
			troubles++
		}
		s.must(part.mend())
	}
	c.well(troubles)
	if status := c.end(syscall.SIGTERM); status != exitOK {
		t.Errorf("got status %d after SIGTERM, want 0; its log:\n%s", status, c.log.String())
	}
	if wrong := slices.DeleteFunc(c.since(time.Time{}, "outcome"), func(l outcomeLine) bool { return l.Status != "lost" }); len(wrong) != 0 {
		t.Errorf("got lost messages, want all of them to arrive in the end: %+v", wrong)
	}
}
