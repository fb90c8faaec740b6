package world

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// parcel is a message on its way to one mailbox.
type parcel struct {
	from, to string
	account  account // of the mailbox it is for
	raw      []byte
	peer     peer // the host it comes from
	junk     bool
	taken    bool // an earlier hand-over took a copy although it looked like a failure
	unknown  bool // the mailbox's server knows no such user
	answer   bool // an automatic answer, which none is given to
	wants    notification

	at    *stage    // the last with a host that took it: it is responsible
	since time.Time // when that was
	told  bool      // the sender has been told that it waits there
}

// heldParcel is a message that a stage keeps, with a number to find it by.
type heldParcel struct {
	parcel
	number uint64
}

// stage is a component as mail sees it: what it writes, its fault, and the messages
// that it keeps because of the fault. Its methods are safe for concurrent use; none
// of them waits.
type stage struct {
	plan
	clock  probe.Clock
	delays Delays

	mu       sync.Mutex
	random   *rand.Rand
	ahead    time.Duration // of its clock: what it shows beyond the true time
	field    string        // written above its own; empty: none
	form     BounceStyle   // of its bounces
	fault    Fault         // nil: none
	greylist greylist      // what a Greylist has seen
	held     []heldParcel  // in the order in which they came
	kept     uint64        // how many have been held
	draining bool          // held messages leave one by one
	deferred int           // messages that wait here for another try at the next stage
	dropped  int
	bounced  int
}

func newStage(p plan, cfg Config, number uint64) *stage {
	return &stage{plan: p, clock: cfg.Clock, delays: cfg.StageDelay, random: rand.New(rand.NewPCG(cfg.Seed, number))}
}

// arrive writes the fields of a message's arrival at a host of the stage. It tells
// the id, and how long the message stays.
func (s *stage) arrive(p *parcel, at host) (string, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stay := s.delays.draw(s.random)
	if s.arrival == nil {
		return "", stay
	}
	p.at, p.since, p.told = s, s.clock.Now(), false
	id := s.write(p, s.arrival, at)
	p.peer = at.asPeer()
	return id, stay
}

// originate writes the field of a message that a host of the stage has written itself,
// and tells how long it stays.
func (s *stage) originate(p *parcel, at host) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.at, p.since = s, s.clock.Now()
	local := postfixLocal
	if s.component == internet {
		local = eximLocal
	}
	s.write(p, local, at)
	p.peer = at.asPeer()
	return s.delays.draw(s.random)
}

// depart writes the fields of a message's departure.
func (s *stage) depart(p *parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.departure != nil {
		s.write(p, s.departure, s.host)
	}
}

// finish writes the fields of final delivery.
func (s *stage) finish(p *parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(p, lmtpReceived, s.imap)
}

// write puts trace fields on top of a message; s.mu is held. The bytes are copied:
// another parcel may have the same.
func (s *stage) write(p *parcel, t trace, at host) string {
	fields, id := t(s.stamp(*p, at))
	if s.field != "" {
		fields = s.field + "\r\n" + fields
	}
	p.raw = append([]byte(fields), p.raw...)
	return id
}

// stamp is what a host of the stage knows of a message now; s.mu is held.
func (s *stage) stamp(p parcel, at host) stamp {
	return stamp{host: at, peer: p.peer, from: p.from, to: p.to, at: s.clock.Now().Add(s.ahead), random: s.random}
}

// hostFor is the host that takes in mail from another stage.
func (s *stage) hostFor(p parcel) host {
	if p.account.stage == s.component && s.final.name != "" {
		return s.final
	}
	return s.host
}

// newID makes an id for whatever needs one.
func (s *stage) newID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return amavisID(stamp{random: s.random})
}

// newMessageID makes a Message-ID, without angle brackets.
func (s *stage) newMessageID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.host.name
	if at == "" {
		at = s.component
	}
	return amavisID(stamp{random: s.random}) + "@" + at
}

func (s *stage) setClock(ahead time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead = ahead
}

func (s *stage) setField(field string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.field = field
}

func (s *stage) setBounceStyle(style BounceStyle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.form = style
}

func (s *stage) faultNow() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// set puts a fault in the place of another. It tells whether the stage must begin
// to drain.
func (s *stage) set(f Fault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.greylist = f, nil
	begin := !isHolding(f) && len(s.held) > 0 && !s.draining
	s.draining = s.draining || begin
	return begin
}

// keep holds a message back if the fault wants it or if others that came before
// still wait. It tells the message's number and whether it did.
func (s *stage) keep(p parcel) (uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.fault.(CrashLoop); ok && s.random.Float64() < f.Through {
		return 0, false
	}
	if !isHolding(s.fault) && !s.draining {
		return 0, false
	}
	s.kept++
	s.held = append(s.held, heldParcel{p, s.kept})
	return s.kept, true
}

// tell marks a held message as one whose sender is told that it waits, and tells whether
// it is still there.
func (s *stage) tell(number uint64) (parcel, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.held {
		if held := &s.held[i]; held.number == number && !held.told {
			held.told = true
			return held.parcel, true
		}
	}
	return parcel{}, false
}

// outlive takes a held message away whose lifetime has passed, if the stage still holds
// messages only so long.
func (s *stage) outlive(number uint64) (parcel, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.fault.(Hold); !ok || f.Lifetime == 0 {
		return parcel{}, false
	}
	i := slices.IndexFunc(s.held, func(held heldParcel) bool { return held.number == number })
	if i < 0 {
		return parcel{}, false
	}
	p := s.held[i].parcel
	s.held = slices.Delete(s.held, i, i+1)
	return p, true
}

// unhold takes the message that has waited longest. There is none if all have left
// or the stage holds again; then the draining ends.
func (s *stage) unhold() (parcel, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if isHolding(s.fault) || len(s.held) == 0 {
		s.draining = false
		return parcel{}, false
	}
	p := s.held[0].parcel
	s.held = s.held[1:]
	return p, true
}

func (s *stage) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped++
}

// wait counts a message that begins (1) or ends (-1) to wait for another try.
func (s *stage) wait(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deferred += n
}

func (s *stage) bounce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bounced++
}

// counts are the messages of a stage: kept because of a fault, here or at the next stage;
// at their end; and returned to their senders.
type counts struct{ held, dropped, bounced int }

func (s *stage) counts() counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return counts{held: len(s.held) + s.deferred, dropped: s.dropped, bounced: s.bounced}
}
