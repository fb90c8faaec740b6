package debian_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// door lets connections to a server through, or cuts them and lets none through.
type door struct {
	server string
	mu     sync.Mutex
	closed bool
	conns  []net.Conn
}

func openDoor(t *testing.T, server string) *door {
	t.Helper()
	d := &door{server: server}
	t.Cleanup(d.shut)
	return d
}

func (d *door) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, d.server)
	if err == nil {
		d.conns = append(d.conns, conn)
	}
	return conn, err
}

func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, c := range d.conns {
		c.Close()
	}
	d.conns = nil
}

func (d *door) open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = false
}

// emptied takes all messages out of a mailbox, behind its server's back.
func emptied(t *testing.T, maildir string) {
	t.Helper()
	for _, pattern := range []string{"new/*", "cur/*", ".*/new/*", ".*/cur/*"} {
		files, err := filepath.Glob(filepath.Join(maildir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
}
