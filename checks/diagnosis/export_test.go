package diagnosis

import "github.com/mailpath/mailpath/probe/trace"

// WaitedOf is where a message has waited, by its way.
func WaitedOf(t Topology, c trace.Traced) (HopEvidence, bool) {
	p := newPaths(t)
	return p.waited(p.route[c.Message.Route], c)
}
