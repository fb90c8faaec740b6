package probetest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Journal holds an implementation of probe.Journal to its contract. open gives a
// new, empty journal and sees to its end.
func Journal(t *testing.T, open func(t *testing.T) probe.Journal) {
	for name, test := range map[string]func(*testing.T, probe.Journal){
		"numbers rise in the order of appending":      numbersRise,
		"every fact comes back as it went in":         factsRoundTrip,
		"a follower sees the old and the new once":    followsOldAndNew,
		"a follower may begin anywhere":               followsFrom,
		"a follower may append":                       followerAppends,
		"a follower's error ends it":                  followerErrs,
		"a follower that falls behind misses nothing": fallsBehind,
		"a follower is never ahead of the state":      neverAhead,
		"a follower may wait for a number to come":    followsFuture,
		"what is pruned is gone, what is kept is not": prunes,
		"appends go on while a prune decides":         appendsWhilePruning,
		"a prune ends with its context":               cancelledPrune,
		"cursors are remembered":                      remembersCursors,
		"a follower ends with its context":            followerEnds,
		"concurrent appends all arrive":               concurrentAppends,
		"an append that cannot begin says so":         cancelledAppend,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func note(n int) probe.Event {
	return probe.Event{At: time.Unix(int64(n), 0), Fact: probe.Expired{ID: probe.ID(n)}}
}

func mustAppend(t *testing.T, j probe.Journal, events ...probe.Event) {
	t.Helper()
	if err := j.Append(t.Context(), events...); err != nil {
		t.Fatalf("appending: %v", err)
	}
}

// read follows from a number until so many events have come.
func read(t *testing.T, j probe.Journal, from probe.Seq, count int) []probe.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var got []probe.Event
	err := j.Follow(ctx, from, func(e probe.Event) error {
		if got = append(got, e); len(got) == count {
			return errStop
		}
		return nil
	})
	if !errors.Is(err, errStop) {
		t.Fatalf("following from %d: got %d events and %v, want %d events", from, len(got), err, count)
	}
	return got
}

func numbersRise(t *testing.T, j probe.Journal) {
	if last := j.State().Last; last != 0 {
		t.Errorf("an empty journal: got last number %d, want 0", last)
	}
	mustAppend(t, j, note(1), note(2))
	mustAppend(t, j, note(3))
	var before probe.Seq
	for i, e := range read(t, j, 0, 3) {
		if e.Seq <= before {
			t.Errorf("event %d: got number %d after %d, want a higher one", i, e.Seq, before)
		}
		if got := e.Fact.(probe.Expired).ID; got != probe.ID(i+1) {
			t.Errorf("event %d: got fact %d, want %d", i, got, i+1)
		}
		before = e.Seq
	}
	if last := j.State().Last; last != before {
		t.Errorf("got last number %d, want %d", last, before)
	}
}

// Facts is one fact of each kind, every field filled.
func Facts() []probe.Fact {
	now := time.Unix(1_795_423_260, 123_456_789)
	return []probe.Fact{
		probe.Sending{ID: 1<<63 + 5, Route: "outside-to-hq@mx2", Payload: "plain", Purpose: probe.Scheduled, Slot: now, Sender: "outside@mx2", Mailbox: "hq", LateAfter: time.Minute, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered, Retry: []time.Duration{time.Minute, 5 * time.Minute}, Maintenance: true},
		probe.Retrying{ID: 9, Try: 2}, probe.GaveUp{ID: 10},
		probe.Attempted{ID: 2, Result: probe.Refused, Ours: true, Began: now,
			Phases:  []probe.Phase{{Name: "connect", Took: 3 * time.Millisecond}, {Name: "banner", Took: -1}},
			Reply:   &probe.Reply{Code: 451, Enhanced: "4.7.1", Text: "Grüße: try again", QueueID: "4MRbMN0080z4x9QK"},
			Problem: "rcpt: 451 4.7.1 try again"},
		probe.Attempted{ID: 3, Result: probe.NotSent, Began: now},
		probe.Seen{ID: 4, Tag: probe.Tag{ID: 4, Full: true, Prober: "hq-1", Route: "r", Payload: "plain", Purpose: probe.Manual, Slot: now, Sent: now, Interval: time.Minute},
			Carrier: probe.InSubject, Mailbox: "hq", Ref: probe.Ref{Folder: "Junk", UIDValidity: 7, UID: 8}, Absent: now, Present: now, Internal: now, Chain: 1<<64 - 1, EmailID: "M6d99ac3275bb4e",
			Trail: probe.Trail{
				Hops: []probe.Hop{{By: "mx1.example.com", At: now, Resolution: time.Microsecond, Source: "postfix-id"}, {At: now.Add(-time.Hour), Resolution: time.Second, Source: "received", Greylisted: 5 * time.Minute}},
				Auth: []probe.AuthResult{{Method: "spf", Result: "pass"}, {Method: "dmarc", Result: "temperror"}},
			},
			Place: probe.Junk, Altered: []probe.Alteration{{Kind: probe.SubjectPrefix, Text: "[EXT] ", Meant: true}, {Kind: probe.NewMessageID}}},
		probe.Reported{ID: 11, Mailbox: "provider", Ref: probe.Ref{Folder: "INBOX", UIDValidity: 7, UID: 9}, Sum: 1<<64 - 2, Report: probe.Report{
			Kind: probe.ReportFailed, Status: "5.2.2", Diagnostic: "552 5.2.2 Mailbox full", Recipient: "mailpath-in@example.com", Reporting: "mx1.example.com", Remote: "mail.hq.example.com"}},
		probe.Seen{ID: 5, Tag: probe.Tag{ID: 5, Prober: "hq-1"}},
		probe.Looked{Mailbox: "hq", Began: now, Ended: now.Add(time.Millisecond), Looks: 200},
		probe.Blind{Mailbox: "hq", Problem: "connection refused"},
		probe.MissedDeadline{ID: 6}, probe.Expired{ID: 7}, probe.Orphaned{ID: 8},
		probe.SlotsMissed{Route: "r", Payload: "plain", Slots: 3, Reason: "the machine slept"},
		probe.SlotsSkipped{Route: "r", Payload: "plain", Slots: 59, Reason: probe.TooManyInFlight},
		probe.Suspected{Route: "r", Reason: "nothing for 9 s", Confirm: []probe.Confirmation{{Route: "r", Messages: 3, Within: time.Minute}, {Route: "s", Messages: 1}}},
		probe.FindingChanged{Check: "smtp", Target: "mx1.example.com:25", Component: "gateway-in", State: probe.FindingFailed, Reason: "got no banner", Advice: "restart it"},
		probe.Started{Boot: "3e8e2a4c", Uptime: 90 * time.Hour},
		probe.ClockStepped{By: -time.Hour, Between: true},
		probe.Note{Incident: "2026-11-24-0841", Text: "Der Hersteller-Patch wird eingespielt\n<b>jetzt</b>", By: "noc", Next: now},
		probe.Maintenance{ID: "plan 1", From: now, Until: now.Add(time.Hour), Routes: []string{"r", "s"}, Text: "new filter", By: "noc"},
		probe.IncidentChanged{ID: "2026-11-24-0841", Step: probe.IncidentMerged, State: probe.Resolved, Began: now, Opened: now, Repaired: now, Drained: now, Ended: now,
			Routes: []string{"r", "s"}, Broken: []string{"r"}, Components: []string{"gateway-in"}, Confidence: 0.98, Sentence: "The break is at the gateway.", Reasons: []string{"none of 3", "a"},
			Figures: probe.Figures{Messages: 9, Missed: 8, Overdue: 1, Held: 2, Late: 3, Refused: 4, Lost: 5, Bounced: 6, Longest: 47 * time.Minute}, Next: now, Into: "2026-11-24-0839"},
		probe.Totals{Day: now, Routes: []probe.RouteTotals{
			{Route: "r", Sent: 5, Adopted: 1, Ended: []probe.StatusTotal{{Status: probe.Delivered, Messages: 3}, {Status: probe.Lost, Messages: 2}},
				SLOEvents: 5, SLOMisses: 2, Measured: 3, Sum: time.Minute, Longest: 40 * time.Second},
			{Route: "s"},
		}},
	}
}

func factsRoundTrip(t *testing.T, j probe.Journal) {
	facts := Facts()
	for _, f := range facts {
		mustAppend(t, j, probe.Event{At: time.Unix(5, 6), Fact: f})
	}
	for i, e := range read(t, j, 0, len(facts)) {
		if !reflect.DeepEqual(e.Fact, facts[i]) || !e.At.Equal(time.Unix(5, 6)) {
			t.Errorf("got %+v at %v, want %+v", e.Fact, e.At, facts[i])
		}
	}
}

// notes are so many notes, from a number on.
func notes(first, count int) []probe.Event {
	events := make([]probe.Event, count)
	for i := range events {
		events[i] = note(first + i)
	}
	return events
}

func appendsWhilePruning(t *testing.T, j probe.Journal) {
	mustAppend(t, j, notes(0, 10)...)
	var once sync.Once
	removed, err := j.Prune(t.Context(), j.State().Last, func(probe.Event) bool {
		once.Do(func() {
			done := make(chan error)
			go func() { done <- j.Append(t.Context(), note(100)) }()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("appending: %v", err)
				}
			case <-time.After(patience):
				t.Fatal("an append waits for a prune that waits for the function that decides")
			}
		})
		return false
	})
	if err != nil || removed != 9 {
		t.Errorf("got %d removed, %v, want 9", removed, err)
	}
	if got := read(t, j, 0, 2); got[0].Fact.(probe.Expired).ID != 9 || got[1].Fact.(probe.Expired).ID != 100 {
		t.Errorf("got %+v, want the last of the old and the new one", got)
	}
}

func cancelledPrune(t *testing.T, j probe.Journal) {
	mustAppend(t, j, notes(0, 10)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	removed, err := j.Prune(ctx, j.State().Last+1, func(probe.Event) bool { return false })
	if !errors.Is(err, context.Canceled) || removed != 0 {
		t.Errorf("got %d removed and %v, want 0 and %v", removed, err, context.Canceled)
	}
	read(t, j, 0, 10)
}

func remembersCursors(t *testing.T, j probe.Journal) {
	c, ok := j.(interface {
		Cursor(name string) (probe.Seq, bool)
		SetCursor(name string, seq probe.Seq)
	})
	if !ok {
		t.Fatalf("%T has no cursors", j)
	}
	if seq, known := c.Cursor("webhook"); known {
		t.Errorf("got cursor %d, want none", seq)
	}
	c.SetCursor("webhook", 7)
	c.SetCursor("log", 5)
	c.SetCursor("webhook", 8)
	if seq, known := c.Cursor("webhook"); !known || seq != 8 {
		t.Errorf("got cursor %d, %v, want 8", seq, known)
	}
	if seq, known := c.Cursor("log"); !known || seq != 5 {
		t.Errorf("got cursor %d, %v, want 5", seq, known)
	}
}

func prunes(t *testing.T, j probe.Journal) {
	for n := range 3 {
		mustAppend(t, j, notes(n*1000, 1000)...)
	}
	all := read(t, j, 0, 3000)
	before := all[2500].Seq
	keep := func(e probe.Event) bool { return e.Fact.(probe.Expired).ID%1000 == 7 }
	if removed, err := j.Prune(t.Context(), before, keep); err != nil || removed != 2497 {
		t.Errorf("got %d removed, %v, want 2497 of 2500", removed, err)
	}
	got := read(t, j, 0, 503)
	for i, want := range []probe.ID{7, 1007, 2007, 2500, 2501} {
		if id := got[i].Fact.(probe.Expired).ID; id != want {
			t.Errorf("event %d: got fact %d, want %d", i, id, want)
		}
	}
	// Numbers are never used again, even if all is gone.
	if _, err := j.Prune(t.Context(), j.State().Last+1, func(probe.Event) bool { return false }); err != nil {
		t.Error(err)
	}
	mustAppend(t, j, note(4000))
	if got := read(t, j, 0, 1); got[0].Seq <= all[2999].Seq || got[0].Fact.(probe.Expired).ID != 4000 {
		t.Errorf("got %+v, want the one new event with a new number", got[0])
	}
}

func concurrentAppends(t *testing.T, j probe.Journal) {
	const writers, each = 16, 20
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if err := j.Append(t.Context(), note(w*each+i), note(1000+w*each+i)); err != nil {
					t.Errorf("appending: %v", err)
				}
			}
		})
	}
	all.Wait()
	seen := make(map[probe.ID]bool)
	var before probe.ID
	for i, e := range read(t, j, 0, 2*writers*each) {
		id := e.Fact.(probe.Expired).ID
		if seen[id] {
			t.Fatalf("event %d came twice", id)
		}
		if i%2 == 1 && id != before+1000 {
			t.Fatalf("got %d behind %d: the events of one append were torn apart", id, before)
		}
		seen[id], before = true, id
	}
}

func cancelledAppend(t *testing.T, j probe.Journal) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// A context that has ended may or may not keep the events out; it must not
	// lose them silently.
	err := j.Append(ctx, note(1))
	if last := j.State().Last; (err == nil) != (last == 1) {
		t.Errorf("got %v, and last number %d", err, last)
	}
}
