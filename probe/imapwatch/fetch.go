package imapwatch

import (
	"fmt"
	"slices"

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

// fetch reads headers and keeps the messages that are ours.
func (s *session) fetch(f *folder, part []imap.UID, m *mark, t told, l *probe.Look) error {
	buffers, err := s.headers(part)
	if err != nil {
		return err
	}
	fetched := s.cfg.Clock.Now()
	var found []probe.Observation
	var uids imap.UIDSet
	for _, b := range buffers {
		m.next = max(m.next, b.UID+1)
		o, ours, err := s.observe(f.name, m.validity, b)
		if err != nil {
			return err
		}
		if !ours {
			continue
		}
		found = append(found, o)
		uids.AddNum(b.UID)
		if shown := t.shown(b.SeqNum, fetched); shown.After(l.Ended) {
			l.Ended = shown
		}
	}
	if len(found) == 0 {
		return nil
	}
	ids, err := s.emailIDs(uids)
	for _, o := range found {
		o.EmailID = ids[imap.UID(o.Ref.UID)]
		l.Found = append(l.Found, o)
	}
	return err
}

// headers fetches the headers of messages. What is missing is asked for again; if
// it is missing then, and has not been removed meanwhile, that is an error.
func (s *session) headers(part []imap.UID) ([]*imapclient.FetchMessageBuffer, error) {
	options := &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{
		{Specifier: imap.PartSpecifierHeader, Peek: true, Partial: &imap.SectionPartial{Size: maxHeader}},
	}}
	before := s.notices.counted()
	buffers, err := s.collect("fetching headers", imap.UIDSetNum(part...), options)
	missing := without(part, buffers)
	if err != nil || len(missing) == 0 {
		return buffers, err
	}
	if err := s.noop(); err != nil {
		return nil, err
	}
	again, err := s.collect("fetching headers again", imap.UIDSetNum(missing...), options)
	if err != nil {
		return nil, err
	}
	buffers = append(buffers, again...)
	if missing = without(missing, again); len(missing) == 0 {
		return buffers, nil
	}
	there, err := s.list(imap.UIDSetNum(missing...))
	if err == nil && (len(there) > 0 || s.notices.counted().removals == before.removals) {
		err = fmt.Errorf("fetching headers: got %d of %d that the server lists, want all: UID %v is missing", len(part)-len(missing), len(part), missing[0])
	}
	return buffers, err
}

// without gives the UIDs that no buffer with a header is of.
func without(part []imap.UID, buffers []*imapclient.FetchMessageBuffer) []imap.UID {
	return slices.DeleteFunc(slices.Clone(part), func(uid imap.UID) bool {
		return slices.ContainsFunc(buffers, func(b *imapclient.FetchMessageBuffer) bool {
			return b.UID == uid && len(b.BodySection) > 0
		})
	})
}

// observe matches one message.
func (s *session) observe(folder string, validity uint32, b *imapclient.FetchMessageBuffer) (probe.Observation, bool, error) {
	header := sectionOf(b)
	tag, carrier, err := s.cfg.Matcher.Match(header, func() ([]byte, error) { return s.body(b.UID) })
	if err != nil || carrier == "" {
		return probe.Observation{}, false, err
	}
	return probe.Observation{
		Tag: tag, Carrier: carrier, Mailbox: s.cfg.Mailbox,
		Ref:      probe.Ref{Folder: folder, UIDValidity: validity, UID: uint32(b.UID)},
		Internal: b.InternalDate, Header: header,
	}, true, nil
}

// body fetches the beginning of a message's text. One that has gone meanwhile has
// none; one that is there and is not given is asked for again, and then an error.
func (s *session) body(uid imap.UID) ([]byte, error) {
	text := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true, Partial: &imap.SectionPartial{Size: probe.MaxBody}}
	options := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{text}}
	for range 2 {
		buffers, err := s.collect("fetching a body", imap.UIDSetNum(uid), options)
		if err != nil {
			return nil, err
		}
		if len(without([]imap.UID{uid}, buffers)) == 0 {
			return sectionOf(buffers[0]), nil
		}
		if there, err := s.list(imap.UIDSetNum(uid)); err != nil || len(there) == 0 {
			return nil, err
		}
	}
	return nil, fmt.Errorf("fetching a body: got none for UID %v, which the server lists", uid)
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
