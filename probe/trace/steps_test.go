package trace

import (
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

const (
	mx     = "mx1.example.com"
	filter = "filter.example.com"
	store  = "store.example.com"
)

func TestSteps(t *testing.T) {
	t.Parallel()
	right := map[string]float64{mx: 0, filter: 0, store: 0}
	for _, c := range []struct {
		name  string
		known map[string]float64
		took  float64
		hops  []passed
		alter func(*probe.Settled)
		want  string
	}{
		{
			name: "held by the filter, all clocks known", known: right, took: 47,
			hops: []passed{{mx, 0.2, 0}, {filter, 1.2, 0}, {store, 46, 0}},
			want: `
→gateway-in 0.5 [0.0 1.2]
gateway-in→antispam 1.0 [0.0 2.2]
antispam→store 45.0 [43.6 46.2]
store→ 0.5 [0.0 1.2]`,
		},
		{
			name: "the clocks are not known: they are believed, and nothing is certain", took: 47,
			hops: []passed{{mx, 0.2, 0}, {filter, 1.2, 0}, {store, 46, 0}},
			want: `
→gateway-in 0.5 [0.0 47.0]
gateway-in→antispam 1.0 [0.0 47.0]
antispam→store 45.0 [0.0 47.0]
store→ 0.5 [0.0 47.0]`,
		},
		{
			name: "the first clock is 90 s fast, which only this message shows: it moves no other", took: 8.2,
			hops: []passed{{mx, 0.1, 90}, {filter, 0.2, 0}, {store, 8.1, 0}},
			want: `
→gateway-in 0.5 [0.0 8.2]
gateway-in→antispam 0.0 [0.0 8.2]
antispam→store 7.7 [0.0 8.2]
store→ 0.0 [0.0 8.2]`,
		},
		{
			name: "one clock is 100 s fast, and known to be", known: map[string]float64{mx: 0, filter: 100, store: 0}, took: 47,
			hops: []passed{{mx, 0.2, 0}, {filter, 1.2, 100}, {store, 46, 0}},
			want: `
→gateway-in 0.5 [0.0 1.2]
gateway-in→antispam 1.0 [0.0 2.2]
antispam→store 45.0 [43.6 46.2]
store→ 0.5 [0.0 1.2]`,
		},
		{
			name: "one clock was put an hour forward since the last message", known: right, took: 47,
			hops: []passed{{mx, 0.2, 0}, {filter, 1.2, 3600}, {store, 46, 0}},
			want: `
→gateway-in 0.5 [0.0 1.2]
gateway-in→antispam 23.0 [0.0 47.0]
antispam→store 23.0 [0.0 47.0] negative
store→ 0.5 [0.0 1.2]`,
		},
		{
			name: "a filter before the queue stamps at the end, its next server at the beginning", known: right, took: 30,
			hops: []passed{{mx, 10.2, 0}, {filter, 4.2, 0}, {store, 20.2, 0}},
			want: `
→gateway-in 10.5 [9.8 11.2]
gateway-in→antispam -6.0 [-7.4 -4.6] negative
antispam→store 16.0 [14.6 17.4]
store→ 9.5 [7.3 10.2]`,
		},
		{
			name: "greylisted, then held", known: right, took: 400,
			hops: []passed{{mx, 301.2, 0}, {store, 390.2, 0}},
			alter: func(c *probe.Settled) {
				c.Outcome.Trail.Hops[0].Greylisted = 300 * time.Second
			},
			want: `
→gateway-in 301.5 [300.8 302.2] greylisted 5m0s
gateway-in→store 89.0 [87.6 90.4]
store→ 9.5 [0.0 10.2]`,
		},
		{
			name: "greylisted for longer than it took: a claim about something else, or a lie", known: right, took: 2710,
			hops: []passed{{mx, 0.2, 0}, {store, 2700.2, 0}},
			alter: func(c *probe.Settled) {
				c.Outcome.Trail.Hops[0].Greylisted = 360 * time.Second
				c.Outcome.Trail.Hops[1].Greylisted = 360_000 * time.Second
			},
			want: `
→gateway-in 0.5 [0.0 1.2]
gateway-in→store 2700.0 [2698.5 2701.2]
store→ 9.5 [0.0 10.2]`,
		},
		{
			name: "greylisted for as long as it took, by truncated seconds", known: right, took: 302,
			hops: []passed{{mx, 0.2, 0}, {store, 300.2, 0}},
			alter: func(c *probe.Settled) {
				c.Outcome.Trail.Hops[1].Greylisted = 302 * time.Second
			},
			want: `
→gateway-in 0.5 [0.0 1.2]
gateway-in→store 300.0 [298.6 301.2] greylisted 5m2s
store→ 1.5 [0.0 2.2]`,
		},
		{
			name: "a stamp of another age, and a host without a name", known: right, took: 10,
			hops: []passed{{mx, 1.2, 0}, {filter, 2.2, 200 * 365 * 86400}, {"", 4.2, 0}, {store, 9.2, 0}},
			want: `
→gateway-in 1.5 [0.8 2.2]
gateway-in→antispam 0.0 [0.0 9.2]
antispam→other 3.0 [0.0 9.2]
other→store 5.0 [0.0 9.2]
store→ 0.5 [0.0 1.2]`,
		},
		{
			name: "the mailbox's stamp is before a host's", known: right, took: 60,
			hops: []passed{{mx, 1.2, 0}, {store, 30.2, 0}},
			alter: func(c *probe.Settled) {
				c.Outcome.Latency.Min, c.Outcome.Observed, c.Outcome.Source = 0, 20*time.Second, probe.ByInternalDate
			},
			want: `
→gateway-in 1.5 [0.8 2.2]
gateway-in→store 28.3 [27.6 30.4]
store→ 0.0 [0.0 30.2]`,
		},
		{
			name: "a host that hands to itself", known: right, took: 3,
			hops: []passed{{mx, 0.2, 0}, {"MX1.example.com.", 1.2, 0}, {store, 2.2, 0}},
			want: `
→gateway-in 0.5 [0.0 1.2]
gateway-in→gateway-in 1.0 [0.0 2.2]
gateway-in→store 1.0 [0.0 2.2]
store→ 0.5 [0.0 1.2]`,
		},
		{
			name: "sent by another process, whose clock was an hour wrong", known: right, took: 3600,
			hops: []passed{{mx, 3601.2, 0}, {store, 3602.2, 0}},
			alter: func(c *probe.Settled) {
				c.Outcome.Adopted = true
			},
			want: `
→gateway-in 3600.7 [3600.7 3602.2]
gateway-in→store 1.0 [0.0 2.5]
store→ -1.7 [-183.2 -1.7] negative`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := teach(t, company, c.known)
			settled := arrived(epoch, c.took, c.hops...)
			if c.alter != nil {
				c.alter(&settled)
			}
			traced, _ := apply(t, m, settled)
			if got := "\n" + story(traced.Steps); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}
