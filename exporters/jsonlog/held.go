package jsonlog

import (
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// held is the lines of one event that wait for the way of a message. It follows the
// message's end among the changes of the same event, and both are told in one line; what
// comes between waits too, so that the lines keep their order. If it does not come, they
// are written when the next event does. It is not safe for concurrent use.
type held struct {
	seq   probe.Seq
	lines []any
	open  int // of the lines: outcomes whose way has not come
}

// hold keeps a line if it must wait, and tells whether it does.
func (h *held) hold(c probe.Change, line any) bool {
	s, ok := c.(probe.Settled)
	if traced := ok && s.Outcome.Status.Arrived() && len(s.Outcome.Trail.Hops) > 0; traced {
		h.open++
	}
	if h.open == 0 {
		return false
	}
	h.seq, _ = c.Cause()
	h.lines = append(h.lines, line)
	return true
}

// complete adds the way of a message to its line, and tells whether none waits any more.
func (h *held) complete(c trace.Traced) bool {
	for _, line := range h.lines {
		if o, ok := line.(*outcome); ok && o.ID == c.Message.ID && o.Hops == nil {
			o.Hops = hopsOf(c.Steps)
			h.open--
			break
		}
	}
	return h.open == 0
}
