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

// What comes while totals are being written is not lost: it is written the next time.
func TestTotalsMissNothingThatComesMeanwhile(t *testing.T) {
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	d := newTotalled(monday)
	d.message(1, monday.Add(time.Hour), Delivered)
	taken := d.days.unwritten(monday.Add(48 * time.Hour))
	d.message(2, monday.Add(time.Hour), Rejected)
	d.tell(monday.Add(time.Hour), taken[0])
	got := d.days.unwritten(monday.Add(48 * time.Hour))
	if len(got) != 1 || got[0].Routes[0].Sent != 2 || len(got[0].Routes[0].Ended) != 2 {
		t.Errorf("got %+v, want both messages, to be written again", got)
	}
	d.tell(monday.Add(time.Hour), got[0])
	if again := d.days.unwritten(monday.Add(48 * time.Hour)); again != nil {
		t.Errorf("once they are written: got %+v, want nothing", again)
	}
}

// A look that found a message is no proof of its absence, whenever it is journaled.
func TestTheLookThatFoundItProvesNoAbsence(t *testing.T) {
	began := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	at := func(s float64) time.Time { return began.Add(time.Duration(s * float64(time.Second))) }
	tracker := NewTracker(began, nil)
	tracker.Apply(Event{Seq: 1, At: at(0), Fact: Looked{Mailbox: "hq", Began: at(0), Ended: at(0)}})
	tracker.Apply(Event{Seq: 2, At: at(1), Fact: Sending{ID: 1, Route: "in", Mailbox: "hq", Purpose: Scheduled, LateAfter: time.Minute, LostAfter: time.Hour}})
	tracker.Apply(Event{Seq: 3, At: at(31), Fact: Seen{ID: 1, Mailbox: "hq", Ref: Ref{Folder: "INBOX"}, Absent: at(0), Present: at(31), Internal: at(2)}})
	tracker.Apply(Event{Seq: 4, At: at(31), Fact: Looked{Mailbox: "hq", Began: at(30.9), Ended: at(31)}})
	for _, c := range tracker.Apply(Event{Seq: 5, At: at(32), Fact: Attempted{ID: 1, Result: Accepted, Began: at(1)}}) {
		if s, ok := c.(Settled); ok && (s.Outcome.Latency != Interval{0, 30 * time.Second} || s.Outcome.Source != ByInternalDate) {
			t.Errorf("got %+v by %s, want between 0 and 30s, by the store's stamp", s.Outcome.Latency, s.Outcome.Source)
		}
	}
}
