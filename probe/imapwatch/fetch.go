package imapwatch

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/probe"
)

const (
	// fetchAtOnce bounds one FETCH of a long list.
	fetchAtOnce = 100
	// maxHeader is how much of one header is fetched.
	maxHeader = 256 << 10
)

// read fetches what is new in one folder, opening it if it is not open.
func (s *session) read(f *folder, m *mark, l *probe.Look) error {
	var uidNext imap.UID
	if open := s.client.Mailbox(); !s.opened || open == nil || open.Name != f.name {
		data, err := s.examine(f, m)
		if err != nil {
			return err
		}
		uidNext = data.UIDNext
	}
	t := s.notices.take()
	parts, err := s.unread(m)
	if err != nil {
		return err
	}
	for _, uids := range parts {
		if err := s.fetch(f, uids, m, t, l); err != nil {
			return err
		}
	}
	// Messages that were removed before anyone saw them leave a gap below UIDNEXT.
	m.next = max(m.next, uidNext)
	return nil
}

// examine opens a folder read-only. UIDs of another UIDVALIDITY mean nothing (RFC
// 9051 section 2.3.1.1): such a folder is new.
func (s *session) examine(f *folder, m *mark) (data *imap.SelectData, err error) {
	s.notices.take() // they were told of another folder
	err = s.do("opening it", func() error {
		data, err = s.client.Select(f.name, &imap.SelectOptions{ReadOnly: true}).Wait()
		return err
	})
	if refusal := new(imap.Error); errors.As(err, &refusal) {
		return nil, fmt.Errorf("%w: create the folder, or take it out of the mailbox's folders", err)
	}
	if err != nil {
		return nil, err
	}
	if data.UIDValidity != m.validity {
		*m = mark{validity: data.UIDValidity}
	}
	m.messages = data.NumMessages
	return data, nil
}

// unread says what to fetch: everything from the mark on, or, in a folder that is
// new, what came within the window.
func (s *session) unread(m *mark) ([]imap.UIDSet, error) {
	if m.next != 0 {
		return []imap.UIDSet{{imap.UIDRange{Start: m.next}}}, nil // n:*
	}
	var recent []imap.UID
	err := s.do("searching it", func() error {
		since := s.cfg.Clock.Now().Add(-s.cfg.Window - 48*time.Hour) // SINCE knows whole days, of an unknown zone
		data, err := s.client.UIDSearch(&imap.SearchCriteria{Since: since}, nil).Wait()
		if err == nil {
			recent = data.AllUIDs()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if m.next, err = s.afterLast(); err != nil {
		return nil, err
	}
	slices.Sort(recent)
	var parts []imap.UIDSet
	for part := range slices.Chunk(recent, fetchAtOnce) {
		parts = append(parts, imap.UIDSetNum(part...))
	}
	return parts, nil
}

// afterLast is the UID after that of the last message, asked for itself because
// not every server tells UIDNEXT.
func (s *session) afterLast() (next imap.UID, err error) {
	next = 1
	err = s.do("asking for the last UID", func() error {
		last, err := s.client.Fetch(imap.UIDSet{imap.UIDRange{}}, &imap.FetchOptions{UID: true}).Collect() // *
		for _, b := range last {
			next = max(next, b.UID+1)
		}
		return err
	})
	return next, err
}

// fetch reads headers and keeps the messages that are ours.
func (s *session) fetch(f *folder, uids imap.UIDSet, m *mark, t told, l *probe.Look) error {
	header := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true, Partial: &imap.SectionPartial{Size: maxHeader}}
	buffers, err := s.collect("fetching headers", uids, &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{header}})
	if err != nil {
		return err
	}
	fetched, start := s.cfg.Clock.Now(), m.next
	for _, b := range buffers {
		if uids.Dynamic() && b.UID < start {
			continue // n:* gives the last message even when its UID is below n
		}
		m.next = max(m.next, b.UID+1)
		o, ours, err := s.observe(f, m, b)
		if err != nil {
			return err
		}
		if !ours {
			continue
		}
		l.Found = append(l.Found, o)
		if shown := t.shown(b.SeqNum, fetched); shown.After(l.Ended) {
			l.Ended = shown
		}
	}
	return nil
}

// observe matches one message.
func (s *session) observe(f *folder, m *mark, b *imapclient.FetchMessageBuffer) (probe.Observation, bool, error) {
	header := sectionOf(b)
	tag, carrier, err := s.cfg.Matcher.Match(header, func() ([]byte, error) { return s.body(b.UID) })
	if err != nil || carrier == "" {
		return probe.Observation{}, false, err
	}
	return probe.Observation{
		Tag: tag, Carrier: carrier, Mailbox: s.cfg.Mailbox, Folder: f.name,
		Ref:      probe.Ref{UIDValidity: m.validity, UID: uint32(b.UID)},
		Internal: b.InternalDate, Header: header,
	}, true, nil
}

// body fetches the beginning of a message's text. One that has gone meanwhile has none.
func (s *session) body(uid imap.UID) ([]byte, error) {
	text := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true, Partial: &imap.SectionPartial{Size: probe.MaxBody}}
	buffers, err := s.collect("fetching a body", imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{text}})
	if err != nil || len(buffers) == 0 {
		return nil, err
	}
	return sectionOf(buffers[0]), nil
}

func (s *session) collect(what string, uids imap.UIDSet, options *imap.FetchOptions) (buffers []*imapclient.FetchMessageBuffer, err error) {
	err = s.do(what, func() error {
		buffers, err = s.client.Fetch(uids, options).Collect()
		return err
	})
	return buffers, err
}

// sectionOf is the one body section that was asked for.
func sectionOf(b *imapclient.FetchMessageBuffer) []byte {
	if len(b.BodySection) == 0 {
		return nil
	}
	return b.BodySection[0].Bytes
}
