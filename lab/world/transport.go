package world

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
	if !s.keep(p) {
		w.release(s, p)
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
	default:
		w.pass(s, p)
	}
}

// pass hands a message to the stage that follows, or to its mailbox.
func (w *World) pass(s *stage, p parcel) {
	next := w.next[p.account.mailbox][s.component]
	if next == "" {
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
			to.drop()
			w.log.Debug("message refused for good", "component", to.component, "code", f.Code)
			return
		}
		w.retry(from, to, p)
	case Cut:
		if f.Taken && !p.taken {
			w.enter(to, p, to.hostFor(p))
			p.taken = true // once is enough: a copy for every try would be a flood
		}
		w.retry(from, to, p)
	default:
		w.enter(to, p, to.hostFor(p))
	}
}

// retry keeps a message at a stage for another try at the next.
func (w *World) retry(from, to *stage, p parcel) {
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
	folder := "INBOX"
	if p.junk {
		folder = "Junk"
	}
	if err := w.stores[p.account.mailbox].deliver(folder, p.raw, w.cfg.Clock.Now()); err != nil {
		w.log.Error("message not delivered", "mailbox", p.account.mailbox, "error", err)
	}
}
