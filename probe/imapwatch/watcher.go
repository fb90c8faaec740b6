// Package imapwatch watches a mailbox over IMAP (RFC 9051).
//
// One long-lived connection has the first folder open by EXAMINE and asks for the
// others by STATUS. A look is a NOOP and the STATUS answers; only what has changed
// is fetched, from the first UID that was not fetched before, headers alone unless
// a header leaves it open whether the message is ours, or a report about one that is;
// the bodies of arrivals follow where they are wanted. Which folders there are for junk
// is asked once per connection, and once a minute while one is missing or refused: see
// JunkFolder. At rest the connection is in IDLE, which wakes the watcher but is never relied on: the Pace says when to
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
	Mailbox string // its name in the configuration
	// Folders are at least one. The first is kept open, JunkFolder never being the first.
	// One that is named and cannot be looked into ends the watch with an error; what
	// JunkFolder stands for is passed over.
	Folders []string
	// Place is the place of all that is found, as in a mailbox where a filter keeps mail
	// back. Empty: it is told by the folder.
	Place   probe.Place
	Matcher *probe.Matcher
	// Bodies has the bodies of arrivals fetched as well: one command for all that a look
	// finds in a folder.
	Bodies bool
	// Window is how far back messages are searched for in a folder that is seen
	// for the first time: no older message of ours matters any more.
	Window time.Duration
}

// Watcher watches one mailbox. It keeps in mind what it has reported, so it is
// made once and Watch is called again after each failure, one call at a time.
type Watcher struct {
	cfg      Config
	folders  []*folder // of the last connection
	asked    asked
	bodyless time.Time // no body is asked for before
}

// folder is a folder that is watched, and how far it has been reported.
type folder struct {
	name  string // in UTF-8, and INBOX in capitals
	place probe.Place
	found bool // it stands for JunkFolder
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
	return &Watcher{cfg: cfg, asked: asked{make(chan *cleaning), make(chan *cleaning)}}
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
	if err := s.find(w.folders); err != nil {
		return err
	}
	defer func() { w.folders = s.known() }()
	for {
		found, marks, err := s.look()
		if s.lostOverBodies {
			w.bodyless = s.cfg.Clock.Now().Add(bodyless)
		}
		if err != nil {
			return err
		}
		if err := look(found); err != nil {
			return err
		}
		for i, f := range s.folders {
			f.mark = marks[i]
		}
		if err := s.rest(ctx, pace, w.asked); err != nil {
			return err
		}
		if err := s.findJunk(); err != nil {
			return err
		}
	}
}
