package world

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// Network is what the servers of a world stand on. Its methods may be called
// concurrently.
type Network interface {
	// Listen opens a listener of a host. The host may be given with the port that
	// an earlier listener had, "host:port", to stand there again.
	Listen(host string) (net.Listener, error)
	// Dial connects to a listener's address; it has the form of net.Dialer.DialContext.
	Dial(ctx context.Context, network, addr string) (net.Conn, error)
}

// Loopback is a network of real sockets on 127.0.0.1, whatever the hosts' names.
func Loopback() Network { return loopback{} }

type loopback struct{}

func (loopback) Listen(host string) (net.Listener, error) {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

func (loopback) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// Pipes is a network of net.Pipe connections inside the process, the only kind that
// a testing/synctest bubble can wait for. A write on a pipe waits for the reader:
// both ends must read while they write, as the servers here do. A client that stops
// reading an answer to FETCH stops deliveries to that folder, too, since the
// library's store is locked meanwhile.
func Pipes() Network {
	return &pipes{listeners: make(map[string]*pipeListener)}
}

// firstPort is the first port of a pipe network; each listener gets the next.
const firstPort = 20001

type pipes struct {
	mu        sync.Mutex
	opened    int
	listeners map[string]*pipeListener
}

func (n *pipes) Listen(host string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	addr := pipeAddr(host)
	if _, _, err := net.SplitHostPort(host); err != nil {
		addr = pipeAddr(net.JoinHostPort(host, strconv.Itoa(firstPort+n.opened)))
		n.opened++
	}
	if n.listeners[string(addr)] != nil {
		return nil, opError("listen", addr, syscall.EADDRINUSE)
	}
	l := &pipeListener{network: n, addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
	n.listeners[string(addr)] = l
	return l, nil
}

func (n *pipes) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[addr]
	n.mu.Unlock()
	if l == nil {
		return nil, opError("dial", pipeAddr(addr), syscall.ECONNREFUSED)
	}
	near, far := net.Pipe()
	const dialer = pipeAddr("192.0.2.77:40000")
	select {
	case l.conns <- pipeConn{Conn: far, local: l.addr, remote: dialer}:
		return pipeConn{Conn: near, local: dialer, remote: l.addr}, nil
	case <-l.closed:
		return nil, errors.Join(opError("dial", l.addr, syscall.ECONNREFUSED), near.Close(), far.Close())
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("dialing %s: %w", addr, ctx.Err()), near.Close(), far.Close())
	}
}

func opError(op string, addr net.Addr, problem syscall.Errno) error {
	call := map[string]string{"dial": "connect", "listen": "bind"}[op]
	return &net.OpError{Op: op, Net: addr.Network(), Addr: addr, Err: os.NewSyscallError(call, problem)}
}

type pipeListener struct {
	network *pipes
	addr    pipeAddr
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: l.addr.Network(), Addr: l.addr, Err: net.ErrClosed}
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() {
		l.network.mu.Lock()
		delete(l.network.listeners, string(l.addr))
		l.network.mu.Unlock()
		close(l.closed)
	})
	return nil
}

func (l *pipeListener) Addr() net.Addr { return l.addr }

// pipeConn is one end of a pipe that knows the addresses of both.
type pipeConn struct {
	net.Conn
	local, remote net.Addr
}

func (c pipeConn) LocalAddr() net.Addr  { return c.local }
func (c pipeConn) RemoteAddr() net.Addr { return c.remote }

// pipeAddr is a "host:port" of a pipe network.
type pipeAddr string

func (pipeAddr) Network() string  { return "tcp" }
func (a pipeAddr) String() string { return string(a) }
