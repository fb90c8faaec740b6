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

// fetch reads headers and keeps the messages that are ours, and the reports about such.
func (s *session) fetch(f *folder, part []imap.UID, m *mark, t told, l *probe.Look) ([]*probe.Observation, error) {
	buffers, err := s.headers(part)
	if err != nil {
		return nil, err
	}
	fetched := s.cfg.Clock.Now()
	var found []*probe.Observation
	for _, b := range buffers {
		m.next = max(m.next, b.UID+1)
		o, err := s.observe(f, m.validity, b)
		if err != nil {
			return nil, err
		}
		if o == nil {
			continue
		}
		found = append(found, o)
		if shown := t.shown(b.SeqNum, fetched); shown.After(l.Ended) {
			l.Ended = shown
		}
	}
	return found, nil
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
