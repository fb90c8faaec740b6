package imapwatch_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// At rest nobody asks for looks, but the connection must be known to live.
func TestRestIsInterruptedEveryFewMinutes(t *testing.T) {
	s := &scripted{validity: 1}
	watchScripted(t, s, 0, func(w *watched) {
		first := <-w.looks
		for range 5 {
			next := <-w.looks
			if gap := next.Began.Sub(first.Began); gap != 4*time.Minute {
				t.Errorf("got a look %v after the last one, want 4m0s", gap)
			}
			first = next
		}
	})
}

// A server that pushes without end gets ten looks a second.
func TestPushesDoNotStorm(t *testing.T) {
	s := &scripted{validity: 1}
	s.add(boss)
	watchScripted(t, s, 0, func(w *watched) {
		last := <-w.looks
		for range 1000 {
			time.Sleep(time.Millisecond)
			s.push("* 1 EXPUNGE\r\n* 1 EXISTS\r\n")
		}
		synctest.Wait()
		if n := len(w.looks); n < 9 || n > 11 {
			t.Errorf("got %d looks in a second of pushes, want 10", n)
		}
		for len(w.looks) > 0 {
			next := <-w.looks
			if gap := next.Began.Sub(last.Began); gap < 100*time.Millisecond {
				t.Errorf("got a look %v after the last one, want at least 100ms", gap)
			}
			last = next
		}
	})
}

// Some servers repeat at the beginning of each IDLE what they have told before.
func TestNothingNewIsNoPush(t *testing.T) {
	s := &scripted{validity: 1}
	s.add(boss)
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		for range 10 {
			time.Sleep(time.Second)
			s.push("* 1 EXISTS\r\n* 0 RECENT\r\n* OK Still here\r\n")
			w.pace.changed.Tell()
		}
		synctest.Wait()
		if n := len(w.looks); n > 0 || s.count("IDLE") != 1 {
			t.Errorf("got %d looks, %d IDLEs, want none, and one", n, s.count("IDLE"))
		}
	})
}

func TestAPushIsFollowedByALook(t *testing.T) {
	s := &scripted{validity: 1}
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		for n := range 3 {
			time.Sleep(time.Minute)
			header, id := headerOf(w.clock)
			s.add(header)
			pushed := w.clock.Now()
			s.push(fmt.Sprintf("* %d EXISTS\r\n", n+1))
			if l, _ := w.await(id); !l.Began.Equal(pushed) {
				t.Errorf("got a look %v after the push, want at once", l.Began.Sub(pushed))
			}
		}
	})
}

// What changes without making the next look due sooner leaves IDLE alone.
func TestIDLEOutlivesChanges(t *testing.T) {
	s := &scripted{validity: 1}
	watchScripted(t, s, 0, func(w *watched) {
		began := (<-w.looks).Began
		for range 50 {
			time.Sleep(time.Second)
			w.pace.set(2*time.Minute, began)
			w.pace.changed.Tell()
		}
		synctest.Wait()
		if n := s.count("IDLE"); n != 1 || len(w.looks) > 0 {
			t.Errorf("got %d IDLEs and %d looks after 50 changes, want one and none", n, len(w.looks))
		}
		if gap := (<-w.looks).Began.Sub(began); gap != 2*time.Minute {
			t.Errorf("got the next look after %v, want the 2m0s of the pace", gap)
		}
		synctest.Wait()
		w.pace.set(time.Second, began)
		w.pace.changed.Tell()
		now := w.clock.Now()
		if next := <-w.looks; !next.Began.Equal(now) {
			t.Errorf("got a look %v after one was due, want at once", next.Began.Sub(now))
		}
	})
}

// A server that refuses IDLE is asked once, and looked at when the pace says so.
func TestRefusedIDLEIsNotBlindness(t *testing.T) {
	s := &scripted{validity: 1, says: []saying{{on: "^IDLE", text: "%T NO not today\r\n", instead: true}}}
	watchScripted(t, s, 3*time.Second, func(w *watched) {
		first := <-w.looks
		for range 5 {
			next := <-w.looks
			if gap := next.Began.Sub(first.Began); gap != 3*time.Second {
				t.Errorf("got a look after %v, want 3s", gap)
			}
			first = next
		}
		if n := s.count("IDLE"); n != 1 || len(w.problems()) > 0 {
			t.Errorf("asked for IDLE %d times, want once, and no blindness", n)
		}
	})
}
