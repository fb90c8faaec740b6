package incident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/incident"
	"github.com/mailpath/mailpath/probe"
)

// at is the origin of the nth event, so many minutes on.
func at(minutes int) probe.Origin {
	return probe.Origin{Seq: probe.Seq(minutes + 1), At: morning.Add(time.Duration(minutes) * time.Minute)}
}

func told(minutes int, id string, step probe.IncidentStep, change func(*probe.IncidentChanged)) probe.Change {
	i := probe.IncidentChanged{ID: id, Step: step, State: probe.Investigating, Opened: morning, Next: morning.Add(20 * time.Minute)}
	if change != nil {
		change(&i)
	}
	return probe.IncidentTold{Origin: at(minutes), IncidentChanged: i}
}

func noted(minutes int, id, text string, next int) probe.Change {
	n := probe.Noted{Origin: at(minutes), Note: probe.Note{Incident: id, Text: text}}
	if next > 0 {
		n.Next = at(next).At
	}
	return n
}

func TestTheNextUpdateIsWhatWasPromisedLast(t *testing.T) {
	over := func(i *probe.IncidentChanged) { i.Ended = at(30).At }
	for _, tt := range []struct {
		says    string
		changes []probe.Change
		want    time.Time
	}{
		{"a note that promises nothing leaves the promise", []probe.Change{told(0, "a", probe.IncidentOpened, nil), noted(1, "a", "we look", 15), noted(2, "a", "still", 0)}, at(15).At},
		{"nobody has written yet", []probe.Change{told(0, "a", probe.IncidentOpened, nil)}, at(20).At},
		{"it is over", []probe.Change{told(0, "a", probe.IncidentOpened, nil), noted(1, "a", "we look", 15), told(30, "a", probe.IncidentResolved, over)}, time.Time{}},
		{"the last one counts, though it is sooner", []probe.Change{told(0, "a", probe.IncidentOpened, nil), noted(1, "a", "we look", 40), noted(2, "a", "soon", 10)}, at(10).At},
	} {
		var b incident.Book
		for _, c := range tt.changes {
			if !b.Apply(c) {
				t.Errorf("%s: %T was not taken in", tt.says, c)
			}
		}
		if i, known := b.Incident("a"); !known || !i.NextUpdate().Equal(tt.want) {
			t.Errorf("%s: got %v, want %v", tt.says, i.NextUpdate(), tt.want)
		}
	}
}

func TestAMergedIncidentLeadsToTheOther(t *testing.T) {
	var b incident.Book
	into := func(i *probe.IncidentChanged) { i.Into, i.Ended, i.State = "a", at(5).At, probe.Resolved }
	for _, c := range []probe.Change{
		told(0, "a", probe.IncidentOpened, nil), told(1, "b", probe.IncidentOpened, nil), noted(2, "b", "second", 0), noted(1, "a", "first", 0),
		told(5, "b", probe.IncidentMerged, into), noted(6, "b", "third", 0), told(7, "a", probe.IncidentProgressed, nil), noted(8, "", "open house", 0),
	} {
		b.Apply(c)
	}
	i, known := b.Incident("b")
	var texts []string
	for _, u := range i.Updates {
		texts = append(texts, u.Text)
	}
	if got := strings.Join(texts, " "); !known || i.ID != "a" || got != "first second third" {
		t.Errorf("got %s with %q, want a with the notes of both, in order", i.ID, got)
	}
	if len(i.Timeline) != 1 || len(b.Incidents(time.Time{})) != 1 || len(b.Open()) != 1 {
		t.Errorf("got %d steps, %d incidents, %d open, want one of each: progress is no step, and what was merged no incident", len(i.Timeline), len(b.Incidents(time.Time{})), len(b.Open()))
	}
	if others := b.Announcements(morning); len(others) != 1 || others[0].Text != "open house" {
		t.Errorf("got announcements %+v, want the note about no incident", others)
	}
}

// What is kept is bounded, however much is written.
func TestTheBookIsBounded(t *testing.T) {
	var b incident.Book
	b.Apply(told(0, "a", probe.IncidentOpened, nil))
	for n := range 2000 {
		b.Apply(noted(1, "a", fmt.Sprint(n), 0))
		b.Apply(noted(1, "", fmt.Sprint(n), 0))
	}
	i, _ := b.Incident("a")
	if got := len(i.Updates); got > 500 || i.Updates[got-1].Text != "1999" || len(b.Announcements(morning)) > 500 {
		t.Errorf("got %d notes and %d announcements, want at most 500, the last ones", got, len(b.Announcements(morning)))
	}
	old := func(i *probe.IncidentChanged) { i.Ended = morning.AddDate(-2, 0, 0) }
	b.Apply(told(2, "old", probe.IncidentResolved, old))
	b.Apply(told(3, "new", probe.IncidentOpened, nil))
	if _, known := b.Incident("old"); known {
		t.Error("got an incident that ended two years ago, want it forgotten")
	}
}
