package debian

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// LoseReplies lets the store of a site take mail whose sender never hears of it: of the
// next n good answers to a message, which come over LMTP after its final dot, each is
// lost together with the connection. The site's Postfix cannot know and delivers again,
// two to four seconds later, so that the mailbox has a copy for each answer that was
// lost and one more; they differ in the store's Received field. 0 ends it.
func (l *Lab) LoseReplies(host string, n int) error {
	if n < 0 {
		return fmt.Errorf("losing replies: got %d, want 0 or more", n)
	}
	return l.wired(host+lmtpWires, func(w *wire) error {
		w.replies.set(n)
		return nil
	})
}

// replies are those a wire has yet to lose. The zero value loses none.
type replies struct {
	mu   sync.Mutex
	left int
}

func (r *replies) set(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = n
}

// take tells whether one is to be lost, and counts it.
func (r *replies) take() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 {
		return false
	}
	r.left--
	return true
}

// phase is how far a mail transaction has come (RFC 5321 section 4.1.1.4).
type phase int

const (
	inCommands phase = iota
	inContent        // the server has asked for the message
	inAnswer         // the final dot has gone to the server
)

// dialogue carries an SMTP or LMTP session, so that it knows an answer to a message
// from all others.
type dialogue struct {
	near, far net.Conn
	lost      *replies

	mu sync.Mutex
	at phase
}

func (d *dialogue) phase() phase {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *dialogue) enter(p phase) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = p
}

// carry returns when the session is over or an answer was lost.
func (d *dialogue) carry() {
	var back sync.WaitGroup
	back.Go(func() {
		eachLine(d.near, d.far, d.answered)
		half(d.near)
	})
	eachLine(d.far, d.near, d.said)
	half(d.far)
	back.Wait()
}

// said looks at what the client says.
func (d *dialogue) said(line []byte) error {
	if d.phase() == inContent && string(line) == ".\r\n" {
		d.enter(inAnswer)
	}
	return nil
}

var errLost = errors.New("a reply was lost")

// answered looks at what the server answers; errLost when that is to be lost.
func (d *dialogue) answered(line []byte) error {
	switch {
	case len(line) < 4 || line[3] != ' ': // not the last line of a reply
	case d.phase() == inAnswer && line[0] == '2' && d.lost.take():
		d.near.Close()
		return errLost
	case d.phase() == inAnswer:
		d.enter(inCommands)
	case string(line[:3]) == "354":
		d.enter(inContent)
	}
	return nil
}

// eachLine copies until the end or an error, and shows each line before the other side
// can have it. One that is longer than the buffer is shown up to there.
func eachLine(to io.Writer, from io.Reader, show func(line []byte) error) {
	reader, writer := bufio.NewReader(from), bufio.NewWriter(to)
	for starts := true; ; {
		line, err := reader.ReadSlice('\n')
		if starts && show(line) != nil {
			return
		}
		_, failed := writer.Write(line)
		if reader.Buffered() == 0 {
			failed = errors.Join(failed, writer.Flush())
		}
		if failed != nil || err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
		starts = err == nil
	}
}
