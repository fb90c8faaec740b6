package world

import (
	"fmt"

	"github.com/emersion/go-smtp"
)

// The way of a message: enter, process, release, pass, hand, and enter again at the
// next stage. All but enter run on the agenda.

// enter puts a message into a stage that has taken it; the id is the stage's.
func (w *World) enter(s *stage, p parcel, at host) string {
	id, stay := s.arrive(&p, at)
	w.agenda.after(stay, func() { w.process(s, p) })
	return id
}

// process ends a message's natural stay at a stage.
func (w *World) process(s *stage, p parcel) {
	number, kept := s.keep(p)
	if !kept {
		w.release(s, p)
		return
	}
	if d := w.cfg.DelayNotice; d > 0 && !p.told {
		w.agenda.after(d-w.cfg.Clock.Since(p.since), func() {
			if p, there := s.tell(number); there {
				w.report(p, delayed(nil, host{}))
			}
		})
	}
	if f, ok := s.faultNow().(Hold); ok && f.Lifetime > 0 {
		w.agenda.after(f.Lifetime-w.cfg.Clock.Since(p.since), func() {
			if p, there := s.outlive(number); there {
				w.giveUp(s, p, expired(nil, host{}))
			}
		})
	}
}

// release lets a message go as far as the stage's fault allows.
func (w *World) release(s *stage, p parcel) {
	switch f := s.faultNow().(type) {
	case Drop:
		s.drop()
	case Delay:
		w.agenda.after(f.By, func() { w.pass(s, p) })
	case Duplicate:
		w.pass(s, p)
		w.pass(s, p)
	case Junk:
		p.junk = true
		w.pass(s, p)
	case Alter:
		p.raw = f.apply(p.raw, s.newMessageID())
		w.pass(s, p)
	case Quarantine:
		w.quarantine(s, p)
	case Reject:
		w.giveUp(s, p, failed(f.reply(), host{}))
	default:
		w.pass(s, p)
	}
}

// pass hands a message to the stage that follows, or to its mailbox.
func (w *World) pass(s *stage, p parcel) {
	next := w.home[p.account.mailbox][s.component]
	if next == "" {
		if reply := noMailbox(s.faultNow(), p); reply != nil {
			w.giveUp(s, p, failed(reply, host{}))
			return
		}
		s.finish(&p)
		w.file(p)
		return
	}
	s.depart(&p)
	w.hand(s, w.stages[next], p)
}

// hand offers a message to the next stage.
func (w *World) hand(from, to *stage, p parcel) {
	switch f := to.faultNow().(type) {
	case Refuse:
		if f.Code >= 500 {
			w.giveUp(to, p, failed(f.reply(), to.hostFor(p)))
			return
		}
		w.retry(from, to, p, f.reply())
	case Greylist:
		if reply := to.greylisted(f, triplet{p.peer.ip, p.from, p.to}); reply != nil {
			w.retry(from, to, p, reply)
			return
		}
		w.enter(to, p, to.hostFor(p))
	case Cut:
		if f.Taken && !p.taken {
			w.enter(to, p, to.hostFor(p))
			p.taken = true // once is enough: a copy for every try would be a flood
		}
		w.retry(from, to, p, nil)
	default:
		w.enter(to, p, to.hostFor(p))
	}
}

// retry keeps a message at a stage for another try at the next, if it has not been there
// too long. The reply is nil if the connection was lost.
func (w *World) retry(from, to *stage, p parcel, reply *smtp.SMTPError) {
	age := w.cfg.Clock.Since(p.since)
	if age >= w.cfg.GiveUpAfter {
		w.giveUp(from, p, expired(reply, to.hostFor(p)))
		return
	}
	if d := w.cfg.DelayNotice; d > 0 && age >= d && !p.told {
		p.told = true
		v := delayed(reply, to.hostFor(p))
		v.until = p.since.Add(w.cfg.GiveUpAfter)
		w.report(p, v)
	}
	from.wait(1)
	w.agenda.after(w.cfg.RetryEvery, func() {
		from.wait(-1)
		w.hand(from, to, p)
	})
}

// drain lets one held message go, and the next one after a while.
func (w *World) drain(s *stage) {
	p, ok := s.unhold()
	if !ok {
		return
	}
	w.release(s, p)
	w.agenda.after(w.cfg.DrainEvery, func() { w.drain(s) })
}

// file puts a message into its mailbox.
func (w *World) file(p parcel) {
	folder := inbox
	if p.junk {
		folder = w.cfg.JunkFolder
	}
	if err := w.stores[p.account.mailbox].deliver(folder, p.raw, w.cfg.Clock.Now()); err != nil {
		w.log.Error("message not delivered", "mailbox", p.account.mailbox, "error", err)
	}
	if folder == inbox {
		w.answer(p)
	}
}

// quarantine puts a message into the quarantine instead of its mailbox. Its envelope is
// kept in fields of the kind that amavis writes.
func (w *World) quarantine(s *stage, p parcel) {
	fields := fmt.Sprintf("X-Envelope-From: <%s>\r\nX-Envelope-To: <%s>\r\nX-Quarantine-ID: <%s>\r\n", p.from, p.to, s.newID())
	p.raw = append([]byte(fields), p.raw...)
	p.account, _ = w.account(quarantine)
	p.to, p.junk = p.account.address, false
	s.finish(&p)
	w.file(p)
}
