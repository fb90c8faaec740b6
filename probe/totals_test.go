package probe

import (
	"reflect"
	"testing"
	"time"
)

// totalled adds up a day's events through a tracker, as the engine does.
type totalled struct {
	tracker *Tracker
	days    *dayTotals
	seq     Seq
}

func newTotalled(began time.Time) *totalled {
	return &totalled{tracker: NewTracker(began, nil), days: newDayTotals()}
}

func (d *totalled) tell(at time.Time, f Fact) {
	d.seq++
	e := Event{Seq: d.seq, At: at, Fact: f}
	d.days.note(e, d.tracker.Apply(e))
}

// message sends one at a time and lets it end as told.
func (d *totalled) message(id ID, at time.Time, ends Status) {
	d.tell(at, Sending{ID: id, Route: "in", Payload: "plain", Purpose: Scheduled, Mailbox: "hq", LateAfter: time.Minute, LostAfter: time.Hour, Expect: ExpectDelivered})
	attempt := Attempted{ID: id, Result: Accepted, Began: at}
	if ends == Rejected {
		attempt.Result, attempt.Reply = Refused, &Reply{Code: 554}
	}
	d.tell(at, attempt)
	seen := Seen{ID: id, Mailbox: "hq", Ref: Ref{Folder: "INBOX"}, Absent: at, Present: at.Add(2 * time.Second)}
	switch ends {
	case Delivered:
		d.tell(seen.Present, seen)
	case Late:
		d.tell(at.Add(2*time.Minute), MissedDeadline{id})
		seen.Present = at.Add(5 * time.Minute)
		d.tell(seen.Present, seen)
	case Lost:
		d.tell(at.Add(2*time.Minute), MissedDeadline{id})
		d.tell(at.Add(61*time.Minute), Expired{id})
	}
}

func TestTotalsOfADay(t *testing.T) {
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	d := newTotalled(monday)
	d.message(1, monday.Add(9*time.Hour), Delivered)
	d.message(2, monday.Add(10*time.Hour), Late)
	d.message(3, monday.Add(11*time.Hour), Rejected)
	d.message(4, monday.Add(23*time.Hour+30*time.Minute), Lost) // told on Tuesday
	want := []Totals{
		{Day: monday, Routes: []RouteTotals{{
			Route: "in", Sent: 4, Ended: []StatusTotal{{Delivered, 1}, {Late, 1}, {Rejected, 1}},
			SLOEvents: 4, SLOMisses: 3, Measured: 2, Sum: 5*time.Minute + 2*time.Second, Longest: 5 * time.Minute,
		}}},
		{Day: monday.Add(24 * time.Hour), Routes: []RouteTotals{{Route: "in", Ended: []StatusTotal{{Lost, 1}}}}},
	}
	if got := d.days.unwritten(monday.Add(48 * time.Hour)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := d.days.unwritten(monday.Add(24 * time.Hour)); !reflect.DeepEqual(got, want[:1]) {
		t.Errorf("of days before Tuesday: got %+v, want Monday's", got)
	}
}

// Totals in the journal stand for all events before them, pruned or not; a replay
// that begins anywhere comes to the same.
func TestTotalsSurviveThePruningOfTheirEvents(t *testing.T) {
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	evening := monday.Add(72 * time.Hour)
	whole := newTotalled(monday)
	for id := range ID(50) {
		whole.message(id+1, monday.Add(time.Duration(id)*20*time.Minute), []Status{Delivered, Late, Rejected, Lost}[id%4])
	}
	checkpoints := whole.days.unwritten(evening)
	for _, c := range checkpoints {
		whole.tell(monday.Add(18*time.Hour), c)
	}
	if got := whole.days.unwritten(evening); got != nil {
		t.Errorf("right after they were journaled: got %+v, want no day changed", got)
	}
	pruned := newTotalled(monday)
	for _, c := range checkpoints {
		pruned.tell(monday.Add(18*time.Hour), c)
	}
	for _, d := range []*totalled{whole, pruned} {
		d.message(1000, monday.Add(19*time.Hour), Delivered)
	}
	got, want := pruned.days.unwritten(evening), whole.days.unwritten(evening)
	if len(want) != 1 || !reflect.DeepEqual(got, want) {
		t.Errorf("without the events: got %+v, want %+v", got, want)
	}
	if want[0].Routes[0].Sent != 51 {
		t.Errorf("got %d sent on Monday, want all 51", want[0].Routes[0].Sent)
	}
}
