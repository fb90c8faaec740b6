// Package jsonlog writes one line of JSON for each thing that happened, for those
// who search logs rather than query metrics: what became of each test message, and
// when the health of a route changed.
//
// The engine gives an Exporter every change, in order; it picks those that are
// news, fills a line's fields with what is known, and queues it. What a replay of the
// journal brings back has been written before and is passed over.
package jsonlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Exporter is the probe.Exporter that writes lines. A goroutine of its own writes
// them, so that nobody waits for whoever reads: a pager, a pipe that is stuck.
type Exporter struct {
	since probe.Seq
	w     io.Writer
	queue chan any
	ended chan struct{} // closed: the goroutine has ended

	mu      sync.Mutex
	err     error
	dropped int
	closed  bool
}

const (
	// waiting is how many lines wait for a reader that is slow; beyond, they are lost.
	waiting = 10_000
	// lastWords bounds the wait for a reader at the end.
	lastWords = 2 * time.Second
)

// New makes an exporter that writes to w the changes whose number is above since,
// the last event before this process began. Each line is one call of Write. Close
// ends it.
func New(w io.Writer, since probe.Seq) *Exporter {
	e := &Exporter{since: since, w: w, queue: make(chan any, waiting), ended: make(chan struct{})}
	go e.run()
	return e
}

// Export implements probe.Exporter. It never waits.
func (e *Exporter) Export(c probe.Change) {
	if seq, _ := c.Cause(); seq <= e.since {
		return
	}
	line := lineOf(c)
	if line == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	select {
	case e.queue <- line:
	default:
		e.dropped++
	}
}

func (e *Exporter) run() {
	defer close(e.ended)
	for line := range e.queue {
		if err := e.write(line); err != nil {
			e.keep(fmt.Errorf("writing a line of the log: %w", err))
		}
	}
}

// write makes an encoder for each line: one that has met an error writes no more.
func (e *Exporter) write(line any) error {
	encoder := json.NewEncoder(e.w)
	encoder.SetEscapeHTML(false) // replies of servers are full of angle brackets
	return encoder.Encode(line)
}

func (e *Exporter) keep(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
	}
}

// Close writes what waits, as long as somebody reads, and gives the first error of
// writing, or how many lines were lost because nobody read. Lines behind an error
// were tried all the same: a full disk may have room again. It may be called twice.
func (e *Exporter) Close() error {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
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
	if lost := e.dropped + len(e.queue); lost > 0 {
		return errors.Join(e.err, fmt.Errorf("writing the log: %d lines were lost because nobody read them", lost))
	}
	return e.err
}
