package journal

import (
	"maps"
	"sync"

	"github.com/mailpath/mailpath/probe"
)

// cursors remembers how far each of several readers has come. It is safe for
// concurrent use.
type cursors struct {
	mu    sync.Mutex
	at    map[string]probe.Seq
	dirty bool
	news  chan struct{} // holds one when there is something to write
}

func newCursors() *cursors {
	return &cursors{at: make(map[string]probe.Seq), news: make(chan struct{}, 1)}
}

// load takes in what is on the disk.
func (c *cursors) load(at map[string]probe.Seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.at, at)
}

func (c *cursors) get(name string) (probe.Seq, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seq, known := c.at[name]
	return seq, known
}

func (c *cursors) set(name string, seq probe.Seq) {
	c.mu.Lock()
	if known, ok := c.at[name]; !ok || known != seq {
		c.at[name], c.dirty = seq, true
	}
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// take gives the cursors that are to be written: all, or none.
func (c *cursors) take() map[string]probe.Seq {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dirty {
		return nil
	}
	c.dirty = false
	return maps.Clone(c.at)
}

// giveBack says that what was taken could not be written.
func (c *cursors) giveBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dirty = true
}

func (c *cursors) pending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dirty
}
