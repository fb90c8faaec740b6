package jsonlog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/exporters/jsonlog"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// cursor remembers in memory.
type cursor struct {
	at    probe.Seq
	saved []probe.Seq
}

func (c *cursor) Load() probe.Seq { return c.at }

func (c *cursor) Save(seq probe.Seq) {
	c.at = seq
	c.saved = append(c.saved, seq)
}

// line is what the tests look at in a line.
type line struct {
	Event string
	Seq   probe.Seq
	Again bool
}

func lines(t *testing.T, text []byte) []line {
	t.Helper()
	var all []line
	for raw := range bytes.Lines(text) {
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatalf("reading line %q: %v", raw, err)
		}
		all = append(all, l)
	}
	return all
}

func settled(seq probe.Seq) probe.Change {
	return probe.Settled{Origin: origin(seq, 0), Message: sending(probe.ID(seq), probe.Scheduled)}
}

// onWay is an arrival whose way follows.
func onWay(seq probe.Seq) probe.Change {
	s := settled(seq).(probe.Settled)
	s.Outcome = arrived(probe.Delivered, time.Second)
	s.Outcome.Trail.Hops = []probe.Hop{{By: "mx1.example.com"}}
	return s
}

// way is that way.
func way(seq probe.Seq) probe.Change {
	return trace.Traced{Origin: origin(seq, 0), Message: sending(probe.ID(seq), probe.Scheduled), Steps: []trace.Step{{Component: "gateway-in"}}}
}

func changed(seq probe.Seq) probe.Change {
	return probe.HealthChanged{Origin: origin(seq, 0), Route: "outside-to-hq", From: probe.HealthOK, To: probe.HealthBroken}
}

func silent(seq probe.Seq) probe.Change {
	return probe.MailboxLooked{Origin: origin(seq, 0), Mailbox: "hq", Looks: 1}
}

// What came after the cursor and before this process is written, with a mark.
func TestAgain(t *testing.T) {
	var b bytes.Buffer
	e := jsonlog.New(&b, &cursor{at: 22}, 25)
	for _, c := range outcomes() {
		e.Export(c)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	want := []line{{"outcome", 23, true}, {"outcome", 24, true}, {"outcome", 25, true}, {"outcome", 26, false}}
	if got := lines(t, b.Bytes()); !slices.Equal(got, want) {
		t.Errorf("got lines %v, want %v", got, want)
	}
}

// Every kind of line can carry the mark.
func TestEveryLineIsMarked(t *testing.T) {
	for _, changes := range [][]probe.Change{fates(), others(), ways()} {
		var b bytes.Buffer
		e := jsonlog.New(&b, &cursor{at: 10}, 70)
		for _, c := range changes {
			e.Export(c)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		for _, l := range lines(t, b.Bytes()) {
			if !l.Again {
				t.Errorf("got %+v, want it marked", l)
			}
		}
	}
}

// A cursor can be beyond a journal that lost its last events: their numbers come again.
func TestCursorBeyondTheJournal(t *testing.T) {
	var b bytes.Buffer
	c := &cursor{at: 30}
	e := jsonlog.New(&b, c, 24)
	for _, c := range outcomes() {
		e.Export(c)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	want := []line{{"outcome", 25, false}, {"outcome", 26, false}}
	if got := lines(t, b.Bytes()); !slices.Equal(got, want) || c.at != 26 {
		t.Errorf("got lines %v and the cursor at %d, want %v and 26", got, c.at, want)
	}
}

// The cursor stands at an event when all its lines have been written, and it is
// known that they are all: when the next event has come, or the end.
func TestCursorFollowsTheLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cursor{at: 10}
		e := jsonlog.New(new(bytes.Buffer), c, 10)
		for _, step := range []struct {
			change probe.Change
			want   probe.Seq
		}{
			{silent(9), 10},
			{silent(11), 10},
			{settled(12), 11},
			{changed(12), 11},
			{silent(14), 12},
			{settled(20), 14},
			{settled(21), 20},
			{silent(21), 20},
			{silent(22), 21},
			{onWay(23), 22},
			{changed(23), 22},
			{way(23), 22},
			{onWay(24), 23}, // its way never comes
			{silent(25), 24},
		} {
			e.Export(step.change)
			synctest.Wait()
			if c.at != step.want {
				seq, _ := step.change.Cause()
				t.Errorf("after %T of event %d: got the cursor at %d, want %d", step.change, seq, c.at, step.want)
			}
		}
		if err := e.Close(); err != nil || c.at != 25 {
			t.Errorf("after the end: got the cursor at %d and error %v, want 25", c.at, err)
		}
		if !slices.IsSorted(c.saved) || len(slices.Compact(slices.Clone(c.saved))) != len(c.saved) {
			t.Errorf("got the cursor set to %v, want rising numbers", c.saved)
		}
	})
}

// killed takes some lines and then nothing: its process is dead.
type killed struct {
	bytes.Buffer
	takes int
	never chan struct{}
}

func (k *killed) Write(p []byte) (int, error) {
	if k.takes == 0 {
		<-k.never
	}
	k.takes--
	return k.Buffer.Write(p)
}

// TestKill kills a process at every change and every line of it. Whatever the moment,
// the two processes together write every line, in order; those that both write,
// and no new ones, are marked by the second.
func TestKill(t *testing.T) {
	history := []probe.Change{
		silent(1), settled(2), changed(2), settled(3), silent(5), silent(6), changed(6), settled(9), settled(10), changed(10), silent(11),
		onWay(12), way(12), silent(12), onWay(13), changed(13), way(13), changed(13), onWay(14), onWay(15), changed(15),
	}
	all := []line{
		{"outcome", 2, false}, {"health", 2, false}, {"outcome", 3, false}, {"health", 6, false},
		{"outcome", 9, false}, {"outcome", 10, false}, {"health", 10, false},
		{"outcome", 12, false}, {"outcome", 13, false}, {"health", 13, false}, {"health", 13, false}, {"outcome", 14, false}, {"outcome", 15, false}, {"health", 15, false},
	}
	for until := range len(history) + 1 {
		for takes := range len(all) + 1 {
			synctest.Test(t, func(t *testing.T) {
				name := fmt.Sprintf("killed after %d changes and %d lines", until, takes)
				c := new(cursor)
				first := &killed{takes: takes, never: make(chan struct{})}
				e := jsonlog.New(first, c, 0)
				var since probe.Seq
				for _, change := range history[:until] {
					e.Export(change)
					since, _ = change.Cause()
				}
				synctest.Wait()
				began, before := c.at, lines(t, first.Bytes())
				var b bytes.Buffer
				second := jsonlog.New(&b, &cursor{at: began}, since)
				for _, change := range history {
					second.Export(change)
				}
				if err := second.Close(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				checkKill(t, name, all, before, lines(t, b.Bytes()), since)
				close(first.never)
				e.Close()
			})
		}
	}
}

// checkKill holds the lines of a killed process and of the next one against all.
func checkKill(t *testing.T, name string, all, before, after []line, since probe.Seq) {
	t.Helper()
	twice := len(before) + len(after) - len(all)
	if twice < 0 || twice > len(before) {
		t.Fatalf("%s: got lines %v and then %v, want %v", name, before, after, all)
	}
	got := slices.Concat(before[:len(before)-twice], after)
	for i, l := range got {
		if l.Again && l.Seq > since {
			t.Errorf("%s: %v is marked, want no mark: it is new", name, l)
		}
		if i >= len(before)-twice && i < len(before) && !l.Again {
			t.Errorf("%s: %v was written twice, want it marked", name, l)
		}
		got[i].Again = false
	}
	if !slices.Equal(got, all) {
		t.Errorf("%s: got lines %v and then %v, want %v", name, before, after, all)
	}
}

// faulty fails some of its writes, counted from 0.
type faulty struct {
	fails []int
	n     int
}

func (f *faulty) Write(p []byte) (int, error) {
	f.n++
	if slices.Contains(f.fails, f.n-1) {
		return 0, errDiskFull
	}
	return len(p), nil
}

// A line that could not be written holds the cursor back until a later one could: at
// the end of a process, the next one writes it; in the middle, it is lost.
func TestCursorWaitsAtALineThatFailed(t *testing.T) {
	for _, test := range []struct {
		name  string
		fails []int     // of the lines of 11, 12, 13, 14 and again 14; 15 has none
		want  probe.Seq // of the cursor in the end
	}{
		{"the last one", []int{4}, 13},
		{"none", nil, 15},
		{"all: the reader is gone", []int{0, 1, 2, 3, 4}, 10},
		{"one in the middle", []int{1}, 15},
		{"all from the middle on", []int{2, 3, 4}, 12},
		{"the first of the last event", []int{3}, 15},
		{"some, and the last one", []int{0, 2, 4}, 13},
		{"both of the last event", []int{3, 4}, 13},
	} {
		for _, prompt := range []bool{true, false} { // each line is written at once, or when all wait
			synctest.Test(t, func(t *testing.T) {
				c := &cursor{at: 10}
				e := jsonlog.New(&faulty{fails: test.fails}, c, 10)
				for _, change := range []probe.Change{settled(11), settled(12), settled(13), settled(14), changed(14), silent(15)} {
					e.Export(change)
					if prompt {
						synctest.Wait()
					}
				}
				if err := e.Close(); (err != nil) != (test.fails != nil) {
					t.Errorf("%s fails, prompt %v: got error %v", test.name, prompt, err)
				}
				if c.at != test.want {
					t.Errorf("%s fails, prompt %v: got the cursor at %d, want %d", test.name, prompt, c.at, test.want)
				}
			})
		}
	}
}
