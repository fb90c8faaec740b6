package trace_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

const way = `X-Greylist: delayed 300 seconds by postgrey-1.37 at c.example; Mon, 23 Nov 2026 07:41:09 +0000
Received: from b.example by c.example with ESMTP; Mon, 23 Nov 2026 07:41:09 +0000
Received: (qmail 1 invoked by uid 89); 23 Nov 2026 07:41:08 -0000
Received: from x.example by b.example; no date
Received: from a.example by b.example with ESMTP; Mon, 23 Nov 2026 07:41 +0000
Received: from pc by a.example (SG) with ESMTP id 1 Mon, 23 Nov 2026 07:41:05.802 +0000 (UTC)
`

func TestHops(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 41, 0, 0, time.UTC)
	want := []probe.Hop{
		{By: "a.example", At: at.Add(5802 * time.Millisecond), Resolution: time.Millisecond, Source: "fraction"},
		{By: "b.example", At: at, Resolution: time.Minute, Source: "received"},
		{By: "c.example", At: at.Add(9 * time.Second), Resolution: time.Second, Source: "received", Greylisted: 5 * time.Minute},
	}
	if got := trace.Read([]byte(way)).Hops(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := trace.Read(nil).Hops(); len(got) != 0 {
		t.Errorf("got %+v, want no hops", got)
	}
}

// Of more than a hundred hops the newest are told, as are the times of each.
func TestManyHops(t *testing.T) {
	var b strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&b, "Received: by h%d; 23 Nov 2026 07:%02d:%02d +0000\n", i, 59-i/60%60, 59-i%60)
	}
	tr := trace.Read([]byte(b.String()))
	got := tr.Hops()
	if len(got) != 100 || got[99].By != "h0" || got[0].By != "h99" || len(tr.Entries) != 1200 {
		t.Errorf("got %d hops of %d entries, from %s to %s, want 100 of 1200, from h99 to h0", len(got), len(tr.Entries), got[0].By, got[len(got)-1].By)
	}
}

func TestDelay(t *testing.T) {
	tr := trace.Read([]byte(way))
	for i, want := range []string{"-51s..10s", "none", "none", "-5.803s..54.198s", "none"} {
		got := "none"
		if d, ok := tr.Delay(i); ok {
			got = fmt.Sprintf("%v..%v", d.Min, d.Max)
		}
		if got != want {
			t.Errorf("entry %d: got %s, want %s", i, got, want)
		}
	}
}

// A clock that runs behind makes a delay negative, and nobody hides it.
func TestNegativeDelay(t *testing.T) {
	d, ok := trace.Read([]byte("Received: by b; 23 Nov 2026 07:00:00 +0000\nReceived: by a; 23 Nov 2026 08:00:00 +0000\n")).Delay(0)
	if !ok || d.Min != -time.Hour-time.Second || d.Max != -time.Hour+time.Second {
		t.Errorf("got %v..%v, %v, want an hour less than nothing", d.Min, d.Max, ok)
	}
}
