package probe

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Watcher watches one mailbox.
type Watcher interface {
	// Watch calls look after each complete look at all folders of the mailbox,
	// from one goroutine, and returns when it is blind: the caller says so and
	// calls again, with back-off. Which messages have been reported is kept in
	// the value: a message is reported again only if look returned an error,
	// which Watch then returns. It returns nil only when the context has ended.
	// Planned reconnections happen inside.
	Watch(ctx context.Context, pace Pace, look func(Look) error) error
}

// Pace tells a watcher when to look. Latencies, ages, deadlines and budgets are
// the engine's business.
type Pace interface {
	// Next is the time of the next look; zero: rest until something changes.
	Next() time.Time
	// Changed yields a value when Next may have become earlier.
	Changed() <-chan struct{}
}

// Look is one complete look at all folders of a mailbox. What is not in Found was
// absent at Began; what is in it was present at Ended, by the clock of the process.
type Look struct {
	Began time.Time // the first command was sent
	Ended time.Time // the first answer that shows all of Found was received: before Began, where the server announced it by itself
	Found []Observation
}

// Observation is a tagged message, or a report about one, found by a look.
type Observation struct {
	Tag      Tag
	Carrier  Carrier // of an arrival
	Report   *Report // nil: it is an arrival; else the tag is that of the message it is about
	Mailbox  string
	Ref      Ref
	Place    Place     // of an arrival
	Internal time.Time // when the server says it took the message in (INTERNALDATE); zero if it does not say
	EmailID  string    // the same for every copy of one message (RFC 8474 section 5.1); empty where the server gives none
	Header   []byte    // as found; stays in memory
	Body     []byte    // of an arrival, MaxBody bytes of it at most; stays in memory
}

// Ref is where a message is and how the server names it there (RFC 9051 section
// 2.3.1.1).
type Ref struct {
	Folder           string
	UIDValidity, UID uint32
}

// Cleaner is a Watcher that can delete messages. It is called only for messages of
// ours whose observation is durable.
type Cleaner interface {
	// Clean deletes the messages referred to and no other, and returns when that is
	// done, or with the context. It waits until the watcher is at rest. What is not
	// there any more counts as deleted. It may be called while Watch runs, and
	// deletes nothing while it does not. ErrNoUIDExpunge says that the server cannot
	// delete single messages: then none is touched.
	Clean(context.Context, []Ref) error
}

// ErrNoUIDExpunge says that a server has no UID EXPUNGE (RFC 4315 section 2.1): to
// expunge a message of ours there would expunge whatever else is marked.
var ErrNoUIDExpunge = errors.New("the server offers no UIDPLUS")

// Place is the kind of folder a message arrived in.
type Place string

// The places.
const (
	Inbox       Place = "inbox"
	Junk        Place = "junk"
	Quarantine  Place = "quarantine" // in a mailbox where a filter keeps mail back until somebody lets it go
	OtherFolder Place = "other"
)

// Places lists all places.
var Places = [...]Place{Inbox, Junk, Quarantine, OtherFolder}

// PlaceOf is the kind of a folder, told by its name, for where the server does not tell it
// (RFC 6154).
func PlaceOf(folder string) Place {
	lower := strings.ToLower(folder)
	switch {
	case lower == "inbox":
		return Inbox
	case strings.Contains(lower, "junk"), strings.Contains(lower, "spam"), strings.Contains(lower, "quarantine"):
		return Junk
	}
	return OtherFolder
}
