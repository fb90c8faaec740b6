package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/webhook"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// kept is a cursor in the journal, as a run has it. After some savings it is dead, as its
// process would be.
type kept struct {
	*journal.File
	saves *int
}

func (k kept) Load() probe.Seq {
	if seq, known := k.Cursor("webhook/chat"); known {
		return seq
	}
	return k.State().Last
}

func (k kept) Save(seq probe.Seq) {
	if *k.saves == 0 {
		return
	}
	*k.saves--
	k.SetCursor("webhook/chat", seq)
}

// story is what is journaled by the first of two processes: of it 2, 3, 5, 6, 7 are told.
func story() []probe.Fact {
	i := judged().IncidentChanged
	step := func(s probe.IncidentStep) probe.Fact { i.Step = s; return i }
	return []probe.Fact{
		probe.Looked{Mailbox: "hq"}, step(probe.IncidentOpened), step(probe.IncidentJudged), step(probe.IncidentProgressed),
		probe.Note{Incident: i.ID, Text: "Vendor patch"}, probe.Maintenance{ID: "m-1", From: began, Until: began.Add(time.Hour)}, step(probe.IncidentRepaired),
	}
}

// process runs a webhook over a journal as a run does: it replays, appends facts, and ends,
// in good order or while its receiver hangs.
func process(t *testing.T, file string, in *inbox, saves int, facts ...probe.Fact) {
	t.Helper()
	clock := probe.NewClock()
	j, err := journal.Open(file, clock)
	if err != nil {
		t.Fatal(err)
	}
	since := j.State().Last
	cfg := settings(in, ourBoard(), ourWords(), clock)
	cfg.Cursor, cfg.Since, cfg.Follow = kept{j, &saves}, since, j.Follow
	e, err := webhook.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		if err := j.Append(t.Context(), probe.Event{At: clock.Now(), Fact: f}); err != nil {
			t.Fatal(err)
		}
	}
	errEnd := errors.New("the end")
	last := j.State().Last
	if err := j.Follow(t.Context(), 1, func(ev probe.Event) error {
		e.Export(changeOf(ev))
		if ev.Seq == last {
			return errEnd
		}
		return nil
	}); !errors.Is(err, errEnd) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() {
		select {
		case <-in.hung:
			cancel()
		case <-ctx.Done():
		}
	}()
	e.Close(ctx)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// changeOf is what the tracker makes of a fact of the story.
func changeOf(e probe.Event) probe.Change {
	switch f := e.Fact.(type) {
	case probe.IncidentChanged:
		return probe.IncidentTold{Origin: e.Origin(), IncidentChanged: f}
	case probe.Note:
		return probe.Noted{Origin: e.Origin(), Note: f}
	case probe.Maintenance:
		return probe.MaintenanceTold{Origin: e.Origin(), Maintenance: f}
	}
	return probe.MailboxLooked{Origin: e.Origin()}
}

// TestRestart ends a process while its receiver hangs at each of its posts, and kills it
// between a post and its cursor at each, too. The next process tells what is missing, in
// order; the one after it nothing. What two processes tell has the same id, and the second
// says that it may be known.
func TestRestart(t *testing.T) {
	t.Parallel()
	all := []probe.Seq{2, 3, 5, 6, 7}
	for takes := range len(all) + 1 {
		for _, unsaved := range []int{0, 1} {
			name := fmt.Sprintf("%d posts, %d of them not saved", takes, unsaved)
			if unsaved > takes {
				continue
			}
			file := filepath.Join(t.TempDir(), "mailpath.db")
			saves := -1
			first, second, third := newInbox(takes), newInbox(-1), newInbox(-1)
			if unsaved == 1 {
				saves = savesUntil(t, takes)
			}
			process(t, file, first, saves, story()...)
			process(t, file, second, -1)
			process(t, file, third, -1)
			got := told3(t, first, second, third)
			want := [3][]probe.Seq{all[:takes], all[takes-unsaved:], nil}
			for n := range got {
				if !slices.Equal(got[n], want[n]) {
					t.Errorf("%s: got %v told by process %d, want %v", name, got[n], n+1, want[n])
				}
			}
		}
	}
}

// savesUntil is how often a process saves before it has told some posts: once at its start,
// once before what it tells first, and once for each but the last.
func savesUntil(t *testing.T, posts int) int {
	t.Helper()
	return map[int]int{1: 2, 2: 3, 3: 4, 4: 5, 5: 6}[posts]
}

func told3(t *testing.T, all ...*inbox) (seqs [3][]probe.Seq) {
	t.Helper()
	ids := make(map[probe.Seq]string)
	for n, in := range all {
		for _, p := range in.all() {
			var ev webhook.Event
			if err := json.Unmarshal([]byte(p.body), &ev); err != nil {
				t.Fatal(err)
			}
			if id, known := ids[ev.Sequence]; known && (id != p.key || !ev.Again) {
				t.Errorf("event %d: got keys %q and %q, again %v, want the same and true", ev.Sequence, id, p.key, ev.Again)
			}
			ids[ev.Sequence] = p.key
			seqs[n] = append(seqs[n], ev.Sequence)
		}
	}
	return seqs
}

// A webhook that is new tells nothing of an old journal; what comes during its first run is
// told by the next, if this one could not.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mailpath.db")
	j, err := journal.Open(file, probe.NewClock())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range story() {
		if err := j.Append(t.Context(), probe.Event{At: probe.NewClock().Now(), Fact: f}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	first, second := newInbox(0), newInbox(-1)
	process(t, file, first, -1, probe.Note{Text: "new"})
	process(t, file, second, -1)
	if got := told3(t, first, second); len(got[0]) != 0 || !slices.Equal(got[1], []probe.Seq{8}) {
		t.Errorf("got %v told, want nothing by the first and event 8 by the second", got)
	}
}
