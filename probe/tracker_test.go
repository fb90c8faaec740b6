package probe_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

var began = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return began.Add(d) }

// history is a tracker and what it has said.
type history struct {
	tracker *probe.Tracker
	seq     probe.Seq
	told    []probe.Change
}

func newHistory() *history {
	return &history{tracker: probe.NewTracker(began, []probe.Probe{plainProbe("in")})}
}

// tell applies facts that became known at a time, and then what falls due.
func (h *history) tell(d time.Duration, facts ...probe.Fact) {
	for _, f := range facts {
		h.apply(probe.Event{At: at(d), Fact: f})
	}
	for due := h.tracker.Due(at(d)); len(due) > 0; due = h.tracker.Due(at(d)) {
		for _, e := range due {
			h.apply(e)
		}
	}
}

func (h *history) apply(e probe.Event) {
	h.seq++
	e.Seq = h.seq
	h.told = append(h.told, h.tracker.Apply(e)...)
}

// words is what was told, one word a change, looks left out.
func (h *history) words() string {
	var words []string
	for _, c := range h.told {
		switch c := c.(type) {
		case probe.Settled:
			words = append(words, string(c.Outcome.Status))
		case probe.DeadlineMissed:
			words = append(words, "missed")
		case probe.Contradicted:
			words = append(words, "contradicted:"+string(c.Told))
		case probe.Duplicated:
			words = append(words, "duplicate")
		case probe.Adopted:
			words = append(words, "adopted")
		case probe.Sent:
			words = append(words, "sent")
		case probe.TriedAgain:
			words = append(words, "tried again")
		case probe.ReportSeen:
			words = append(words, strings.TrimSuffix(string(c.Report.Kind)+":"+string(c.Told), ":"))
		}
	}
	return strings.Join(words, " ")
}

func (h *history) outcome(t *testing.T) probe.Outcome {
	t.Helper()
	for _, c := range h.told {
		if s, ok := c.(probe.Settled); ok {
			return s.Outcome
		}
	}
	t.Fatalf("nothing settled: %s", h.words())
	return probe.Outcome{}
}

func sending() probe.Sending {
	return probe.Sending{
		ID: 7, Route: "in", Payload: "plain", Purpose: probe.Scheduled, Slot: at(0), Sender: "outside", Mailbox: "hq",
		LateAfter: time.Minute, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered,
	}
}

func attempted(r probe.Result, code int) probe.Attempted {
	a := probe.Attempted{ID: 7, Result: r, Began: at(0)}
	if code != 0 {
		a.Reply = &probe.Reply{Code: code}
	}
	return a
}

func seenAt(absent, present time.Duration) probe.Seen {
	return probe.Seen{ID: 7, Tag: probe.Tag{ID: 7}, Carrier: probe.InHeader, Mailbox: "hq", Ref: probe.Ref{Folder: "INBOX"}, Absent: at(absent), Present: at(present), Chain: 1}
}

func lookAt(d time.Duration) probe.Looked {
	return probe.Looked{Mailbox: "hq", Began: at(d), Ended: at(d + time.Millisecond), Looks: 1}
}

const second, minute, hour = time.Second, time.Minute, time.Hour

func TestOneOutcomePerMessage(t *testing.T) {
	for name, c := range map[string]struct {
		story func(h *history)
		want  string
	}{
		"lost": {func(h *history) {
			h.tell(0, sending())
			h.tell(second, attempted(probe.Accepted, 0))
			h.tell(61*second, lookAt(61*second))
			h.tell(5*hour, lookAt(5*hour))
		}, "sent missed lost"},
		"delivered": {func(h *history) {
			h.tell(0, sending())
			h.tell(second, attempted(probe.Accepted, 0))
			h.tell(3*second, seenAt(2*second, 3*second))
		}, "sent delivered"},
		"seen before the reply was read": {func(h *history) {
			h.tell(0, sending())
			h.tell(second, seenAt(0, second))
			h.tell(2*second, attempted(probe.Accepted, 0))
		}, "sent delivered"},
		"late": {func(h *history) {
			h.tell(0, sending())
			h.tell(second, attempted(probe.Accepted, 0))
			h.tell(60*second, lookAt(60*second))
			h.tell(47*minute, seenAt(46*minute, 47*minute))
		}, "sent missed late"},
		"nobody looked between the deadline and the arrival": {func(h *history) {
			h.tell(0, sending())
			h.tell(second, attempted(probe.Accepted, 0))
			h.tell(59*second, lookAt(59*second))
			h.tell(2*minute, seenAt(59*second, 2*minute))
		}, "sent delivered"},
		"blind through both deadlines": {func(h *history) {
			h.tell(0, sending())
			h.tell(second, attempted(probe.Accepted, 0))
			h.tell(2*second, probe.Blind{Mailbox: "hq", Problem: "connection refused"})
			h.tell(6*hour, seenAt(0, 6*hour), lookAt(6*hour))
		}, "sent delivered"},
		"a look begun before the deadline decides nothing": {func(h *history) {
			h.tell(0, sending())
			h.tell(second, attempted(probe.Accepted, 0))
			h.tell(2*minute, lookAt(59*second))
		}, "sent"},
		"rejected": {func(h *history) { h.tell(0, sending()); h.tell(second, attempted(probe.Refused, 550)) }, "sent rejected"},
		"deferred": {func(h *history) { h.tell(0, sending()); h.tell(second, attempted(probe.Refused, 451)) }, "sent deferred"},
		"unsent":   {func(h *history) { h.tell(0, sending()); h.tell(second, attempted(probe.NotSent, 0)) }, "sent unsent"},
		"rejected, yet seen": {func(h *history) {
			h.tell(0, sending(), attempted(probe.Refused, 550))
			h.tell(second, seenAt(0, second))
		}, "sent rejected contradicted:rejected"},
		"lost, then found": {func(h *history) {
			h.tell(0, sending(), attempted(probe.Accepted, 0))
			h.tell(5*hour, lookAt(5*hour))
			h.tell(6*hour, seenAt(5*hour, 6*hour))
			h.tell(7*hour, seenAt(6*hour, 7*hour))
		}, "sent missed lost contradicted:lost"},
		"answer unknown, never seen": {func(h *history) {
			h.tell(0, sending(), attempted(probe.Unknown, 0))
			h.tell(5*hour, lookAt(5*hour))
		}, "sent missed unknown"},
		"answer unknown, seen": {func(h *history) {
			h.tell(0, sending(), attempted(probe.Unknown, 0))
			h.tell(second, seenAt(0, second))
		}, "sent delivered"},
		"orphaned, never seen": {func(h *history) {
			h.tell(0, sending())
			h.tell(minute, probe.Orphaned{ID: 7})
			h.tell(5*hour, lookAt(5*hour))
		}, "sent missed unknown"},
		"orphaned, seen": {func(h *history) {
			h.tell(0, sending())
			h.tell(minute, probe.Orphaned{ID: 7}, seenAt(0, 61*second))
		}, "sent delivered"},
		"two copies": {func(h *history) {
			h.tell(0, sending(), attempted(probe.Accepted, 0), seenAt(0, second))
			other := seenAt(0, 2*second)
			other.Chain = 2
			h.tell(2*second, other)
		}, "sent delivered duplicate"},
		"the second copy read again and again": {func(h *history) {
			h.tell(0, sending(), attempted(probe.Accepted, 0), seenAt(0, second))
			other := seenAt(0, 2*second)
			other.Chain = 2
			h.tell(2*second, other, other, other)
		}, "sent delivered duplicate"},
		"come back to its sender's mailbox": {func(h *history) {
			back := seenAt(0, second)
			back.Mailbox = "provider"
			h.tell(0, sending(), attempted(probe.Accepted, 0), back)
		}, "sent"},
		"lost, then found days later": {func(h *history) {
			h.tell(0, sending(), attempted(probe.Accepted, 0))
			h.tell(5*hour, lookAt(5*hour))
			for day := range 5 {
				s, a := sending(), attempted(probe.Refused, 550)
				s.ID, a.ID = probe.ID(100+day), probe.ID(100+day)
				h.tell(time.Duration(day+1)*24*hour, s, a)
			}
			h.tell(120*hour, seenAt(119*hour, 120*hour))
		}, "sent missed lost sent rejected sent rejected sent rejected sent rejected sent rejected contradicted:lost"},
		"its mailbox is not watched any more": {func(h *history) {
			h.tell(0, sending(), attempted(probe.Accepted, 0))
			for _, e := range h.tracker.Orphans(at(minute), func(string) bool { return false }) {
				h.apply(e)
			}
		}, "sent unknown"},
		"come late while nobody looked, by the store's stamp": {func(h *history) {
			late := seenAt(second, hour)
			late.Internal = at(45 * minute)
			h.tell(0, sending(), attempted(probe.Accepted, 0))
			h.tell(hour, late)
		}, "sent late"},
		"the same copy in another folder": {func(h *history) {
			h.tell(0, sending(), attempted(probe.Accepted, 0), seenAt(0, second))
			moved := seenAt(0, 2*second)
			moved.Ref.Folder = "Archive"
			h.tell(2*second, moved)
		}, "sent delivered"},
		"every fact told twice": {func(h *history) {
			for range 2 {
				h.tell(0, sending(), attempted(probe.Accepted, 0))
				h.tell(61*second, lookAt(61*second), probe.MissedDeadline{ID: 7})
				h.tell(2*minute, seenAt(minute, 2*minute))
				h.tell(5*hour, probe.Expired{ID: 7}, probe.Orphaned{ID: 7})
			}
		}, "sent missed late"},
		"facts about a message nobody sent": {func(h *history) {
			h.tell(0, attempted(probe.Accepted, 0), seenAt(0, second), probe.Expired{ID: 7}, probe.MissedDeadline{ID: 7}, probe.Orphaned{ID: 7})
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory()
			c.story(h)
			if got := h.words(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLatencyIsAnInterval(t *testing.T) {
	h := newHistory()
	h.tell(0, sending())
	h.tell(3*second, attempted(probe.Accepted, 0), seenAt(1900*time.Millisecond, 2*second))
	o := h.outcome(t)
	if want := (probe.Interval{Min: 1900 * time.Millisecond, Max: 2 * second}); o.Latency != want || o.Observed != want.Max || o.Source != probe.ByLook {
		t.Errorf("got %+v, observed %v by %s, want %+v, observed its end by a look", o.Latency, o.Observed, o.Source, want)
	}
}

// When nobody was looking, the server's own stamp is nearer to the truth than the
// moment at which somebody looked again.
func TestLatencyOfMailThatCameWhileNobodyLooked(t *testing.T) {
	for name, c := range map[string]struct {
		internal time.Duration
		want     time.Duration
		source   probe.Source
	}{
		"the server has no stamp":                        {-1, 30 * minute, probe.ByLook},
		"the stamp is after the look: a wrong clock":     {hour, 30 * minute, probe.ByLook},
		"the stamp is before the last look: wrong clock": {1 * second, 30 * minute, probe.ByLook},
		"the stamp fits":                                 {5 * second, 6 * second, probe.ByInternalDate},
	} {
		h := newHistory()
		s := seenAt(2100*time.Millisecond, 30*minute)
		if c.internal >= 0 {
			s.Internal = at(c.internal)
		}
		h.tell(0, sending(), attempted(probe.Accepted, 0))
		h.tell(30*minute, s)
		if o := h.outcome(t); o.Observed != c.want || o.Source != c.source || o.Latency.Max != 30*minute {
			t.Errorf("%s: got %v by %s in %+v, want %v by %s", name, o.Observed, o.Source, o.Latency, c.want, c.source)
		}
	}
}

func TestAdoption(t *testing.T) {
	tag := probe.Tag{ID: 9, Full: true, Prober: "hq-1", Route: "in", Payload: "plain", Purpose: probe.Scheduled, Slot: at(-10 * minute), Sent: at(-10 * minute), Interval: minute}
	for name, c := range map[string]struct {
		change func(*probe.Tag)
		want   string
	}{
		"sent before this journal began":   {func(*probe.Tag) {}, "adopted late"},
		"a short tag only":                 {func(t *probe.Tag) { t.Full = false }, ""},
		"older than lost_after":            {func(t *probe.Tag) { t.Sent = at(-5 * hour) }, ""},
		"sent since: this journal lost it": {func(t *probe.Tag) { t.Sent = at(second) }, ""},
		"of a route nobody knows":          {func(t *probe.Tag) { t.Route = "gone" }, ""},
	} {
		h := newHistory()
		f := probe.Seen{ID: 9, Tag: tag, Mailbox: "hq", Ref: probe.Ref{Folder: "INBOX"}, Present: at(2 * second), Internal: at(-8 * minute), Chain: 1}
		c.change(&f.Tag)
		news := h.tracker.News(f, at(2*second))
		h.tell(2*second, f, f)
		if got := h.words(); got != c.want || news != (c.want != "") {
			t.Errorf("%s: got %q, news %v, want %q", name, got, news, c.want)
		}
	}
}

func TestWhatCountsForWhat(t *testing.T) {
	accepted := attempted(probe.Accepted, 0)
	ours := attempted(probe.NotSent, 0)
	ours.Ours = true
	notSent, unknown := attempted(probe.NotSent, 0), attempted(probe.Unknown, 0)
	settled := func(purpose probe.Purpose, o probe.Outcome) probe.Change {
		m := sending()
		m.Purpose = purpose
		return probe.Settled{Message: m, Outcome: o}
	}
	scheduled := func(o probe.Outcome) probe.Change { return settled(probe.Scheduled, o) }
	for name, c := range map[string]struct {
		change probe.Change
		want   probe.Weight
	}{
		"delivered":                           {scheduled(probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Attempt: &accepted}), probe.Weight{SLO: probe.Good, Sign: probe.Arrival}},
		"delivered into Junk":                 {scheduled(probe.Outcome{Status: probe.Delivered, Place: probe.Junk, Attempt: &accepted}), probe.Weight{SLO: probe.Miss, Sign: probe.Arrival}},
		"a missed deadline":                   {probe.DeadlineMissed{Message: sending(), Certain: true}, probe.Weight{SLO: probe.Miss, Sign: probe.Absence}},
		"a missed deadline, answer unknown":   {probe.DeadlineMissed{Message: sending()}, probe.Weight{}},
		"a missed deadline, in our queue":     {probe.DeadlineMissed{Message: sending(), Deferred: true}, probe.Weight{SLO: probe.Miss, Sign: probe.Deferral}},
		"rejected when tried again, late":     {scheduled(probe.Outcome{Status: probe.Rejected, Missed: true, Counted: true}), probe.Weight{Sign: probe.Absence}},
		"given up, its miss counted":          {scheduled(probe.Outcome{Status: probe.Deferred, Missed: true, Counted: true}), probe.Weight{}},
		"bounced":                             {scheduled(probe.Outcome{Status: probe.Bounced, Attempt: &accepted}), probe.Weight{SLO: probe.Miss, Sign: probe.Absence}},
		"bounced, its miss counted":           {scheduled(probe.Outcome{Status: probe.Bounced, Missed: true, Counted: true, Attempt: &accepted}), probe.Weight{}},
		"an answer nobody asked for":          {probe.ReportSeen{Message: sending(), Report: probe.Report{Kind: probe.ReportAbsence}}, probe.Weight{}},
		"a missed deadline, cut off":          {probe.DeadlineMissed{Message: sending(), Cut: true}, probe.Weight{Sign: probe.Absence}},
		"late, its miss counted":              {scheduled(probe.Outcome{Status: probe.Late, Place: probe.Inbox, Missed: true, Counted: true, Attempt: &accepted}), probe.Weight{}},
		"late, the answer had been unknown":   {scheduled(probe.Outcome{Status: probe.Late, Place: probe.Inbox, Missed: true, Attempt: &unknown}), probe.Weight{SLO: probe.Miss}},
		"late by the store's stamp alone":     {scheduled(probe.Outcome{Status: probe.Late, Place: probe.Inbox, Attempt: &accepted}), probe.Weight{}},
		"lost, its miss counted":              {scheduled(probe.Outcome{Status: probe.Lost, Missed: true, Counted: true, Attempt: &accepted}), probe.Weight{}},
		"rejected":                            {scheduled(probe.Outcome{Status: probe.Rejected}), probe.Weight{SLO: probe.Miss, Sign: probe.Absence}},
		"deferred":                            {scheduled(probe.Outcome{Status: probe.Deferred}), probe.Weight{SLO: probe.Miss, Sign: probe.Deferral}},
		"unsent because of the far side":      {scheduled(probe.Outcome{Status: probe.Unsent, Attempt: &notSent}), probe.Weight{SLO: probe.Miss, Sign: probe.Absence}},
		"unsent because of ourselves":         {scheduled(probe.Outcome{Status: probe.Unsent, Attempt: &ours}), probe.Weight{}},
		"unknown":                             {scheduled(probe.Outcome{Status: probe.Uncertain}), probe.Weight{}},
		"orphaned and delivered":              {scheduled(probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Orphaned: true}), probe.Weight{}},
		"adopted":                             {scheduled(probe.Outcome{Status: probe.Late, Place: probe.Inbox, Adopted: true}), probe.Weight{}},
		"a confirmation delivered":            {settled(probe.Confirm, probe.Outcome{Status: probe.Delivered, Place: probe.Inbox, Attempt: &accepted}), probe.Weight{Sign: probe.Arrival}},
		"a confirmation that was rejected":    {settled(probe.Confirm, probe.Outcome{Status: probe.Rejected}), probe.Weight{Sign: probe.Absence}},
		"somebody's own message was rejected": {settled(probe.Manual, probe.Outcome{Status: probe.Rejected}), probe.Weight{}},
		"found after it was told lost":        {probe.Contradicted{Message: sending(), Told: probe.Lost}, probe.Weight{}},
	} {
		if got := probe.Weigh(c.change); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// Whatever happens in whatever order: sent + adopted = settled + in flight, each
// message settles at most once, and its miss counts at most once.
func TestConservation(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		h := newHistory()
		for i := range 200 {
			now := time.Duration(i) * 10 * minute
			id := probe.ID(r.IntN(1 + i/8)) // an id comes up again and again, and is sent once
			if s := queued(); i%8 == 0 {
				s.ID = probe.ID(i / 8)
				s.Retry = s.Retry[:r.IntN(3)]
				h.tell(now, s, s)
			}
			h.tell(now, anyFact(r, id, now))
		}
		checkConservation(t, fmt.Sprint("seed ", seed), h)
	}
}

func checkConservation(t *testing.T, name string, h *history) {
	t.Helper()
	var sent, adopted int
	settled, misses := map[probe.ID]int{}, map[probe.ID]int{}
	for _, c := range h.told {
		switch c := c.(type) {
		case probe.Sent:
			sent++
		case probe.Adopted:
			adopted++
		case probe.Settled:
			settled[c.Message.ID]++
			if probe.Weigh(c).SLO == probe.Miss {
				misses[c.Message.ID]++
			}
		case probe.DeadlineMissed:
			if probe.Weigh(c).SLO == probe.Miss {
				misses[c.Message.ID]++
			}
		}
	}
	if sent+adopted != len(settled)+h.tracker.InFlight() {
		t.Errorf("%s: sent %d + adopted %d is not settled %d + in flight %d", name, sent, adopted, len(settled), h.tracker.InFlight())
	}
	for id, n := range settled {
		if n != 1 || misses[id] > 1 {
			t.Errorf("%s: message %v settled %d times, missed %d times, want at most once each", name, id, n, misses[id])
		}
	}
}

func anyFact(r *rand.Rand, id probe.ID, now time.Duration) probe.Fact {
	a, f := attempted(probe.Result(1+r.IntN(4)), 400+100*r.IntN(2)), seenAt(now-minute, now)
	a.ID, f.ID, f.Chain = id, id, uint64(1+r.IntN(2))
	a.Began = at(now)
	stranger := f
	stranger.ID += 1000
	stranger.Tag = probe.Tag{ID: stranger.ID, Full: true, Route: "in", Payload: "plain", Sent: at(-time.Duration(r.IntN(300)) * minute)}
	all := []probe.Fact{a, a, f, stranger, lookAt(now), probe.Orphaned{ID: id}, probe.MissedDeadline{ID: id}, probe.Expired{ID: id}, probe.Blind{Mailbox: "hq"},
		probe.Retrying{ID: id, Try: 2 + r.IntN(2)}, probe.Retrying{ID: id, Try: 2}, reportOf(id, r.Uint64N(3), probe.ReportKinds[r.IntN(2)]), probe.GaveUp{ID: id}}
	return all[r.IntN(len(all))]
}

func TestDueComesInTheOrderOfSending(t *testing.T) {
	h := newHistory()
	for _, id := range []probe.ID{5, 3, 9, 1} {
		s, a := sending(), attempted(probe.Accepted, 0)
		s.ID, a.ID = id, id
		h.tell(time.Duration(10-id)*second, s, a)
	}
	h.apply(probe.Event{At: at(hour), Fact: lookAt(hour)})
	var got []probe.ID
	for _, e := range h.tracker.Due(at(hour)) {
		got = append(got, e.Fact.(probe.MissedDeadline).ID)
	}
	if want := []probe.ID{9, 5, 3, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
