package world

import (
	"math/rand/v2"
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
	fault    Fault         // nil: none
	held     []parcel      // in the order in which they came
	draining bool          // held messages leave one by one
	deferred int           // messages that wait here for another try at the next stage
	dropped  int
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
	id := s.write(p, s.arrival, at)
	p.peer = at.asPeer()
	return id, stay
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
	fields, id := t(stamp{host: at, peer: p.peer, from: p.from, to: p.to, at: s.clock.Now().Add(s.ahead), random: s.random})
	if s.field != "" {
		fields = s.field + "\r\n" + fields
	}
	p.raw = append([]byte(fields), p.raw...)
	return id
}

// hostFor is the host that takes in mail from another stage.
func (s *stage) hostFor(p parcel) host {
	if p.account.stage == s.component && s.final.name != "" {
		return s.final
	}
	return s.host
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
	s.fault = f
	begin := !isHolding(f) && len(s.held) > 0 && !s.draining
	s.draining = s.draining || begin
	return begin
}

// keep holds a message back if the fault wants it or if others that came before
// still wait, and tells whether it did.
func (s *stage) keep(p parcel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.fault.(CrashLoop); ok && s.random.Float64() < f.Through {
		return false
	}
	if !isHolding(s.fault) && !s.draining {
		return false
	}
	s.held = append(s.held, p)
	return true
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
	p := s.held[0]
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

// counts tells how many messages are kept here because of a fault, here or at the
// next stage, and how many were thrown away.
func (s *stage) counts() (held, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held) + s.deferred, s.dropped
}
