package trace

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestComponentOfAHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host, route string
		passed      []string
		want        string
	}{
		{host: "mx2.example.com", route: "in", want: "gateway-in"},
		{host: "MX2.Example.COM.", route: "out", want: "gateway-out"},
		{host: "store-7.example.com", route: "in", want: "store"},
		{host: "mx1.example.com", route: "there", want: "gateway-out"},
		{host: "mx1.example.com", route: "there", passed: []string{"gateway-out", "store"}, want: "gateway-in"},
		{host: "mx1.example.com", route: "there", passed: []string{"gateway-out", "gateway-in"}, want: "gateway-in"},
		{host: "mx1.example.com", route: "in", passed: []string{"gateway-in"}, want: "gateway-in"},
		{host: "filter.example.com", route: "out", want: "antispam"},
		{host: "mx1.example.com", route: "", want: "gateway-in"},
		{host: "mx1.example.com", route: "no such route", want: "gateway-in"},
		{host: "localhost", route: "in", want: Other},
		{host: "", route: "in", want: Other},
		{host: "store-77.example.com", route: "in", want: Other},
		{host: strings.Repeat("a", 100_000), route: "in", want: Other},
	} {
		if got := newFinder(company).of(canonical(c.host), c.route, c.passed); got != c.want {
			t.Errorf("%.40q on route %q, passed %q: got %q, want %q", c.host, c.route, c.passed, got, c.want)
		}
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"[127.0.0.1]": true, "mx1.example.com": false, "LOCALHOST.": true, "::1": true, "": false, "10.0.0.1": false,
		"[IPv6:::1]": true, "127.0.0.53": true, "127.0.0.1.example.com": false, "localhost.example.com": false,
		"localhost.localdomain": true, "ip6-localhost": true, "localhost6": true, "[ipv6:::ffff:127.0.0.1]": true,
		"filter.localhost": true, "[IPv6:2001:db8::1]": false, "notlocalhost": false, "[": false, "[]": false,
	} {
		if got := isLoopback(canonical(host)); got != want {
			t.Errorf("%q: got loopback %v, want %v", host, got, want)
		}
	}
}

// The roles of one host are told apart by what lies between them, and not by how often
// it hands on to itself.
func TestRolesOfOneHost(t *testing.T) {
	m := NewMonitor(company)
	settled := arrived(epoch, 10, passed{mx, 1, 0}, passed{"MX1.example.com.", 2, 0}, passed{store, 3, 0}, passed{mx, 4, 0})
	settled.Message.Route = "there"
	traced, _ := apply(t, m, settled)
	var got []string
	for _, s := range traced.Steps {
		got = append(got, s.Component)
	}
	if want := []string{"", "gateway-out", "gateway-out", "store", "gateway-in"}; !slices.Equal(got, want) {
		t.Errorf("got components %q, want %q", got, want)
	}
}

// Names come from mail: whatever it holds, only so much is remembered, and what is seen
// again and again stays.
func TestHostsAreForgotten(t *testing.T) {
	r := recent[int]{limit: 10}
	r.put("often", -1)
	for i := range 1000 {
		r.put(fmt.Sprint(i), i)
		if v, found := r.get("often"); !found || v != -1 {
			t.Fatalf("after %d others: got %d, %v for what is asked for each time, want it kept", i, v, found)
		}
		if got := len(r.young) + len(r.old); got > r.limit {
			t.Fatalf("%d are kept, want at most %d", got, r.limit)
		}
	}
	if _, found := r.get("3"); found {
		t.Error("what was put long ago is kept, want it forgotten")
	}
	m := NewMonitor(company)
	for i := range 2 * maxHosts {
		m.Apply(arrived(epoch, 1, passed{fmt.Sprintf("h%d.elsewhere.example", i), 0.5, 0}))
	}
	if got := len(m.clocks.young) + len(m.clocks.old); got > maxHosts {
		t.Errorf("%d clocks are kept, want at most %d", got, maxHosts)
	}
	if got := len(m.finder.any.young) + len(m.finder.any.old); got > maxHosts {
		t.Errorf("%d hosts' components are kept, want at most %d", got, maxHosts)
	}
}
