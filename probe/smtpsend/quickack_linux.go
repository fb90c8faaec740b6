package smtpsend

import (
	"net"
	"syscall"
)

// acknowledge makes the kernel acknowledge what has come, if it was going to wait.
// A connection that is none of the kernel's is left as it is.
func acknowledge(conn net.Conn) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	})
}
