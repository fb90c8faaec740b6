package trace

import (
	"bufio"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// delta is one line of a series: how much later one host stamped a message than the
// host before it, each by its own clock.
type delta struct{ at, by int64 }

func readSeries(t *testing.T, name string) []delta {
	t.Helper()
	f, err := os.Open("testdata/skew-series/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []delta
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var d delta
		var older int64
		if n, err := fmt.Sscan(lines.Text(), &d.at, &older, &d.by); n == 3 && err == nil {
			all = append(all, d)
		}
	}
	return all
}

// windowed is the least delta of the window that ends at i: of the time given, four
// deltas at least, none before first.
func windowed(all []delta, i, first int, window time.Duration) int64 {
	least := all[i].by
	for j := i; j >= first; j-- {
		if i-j >= 4 && all[i].at-all[j].at > int64(window/time.Second) {
			break
		}
		least = min(least, all[j].by)
	}
	return least
}

// Mail passed two pairs of hosts for years, and one clock of each pair was never set.
// What is learned from one side only must stay at the least of a window, through delays
// of ten hours and through jumps.
func TestOneSidedBoundsFollowTheWindowedMinimum(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples int
		// The clock was set so that deltas grew from this one on, and the estimate
		// follows from that one on. All other jumps make them fall: they count at once.
		raised, found int
	}{
		{name: "wdc-cesaip02-to-cesaep02.tsv", samples: 621, raised: 1, found: 4},
		{name: "am-to-lfdr.tsv", samples: 6901},
	} {
		all := readSeries(t, c.name)
		if len(all) != c.samples {
			t.Fatalf("%s: got %d samples, want %d", c.name, len(all), c.samples)
		}
		for _, window := range []time.Duration{72 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour} {
			var r reading
			var givenUp []int
			worst := time.Duration(0)
			for i, d := range all {
				at := time.Unix(d.at, 0).UnixNano()
				offset := probe.Interval{Min: -far, Max: time.Duration(d.by) * time.Second}
				if r.learn(sample{offset: offset, from: at, to: at}) {
					givenUp = append(givenUp, i)
				}
				if i >= c.raised && i < c.found {
					continue
				}
				first := 0
				if i >= c.found {
					first = c.raised
				}
				want := time.Duration(windowed(all, i, first, window)) * time.Second
				if err := (r.high.by - want).Abs(); err > worst {
					worst = err
				}
			}
			if worst > 2*time.Second {
				t.Errorf("%s: estimate is up to %v away from the least of %v, want at most 2s", c.name, worst, window)
			}
			if want := fmt.Sprint([]int{c.found}); c.found > 0 && fmt.Sprint(givenUp) != want || c.found == 0 && givenUp != nil {
				t.Errorf("%s: old bounds given up at %v, want %d only", c.name, givenUp, c.found)
			}
			t.Logf("%s: at most %v from the least of %v", c.name, worst, window)
		}
	}
}
