package trace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

func TestComponentsOfEntries(t *testing.T) {
	t.Parallel()
	const dated, undated = "; Mon, 23 Nov 2026 09:15:03 +0100", ""
	for _, c := range []struct {
		name, route string
		fields      []string // the oldest first
		want        []string // likewise
	}{
		{"a host hands on to itself and has the mail again later", "there",
			[]string{mx + " with SMTP" + dated, "MX1.example.com. with SMTP" + dated, store + " with SMTP" + dated, mx + " with SMTP" + dated},
			[]string{"gateway-out", "gateway-out", "store", "gateway-in"}},
		{"hops without a time are of the role they would have, and change none", "there",
			[]string{mx + " with SMTP" + dated, store + " with SMTP" + undated, mx + " with SMTP" + dated},
			[]string{"gateway-out", "store", "gateway-out"}},
		{"nobody's", "in", []string{"localhost with SMTP" + dated, mx + " with SMTP" + dated}, []string{Other, "gateway-in"}},
		{"no route", "", []string{mx + " with SMTP" + dated}, []string{"gateway-in"}},
	} {
		var header strings.Builder
		for _, f := range slices.Backward(c.fields) {
			fmt.Fprintf(&header, "Received: from x by %s\r\n", f)
		}
		got := company.ComponentsOf(Read([]byte(header.String())), c.route)
		slices.Reverse(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// What is read from a header names the components that a Monitor names, whatever way
// the message took.
func TestComponentsAreThoseOfTheMonitor(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	hosts := []string{mx, "mx2.example.com", store, filter, "MX1.example.com.", "localhost", ""}
	m, twice := NewMonitor(company), 0
	for range 2000 {
		var header strings.Builder
		for range r.IntN(8) + r.IntN(2)*r.IntN(130) {
			date := "; Mon, 23 Nov 2026 09:15:03 +0100"
			if r.IntN(5) == 0 {
				date = ""
			}
			fmt.Fprintf(&header, "Received: from x by %s with SMTP%s\r\n", hosts[r.IntN(len(hosts))], date)
		}
		read := Read([]byte(header.String()))
		route := []string{"in", "out", "there", ""}[r.IntN(4)]
		var got []string // of the hops, the oldest first
		for i, component := range slices.Backward(company.ComponentsOf(read, route)) {
			if read.Entries[i].isStamped() {
				got = append(got, component)
			}
		}
		settled := arrived(epoch, 1)
		settled.Message.Route, settled.Outcome.Trail = route, probe.Trail{Hops: read.Hops()}
		if len(settled.Outcome.Trail.Hops) == 0 {
			continue
		}
		traced, _ := apply(t, m, settled)
		var want []string
		for _, s := range traced.Steps[1:] {
			want = append(want, s.Component)
		}
		if got = got[len(got)-len(want):]; !slices.Equal(got, want) {
			t.Fatalf("route %q: got %q, want %q as the Monitor has it, of\n%s", route, got, want, &header)
		}
		if slices.Contains(got, "gateway-in") && slices.Contains(got, "gateway-out") {
			twice++
		}
	}
	if twice < 100 {
		t.Errorf("%d messages passed a host in both of its roles, want 100 and more", twice)
	}
}
