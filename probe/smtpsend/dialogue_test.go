package smtpsend

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/lab/world/worldtest"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/probetest"
)

// narrow is a connection that breaks when so many bytes have been written.
type narrow struct {
	net.Conn
	left int
}

func (c *narrow) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p[:min(len(p), c.left)])
	if c.left -= n; err == nil && n < len(p) {
		err = errors.New("the connection broke")
	}
	return n, err
}

// A connection may break at each byte of an attempt: it was not sent as long as no
// byte of the end of the data is out, and unknown from there on until all of it is.
// Under TLS the end goes out in one record, which is of no use unless it is whole.
func TestConnectionsThatBreakWhileTheEndIsSaid(t *testing.T) {
	for mode, unknown := range map[probe.TLSMode]int{
		probe.NoTLS:       len(endOfData) - 1,
		probe.ImplicitTLS: 0,
		probe.StartTLS:    0,
	} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := worldtest.New(t, world.Pipes(), mode)
				_, all := breakAfter(t, w, 1<<30)
				var results []probe.Result
				for bytes := all - 100; bytes <= all; bytes++ {
					a, _ := breakAfter(t, w, bytes)
					results = append(results, a.Result)
				}
				notSent := slices.IndexFunc(results, func(r probe.Result) bool { return r != probe.NotSent })
				accepted := slices.Index(results, probe.Accepted)
				if notSent < 1 || accepted != notSent+unknown || slices.ContainsFunc(results[accepted:], func(r probe.Result) bool { return r != probe.Accepted }) {
					t.Errorf("got %v, want not sent, %d unknown, accepted", results, unknown)
				}
			})
		})
	}
}

// breakAfter makes an attempt on a connection that breaks when so many bytes have
// been written, and tells how many were.
func breakAfter(t *testing.T, w *worldtest.World, bytes int) (probe.Attempt, int) {
	t.Helper()
	from, username, password := w.Account("provider")
	to, _, _ := w.Account("hq")
	e := w.Endpoint(w.SMTP("internet"), username, password)
	var conn *narrow
	dial := e.Dial
	e.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		conn = &narrow{Conn: c, left: bytes}
		return conn, err
	}
	a := New(Config{EHLO: "probe.example.org", Endpoint: e}).Send(t.Context(), probetest.Message(w.Clock, from, to))
	return a, bytes - conn.left
}

// The words of a server that says too much are quoted, and few of them.
func TestExcerptsAreShort(t *testing.T) {
	got := excerpt([]byte("550 \x00" + strings.Repeat("no ", 600)))
	if len(got) > 120 || !strings.HasPrefix(got, `"550 \x00no no `) || !strings.HasSuffix(got, `and 1745 bytes more`) {
		t.Errorf("got %s, want the beginning, quoted, and how many bytes follow", got)
	}
}
