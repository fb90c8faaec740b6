package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// What is said of a clock is understood at three in the morning, and is true.
func TestClocksAreToldInWords(t *testing.T) {
	const mend = "; hop times are corrected, but mend it, as by NTP: its logs, and the dates that it gives to mail, are off by as much"
	for _, tt := range []struct {
		host, component string
		least, most     time.Duration
		jumped          bool
		level, want     string
	}{
		{"mx1.example.com", "gateway-in", 89100 * time.Millisecond, 90200 * time.Millisecond, false, "WARN", "the clock of mx1.example.com (gateway-in) is 89 to 91 s fast" + mend},
		{"mx1.example.com", "gateway-in", -time.Second, 1500 * time.Millisecond, true, "INFO", "the clock of mx1.example.com (gateway-in) was moved, and is right again; as far as messages tell: at most 1s slow or 2s fast"},
		{"relay.example.net", trace.Other, -3*time.Hour - time.Second, -3 * time.Hour, false, "WARN", "the clock of relay.example.net (of no configured component) is 3h0m0s to 3h0m1s slow" + mend},
		{"", "store-hq", 5 * time.Second, 5 * time.Second, true, "WARN", "the clock of a host that does not name itself (store-hq) was moved, and is 5s fast" + mend},
	} {
		var b bytes.Buffer
		h := healthLog{slog.New(slog.NewTextHandler(&b, nil)), 7}
		c := trace.ClockChanged{Origin: probe.Origin{Seq: 7}, Clock: trace.Clock{Component: tt.component, Host: tt.host, Offset: probe.Interval{Min: tt.least, Max: tt.most}}, Jumped: tt.jumped}
		h.Export(c) // told by an earlier process
		c.Seq = 8
		h.Export(c)
		want := "level=" + tt.level + " msg=\"" + tt.want + "\"\n"
		if got := b.String(); strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, want) {
			t.Errorf("got %s, want one line that ends in %s", got, want)
		}
	}
}
