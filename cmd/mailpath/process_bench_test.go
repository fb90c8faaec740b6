package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// spent is what a process has used so far.
type spent struct {
	at             time.Time
	cpu            time.Duration // user and system
	resident, peak float64       // MiB
}

// ticks are the units of CPU time in /proc, the same on every Linux (proc(5)).
const ticks = 100

func spentBy(t testing.TB, pid int) spent {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, numbers, _ := strings.Cut(string(stat), ") ") // behind the name, field 3 and on
	fields := strings.Fields(numbers)
	user, err1 := strconv.Atoi(fields[14-3])
	system, err2 := strconv.Atoi(fields[15-3])
	if err1 != nil || err2 != nil {
		t.Fatalf("reading the CPU time in %q: %v, %v", stat, err1, err2)
	}
	s := spent{at: time.Now(), cpu: time.Duration(user+system) * time.Second / ticks}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for name, into := range map[string]*float64{"VmRSS": &s.resident, "VmHWM": &s.peak} {
		_, line, _ := strings.Cut(string(status), name+":")
		kilobytes, err := strconv.Atoi(strings.Fields(line)[0])
		if err != nil {
			t.Fatalf("reading %s: %v", name, err)
		}
		*into = float64(kilobytes) / 1024
	}
	return s
}

// spent is what the process has used.
func (c *child) spent() spent {
	c.t.Helper()
	return spentBy(c.t, c.command.Process.Pid)
}

// milliseconds are durations as they are reported.
type milliseconds []float64

func (m *milliseconds) add(d time.Duration) { *m = append(*m, d.Seconds()*1000) }

// quantile is the value that a share of all does not exceed.
func (m milliseconds) quantile(q float64) float64 {
	if len(m) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(m))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// report reports quantiles under a name.
func (m milliseconds) report(b *testing.B, name string, quantiles ...float64) {
	for _, q := range quantiles {
		unit := fmt.Sprintf("%s-p%g-ms", name, 100*q)
		if q == 1 {
			unit = name + "-max-ms"
		}
		b.ReportMetric(m.quantile(q), unit)
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
