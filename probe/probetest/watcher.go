package probetest

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// WatcherFixture is what the suite for watchers needs of a mail system. The
// mailbox has the folders INBOX and Junk, both watched, with Keyring's tags.
type WatcherFixture struct {
	Clock    probe.Clock
	Mailbox  string
	From, To string
	Watcher  probe.Watcher
	Deliver  func(folder string, raw []byte) error // returns when the message is there
	Held     func(folder string) ([][]byte, error) // the messages that are there
	Cut      func()                                // ends all connections and takes no new ones
	Mend     func()                                // takes connections again

	Reports bool // its Matcher reads reports by Reports
	Bodies  bool // it fetches bodies
}

// Watcher holds an implementation of probe.Watcher to its contract, and to that of
// probe.Cleaner if it is one.
func Watcher(t *testing.T, arena Arena, fixture func(t *testing.T) WatcherFixture) {
	tests := map[string]func(*testing.T, *watch){
		"an empty mailbox is looked at":                emptyLook,
		"a message is seen in the interval it came in": seenInTime,
		"a message in Junk is seen there":              seenInJunk,
		"a report is reported as one":                  reportSeen,
		"bodies are as they came":                      bodiesSeen,
		"other people's mail is not reported":          foreignMail,
		"a message that came before is seen":           seenBefore,
		"only a body is left of the tag":               bodyOnly,
		"what was not taken is reported again":         reportedAgain,
		"a lost connection makes it blind":             cutAndMended,
		"at rest it looks when told":                   wokenAtRest,
		"it ends with its context":                     endsWithContext,
	}
	maps.Copy(tests, cleaningTests())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			arena(t, func(t *testing.T) {
				w := &watch{WatcherFixture: fixture(t), t: t, looks: make(chan probe.Look, 10_000)}
				w.pace.clock, w.pace.step = w.Clock, 20*time.Millisecond
				test(t, w)
			})
		})
	}
}

// watch is a watcher under test and what it has looked at.
type watch struct {
	WatcherFixture
	t     *testing.T
	pace  fixedPace
	looks chan probe.Look
	began time.Time // the last look that next has given, or passed over
}

// start watches in the background; stop ends it and gives Watch's error.
func (w *watch) start() (stop func() error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	result := make(chan error, 1)
	go func() { result <- w.Watcher.Watch(ctx, &w.pace, w.take) }()
	return sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-result:
			return err
		case <-time.After(patience):
			return errors.New("the watch has not ended with its context")
		}
	})
}

func (w *watch) take(l probe.Look) error {
	w.pace.set(-1, l.Began)
	w.looks <- l
	return nil
}

// next is the next look that a condition holds for.
func (w *watch) next(what string, condition func(probe.Look) bool) probe.Look {
	w.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case l := <-w.looks:
			// What was found may have been announced since the look before.
			if !hasFound(l) && l.Ended.Before(l.Began) || l.Ended.Before(w.began) {
				w.t.Errorf("got a look from %v to %v with %d messages, the one before from %v", l.Began, l.Ended, len(l.Found), w.began)
			}
			w.began = l.Began
			if condition(l) {
				return l
			}
		case <-limit.C:
			w.t.Fatalf("no look in %v: want %s", patience, what)
		}
	}
}

func anyLook(probe.Look) bool     { return true }
func hasFound(l probe.Look) bool  { return len(l.Found) > 0 }
func foundNone(l probe.Look) bool { return len(l.Found) == 0 }

func (w *watch) deliver(folder string, raw []byte) {
	w.t.Helper()
	if err := w.Deliver(folder, raw); err != nil {
		w.t.Fatalf("delivering to %s: %v", folder, err)
	}
}

// found is the one observation of a look.
func (w *watch) found(m *probe.Message, folder string) (probe.Look, probe.Observation) {
	w.t.Helper()
	l := w.next("one that finds the message", hasFound)
	if len(l.Found) != 1 || l.Found[0].Tag.ID != m.Tag.ID {
		w.t.Fatalf("got %d observations, %+v, want message %v alone", len(l.Found), l.Found, m.Tag.ID)
	}
	o := l.Found[0]
	if o.Ref.Folder != folder || o.Mailbox != w.Mailbox || o.Ref.UID == 0 || len(o.Header) == 0 {
		w.t.Errorf("got it in %s of %s as %+v with %d bytes of header, want %s of %s", o.Ref.Folder, o.Mailbox, o.Ref, len(o.Header), folder, w.Mailbox)
	}
	return l, o
}

func (w *watch) ours() *probe.Message { return Message(w.Clock, w.From, w.To) }

func emptyLook(t *testing.T, w *watch) {
	defer w.start()()
	if l := w.next("a first one", anyLook); len(l.Found) != 0 {
		t.Errorf("got %+v, want nothing", l.Found)
	}
	w.next("a second one", anyLook)
}

func seenInTime(t *testing.T, w *watch) {
	defer w.start()()
	w.next("a first one", anyLook)
	for range 5 {
		m := w.ours()
		before := w.Clock.Now()
		w.deliver("INBOX", m.Raw)
		after := w.Clock.Now()
		l, o := w.found(m, "INBOX")
		if l.Ended.Before(before) {
			t.Errorf("seen at %v, but delivered from %v on", l.Ended, before)
		}
		if o.Internal.Before(before.Add(-2*time.Second)) || o.Internal.After(after.Add(2*time.Second)) {
			t.Errorf("got INTERNALDATE %v, want about %v", o.Internal, before)
		}
		if o.Carrier != probe.InHeader || !o.Tag.Full {
			t.Errorf("got carrier %q, full %v, want the header's full tag", o.Carrier, o.Tag.Full)
		}
	}
}

func seenInJunk(t *testing.T, w *watch) {
	defer w.start()()
	w.next("a first one", anyLook)
	m := w.ours()
	w.deliver("Junk", m.Raw)
	if _, o := w.found(m, "Junk"); o.Place != probe.Junk {
		t.Errorf("got place %q, want %q", o.Place, probe.Junk)
	}
	m = w.ours() // and INBOX is open again after that
	w.deliver("INBOX", m.Raw)
	if _, o := w.found(m, "INBOX"); o.Place != probe.Inbox {
		t.Errorf("got place %q, want %q", o.Place, probe.Inbox)
	}
}

func foreignMail(_ *testing.T, w *watch) {
	defer w.start()()
	w.next("a first one", anyLook)
	w.deliver("INBOX", w.foreign())
	m := w.ours()
	w.deliver("INBOX", m.Raw)
	w.found(m, "INBOX")
}

func seenBefore(_ *testing.T, w *watch) {
	m := w.ours()
	w.deliver("INBOX", m.Raw)
	defer w.start()()
	w.found(m, "INBOX")
	w.next("another, without it", foundNone)
}

func bodyOnly(t *testing.T, w *watch) {
	defer w.start()()
	w.next("a first one", anyLook)
	m := w.ours()
	_, body, _ := strings.Cut(string(m.Raw), "\r\n\r\n")
	w.deliver("INBOX", []byte("From: <"+w.From+">\r\nTo: <"+w.To+">\r\nSubject: rewritten\r\n\r\n"+body))
	if _, o := w.found(m, "INBOX"); o.Carrier != probe.InBody {
		t.Errorf("got carrier %q, want %q", o.Carrier, probe.InBody)
	}
}

func reportedAgain(t *testing.T, w *watch) {
	m := w.ours()
	w.deliver("INBOX", m.Raw)
	reports := 0
	refuse := func(l probe.Look) error {
		w.pace.set(-1, l.Began)
		if hasFound(l) {
			reports++
			return errStop
		}
		return nil
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := w.Watcher.Watch(ctx, &w.pace, refuse); !errors.Is(err, errStop) {
			t.Fatalf("got %v, want the error that look returned", err)
		}
		cancel()
	}
	if reports != 2 {
		t.Errorf("reported %d times, want 2: it was refused the first time", reports)
	}
	defer w.start()()
	w.found(m, "INBOX")
}

func cutAndMended(t *testing.T, w *watch) {
	m := w.ours()
	w.deliver("INBOX", m.Raw)
	blind := make(chan error, 1)
	go func() { blind <- w.Watcher.Watch(t.Context(), &w.pace, w.take) }()
	w.found(m, "INBOX")
	w.Cut()
	select {
	case err := <-blind:
		if err == nil {
			t.Fatal("got no error, want the reason of the blindness")
		}
	case <-time.After(patience):
		t.Fatalf("still watching %v after the connection was cut", patience)
	}
	if err := w.Watcher.Watch(t.Context(), &w.pace, w.take); err == nil {
		t.Error("watching a mailbox that takes no connections: got no error")
	}
	w.Mend()
	missed := w.ours()
	w.deliver("INBOX", missed.Raw)
	defer w.start()()
	w.found(missed, "INBOX") // and not the first one again
}

func wokenAtRest(t *testing.T, w *watch) {
	w.pace.set(0, time.Time{})
	defer w.start()()
	w.next("a first one", anyLook)
	w.pace.set(20*time.Millisecond, time.Time{})
	w.pace.changed.Tell()
	w.next("one that the pace asked for", anyLook)
}

func endsWithContext(t *testing.T, w *watch) {
	for _, step := range []time.Duration{20 * time.Millisecond, 0, time.Hour} {
		w.pace.set(step, time.Time{})
		stop := w.start()
		w.next("a first one", anyLook)
		if err := stop(); err != nil {
			t.Errorf("a pace of %v: got %v, want nil", step, err)
		}
	}
}
