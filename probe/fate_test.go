package probe_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// What becomes of a message beyond arriving: reports, quarantine, a queue, the order.

func reportOf(id probe.ID, sum uint64, kind probe.ReportKind) probe.Reported {
	return probe.Reported{ID: id, Mailbox: "provider", Sum: sum, Report: probe.Report{Kind: kind, Status: "5.1.1", Reporting: "mx1.example.com"}}
}

func queued() probe.Sending {
	s := sending()
	s.Retry = []time.Duration{minute, 5 * minute}
	return s
}

// tryAt is an attempt that began at a time.
func tryAt(d time.Duration, result probe.Result, code int) probe.Attempted {
	a := attempted(result, code)
	a.Began = at(d)
	return a
}

func TestReportsSettleWhatIsInFlight(t *testing.T) {
	id := sending().ID
	for name, c := range map[string]struct {
		facts []any // facts and, between them, the times at which they become known
		want  string
	}{
		"a bounce":                           {[]any{sending(), attempted(probe.Accepted, 0), reportOf(id, 1, probe.ReportFailed)}, "sent failed bounced"},
		"a bounce faster than the reply":     {[]any{sending(), reportOf(id, 1, probe.ReportFailed), attempted(probe.Accepted, 0)}, "sent failed bounced"},
		"a bounce of what nobody can tell":   {[]any{sending(), reportOf(id, 1, probe.ReportFailed), probe.Orphaned{ID: id}}, "sent failed bounced"},
		"a bounce after the answer was lost": {[]any{sending(), attempted(probe.Unknown, 0), reportOf(id, 1, probe.ReportFailed)}, "sent failed bounced"},
		"a bounce of what was refused":       {[]any{sending(), reportOf(id, 1, probe.ReportFailed), attempted(probe.Refused, 550)}, "sent failed rejected"},
		"the same bounce found again":        {[]any{sending(), attempted(probe.Accepted, 0), reportOf(id, 1, probe.ReportFailed), reportOf(id, 1, probe.ReportFailed)}, "sent failed bounced"},
		"two bounces":                        {[]any{sending(), attempted(probe.Accepted, 0), reportOf(id, 1, probe.ReportFailed), reportOf(id, 2, probe.ReportFailed)}, "sent failed bounced failed:bounced"},
		"a delay notice, and then it came":   {[]any{sending(), attempted(probe.Accepted, 0), reportOf(id, 1, probe.ReportDelayed), seenAt(0, second)}, "sent delayed delivered"},
		"an absence notice":                  {[]any{sending(), attempted(probe.Accepted, 0), reportOf(id, 1, probe.ReportAbsence), seenAt(0, second)}, "sent out-of-office delivered"},
		"a bounce of a copy elsewhere":       {[]any{sending(), attempted(probe.Accepted, 0), seenAt(0, second), reportOf(id, 1, probe.ReportFailed)}, "sent delivered failed:delivered"},
		"bounced, and there all the same":    {[]any{sending(), attempted(probe.Accepted, 0), reportOf(id, 1, probe.ReportFailed), seenAt(0, second)}, "sent failed bounced contradicted:bounced"},
		"a bounce five days after the loss":  {[]any{sending(), attempted(probe.Accepted, 0), 5 * hour, lookAt(5 * hour), lookAt(5 * hour), 120 * hour, reportOf(id, 1, probe.ReportFailed)}, "sent missed lost failed:lost"},
		"a report about somebody's message":  {[]any{sending(), attempted(probe.Accepted, 0), reportOf(id+1, 1, probe.ReportFailed)}, "sent"},
	} {
		h := newHistory()
		now := second
		for _, f := range c.facts {
			if d, ok := f.(time.Duration); ok {
				now = d
				continue
			}
			h.tell(now, f.(probe.Fact))
		}
		if got := h.words(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		checkConservation(t, name, h)
	}
}

func TestALoopOfReportsEnds(t *testing.T) {
	h := newHistory()
	h.tell(0, sending(), attempted(probe.Accepted, 0))
	for sum := range uint64(1000) {
		h.tell(second, reportOf(sending().ID, sum, probe.ReportAnswer))
	}
	if got := strings.Count(h.words(), "auto-reply"); got != 32 {
		t.Errorf("got %d reports told, want 32", got)
	}
}

func TestTheQueue(t *testing.T) {
	retrying := func(try int) probe.Retrying { return probe.Retrying{ID: sending().ID, Try: try} }
	for name, c := range map[string]struct {
		facts    []any
		want     string
		tries    int
		deferred time.Duration
	}{
		"taken at the second try": {
			[]any{queued(), tryAt(0, probe.Refused, 451), minute, retrying(2), tryAt(minute, probe.Accepted, 0), minute + second, seenAt(minute, minute+second)},
			"sent tried again delivered", 2, minute,
		},
		"turned away for good": {
			[]any{queued(), tryAt(0, probe.Refused, 451), minute, retrying(2), tryAt(minute, probe.Refused, 450), 6 * minute, retrying(3), tryAt(6*minute, probe.Refused, 451)},
			"sent tried again tried again deferred", 3, 6 * minute,
		},
		"refused for good when tried again": {
			[]any{queued(), tryAt(0, probe.Refused, 451), minute, retrying(2), tryAt(minute, probe.Refused, 550)},
			"sent tried again rejected", 2, minute,
		},
		"refused for good at once":         {[]any{queued(), tryAt(0, probe.Refused, 550)}, "sent rejected", 1, 0},
		"not handed over":                  {[]any{queued(), tryAt(0, probe.NotSent, 0)}, "sent unsent", 1, 0},
		"seen although it was turned away": {[]any{queued(), tryAt(0, probe.Refused, 451), seenAt(0, second)}, "sent delivered", 1, 0},
		"late, and its miss counted while it waited": {
			[]any{queued(), tryAt(0, probe.Refused, 451), 2 * minute, lookAt(2 * minute), retrying(2), tryAt(2*minute, probe.Accepted, 0), 3 * minute, seenAt(2*minute, 3*minute)},
			"sent missed tried again late", 2, 2 * minute,
		},
		"given up because nobody sends there any more": {[]any{queued(), tryAt(0, probe.Refused, 451), probe.GaveUp{ID: sending().ID}}, "sent deferred", 1, 0},
		"still in the queue when it counts as lost":    {[]any{queued(), tryAt(0, probe.Refused, 451), 5 * hour, lookAt(5 * hour), lookAt(5 * hour)}, "sent missed deferred", 1, 0},
		"killed within a try":                          {[]any{queued(), tryAt(0, probe.Refused, 451), minute, retrying(2), probe.Orphaned{ID: sending().ID}, 5 * hour, lookAt(5 * hour), lookAt(5 * hour)}, "sent tried again missed unknown", 1, 0},
		"the same try told twice":                      {[]any{queued(), tryAt(0, probe.Refused, 451), retrying(2), retrying(2)}, "sent tried again", 0, 0},
		"no queue":                                     {[]any{sending(), tryAt(0, probe.Refused, 451), retrying(2)}, "sent deferred", 1, 0},
	} {
		h := newHistory()
		now := time.Duration(0)
		for _, f := range c.facts {
			if d, ok := f.(time.Duration); ok {
				now = d
				continue
			}
			h.tell(now, f.(probe.Fact))
		}
		if got := h.words(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
			continue
		}
		checkConservation(t, name, h)
		if c.tries == 0 {
			continue
		}
		if o := h.outcome(t); o.Tries != c.tries || o.Deferred != c.deferred {
			t.Errorf("%s: got %d tries, deferred for %v, want %d and %v", name, o.Tries, o.Deferred, c.tries, c.deferred)
		}
	}
}

func TestLatencyRunsFromTheFirstTry(t *testing.T) {
	h := newHistory()
	h.tell(0, queued(), tryAt(0, probe.Refused, 451))
	h.tell(minute, probe.Retrying{ID: sending().ID, Try: 2}, tryAt(minute, probe.Accepted, 0), seenAt(minute, minute+second))
	if o := h.outcome(t); o.Latency.Max != minute+second || !o.Began.Equal(at(0)) {
		t.Errorf("got %v from %v on, want %v from %v on", o.Latency.Max, o.Began, minute+second, at(0))
	}
}

func TestAQuarantineIsAPlace(t *testing.T) {
	kept := seenAt(0, second)
	kept.Mailbox, kept.Place = "quarantine", probe.Quarantine
	h := newHistory()
	h.tell(0, sending(), attempted(probe.Accepted, 0))
	h.tell(second, kept)
	o := h.outcome(t)
	if o.Status != probe.Delivered || o.Place != probe.Quarantine {
		t.Errorf("got %s in %s, want delivered in quarantine", o.Status, o.Place)
	}
	if got := probe.ExpectDelivered.Judge(o); got != probe.Violated {
		t.Errorf("got %s, want violated: delivered means the inbox", got)
	}
	released := seenAt(second, minute)
	released.Chain++
	h.tell(minute, released)
	if got, want := h.words(), "sent delivered"; got != want {
		t.Errorf("let go: got %q, want %q: it is no duplicate", got, want)
	}
	again := seenAt(minute, 2*minute)
	again.Chain = 9
	h.tell(2*minute, again)
	if got, want := h.words(), "sent delivered duplicate"; got != want {
		t.Errorf("and once more: got %q, want %q", got, want)
	}
	elsewhere := newHistory()
	kept.Place = probe.Inbox
	elsewhere.tell(0, sending(), attempted(probe.Accepted, 0))
	elsewhere.tell(second, kept)
	if got := elsewhere.words(); got != "sent" {
		t.Errorf("in another mailbox that is no quarantine: got %q, want nothing", got)
	}
}

func TestTheOrderOfArrivals(t *testing.T) {
	type arrival struct {
		id              probe.ID
		folder          string
		uid             uint32
		absent, present time.Duration
	}
	for name, c := range map[string]struct {
		arrivals []arrival  // of messages 1 and 2, sent a minute apart
		want     []probe.ID // those that were overtaken
	}{
		"as they were sent":                 {[]arrival{{1, "INBOX", 7, minute, 2 * minute}, {2, "INBOX", 8, 2 * minute, 3 * minute}}, nil},
		"overtaken":                         {[]arrival{{2, "INBOX", 7, minute, 2 * minute}, {1, "INBOX", 8, 2 * minute, 3 * minute}}, []probe.ID{1}},
		"overtaken within one look":         {[]arrival{{2, "INBOX", 7, minute, 2 * minute}, {1, "INBOX", 8, minute, 2 * minute}}, []probe.ID{1}},
		"in two folders within one look":    {[]arrival{{2, "INBOX", 7, minute, 2 * minute}, {1, "Junk", 1, minute, 2 * minute}}, nil},
		"in another folder, in a later one": {[]arrival{{2, "INBOX", 7, minute, 2 * minute}, {1, "Junk", 1, 2 * minute, 3 * minute}}, []probe.ID{1}},
	} {
		h := newHistory()
		for id := range probe.ID(2) {
			s, a := sending(), tryAt(time.Duration(id)*minute, probe.Accepted, 0)
			s.ID, a.ID = id+1, id+1
			h.tell(time.Duration(id)*minute, s, a)
		}
		for _, x := range c.arrivals {
			f := seenAt(x.absent, x.present)
			f.ID, f.Chain, f.Ref = x.id, uint64(x.id), probe.Ref{Folder: x.folder, UIDValidity: 1, UID: x.uid}
			h.tell(x.present, f)
		}
		var got []probe.ID
		for _, x := range h.told {
			if s, ok := x.(probe.Settled); ok && s.Outcome.Reordered {
				got = append(got, s.Message.ID)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v out of order, want %v", name, got, c.want)
		}
	}
}

// A clock that is moved overtakes nobody.
func TestTheOrderGoesByTheClock(t *testing.T) {
	h := newHistory()
	arrive := func(id probe.ID, d time.Duration) {
		s, a, f := sending(), tryAt(d, probe.Accepted, 0), seenAt(d, d+second)
		s.ID, a.ID, f.ID, f.Chain, f.Ref.UID = id, id, id, uint64(id), uint32(id)
		h.tell(d, s, a)
		h.tell(d+second, f)
	}
	arrive(1, 4*hour)
	h.tell(4*hour+minute, probe.ClockStepped{By: -2 * hour, Between: true})
	arrive(2, 2*hour+2*minute)
	arrive(3, 2*hour+3*minute)
	for _, c := range h.told {
		if s, ok := c.(probe.Settled); ok && s.Outcome.Reordered {
			t.Errorf("message %d: got it out of order, want it not", s.Message.ID)
		}
	}
}
