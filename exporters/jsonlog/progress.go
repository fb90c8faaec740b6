package jsonlog

import (
	"github.com/mailpath/mailpath/probe"
)

// Cursor remembers, beyond the end of a process, how far its lines have been written.
type Cursor interface {
	// Load gives the number up to which the lines were written before; New asks it
	// once. Where nothing is remembered yet, let it be the last event before
	// this process: 0 would write the whole journal.
	Load() probe.Seq
	// Save tells that the lines of all events up to this one have been written. It
	// returns at once, and whether it becomes durable now or a little later is its own
	// affair: lines that a killed process had not noted yet are written twice. It is called
	// from any goroutine, one call at a time, with rising numbers and never after Close
	// has returned; it must not call the Exporter.
	Save(probe.Seq)
}

// progress knows how far the lines have been written. It is not safe for concurrent use.
//
// An event can have several lines, and the last of them is known only when
// the next event comes. A line that could not be written holds the cursor back until
// a line after it could: so a process that nobody reads any more leaves its lines to
// the next one, and a disk that was full for a minute does not make the next process
// repeat a week.
type progress struct {
	cursor  Cursor
	saved   probe.Seq
	last    probe.Seq   // the newest event
	whole   probe.Seq   // the one before it: all its changes have come
	waiting []probe.Seq // the events of the lines that wait to be written, in order
	lost    probe.Seq   // the event of the first line that could not be; 0: a later one could
}

// newProgress begins at the cursor. One beyond the last event there is knows events
// that a full disk never got: their numbers are given again.
func newProgress(c Cursor, last probe.Seq) progress {
	from := min(c.Load(), last)
	return progress{cursor: c, saved: from, last: from, whole: from}
}

// come takes note of a change of an event.
func (p *progress) come(seq probe.Seq) {
	if seq > p.last {
		p.whole, p.last = p.last, seq
		p.save()
	}
}

// queue takes note of a line that will be written.
func (p *progress) queue(seq probe.Seq) { p.waiting = append(p.waiting, seq) }

// wrote takes note of the end of the first line that waits.
func (p *progress) wrote(err error) {
	seq := p.waiting[0]
	p.waiting = p.waiting[1:]
	if err != nil {
		p.lose(seq)
		return
	}
	if seq >= p.lost {
		p.lost = 0
	}
	p.save()
}

// lose takes note of a line that could not be written.
func (p *progress) lose(seq probe.Seq) {
	if p.lost == 0 {
		p.lost = seq
	}
}

// end takes note that no more changes come.
func (p *progress) end() {
	p.whole = p.last
	p.save()
}

// close lets go of the cursor.
func (p *progress) close() { p.cursor = nil }

// save saves how far all lines have been written.
func (p *progress) save() {
	safe := p.whole
	if len(p.waiting) > 0 {
		safe = min(safe, p.waiting[0]-1)
	}
	if p.lost > 0 {
		safe = min(safe, p.lost-1)
	}
	if safe > p.saved && p.cursor != nil {
		p.saved = safe
		p.cursor.Save(safe)
	}
}
