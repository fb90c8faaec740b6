package imapwatch

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// commandTimeout bounds the silence in answer to a command, longestCommand the
	// whole of it. The library has no bounds of its own.
	commandTimeout = 15 * time.Second
	longestCommand = 2 * time.Minute
)

// ErrSilent says that the server said nothing at all for so long.
var ErrSilent = fmt.Errorf("no answer within %v", commandTimeout)

// meteredConn counts the bytes that come in, so that a slow answer can be told
// from none.
type meteredConn struct {
	net.Conn
	heard atomic.Int64
}

func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.heard.Add(int64(n))
	return n, err
}

// watchdog closes the connection when the answer to a command stays away, or takes
// for ever; that ends every wait of the library.
type watchdog struct {
	session *session
	began   time.Time

	mu    sync.Mutex
	timer *time.Timer
	heard int64 // bytes, when it last looked
	why   error
}

// watch sets a watchdog on the command that follows.
func (s *session) watch() *watchdog {
	w := &watchdog{session: s, began: s.cfg.Clock.Now(), heard: s.conn.heard.Load()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(commandTimeout, w.look)
	return w
}

func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	heard := w.session.conn.heard.Load()
	switch {
	case heard == w.heard:
		w.why = ErrSilent
	case w.session.cfg.Clock.Since(w.began) >= longestCommand:
		w.why = fmt.Errorf("not done within %v", longestCommand)
	default:
		w.heard = heard
		w.timer.Reset(commandTimeout)
		return
	}
	w.session.conn.Close()
}

// stop calls the watchdog off, and says why it closed the connection if it did.
func (w *watchdog) stop() error {
	w.timer.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.why
}
