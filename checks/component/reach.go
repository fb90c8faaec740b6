package component

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// TCP asks whether a port takes connections. It says nothing over them.
func TCP(component string, e probe.Endpoint) Check {
	return Check{Kind: KindTCP, Target: e.Server, Component: component, clock: e.Clock, ask: func(ctx context.Context) judgement {
		conn, took, err := dial(ctx, e)
		if err != nil {
			return unreached(err, took)
		}
		conn.Close()
		return ok("took the connection in %s", brief(took))
	}}
}

// dial connects, and tells how long that took. The connection ends with the context.
func dial(ctx context.Context, e probe.Endpoint) (net.Conn, time.Duration, error) {
	connect := e.Dial
	if connect == nil {
		connect = new(net.Dialer).DialContext
	}
	began := e.Clock.Now()
	conn, err := connect(ctx, "tcp", e.Server)
	if err != nil {
		return nil, e.Clock.Since(began), probe.OursOr(ctx, err)
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	return conn, e.Clock.Since(began), nil
}

// unreached judges that there was no connection. A name has several addresses: what
// one of them said outright weighs more than what another did not say.
func unreached(err error, took time.Duration) judgement {
	const ports = "See whether the service runs there and listens; if it does, a firewall refuses this machine."
	const packets = "See whether the machine is up and its network works; if so, a firewall drops the packets."
	lookup := new(net.DNSError)
	switch {
	case errors.Is(err, probe.ErrOurs):
		return oursOr(err, nil)
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return failed("See whether the name was taken out of DNS, and which name servers this machine asks.",
			"the name %s does not exist, want its address", lookup.Name)
	case errors.As(err, &lookup):
		return unknown("See whether the name servers of this machine answer; nothing is known of the component.",
			"could not ask: the name %s could not be looked up: %v", lookup.Name, lookup)
	case errors.Is(err, syscall.ECONNREFUSED):
		return failed(ports, "refused the connection: the machine is up and nothing listens at the port, want a connection")
	case errors.Is(err, syscall.EHOSTUNREACH):
		return failed(packets, "the machine cannot be reached (no route to host), want a connection")
	case errors.Is(err, context.DeadlineExceeded):
		return failed(packets, "no connection within %s: the machine is down or its packets are dropped, want a connection", brief(took))
	case errors.Is(err, syscall.ENETUNREACH):
		return unknown("See to the network of the machine that mailpath runs on; nothing is known of the component.",
			"could not ask: this machine has no way to that network")
	}
	return failed(packets, "no connection: %v", err)
}
