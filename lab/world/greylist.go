package world

import (
	"cmp"
	"time"

	"github.com/emersion/go-smtp"
)

// triplet is what a greylist knows senders by.
type triplet struct{ ip, from, to string }

// greylist is what is known of triplets.
type greylist map[triplet]greyed

// greyed is a triplet that was tried.
type greyed struct {
	first  time.Time // when
	passed bool      // it has been tried again in time
}

func (f Greylist) window() time.Duration { return cmp.Or(f.Window, 48*time.Hour) }

// greylisted is the reply to a triplet that must wait, or nil.
func (s *stage) greylisted(f Greylist, t triplet) *smtp.SMTPError {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.greylist == nil {
		s.greylist = make(greylist)
	}
	now := s.clock.Now()
	g, tried := s.greylist[t]
	age := now.Sub(g.first)
	switch {
	case g.passed:
		return nil
	case tried && age >= f.Delay && age <= f.window():
		s.greylist[t] = greyed{first: g.first, passed: true}
		return nil
	case !tried || age > f.window():
		s.greylist[t] = greyed{first: now}
	}
	return smtpError(451, smtp.EnhancedCode{4, 7, 1}, "<"+t.to+">: Recipient address rejected: Greylisted, try again later")
}
