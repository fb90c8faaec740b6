package probetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// cleaningTests hold for a watcher that is a probe.Cleaner, and of others nothing.
func cleaningTests() map[string]func(*testing.T, *watch) {
	tests := make(map[string]func(*testing.T, *watch))
	for name, test := range map[string]func(*testing.T, *watch, probe.Cleaner){
		"cleaning deletes what it is told to":          cleans,
		"cleaning spares a folder made anew":           sparesAnother,
		"cleaning waits until it is at rest":           cleansAtRest,
		"cleaning misses nothing that comes meanwhile": cleansAndSees,
		"cleaning needs a watch":                       cleansWatched,
	} {
		tests[name] = func(t *testing.T, w *watch) {
			if c, ok := w.Watcher.(probe.Cleaner); ok {
				test(t, w, c)
			}
		}
	}
	return tests
}

// foreign is somebody else's message.
func (w *watch) foreign() []byte {
	return []byte("From: boss@example.com\r\nTo: <" + w.To + ">\r\nSubject: lunch?\r\n\r\nAt noon.\r\n")
}

// seen delivers a message of ours and gives where it is, once it is found.
func (w *watch) seen(folder string) (*probe.Message, probe.Ref) {
	w.t.Helper()
	m := w.ours()
	w.deliver(folder, m.Raw)
	_, o := w.found(m, folder)
	return m, o.Ref
}

// rests lets the watcher rest; resumes gives it back its pace.
func (w *watch) rests()   { w.pace.set(0, time.Time{}); w.pace.changed.Tell() }
func (w *watch) resumes() { w.pace.set(20*time.Millisecond, time.Time{}); w.pace.changed.Tell() }

// wantHeld holds that a folder holds so many messages, some among them.
func (w *watch) wantHeld(folder string, want int, some ...[]byte) {
	w.t.Helper()
	held, err := w.Held(folder)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(held) != want {
		w.t.Errorf("got %d messages in %s, want %d", len(held), folder, want)
	}
	for _, s := range some {
		found := 0
		for _, h := range held {
			if bytes.Contains(h, s) {
				found++
			}
		}
		if found == 0 {
			w.t.Errorf("got no message in %s with %q, want one", folder, s)
		}
	}
}

// within gives a test of cleaning its time.
func within(t *testing.T, limit time.Duration, f func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return f(ctx)
}

func cleans(t *testing.T, w *watch, c probe.Cleaner) {
	defer w.start()()
	w.next("a first one", anyLook)
	w.deliver("INBOX", w.foreign())
	_, first := w.seen("INBOX")
	kept, _ := w.seen("INBOX")
	_, junk := w.seen("Junk")
	w.deliver("Junk", w.foreign())
	_, last := w.seen("INBOX")
	w.rests()
	gone := probe.Ref{Folder: last.Folder, UIDValidity: last.UIDValidity, UID: last.UID + 1000}
	none := probe.Ref{Folder: last.Folder, UIDValidity: last.UIDValidity}
	for range 2 { // what is not there any more counts as deleted
		err := within(t, patience, func(ctx context.Context) error {
			return c.Clean(ctx, []probe.Ref{last, junk, gone, none, first})
		})
		if err != nil {
			t.Fatalf("cleaning: got %v, want nil", err)
		}
		w.wantHeld("INBOX", 2, []byte("lunch?"), []byte(kept.Tag.ID.String()))
		w.wantHeld("Junk", 1, []byte("lunch?"))
	}
	w.resumes()
	w.seen("Junk") // it goes on watching
	w.seen("INBOX")
}

func sparesAnother(t *testing.T, w *watch, c probe.Cleaner) {
	defer w.start()()
	w.next("a first one", anyLook)
	_, ref := w.seen("INBOX")
	w.rests()
	for _, validity := range []uint32{ref.UIDValidity + 1, 0} {
		other := probe.Ref{Folder: ref.Folder, UIDValidity: validity, UID: ref.UID}
		if err := within(t, patience, func(ctx context.Context) error { return c.Clean(ctx, []probe.Ref{other}) }); err != nil {
			t.Errorf("cleaning: got %v, want nil", err)
		}
		w.wantHeld("INBOX", 1)
	}
	w.resumes()
	w.seen("INBOX")
}

func cleansAtRest(t *testing.T, w *watch, c probe.Cleaner) {
	defer w.start()()
	w.next("a first one", anyLook)
	_, ref := w.seen("INBOX")
	err := within(t, 300*time.Millisecond, func(ctx context.Context) error { return c.Clean(ctx, []probe.Ref{ref}) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cleaning while looks are due: got %v, want %v", err, context.DeadlineExceeded)
	}
	w.wantHeld("INBOX", 1)
}

func cleansAndSees(t *testing.T, w *watch, c probe.Cleaner) {
	defer w.start()()
	w.next("a first one", anyLook)
	for range 10 {
		_, ref := w.seen("INBOX")
		w.rests()
		cleaned := make(chan error, 1)
		go func() {
			cleaned <- within(t, patience, func(ctx context.Context) error { return c.Clean(ctx, []probe.Ref{ref}) })
		}()
		m := w.ours()
		w.deliver("INBOX", m.Raw)
		if err := <-cleaned; err != nil {
			t.Fatalf("cleaning: got %v, want nil", err)
		}
		w.resumes()
		w.found(m, "INBOX")
	}
	w.wantHeld("INBOX", 10)
}

func cleansWatched(t *testing.T, w *watch, c probe.Cleaner) {
	stop := w.start()
	w.next("a first one", anyLook)
	_, ref := w.seen("INBOX")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	err := within(t, 300*time.Millisecond, func(ctx context.Context) error { return c.Clean(ctx, []probe.Ref{ref}) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cleaning without a watch: got %v, want %v", err, context.DeadlineExceeded)
	}
	w.wantHeld("INBOX", 1)
}
