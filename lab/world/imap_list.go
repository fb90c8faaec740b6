package world

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// The library's store knows no special uses (RFC 6154), and its list cannot be changed on
// its way to the client. With Config.SpecialUse, the session writes the list itself; it knows
// the folders because nobody may change them.

// List implements imapserver.Session.
func (s *imapSession) List(w *imapserver.ListWriter, ref string, patterns []string, options *imap.ListOptions) error {
	if !s.store.special || len(patterns) == 0 {
		return s.UserSession.List(w, ref, patterns, options)
	}
	for _, folder := range []string{inbox, s.store.junk} {
		matches := func(pattern string) bool { return imapserver.MatchList(folder, '/', ref, pattern) }
		if options.SelectSubscribed || !slices.ContainsFunc(patterns, matches) {
			continue // nobody is subscribed to anything
		}
		if err := s.listOne(w, folder, options); err != nil {
			return err
		}
	}
	return nil
}

// listOne writes one folder. What it is for is told even if the client did not ask, as
// RFC 6154 section 2 allows.
func (s *imapSession) listOne(w *imapserver.ListWriter, folder string, options *imap.ListOptions) error {
	data := imap.ListData{Mailbox: folder, Delim: '/'}
	if folder == s.store.junk {
		data.Attrs = []imap.MailboxAttr{imap.MailboxAttrJunk}
	} else if options.SelectSpecialUse {
		return nil
	}
	if options.ReturnStatus != nil {
		status, err := s.store.user.Status(folder, options.ReturnStatus)
		if err != nil {
			return err
		}
		data.Status = status
	}
	return w.WriteList(&data)
}

// fixed is the answer to a client that wants to change the folders, if it may not.
func (s *imapSession) fixed() error {
	if !s.store.special {
		return nil
	}
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeCannot, Text: "The folders are fixed"}
}

// Create implements imapserver.Session.
func (s *imapSession) Create(folder string, options *imap.CreateOptions) error {
	if err := s.fixed(); err != nil {
		return err
	}
	return s.UserSession.Create(folder, options)
}

// Delete implements imapserver.Session.
func (s *imapSession) Delete(folder string) error {
	if err := s.fixed(); err != nil {
		return err
	}
	return s.UserSession.Delete(folder)
}

// Rename implements imapserver.Session.
func (s *imapSession) Rename(folder, to string, options *imap.RenameOptions) error {
	if err := s.fixed(); err != nil {
		return err
	}
	return s.UserSession.Rename(folder, to, options)
}

// Subscribe implements imapserver.Session.
func (s *imapSession) Subscribe(folder string) error {
	if err := s.fixed(); err != nil {
		return err
	}
	return s.UserSession.Subscribe(folder)
}

// Unsubscribe implements imapserver.Session.
func (s *imapSession) Unsubscribe(folder string) error {
	if err := s.fixed(); err != nil {
		return err
	}
	return s.UserSession.Unsubscribe(folder)
}
