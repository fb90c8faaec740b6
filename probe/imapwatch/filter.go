package imapwatch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
)

const (
	// maxLine bounds a response without its literals: the longest answer that is
	// asked for names some 100,000 messages.
	maxLine = 1 << 20
	// maxLiteral is more than is ever asked for: some servers round up.
	maxLiteral = maxHeader + 64<<10
	// maxAnswer bounds all that comes in answer to one command: a hundred headers
	// of the greatest length, and again as much. responseCost is what a response
	// costs beside its bytes, once the library has made something of it.
	maxAnswer    = 2 * fetchAtOnce * maxLiteral
	responseCost = 256
	// keptBuffer is how much of a buffer is kept between two responses.
	keptBuffer = 1 << 10
)

// filter stands between a server and the library, which closes the connection on
// the first thing that it does not know. Every response is read whole, and what
// the watcher has asked for is written anew: known words, numbers that are numbers,
// a FETCH with its UID in front. The rest is dropped, where nothing can be missed
// for it; where something can, the connection ends with an error that says so.
type filter struct {
	from    *bufio.Reader
	notices *notices
	raw     []byte       // the response that is being read
	written []byte       // what came of the last ones
	unread  []byte       // what of it the library has not read yet
	spent   atomic.Int64 // on answers to the last command

	capabilities []byte      // as they were told last, each behind a space
	login        atomic.Bool // is under way
	toldSince    atomic.Bool // capabilities, since the login began

	why atomic.Pointer[error]

	mu   sync.Mutex
	side *sideCommand // under way; nil: none
}

func newFilter(from io.Reader, notices *notices) *filter {
	return &filter{from: bufio.NewReaderSize(from, keptBuffer), notices: notices}
}

// Read gives the library whole responses, and waits until there is one for it. An
// error stays: the library would read on behind it.
func (f *filter) Read(p []byte) (int, error) {
	for len(f.unread) == 0 {
		if err := f.problem(); err != nil {
			return 0, err
		}
		f.written = emptied(f.written)
		if err := f.next(); err != nil {
			return 0, f.fail(err)
		}
		f.unread = f.written
	}
	n := copy(p, f.unread)
	f.unread = f.unread[n:]
	return n, nil
}

// emptied is a buffer to be filled again; a large one is given up.
func emptied(b []byte) []byte {
	if cap(b) > keptBuffer {
		return nil
	}
	return b[:0]
}

// fail keeps why reading ended: the library loses it.
func (f *filter) fail(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe): // the library closes it when it cannot write
		err = errHungUp
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("%w in the middle of an answer", errHungUp)
	}
	f.why.CompareAndSwap(nil, &err)
	return err
}

var errHungUp = errors.New("the server has closed the connection")

// problem is why reading ended, nil while it has not.
func (f *filter) problem() error {
	if why := f.why.Load(); why != nil {
		return *why
	}
	return nil
}

// next reads one response and writes what the library is to have of it.
func (f *filter) next() error {
	line, err := f.response()
	if err != nil {
		return err
	}
	if f.spent.Add(int64(len(line)+responseCost)) > maxAnswer {
		return fmt.Errorf("the server's answer has no end: got more than %d MiB", maxAnswer>>20)
	}
	if rest, untagged := bytes.CutPrefix(line, []byte("* ")); untagged {
		return f.untagged(&words{rest})
	}
	if text, asks := bytes.CutPrefix(line, []byte("+")); asks {
		f.write("+ ").writeText(text).write("\r\n")
		return nil
	}
	return f.tagged(&words{line})
}

// response reads one response without its line end. It goes on behind each literal
// (RFC 9051 section 4.3); what is said to people has none.
func (f *filter) response() ([]byte, error) {
	f.raw = emptied(f.raw)
	for {
		begin := len(f.raw)
		if err := f.line(); err != nil {
			return nil, err
		}
		size, announced := literalAt(f.raw[begin:])
		if !announced || !holdsLiterals(f.raw) {
			return bytes.TrimRight(f.raw, "\r\n"), nil
		}
		if size > maxLiteral || len(f.raw)+int(size) > maxLine+maxLiteral {
			return nil, fmt.Errorf("the server announces %d bytes at once, want at most %d", size, maxLiteral)
		}
		begin = len(f.raw)
		f.raw = append(f.raw, make([]byte, size)...)
		if _, err := io.ReadFull(f.from, f.raw[begin:]); err != nil {
			return nil, midway(err)
		}
	}
}

// line reads to the end of a line.
func (f *filter) line() error {
	for begin := len(f.raw); ; {
		part, err := f.from.ReadSlice('\n')
		f.raw = append(f.raw, part...)
		switch {
		case len(f.raw)-begin > maxLine:
			return fmt.Errorf("the server's line has no end: got more than %d MiB", maxLine>>20)
		case err == nil:
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
		case len(f.raw) > 0:
			return midway(err)
		default:
			return err
		}
	}
}

// midway is the error of reading on in a response that has begun.
func midway(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// literalAt is the size of the literal that a line announces at its end.
func literalAt(line []byte) (size uint64, announced bool) {
	line = bytes.TrimRight(line, "\r\n")
	from := bytes.LastIndexByte(line, '{')
	if from < 0 || line[len(line)-1] != '}' {
		return 0, false
	}
	size, err := strconv.ParseUint(string(line[from+1:len(line)-1]), 10, 63)
	return size, err == nil
}

// holdsLiterals tells whether literals are to be expected in a response: in data,
// not in status responses, which end in text for people (RFC 9051 section 7.1).
func holdsLiterals(response []byte) bool {
	rest, untagged := bytes.CutPrefix(response, []byte("* "))
	return untagged && !isStatus((&words{rest}).atom())
}

// write adds to what the library is to have.
func (f *filter) write(text string) *filter {
	f.written = append(f.written, text...)
	return f
}

func (f *filter) writeNumber(n uint32) *filter {
	f.written = strconv.AppendUint(f.written, uint64(n), 10)
	return f
}

// writeText adds text for people, without what could end the line.
func (f *filter) writeText(text []byte) *filter {
	for _, b := range bytes.TrimSpace(text) {
		if b < ' ' || b == 0x7f {
			b = ' '
		}
		f.written = append(f.written, b)
	}
	return f
}
