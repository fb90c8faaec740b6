package world

import (
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// imapSession is one IMAP connection to a store. The session of the library that it
// wraps has four faults that a prober would take for the mail system's: what comes
// between SELECT and IDLE is not pushed; a UID FETCH of a message not yet announced
// gives it the sequence number 0; MOVE announces every message twice; EXAMINE allows
// changes.
type imapSession struct {
	*imapmemserver.UserSession // nil before login
	store                      *store

	// The library does not wait for the end of IDLE when the client hangs up in it:
	// its last Poll may then run beside that of IDLE.
	polling sync.Mutex

	selected  bool
	readOnly  bool
	announced imap.UID // the highest that the client can know of
}

// Login implements imapserver.Session.
func (s *imapSession) Login(username, password string) error {
	if err := s.store.user.Login(username, password); err != nil {
		return err
	}
	s.UserSession = imapmemserver.NewUserSession(s.store.user)
	return nil
}

// Select implements imapserver.Session.
func (s *imapSession) Select(folder string, options *imap.SelectOptions) (*imap.SelectData, error) {
	data, err := s.UserSession.Select(folder, options)
	if err != nil {
		return nil, err
	}
	s.selected, s.readOnly, s.announced = true, options.ReadOnly, data.UIDNext-1
	if s.readOnly {
		data.PermanentFlags = nil
	}
	return data, nil
}

// Unselect implements imapserver.Session.
func (s *imapSession) Unselect() error {
	s.selected = false
	return s.UserSession.Unselect()
}

// Poll implements imapserver.Session. It polls until no message came meanwhile, so
// that it knows what has been announced.
func (s *imapSession) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	s.polling.Lock()
	defer s.polling.Unlock()
	if !s.selected {
		return nil
	}
	for before := s.uidNext(); ; {
		if err := s.UserSession.Poll(w, allowExpunge); err != nil {
			return err
		}
		after := s.uidNext()
		if after == before {
			s.announced = after - 1
			return nil
		}
		before = after
	}
}

func (s *imapSession) uidNext() imap.UID {
	return s.UserSession.StatusData(&imap.StatusOptions{UIDNext: true}).UIDNext
}

// Idle implements imapserver.Session (RFC 2177).
func (s *imapSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	changed, leave := s.store.idle()
	defer leave()
	for {
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stop:
			return nil
		}
	}
}

// Fetch implements imapserver.Session.
func (s *imapSession) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	if s.readOnly { // RFC 3501 section 6.3.2: EXAMINE does not set \Seen
		for _, section := range options.BodySection {
			section.Peek = true
		}
	}
	defer s.store.wake()
	return s.UserSession.Fetch(w, s.known(set), options)
}

// Store implements imapserver.Session.
func (s *imapSession) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, options *imap.StoreOptions) error {
	if s.readOnly {
		return errReadOnly()
	}
	defer s.store.wake()
	return s.UserSession.Store(w, s.known(set), flags, options)
}

// Copy implements imapserver.Session.
func (s *imapSession) Copy(set imap.NumSet, folder string) (*imap.CopyData, error) {
	defer s.store.wake()
	return s.UserSession.Copy(s.known(set), folder)
}

// Move implements imapserver.SessionMove: a copy, and an expunge (RFC 6851 section
// 3.3) that is announced by the poll at the command's end.
func (s *imapSession) Move(w *imapserver.MoveWriter, set imap.NumSet, folder string) error {
	if s.readOnly {
		return errReadOnly()
	}
	data, err := s.Copy(set, folder)
	if err != nil {
		return err
	}
	if err := w.WriteCopyData(data); err != nil || len(data.SourceUIDs) == 0 {
		return err
	}
	deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if err := s.Store(nil, data.SourceUIDs, deleted, &imap.StoreOptions{}); err != nil {
		return err
	}
	return s.Expunge(nil, &data.SourceUIDs)
}

// Expunge implements imapserver.Session.
func (s *imapSession) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	if s.readOnly {
		return errReadOnly()
	}
	defer s.store.wake()
	return s.UserSession.Expunge(w, uids)
}

// Append implements imapserver.Session.
func (s *imapSession) Append(folder string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	defer s.store.wake()
	return s.UserSession.Append(folder, r, options)
}

// known takes out of a set of UIDs what has not been announced. "*" is the last
// that has been.
func (s *imapSession) known(set imap.NumSet) imap.NumSet {
	uids, ok := set.(imap.UIDSet)
	if !ok || imap.IsSearchRes(uids) {
		return set
	}
	known := imap.UIDSet{}
	for _, r := range uids {
		first, last := r.Start, r.Stop
		if first == 0 {
			first = s.announced
		}
		if last == 0 {
			last = s.announced
		}
		first, last = min(first, last), min(max(first, last), s.announced)
		if first > 0 && first <= last {
			known.AddRange(first, last)
		}
	}
	return known
}

func errReadOnly() error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "Folder is read-only"}
}
