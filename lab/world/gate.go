package world

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// gate stands between a server and the network. It knows every connection, so that
// they can be cut, hung and, in the end, waited for; the servers' own Close methods
// do not wait, and a connection accepted just then would outlive them.
type gate struct {
	network Network
	addr    string

	mu       sync.Mutex
	listener net.Listener // nil while closed
	hanging  bool
	closed   bool
	conns    map[*gatedConn]bool
	serving  sync.WaitGroup // connections that the server has not closed
}

// newGate opens a gate for a host.
func newGate(network Network, host string) (*gate, error) {
	g := &gate{network: network, addr: host, conns: make(map[*gatedConn]bool)}
	if err := g.open(); err != nil {
		return nil, err
	}
	g.addr = g.listener.Addr().String()
	return g, nil
}

// open listens, again at the same address if the gate was shut before.
func (g *gate) open() error {
	l, err := g.network.Listen(g.addr)
	if err != nil {
		return fmt.Errorf("listening at %s: %w", g.addr, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return errors.Join(fmt.Errorf("listening at %s: %w", g.addr, net.ErrClosed), l.Close())
	}
	g.listener = l
	return nil
}

// shut ends the listener and cuts the connections.
func (g *gate) shut() error {
	g.mu.Lock()
	l := g.listener
	g.listener = nil
	g.mu.Unlock()
	var err error
	if l != nil {
		err = l.Close()
	}
	g.cut()
	return err
}

// cut closes all connections under the server's feet.
func (g *gate) cut() {
	g.mu.Lock()
	conns := make([]*gatedConn, 0, len(g.conns))
	for c := range g.conns {
		conns = append(conns, c)
	}
	g.mu.Unlock()
	for _, c := range conns {
		c.Conn.Close()
	}
}

// hang makes the server fall silent: connections stay open and new ones are
// accepted, what clients send is taken and nothing comes back.
func (g *gate) hang() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hanging = true
}

// unhang ends the silence. Connections that were silent are cut: client and server
// no longer agree on what was said.
func (g *gate) unhang() {
	g.mu.Lock()
	was := g.hanging
	g.hanging = false
	g.mu.Unlock()
	if was {
		g.cut()
	}
}

func (g *gate) isHanging() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hanging
}

// isOpen tells whether the gate listens.
func (g *gate) isOpen() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.listener != nil
}

// connections counts those that the server has not closed.
func (g *gate) connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.conns)
}

// listen gives the gate's listener to a server. The server's Serve ends when the
// gate is shut; a new listener is wanted after it is opened again.
func (g *gate) listen() net.Listener {
	g.mu.Lock()
	defer g.mu.Unlock()
	return gatedListener{Listener: g.listener, gate: g}
}

// close shuts the gate for good and waits until the server has let go of every
// connection.
func (g *gate) close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	err := g.shut()
	g.serving.Wait()
	return err
}

// gatedListener is what the server accepts from.
type gatedListener struct {
	net.Listener
	gate *gate
}

func (l gatedListener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g := l.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener == nil {
		inner.Close()
		return nil, net.ErrClosed
	}
	c := &gatedConn{Conn: inner, gate: g}
	g.conns[c] = true
	g.serving.Add(1)
	return c, nil
}

// gatedConn is the server's end of a connection. The embedded connection may be
// closed by the gate; Close is the server's.
type gatedConn struct {
	net.Conn
	gate *gate
	once sync.Once
}

// Read waits for ever while the gate hangs, whatever the server's deadlines: a hung
// process does not close connections on time either.
func (c *gatedConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if !c.gate.isHanging() {
			return n, err
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = c.SetReadDeadline(time.Time{})
		}
		if err != nil {
			return 0, err
		}
	}
}

func (c *gatedConn) Write(p []byte) (int, error) {
	if c.gate.isHanging() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *gatedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.gate.mu.Lock()
		delete(c.gate.conns, c)
		c.gate.mu.Unlock()
		c.gate.serving.Done()
	})
	return err
}
