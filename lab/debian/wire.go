package debian

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// wireTimeout bounds the connection to what a wire leads to: it is on this machine.
const wireTimeout = 5 * time.Second

// Why a wire can be cut. It is whole while there is no reason not to be.
const (
	serverDown  = "what it leads to is not running"
	cutByMethod = "a method of the lab cut it"
)

// wire carries connections from an address to a server, until it is cut: then it
// refuses new ones, and those that it carries end. It keeps no mail, lives in this
// process and ends with it. The lab's lock, or that of the server that it leads to,
// keeps cut and mend apart.
type wire struct {
	from   address
	to     address
	source string // the IP address it connects from; empty: any
	// replies to messages are lost on the way back; nil: the wire need not know any.
	replies *replies

	cuts        map[string]bool
	carrying    sync.WaitGroup
	mu          sync.Mutex   // guards what follows
	listener    net.Listener // nil while it is cut
	connections map[net.Conn]bool
}

// address is where to listen or to connect: "tcp4" with IP:port, "unix" with a path.
type address struct{ network, address string }

// newWire is cut, since nothing runs yet.
func newWire(from, to address, source string) *wire {
	return &wire{from: from, to: to, source: source, cuts: map[string]bool{serverDown: true}}
}

// cut returns when nothing passes any more.
func (w *wire) cut(reason string) {
	w.cuts[reason] = true
	w.mu.Lock()
	if w.listener != nil {
		w.listener.Close()
		w.listener = nil
	}
	for c := range w.connections {
		c.Close()
	}
	w.mu.Unlock()
	w.carrying.Wait()
}

// mend takes a reason away; with the last one gone, connections are taken again.
func (w *wire) mend(reason string) error {
	delete(w.cuts, reason)
	if len(w.cuts) > 0 || w.listener != nil {
		return nil
	}
	listener, err := net.Listen(w.from.network, w.from.address)
	if err != nil {
		return fmt.Errorf("opening a way to %s: %w", w.to.address, err)
	}
	if w.from.network == "unix" {
		// Open to all, as the servers' own sockets are.
		if err := os.Chmod(w.from.address, 0o666); err != nil {
			listener.Close()
			return fmt.Errorf("opening a way to %s: %w", w.to.address, err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listener, w.connections = listener, map[net.Conn]bool{}
	w.carrying.Go(func() { w.accept(listener) })
	return nil
}

func (w *wire) accept(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return // closed
		}
		w.carrying.Go(func() { w.carry(listener, near) })
	}
}

// carry joins a connection to one of its own to the server.
func (w *wire) carry(listener net.Listener, near net.Conn) {
	defer near.Close()
	if !w.hold(listener, near) {
		return
	}
	defer w.drop(near)
	dialer := net.Dialer{Timeout: wireTimeout}
	if w.source != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(w.source)}
	}
	far, err := dialer.Dial(w.to.network, w.to.address)
	if err != nil {
		return
	}
	defer far.Close()
	if !w.hold(listener, far) {
		return
	}
	defer w.drop(far)
	if w.replies != nil {
		(&dialogue{near: near, far: far, lost: w.replies}).carry()
		return
	}
	var back sync.WaitGroup
	back.Go(func() { pour(near, far) })
	pour(far, near)
	back.Wait()
}

// hold keeps a connection for a cut to close; false when the cut has been.
func (w *wire) hold(listener net.Listener, c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener != listener {
		return false
	}
	w.connections[c] = true
	return true
}

func (w *wire) drop(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.connections, c)
}

// pour copies one way, and passes the end on.
func pour(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	half(to)
}

// half tells a connection's other side that nothing more comes.
func half(to net.Conn) {
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
