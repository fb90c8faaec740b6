package imapwatch

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/probe"
)

const (
	// rotation ends an IDLE early: servers and the firewalls before them forget
	// connections that are silent for longer (RFC 9051 section 6.3.13 allows 29
	// minutes, few grant them), and the look that follows proves that it lives.
	rotation = 4 * time.Minute
	// undisturbed is the shortest wait in which something else is begun: an IDLE of
	// its own, or the deletion of messages.
	undisturbed = 2 * time.Second
	// pushGap is the time between two looks that the server asks for.
	pushGap = 100 * time.Millisecond
)

// rest waits until the next look is due: in IDLE, so that a push may wake it, if
// the wait is long enough. A pace that changes ends it only if the look is then due.
// Meanwhile it does what has been asked of the watcher.
func (s *session) rest(ctx context.Context, pace probe.Pace, asked asked) (err error) {
	end := s.cfg.Clock.Now().Add(rotation)
	var idle *imapclient.IdleCommand
	defer func() {
		if ended := s.endIdle(idle); err == nil {
			err = ended
		}
	}()
	timer := time.NewTimer(rotation)
	defer timer.Stop()
	for {
		changed := pace.Changed()
		next := pace.Next()
		left := s.cfg.Clock.Until(s.due(next, end))
		if left <= 0 {
			return ctx.Err()
		}
		if idle == nil && left >= undisturbed && s.canIdle() {
			if idle, err = s.idle(); err != nil {
				return err
			}
			continue // that took time
		}
		timer.Reset(left)
		select {
		case <-timer.C:
		case <-changed:
		case <-s.pushes():
		case c := <-s.permitted(asked.calm, next):
			return s.interrupt(&idle, c)
		case c := <-asked.pressing:
			return s.interrupt(&idle, c)
		case <-s.client.Closed():
			return s.hungUp()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// interrupt ends the IDLE, if there is one, and cleans.
func (s *session) interrupt(idle **imapclient.IdleCommand, c *cleaning) error {
	err := s.endIdle(*idle)
	if *idle = nil; err == nil {
		err = s.clean(c.refs)
	}
	return c.end(err)
}

// due is when the next look is to begin: when the pace says so, soon after a push,
// at the latest at the end.
func (s *session) due(next, end time.Time) time.Time {
	if !next.IsZero() && next.Before(end) {
		end = next
	}
	if pushed := s.looked.Add(pushGap); s.notices.urgent() && pushed.Before(end) {
		return pushed
	}
	return end
}

// pushes wakes once for what is told until the next look.
func (s *session) pushes() <-chan struct{} {
	if s.notices.urgent() {
		return nil
	}
	return s.notices.pushed
}

// permitted gives the calls of Clean if there is time for one.
func (s *session) permitted(calm <-chan *cleaning, next time.Time) <-chan *cleaning {
	if !next.IsZero() && s.cfg.Clock.Until(next) < undisturbed {
		return nil
	}
	return calm
}

// hungUp is why the connection has ended.
func (s *session) hungUp() error {
	if why := s.wire.problem(); why != nil {
		return why
	}
	return errHungUp
}

func (s *session) canIdle() bool {
	return !s.idleRefused && (s.caps.Has(imap.CapIdle) || s.caps.Has(imap.CapIMAP4rev2))
}

// idle begins an IDLE. A server that refuses is not asked again.
func (s *session) idle() (idle *imapclient.IdleCommand, err error) {
	err = s.do("starting IDLE", func() error {
		idle, err = s.client.Idle()
		return err
	})
	if isRefusal(err) {
		s.idleRefused = true
		return nil, nil
	}
	return idle, err
}

func (s *session) endIdle(idle *imapclient.IdleCommand) error {
	if idle == nil {
		return nil
	}
	return s.do("ending IDLE", func() error {
		if err := idle.Close(); err != nil {
			return err
		}
		return idle.Wait()
	})
}
