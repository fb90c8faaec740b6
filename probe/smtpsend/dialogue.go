package smtpsend

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/mailpath/mailpath/probe"
)

const (
	// maxAnswers bounds what the far side may say in one attempt; a talkative server
	// needs 2 KiB for all of it.
	maxAnswers = 64 << 10
	// maxLine bounds a line of it. RFC 5321 section 4.5.3.1.5 allows 512 bytes, which
	// servers that explain a refusal at length exceed.
	maxLine = 2000
)

// dialogue is a connection whose far side is held to RFC 5321 section 4.2 before a
// parser hears it. The parsers have no bounds, take half a line for a whole one when
// the connection ends in it, wait for more where the code changes within a reply,
// know no reply without a text, overlook what is offered in lower case, and take for an
// answer what was said before they asked. From the first such breach on, the dialogue is over: both sides no longer
// agree on what was said.
type dialogue struct {
	net.Conn
	lines  *bufio.Reader
	ahead  []byte // of the last line, what has not been read yet
	left   int    // bytes that may still come
	code   string // of the reply under way; empty between replies
	broken error
	unsent int // bytes of the last Write that were not handed to the kernel
	heard  int // bytes since then

	introducing bool // the answer to EHLO is heard next
}

func newDialogue(conn net.Conn) *dialogue {
	d := &dialogue{left: maxAnswers}
	d.over(conn)
	return d
}

// over carries the dialogue on over another connection.
func (d *dialogue) over(conn net.Conn) {
	d.Conn, d.lines = conn, bufio.NewReaderSize(conn, maxLine)
}

// Read gives at most one line, so that what stands behind a reply stays here, where
// Write finds it.
func (d *dialogue) Read(p []byte) (int, error) {
	if len(d.ahead) == 0 && d.broken == nil {
		d.ahead, d.broken = d.line()
	}
	if len(d.ahead) == 0 {
		return 0, d.broken
	}
	n := copy(p, d.ahead)
	d.ahead = d.ahead[n:]
	return n, nil
}

// Write says something, unless the far side has answered it already.
func (d *dialogue) Write(p []byte) (int, error) {
	if d.broken == nil {
		d.broken = d.early()
	}
	if d.broken != nil {
		d.unsent = len(p)
		return 0, d.broken
	}
	d.heard = 0
	n, err := d.Conn.Write(p)
	d.unsent = len(p) - n
	return n, err
}

// line reads a whole line of a reply.
func (d *dialogue) line() ([]byte, error) {
	line, err := d.lines.ReadSlice('\n')
	d.left -= len(line)
	d.heard += len(line)
	ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	switch {
	case d.left < 0:
		return nil, fmt.Errorf("got more than %d KiB of answers in one attempt, want a few lines to each command", maxAnswers>>10)
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("got a line of more than %d bytes, want at most 512 (RFC 5321 section 4.5.3.1.5)", maxLine)
	case ended && len(line) > 0:
		return nil, fmt.Errorf("the server closed the connection within a line: got %s", excerpt(line))
	case ended:
		return nil, errors.New("the server closed the connection")
	case err != nil:
		return nil, err
	}
	return d.inReply(line)
}

// inReply holds a line to the form of a reply: three digits, the same in each of its
// lines, and a hyphen where others follow. The text may be missing (RFC 5321 section
// 4.2); the parsers want at least the blank before it.
func (d *dialogue) inReply(line []byte) ([]byte, error) {
	text := bytes.TrimRight(line, "\r\n")
	if !startsReply(text) {
		return nil, fmt.Errorf("got %s, want a reply: a code from 200 to 599 and a text (RFC 5321 section 4.2)", excerpt(text))
	}
	code := string(text[:3])
	if d.code != "" && code != d.code {
		return nil, fmt.Errorf("got %s within a reply that began with %s, want the same code in each line (RFC 5321 section 4.2.1)", excerpt(text), d.code)
	}
	d.code = code
	if d.introducing && code == "250" {
		raise(line)
	}
	if len(text) > 3 && text[3] == '-' {
		return line, nil
	}
	d.code = ""
	if len(text) == 3 {
		return []byte(code + " \r\n"), nil
	}
	return line, nil
}

func startsReply(text []byte) bool {
	return len(text) >= 3 && '2' <= text[0] && text[0] <= '5' && isDigit(text[1]) && isDigit(text[2]) &&
		(len(text) == 3 || text[3] == ' ' || text[3] == '-')
}

// raise puts the letters of a line into upper case: what a server offers is said in
// any (RFC 5321 section 2.4).
func raise(line []byte) {
	for i, b := range line {
		if 'a' <= b && b <= 'z' {
			line[i] = b - 'a' + 'A'
		}
	}
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// early is what was said before it was asked for, as an error. A server that must
// shut down may say 421 at any time; it is heard after the next command (RFC 5321
// section 3.8). What has not come in yet nobody can know: a lie told early enough to
// look late ends like any other, with mail that does not arrive.
func (d *dialogue) early() error {
	said, _ := d.lines.Peek(d.lines.Buffered())
	if len(said) == 0 || bytes.HasPrefix(said, []byte("421")) {
		return nil
	}
	return fmt.Errorf("got %s before it was asked for", excerpt(said))
}

// endOfData is what tells the far side that the message is complete.
const endOfData = "\r\n.\r\n"

// resultAtDot is the result of an attempt that broke while the end of the data was
// being said, or after it. A server that has not got the end must cancel (RFC 5321
// section 4.1.1.10): the message was not sent, if no byte of its end was handed to
// the kernel; under TLS, none in a whole record, and no other can be read. From the
// first such byte on the server may have taken responsibility, and the reply that
// says so was lost (sections 4.2.5 and 6.1, RFC 1047): nobody knows.
func (d *dialogue) resultAtDot() probe.Result {
	if d.unsent >= len(endOfData) {
		return probe.NotSent
	}
	return probe.Unknown
}

// excerpt quotes the beginning of what was said.
func excerpt(said []byte) string {
	const enough = 60
	if len(said) > enough {
		return fmt.Sprintf("%q and %d bytes more", said[:enough], len(said)-enough)
	}
	return fmt.Sprintf("%q", said)
}
