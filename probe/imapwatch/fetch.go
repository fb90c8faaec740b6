package imapwatch

import (
	"cmp"
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
		var err error
		if uidNext, err = s.examine(f, m); err != nil {
			return err
		}
	}
	t := s.notices.take()
	fresh, err := s.unread(m)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(fresh, fetchAtOnce) {
		if err := s.fetch(f, part, m, t, l); err != nil {
			return err
		}
	}
	// Messages that were removed before anyone saw them leave a gap below UIDNEXT.
	m.next = max(m.next, uidNext)
	return nil
}

// examine opens a folder read-only and gives its UIDNEXT, 0 where the server does
// not tell. UIDs of another UIDVALIDITY mean nothing (RFC 9051 section 2.3.1.1):
// such a folder is new.
func (s *session) examine(f *folder, m *mark) (imap.UID, error) {
	s.notices.take() // they were told of another folder
	var data *imap.SelectData
	err := s.do("opening it", func() (err error) {
		data, err = s.client.Select(f.name, &imap.SelectOptions{ReadOnly: true}).Wait()
		return err
	})
	if refusal := new(imap.Error); errors.As(err, &refusal) {
		return 0, fmt.Errorf("%w: create the folder, or take it out of the mailbox's folders", err)
	}
	if err != nil {
		return 0, err
	}
	if data.UIDValidity != m.validity {
		*m = mark{validity: data.UIDValidity}
	}
	m.messages = data.NumMessages
	return data.UIDNext, nil
}

// message is how the server names a message now.
type message struct {
	uid      imap.UID
	sequence uint32
}

// unread lists what has not been reported yet: all from the mark on, or, in a
// folder that is new, what came within the window. The list is short to ask for
// (UIDs alone), and tells afterwards whether each header has come.
func (s *session) unread(m *mark) ([]message, error) {
	if m.next != 0 {
		return s.list(imap.UIDSet{imap.UIDRange{Start: m.next}}, m.next) // n:*
	}
	last, err := s.last(m.messages)
	if err != nil {
		return nil, err
	}
	m.next = last + 1
	var recent imap.UIDSet
	err = s.do("searching it", func() error {
		since := s.cfg.Clock.Now().Add(-s.cfg.Window - 48*time.Hour) // SINCE knows whole days, of an unknown zone
		data, err := s.client.UIDSearch(&imap.SearchCriteria{Since: since}, nil).Wait()
		if err == nil {
			recent = imap.UIDSetNum(data.AllUIDs()...)
		}
		return err
	})
	if err != nil || len(recent) == 0 {
		return nil, err
	}
	return s.list(recent, 1)
}

// list asks for the UIDs and sequence numbers of messages. n:* gives the last
// message even when its UID is below n; it is left out.
func (s *session) list(set imap.NumSet, from imap.UID) ([]message, error) {
	buffers, err := s.collect("listing messages", set, &imap.FetchOptions{UID: true})
	var listed []message
	for _, b := range buffers {
		if b.UID >= from {
			listed = append(listed, message{b.UID, b.SeqNum})
		}
	}
	slices.SortFunc(listed, func(a, b message) int { return cmp.Compare(a.uid, b.uid) })
	return listed, err
}

// last is the UID of the last message, asked for by its number: not every server
// tells UIDNEXT, and the library loses the answer to a lone "*".
func (s *session) last(messages uint32) (imap.UID, error) {
	if messages == 0 {
		return 0, nil
	}
	listed, err := s.list(imap.SeqSetNum(messages), 1)
	if err != nil || len(listed) == 0 {
		return 0, err
	}
	return listed[0].uid, nil
}

// fetch reads headers and keeps the messages that are ours.
func (s *session) fetch(f *folder, part []message, m *mark, t told, l *probe.Look) error {
	buffers, err := s.headers(part)
	if err != nil {
		return err
	}
	fetched := s.cfg.Clock.Now()
	for _, b := range buffers {
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

// headers fetches the headers of messages. The library drops an answer in which
// the UID stands behind the header, as some servers write it, unless it was asked
// for by sequence number: what is missing is asked for again that way. What is
// missing then is an error, if it is still there: a message passed over in silence
// would be told lost.
func (s *session) headers(part []message) ([]*imapclient.FetchMessageBuffer, error) {
	options := &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{
		{Specifier: imap.PartSpecifierHeader, Peek: true, Partial: &imap.SectionPartial{Size: maxHeader}},
	}}
	var uids imap.UIDSet
	for _, p := range part {
		uids.AddNum(p.uid)
	}
	buffers, err := s.collect("fetching headers", uids, options)
	missing := without(part, buffers)
	if err != nil || len(missing) == 0 {
		return buffers, err
	}
	var numbers imap.SeqSet
	for _, p := range missing {
		numbers.AddNum(p.sequence)
	}
	again, err := s.collect("fetching headers by number", numbers, options)
	if err != nil {
		return nil, err
	}
	for _, b := range again {
		if slices.ContainsFunc(missing, func(p message) bool { return p.uid == b.UID }) {
			buffers = append(buffers, b)
		}
	}
	for _, p := range without(missing, buffers) {
		if there, err := s.list(imap.UIDSetNum(p.uid), p.uid); err != nil || len(there) > 0 {
			return nil, errors.Join(err, fmt.Errorf("fetching headers: the server lists UID %d and does not give its header", p.uid))
		}
	}
	return buffers, nil
}

// without gives the messages that no buffer is of.
func without(part []message, buffers []*imapclient.FetchMessageBuffer) []message {
	return slices.DeleteFunc(slices.Clone(part), func(p message) bool {
		return slices.ContainsFunc(buffers, func(b *imapclient.FetchMessageBuffer) bool {
			return b.UID == p.uid && len(b.BodySection) > 0
		})
	})
}

// observe matches one message.
func (s *session) observe(f *folder, m *mark, b *imapclient.FetchMessageBuffer) (probe.Observation, bool, error) {
	header := sectionOf(b)
	tag, carrier, err := s.cfg.Matcher.Match(header, func() ([]byte, error) { return s.body(b.UID) })
	if err != nil || carrier == "" {
		return probe.Observation{}, false, err
	}
	return probe.Observation{
		Tag: tag, Carrier: carrier, Mailbox: s.cfg.Mailbox,
		Ref:      probe.Ref{Folder: f.name, UIDValidity: m.validity, UID: uint32(b.UID)},
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

func (s *session) collect(what string, set imap.NumSet, options *imap.FetchOptions) (buffers []*imapclient.FetchMessageBuffer, err error) {
	err = s.do(what, func() error {
		buffers, err = s.client.Fetch(set, options).Collect()
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
