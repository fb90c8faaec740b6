package trace

import (
	"cmp"
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

const (
	// maxReadings is how many clocks are told apart behind one name.
	maxReadings = 4
	// comebacks is how often a clock goes back to what it showed before until it is
	// taken for several machines behind one name.
	comebacks = 2
	// confirmed is how many messages show a clock until it is believed: one stamp may
	// be odd.
	confirmed = 2
	// current is how long a clock is still reckoned with while others are seen.
	current = 24 * time.Hour
	// certainWithin is how many messages may pass until it is certain how far a clock
	// was moved.
	certainWithin = 10
)

// hostClock is what is known of the clock of one host; of the clocks, if several
// machines bear its name.
type hostClock struct {
	now     reading   // the one that a message has shown last
	before  []reading // what else it showed within a day
	returns int       // how often it went back to one of before
	told    bool      // that it is wrong

	was   probe.Interval // when it was moved last
	moved int            // messages left to find out how far it was moved

	turn uint64 // the last message that this clock was part of, for the Monitor
}

// several tells whether one name stands for machines whose clocks differ.
func (h *hostClock) several() bool { return h.returns >= comebacks }

// sure tells whether the clock is known to be as it is now. After a message that
// contradicts what was known it may have been moved, or that stamp was odd: the next
// message that can be of one of the two only decides.
func (h *hostClock) sure() bool { return h.now.trusted }

// live is how many readings are reckoned with: the first, or all.
func (h *hostClock) live() int {
	if h.sure() && !h.several() {
		return 1
	}
	return 1 + len(h.before)
}

// reading is one of what the clock shows and showed.
func (h *hostClock) reading(i int) *reading {
	if i == 0 {
		return &h.now
	}
	return &h.before[i-1]
}

// offset is what the clock can show beyond ours between two times, as far as more than
// one message says so.
func (h *hostClock) offset(from, to moment) probe.Interval {
	return h.around(from, to, func(r *reading, _ probe.Interval) bool { return r.own >= confirmed })
}

// offsetFor is what the clock can have shown beyond ours when it stamped a message: of
// all readings only those count that the message can be of, if there are any.
func (h *hostClock) offsetFor(s sample) probe.Interval {
	return h.around(s.from, s.to, func(_ *reading, known probe.Interval) bool { return gap(known, s.offset) <= 0 })
}

// around is the interval around the readings that count; around all that are reckoned
// with if none does. Nothing is known of the clock of no host.
func (h *hostClock) around(from, to moment, counts func(r *reading, known probe.Interval) bool) probe.Interval {
	if h == nil {
		return probe.Interval{Min: -far, Max: far}
	}
	none := probe.Interval{Min: far, Max: -far}
	some, all := none, none
	for i := range h.live() {
		r := h.reading(i)
		known := r.bounds(from, to)
		all = hull(all, known)
		if counts(r, known) {
			some = hull(some, known)
		}
	}
	if some == none {
		return all
	}
	return some
}

// learn takes in what a message says.
func (h *hostClock) learn(s sample) {
	var room [maxReadings]*reading
	found := h.fitting(s, h.live(), room[:0])
	if len(found) == 0 && h.sure() && !h.several() {
		h.was, h.moved = h.offset(s.from, s.to), certainWithin
		found = h.fitting(s, 1+len(h.before), room[:0])
	}
	switch len(found) {
	case 0:
		h.add(s)
	case 1:
		h.take(found[0], s)
	default:
		h.unite(found, s)
	}
	h.forget()
}

// fitting adds to found those of the first n readings that a sample can be of, in
// their order.
func (h *hostClock) fitting(s sample, n int, found []*reading) []*reading {
	for i := range n {
		if r := h.reading(i); r.fits(s) {
			found = append(found, r)
		}
	}
	return found
}

// add lets the clock be what it never was. If there are too many readings, one is
// forgotten that a single message has shown, or else the one not seen for longest.
func (h *hostClock) add(s sample) {
	if len(h.before) >= maxReadings-1 {
		worth := func(a, b reading) int {
			return cmp.Or(cmp.Compare(min(a.own, confirmed), min(b.own, confirmed)), cmp.Compare(a.seen, b.seen))
		}
		least := slices.MinFunc(h.before, worth)
		h.before = slices.DeleteFunc(h.before, func(r reading) bool { return r == least })
	}
	h.before = append(h.before, h.now)
	h.now = reading{own: 1}
	h.now.learn(s)
}

// take lets the clock be one of its readings. The second message in a row that shows
// it makes it trusted; the one that was so until the clock was doubted still is. A host
// that stamps a message twice says the same thing twice.
func (h *hostClock) take(r *reading, s sample) {
	if r.seen != s.to {
		r.own++
		if r == &h.now {
			h.trust()
		}
	}
	r.learn(s)
	if r != &h.now {
		// What one message alone has shown was no clock to come back from.
		if h.now.own >= confirmed {
			h.returns++
		}
		h.now, *r = *r, h.now
	}
}

// trust makes the clock be known for certain to be as it is now.
func (h *hostClock) trust() {
	for i := range h.before {
		h.before[i].trusted = false
	}
	h.now.trusted = true
}

// unite takes in a sample that can be of more than one reading: it says nothing of
// any. But those that drift has let meet are one from now on, as nothing would ever
// tell them apart.
func (h *hostClock) unite(found []*reading, s sample) {
	if found[0] != &h.now {
		h.now.trusted = false
	}
	for _, r := range found[1:] {
		if gap(found[0].bounds(s.from, s.to), r.bounds(s.from, s.to)) <= 0 {
			found[0].unite(*r)
			*r = reading{}
		}
	}
	h.before = slices.DeleteFunc(h.before, func(r reading) bool { return r == reading{} })
}

// forget drops what the clock has not been for a day; while nothing tells what it is,
// because all mail is slow or there is none, no time passes.
func (h *hostClock) forget() {
	if h.sure() {
		h.before = slices.DeleteFunc(h.before, func(r reading) bool { return time.Duration(h.now.seen-r.seen) > current })
	}
	if len(h.before) == 0 {
		h.before, h.returns = nil, 0
	}
}

// jumped tells, once, that it is certain that the clock was moved by more than a
// second or two, now that it is known to be off by so much. Of several clocks it is
// not: what they are known to be holds what each was.
func (h *hostClock) jumped(now probe.Interval) bool {
	if h.moved == 0 || !h.sure() {
		return false
	}
	h.moved--
	if gap(h.was, now) < apart {
		return false
	}
	h.moved = 0
	return true
}
