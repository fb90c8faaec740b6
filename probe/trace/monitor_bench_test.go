package trace

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

// many is a company of 10,000 routes through as many components, four to a path, and
// a message with four hops on each route.
func many() (Config, []probe.Settled) {
	const routes, paths = 10_000, 2_500
	c := Config{Paths: make(map[string][]string, routes)}
	for i := range paths {
		for _, role := range []string{"mx", "av", "as", "store"} {
			name := fmt.Sprintf("%s-%d", role, i)
			c.Components = append(c.Components, Component{Name: name, ReceivedBy: []string{name + "*.example.com", name + ".example.net"}})
		}
	}
	var messages []probe.Settled
	for i := range routes {
		var hops []passed
		var path []string
		for k, role := range []string{"mx", "av", "as", "store"} {
			path = append(path, fmt.Sprintf("%s-%d", role, i%paths))
			hops = append(hops, passed{path[k] + ".example.net", float64(k), 0})
		}
		hops[2].host = "localhost" // of no component
		m := arrived(epoch, 5, hops...)
		m.Message.Route = fmt.Sprintf("route-%d", i)
		c.Paths[m.Message.Route] = path
		messages = append(messages, m)
	}
	return c, messages
}

// BenchmarkMonitor: one message after the other, on 10,000 routes.
func BenchmarkMonitor(b *testing.B) {
	c, messages := many()
	m := NewMonitor(c)
	changes := make([]probe.Change, len(messages))
	for i, message := range messages {
		changes[i] = message
		m.Apply(message)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Apply(changes[i%len(changes)])
	}
}

// BenchmarkUnknownHost: a message through one host that was never seen before and that
// no component claims, while 10,000 are configured. B/host is what stays in memory of one.
func BenchmarkUnknownHost(b *testing.B) {
	c, _ := many()
	m := NewMonitor(c)
	held := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	hosts := 0
	before := held()
	for b.Loop() {
		m.Apply(arrived(epoch, 5, passed{fmt.Sprintf("h%d.elsewhere.example", hosts), 1, 0}))
		hosts++
	}
	b.ReportMetric(float64(held()-before)/float64(min(hosts, maxHosts)), "B/host")
	runtime.KeepAlive(m)
}
