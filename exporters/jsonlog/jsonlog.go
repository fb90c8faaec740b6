// Package jsonlog writes one line of JSON for each thing that happened, for those
// who search logs rather than query metrics: what became of each test message, and
// when the health of a route changed.
//
// The engine gives an Exporter every change, in order; it picks those that are
// news, fills a line's fields with what is known, and queues it. A cursor remembers
// how far lines have been written: what a replay of the journal brings back up to
// there is passed over, and what it brings back beyond is marked, because a process
// that was killed may have written it and not noted that.
package jsonlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// Exporter is the probe.Exporter that writes lines. A goroutine of its own writes
// them, so that nobody waits for whoever reads: a pager, a pipe that is stuck.
type Exporter struct {
	from, since probe.Seq // lines begin after from; up to since they are of earlier processes
	w           io.Writer
	queue       chan any
	ended       chan struct{} // closed: the goroutine has ended

	mu       sync.Mutex
	held     held
	progress progress
	err      error
	dropped  int
	closed   bool
}

const (
	// waiting is how many lines wait for a reader that is slow; beyond, they are lost.
	waiting = 10_000
	// lastWords bounds the wait for a reader at the end.
	lastWords = 2 * time.Second
)

// New makes an exporter that writes to w the changes that come after the cursor. since
// is the last event before this process began: lines up to it say that they may have
// been written already. Each line is one call of Write. Close ends it.
func New(w io.Writer, c Cursor, since probe.Seq) *Exporter {
	e := &Exporter{since: since, w: w, queue: make(chan any, waiting), ended: make(chan struct{}), progress: newProgress(c, since)}
	e.from = e.progress.saved
	go e.run()
	return e
}

// Export implements probe.Exporter. It never waits.
func (e *Exporter) Export(c probe.Change) {
	seq, _ := c.Cause()
	if seq <= e.from {
		return
	}
	line := lineOf(c, seq <= e.since)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	if seq > e.held.seq {
		e.release()
	}
	e.progress.come(seq)
	if way, ok := c.(trace.Traced); ok && e.held.complete(way) {
		e.release()
	}
	if line != nil && !e.held.hold(c, line) {
		e.send(seq, line)
	}
}

// release queues the lines that wait for the way of a message. The caller holds the lock.
func (e *Exporter) release() {
	for _, line := range e.held.lines {
		e.send(e.held.seq, line)
	}
	e.held = held{}
}

// send queues a line. The caller holds the lock.
func (e *Exporter) send(seq probe.Seq, line any) {
	select {
	case e.queue <- line:
		e.progress.queue(seq)
	default:
		e.dropped++
		e.progress.lose(seq)
	}
}

func (e *Exporter) run() {
	defer close(e.ended)
	for line := range e.queue {
		e.wrote(e.write(line))
	}
}

// wrote takes note of the end of a line, written or not.
func (e *Exporter) wrote(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress.wrote(err)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("writing a line of the log: %w", err)
	}
}

// write makes an encoder for each line: one that has met an error writes no more.
func (e *Exporter) write(line any) error {
	encoder := json.NewEncoder(e.w)
	encoder.SetEscapeHTML(false) // replies of servers are full of angle brackets
	return encoder.Encode(line)
}

// Close writes what waits, as long as somebody reads, saves how far it came, and gives
// the first error of writing, or how many lines were lost because nobody read. Lines
// behind an error were tried all the same: a full disk may have room again. It is called
// when all changes of the last event have come, and may be called twice.
func (e *Exporter) Close() error {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		e.release()
		e.progress.end()
		close(e.queue)
	}
	e.mu.Unlock()
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case <-e.ended:
	case <-timer.C:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress.close()
	if lost := e.dropped + len(e.progress.waiting); lost > 0 {
		return errors.Join(e.err, fmt.Errorf("writing the log: %d lines were lost because nobody read them", lost))
	}
	return e.err
}
