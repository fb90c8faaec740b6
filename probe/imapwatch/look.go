package imapwatch

import (
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/probe"
)

// look looks at all folders. The marks say how far each has been read; they count
// only once what was found has been reported. A folder for junk that the server refuses
// is passed over: the look is one at the others, as if that had not been there.
func (s *session) look() (probe.Look, []mark, error) {
	l := probe.Look{Began: s.cfg.Clock.Now()}
	s.looked = l.Began
	marks := make([]mark, len(s.folders))
	for i, f := range s.folders {
		marks[i] = f.mark
	}
	changed, err := s.ask()
	if err != nil {
		return l, nil, err
	}
	// The other folders first: they leave the first one open again.
	for i := len(s.folders) - 1; i >= 0; i-- {
		if !changed[i] {
			continue
		}
		f, before := s.folders[i], l
		err := s.read(f, &marks[i], &l)
		switch {
		case err == nil:
		case f.found && isRefusal(err):
			l = before
			if marks = slices.Delete(marks, i, i+1); s.passOver(i) {
				marks = append(marks, s.folders[0].mark)
				i++ // INBOX is read in its place
			}
		default:
			return l, nil, fmt.Errorf("folder %s: %w", f.name, err)
		}
	}
	s.begun = true
	if l.Ended.IsZero() {
		l.Ended = s.cfg.Clock.Now()
	}
	return l, marks, nil
}

// ask says which folders may hold something new. The commands go out together.
func (s *session) ask() ([]bool, error) {
	changed := make([]bool, len(s.folders))
	if !s.begun {
		for i := range changed {
			changed[i] = true
		}
		return changed, nil
	}
	err := s.do("looking", func() error {
		var statuses []*imapclient.StatusCommand
		var noop *imapclient.Command
		err := s.wire.together(func() {
			for _, f := range s.folders[1:] {
				statuses = append(statuses, s.client.Status(f.name, &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true}))
			}
			noop = s.client.Noop()
		})
		// The library took them for sent. If its reader has ended meanwhile, it answers
		// them no more: to wait would be for ever.
		select {
		case <-s.client.Closed():
			return errors.Join(err, s.hungUp())
		default:
		}
		if err != nil {
			return err
		}
		var problems []error
		for i, c := range statuses {
			f := s.folders[i+1]
			data, err := c.Wait()
			switch {
			case err == nil:
				changed[i+1] = f.differs(data)
			case f.found && isRefusal(err):
				changed[i+1] = true // to open it shows whether it is still there
			default:
				problems = append(problems, err)
			}
		}
		return errors.Join(append(problems, noop.Wait())...)
	})
	// Opening another folder closes the first: it is then opened and read again.
	changed[0] = slices.Contains(changed[1:], true) || s.examined != s.folders[0].name || s.notices.peek()
	return changed, err
}

// differs holds a STATUS answer against what has been reported. Servers that do
// not tell UIDNEXT are believed by their number of messages.
func (f *folder) differs(data *imap.StatusData) bool {
	if data.UIDValidity != f.validity {
		return true
	}
	if data.UIDNext != 0 {
		return data.UIDNext > f.next || data.UIDNext < f.told
	}
	return data.NumMessages == nil || *data.NumMessages != f.messages
}
