package cstate_test

import (
	"context"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/exporters/cstate"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// At each step of an incident its file is as the golden one says.
func TestStory(t *testing.T) {
	w := newWorld(t).english(t)
	for n, step := range []probe.IncidentStep{probe.IncidentOpened, probe.IncidentJudged, probe.IncidentResolved} {
		i := incident(step)
		w.set(i, i.Changed.Add(time.Second))
		w.process(t, probe.Seq(n), told(probe.Seq(n+1), id))
		got := w.files(t)
		if len(got) != 1 {
			t.Fatalf("got files %v, want one", got)
		}
		golden(t, string(step)+".md", got[id+".md"])
		checkFront(t, got[id+".md"], i.State == probe.Resolved)
	}
	if w.log.String() != "" {
		t.Errorf("got log %q, want none", &w.log)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// front is what Hugo reads of a file.
type front struct {
	Mailpath     string
	Title        string
	Date         time.Time
	Resolved     bool
	ResolvedWhen string `yaml:"resolvedWhen"`
	Severity     string
	Affected     []string
	Section      string
}

// checkFront holds that the front matter is YAML with just the keys that are ours.
func checkFront(t *testing.T, text string, resolved bool) front {
	t.Helper()
	head, _, found := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	var f front
	d := yaml.NewDecoder(strings.NewReader(head))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil || !found {
		t.Fatalf("reading the front matter of %.500q: %v", text, err)
	}
	if f.Resolved != resolved || (f.ResolvedWhen != "") != resolved || f.Section != "issue" || !f.Date.Equal(began) || f.Title == "" {
		t.Errorf("got %+v, want resolved %v, the section issue and a title", f, resolved)
	}
	return f
}

// A replay writes nothing that is there already, however much later it is, writes again what
// is not, and nothing at all before it is over.
func TestReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t).english(t)
	i := incident(probe.IncidentResolved)
	w.set(i, i.Changed)
	replay := []probe.Change{told(1, id), told(2, id), probe.Noted{Origin: probe.Origin{Seq: 3}, Note: probe.Note{Incident: id}}, probe.Noted{Origin: probe.Origin{Seq: 4}}, told(5, "2020-01-01-0000")}
	w.process(t, 5, replay...)
	if got := w.files(t); len(got) != 0 {
		t.Errorf("got files %v before the replay was over, want none", got)
	}
	live := append(slices.Clone(replay), probe.MailboxLooked{Origin: probe.Origin{Seq: 6}})
	w.process(t, 5, live...)
	before := w.times(t)
	if len(before) != 1 {
		t.Fatalf("got files %v, want one", before)
	}
	w.set(i, i.Changed.Add(72*time.Hour))
	w.process(t, 5, live...)
	if got := w.times(t); !maps.Equal(got, before) {
		t.Errorf("got files of %v, want them left as of %v", got, before)
	}
	if err := os.Remove(filepath.Join(w.dir, id+".md")); err != nil {
		t.Fatal(err)
	}
	w.process(t, 5, live...)
	golden(t, "resolved.md", w.files(t)[id+".md"])
}

// Somebody else's file stays, and is told of; the other incidents are written.
func TestForeignFile(t *testing.T) {
	t.Parallel()
	for _, foreign := range []string{"---\ntitle: Ours\n---\nmailpath: \"" + id + "\"\n", "mailpath: \"" + id + "\"\n", "", "---\nmailpath: \"2026-11-24-0842\"\n---\n", "+++\ntitle = 1\n+++\n"} {
		w := newWorld(t)
		if err := os.MkdirAll(w.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.dir, id+".md"), []byte(foreign), 0o644); err != nil {
			t.Fatal(err)
		}
		i := incident(probe.IncidentJudged)
		w.set(i, i.Changed)
		i.ID = "2026-11-24-0900"
		w.set(i, i.Changed)
		w.process(t, 0, told(1, id), told(2, i.ID))
		got := w.files(t)
		if len(got) != 2 || got[id+".md"] != foreign || got[i.ID+".md"] == "" || !strings.Contains(w.log.String(), "it is not ours, move it away") {
			t.Errorf("got files %v and log %q, want %q left alone", got, &w.log, foreign)
		}
		w.merge(id, i.ID)
		w.process(t, 0, told(3, id))
		if got := w.files(t)[id+".md"]; got != foreign {
			t.Errorf("got %q after the merger, want %q left alone", got, foreign)
		}
	}
}

// An incident that went into another has no file any more.
func TestMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := incident(probe.IncidentJudged)
	w.set(i, i.Changed)
	i.ID = "2026-11-24-0830"
	w.set(i, i.Changed)
	w.process(t, 0, told(1, id), told(2, i.ID))
	if got := w.files(t); len(got) != 2 {
		t.Fatalf("got files %v, want two", got)
	}
	w.merge(id, i.ID)
	for range 2 {
		w.process(t, 2, probe.IncidentTold{Origin: probe.Origin{Seq: 3}, IncidentChanged: probe.IncidentChanged{ID: id, Into: i.ID}})
		if got := w.files(t); len(got) != 1 || got[i.ID+".md"] == "" || w.log.String() != "" {
			t.Errorf("got files %v and log %q, want only the one it went into", got, &w.log)
		}
	}
}

// fixed are words that say the same each time.
type fixed words.Message

func (f fixed) Incident(words.Audience, situation.Situation, situation.Incident) (words.Message, error) {
	return words.Message(f), nil
}

// A directory that cannot be written is told once, tried again every minute, and told again
// when it is over.
func TestReadOnly(t *testing.T) {
	w := newWorld(t)
	// A file in its place is as good as rights that are missing, which root has.
	place := filepath.Dir(w.dir)
	if err := os.WriteFile(place, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		i := incident(probe.IncidentJudged)
		w.set(i, i.Changed)
		e := cstate.New(w.cfg)
		for seq := range probe.Seq(5) {
			e.Export(told(seq+1, id))
			time.Sleep(time.Second)
		}
		time.Sleep(5 * time.Minute)
		if got := w.log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "incidents cannot be written") || !strings.Contains(got, "not a directory") {
			t.Errorf("got log %q, want one line", got)
		}
		if err := os.Remove(place); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := w.log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "can be written for the static page again") || len(w.files(t)) != 1 {
			t.Errorf("got log %q and files %v, want the end told and the file", got, w.files(t))
		}
		e.Close(t.Context())
	})
}

// A writer that is stuck holds up neither the engine nor the end.
func TestStuck(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		stuck := make(stuckWords)
		w.cfg.Words = stuck
		w.set(incident(probe.IncidentJudged), began)
		clock := probe.NewClock()
		start := clock.Now()
		e := cstate.New(w.cfg)
		for seq := range probe.Seq(100) {
			e.Export(told(seq+1, id))
		}
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		e.Close(ctx)
		e.Close(ctx)
		if passed := clock.Since(start); passed != 2*time.Second {
			t.Errorf("got an end after %v, want it with the context", passed)
		}
		close(stuck)
	})
}

// stuckWords say nothing until they are closed.
type stuckWords chan struct{}

func (s stuckWords) Incident(words.Audience, situation.Situation, situation.Incident) (words.Message, error) {
	<-s
	return words.Message{}, nil
}
