// Package imapwatch watches a mailbox over IMAP (RFC 9051).
//
// One long-lived connection has the first folder open by EXAMINE and asks for the
// others by STATUS. A look is a NOOP and the STATUS answers; only what has changed
// is fetched, from the first UID that was not fetched before, headers alone unless
// a header leaves it open whether the message is ours. At rest the connection is
// in IDLE, which wakes the watcher but is never relied on: the Pace says when to
// look. Watching changes nothing in the mailbox; Clean deletes what it is told to, over
// the same connection, when it is at rest.
//
// A filter stands between the server and the library: see there for what servers
// are allowed to say. What a folder is said to hold must be shown when it is asked
// for: a look that may have passed over a message is an error, because it would be
// taken for proof that the message is not there.
package imapwatch

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailpath/mailpath/probe"
)

// Config is what a Watcher is made of.
type Config struct {
	probe.Endpoint
	Mailbox string   // its name in the configuration
	Folders []string // at least one; the first is kept open
	Matcher *probe.Matcher
	// Window is how far back messages are searched for in a folder that is seen
	// for the first time: no older message of ours matters any more.
	Window time.Duration
}

// Watcher watches one mailbox. It keeps in mind what it has reported, so it is
// made once and Watch is called again after each failure, one call at a time.
type Watcher struct {
	cfg     Config
	folders []*folder
	asked   asked
}

// folder is how far a folder has been reported.
type folder struct {
	name string
	mark
}

// mark is a position in a folder: all messages with a UID below next have been
// reported. The zero mark is a folder that was never looked at.
type mark struct {
	validity uint32 // UIDVALIDITY: UIDs of another one mean nothing
	next     imap.UID
	told     imap.UID // UIDNEXT as EXAMINE told it; 0: it did not
	messages uint32   // no more than so many have been reported and are there
}

// New makes a watcher.
func New(cfg Config) *Watcher {
	w := &Watcher{cfg: cfg, asked: asked{make(chan *cleaning), make(chan *cleaning)}}
	for _, name := range cfg.Folders {
		w.folders = append(w.folders, &folder{name: name})
	}
	return w
}

// Watch implements probe.Watcher.
func (w *Watcher) Watch(ctx context.Context, pace probe.Pace, look func(probe.Look) error) error {
	err := w.watch(ctx, pace, look)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("watching mailbox %s at %s: %w", w.cfg.Mailbox, w.cfg.Server, err)
}

func (w *Watcher) watch(ctx context.Context, pace probe.Pace, look func(probe.Look) error) error {
	s, err := w.open(ctx)
	if err != nil {
		return probe.OursOr(ctx, err)
	}
	defer s.close()
	for {
		found, marks, err := s.look()
		if err != nil {
			return err
		}
		if err := look(found); err != nil {
			return err
		}
		for i, f := range w.folders {
			f.mark = marks[i]
		}
		if err := s.rest(ctx, pace, w.asked); err != nil {
			return err
		}
	}
}
