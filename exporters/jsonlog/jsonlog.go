// Package jsonlog writes one line of JSON for each thing that happened, for those
// who search logs rather than query metrics: what became of each test message, and
// when the health of a route changed.
//
// The engine gives an Exporter every change, in order; it picks those that are
// news, fills a line's fields with what is known, and writes. What a replay of the
// journal brings back has been written before and is passed over.
package jsonlog

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/mailpath/mailpath/probe"
)

// Exporter is the probe.Exporter that writes lines.
type Exporter struct {
	since probe.Seq
	w     io.Writer

	mu  sync.Mutex
	err error
}

// New makes an exporter that writes to w the changes whose number is above since,
// the last event before this process began. Each line is one call of Write.
func New(w io.Writer, since probe.Seq) *Exporter { return &Exporter{since: since, w: w} }

// Export implements probe.Exporter.
func (e *Exporter) Export(c probe.Change) {
	if seq, _ := c.Cause(); seq <= e.since {
		return
	}
	line := lineOf(c)
	if line == nil {
		return
	}
	if err := e.write(line); err != nil {
		e.keep(fmt.Errorf("writing a line of the log: %w", err))
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

// Err is the first error of writing, nil while there is none. Later lines are
// tried all the same: a full disk may have room again. It is safe for concurrent use.
func (e *Exporter) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}
