package smtpsend_test

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"slices"
	"strings"
	"sync"
)

// intermediary stands before a server, as some gateways do, and offers reports
// (RFC 3461) or does not, whatever the server does.
type intermediary struct {
	offers bool
	takes  bool // what asks for reports; else that is refused

	mu   sync.Mutex
	said []string
}

type dial = func(context.Context, string, string) (net.Conn, error)

// before is a way to the server past the intermediary.
func (i *intermediary) before(server dial) dial {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := server(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &passing{Conn: conn, way: i, lines: bufio.NewReader(conn)}, nil
	}
}

// mailAndRcpt gives what was said with MAIL and RCPT.
func (i *intermediary) mailAndRcpt() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.said)
}

// passing is a connection past an intermediary.
type passing struct {
	net.Conn
	way     *intermediary
	lines   *bufio.Reader
	greeted bool // the answer to EHLO comes next
	ahead   []byte
}

func (p *passing) Write(b []byte) (int, error) {
	line := strings.TrimSuffix(string(b), "\r\n")
	p.greeted = strings.HasPrefix(line, "EHLO ")
	if !strings.HasPrefix(line, "MAIL FROM:") && !strings.HasPrefix(line, "RCPT TO:") {
		return p.Conn.Write(b)
	}
	p.way.mu.Lock()
	p.way.said = append(p.way.said, line)
	p.way.mu.Unlock()
	bare, _, asks := strings.Cut(strings.Replace(line, " NOTIFY=", " RET=", 1), " RET=")
	if asks && !p.way.takes {
		p.ahead = []byte("555 5.5.4 Unsupported option\r\n")
		return len(b), nil
	}
	_, err := p.Conn.Write([]byte(bare + "\r\n"))
	return len(b), err
}

func (p *passing) Read(b []byte) (int, error) {
	for len(p.ahead) == 0 {
		line, err := p.lines.ReadBytes('\n')
		if err != nil {
			return 0, err
		}
		p.ahead = p.seen(line)
	}
	n := copy(b, p.ahead)
	p.ahead = p.ahead[n:]
	return n, nil
}

// seen is what the client sees of a line.
func (p *passing) seen(line []byte) []byte {
	switch {
	case !p.greeted:
		return line
	case bytes.Equal(line, []byte("250-DSN\r\n")):
		return nil
	case bytes.Equal(line, []byte("250 DSN\r\n")):
		line = []byte("250 HELP\r\n")
	}
	if p.way.offers && bytes.HasPrefix(line, []byte("250 ")) {
		return append([]byte("250-DSN\r\n"), line...)
	}
	return line
}
