package imapwatch

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailpath/mailpath/probe"
)

// read fetches what is new in one folder, opening it if it is not open.
func (s *session) read(f *folder, m *mark, l *probe.Look) error {
	var uidNext imap.UID
	if s.examined != f.name {
		var err error
		if uidNext, err = s.examine(f, m); err != nil {
			return err
		}
	}
	t := s.notices.take()
	fresh, err := s.fresh(m, uidNext)
	if err != nil {
		return err
	}
	var found []*probe.Observation
	for part := range slices.Chunk(fresh, fetchAtOnce) {
		some, err := s.fetch(f, part, m, t, l)
		if err != nil {
			return err
		}
		found = append(found, some...)
	}
	for part := range slices.Chunk(found, fetchAtOnce) {
		if err := s.complete(part); err != nil {
			return err
		}
	}
	for _, o := range found {
		l.Found = append(l.Found, *o)
	}
	// Messages that were removed before anyone saw them leave a gap below UIDNEXT.
	m.next = max(m.next, uidNext)
	return nil
}

// examine opens a folder read-only and gives its UIDNEXT, 0 where the server does
// not tell. UIDs of another UIDVALIDITY mean nothing (RFC 9051 section 2.3.1.1):
// such a folder is new. So is one whose UIDNEXT has gone back, as when it was
// restored from a backup.
func (s *session) examine(f *folder, m *mark) (imap.UID, error) {
	data, err := s.enter(f.name, true)
	if isRefusal(err) && !f.found {
		return 0, fmt.Errorf("%w: create the folder, or take it out of the mailbox's folders", err)
	}
	if err != nil {
		return 0, err
	}
	if data.UIDValidity != m.validity || data.UIDNext != 0 && data.UIDNext < m.told {
		*m = mark{validity: data.UIDValidity}
	}
	m.told = data.UIDNext
	return data.UIDNext, nil
}

// message is how the server names a message now.
type message struct {
	uid      imap.UID
	sequence uint32
}

// fresh gives the UIDs of what has not been reported yet: all from the mark on,
// or, in a folder that is new, what came within the window.
func (s *session) fresh(m *mark, uidNext imap.UID) ([]imap.UID, error) {
	count := s.notices.counted()
	var listed []message
	var err error
	if m.next != 0 {
		listed, err = s.grown(m)
	} else {
		listed, err = s.recent(m, count, uidNext)
	}
	if err != nil {
		return nil, err
	}
	m.messages = math.MaxUint32
	if count.known {
		m.messages = count.messages
		for _, p := range listed {
			m.messages = max(m.messages, p.sequence) // it came while we listed
		}
	}
	return uidsOf(listed), nil
}

func uidsOf(listed []message) []imap.UID {
	var uids []imap.UID
	for _, p := range listed {
		uids = append(uids, p.uid)
	}
	return uids
}

// grown lists all messages from the mark on. What is short of what the server has
// told is asked for again, after a NOOP, in which it tells what has been removed;
// it is then an error, unless messages are being removed.
func (s *session) grown(m *mark) ([]message, error) {
	for again := false; ; again = true {
		count := s.notices.counted()
		listed, err := s.list(imap.UIDSet{imap.UIDRange{Start: m.next}}) // n:*
		if err != nil {
			return nil, err
		}
		shown := listed
		if len(listed) == 0 && count.known { // the library drops what n:* gives below n
			if shown, err = s.last(count.messages); err != nil {
				return nil, err
			}
		}
		fresh := from(listed, m.next)
		problem := shortfall(count, m, shown, fresh)
		if problem == nil || again && s.notices.counted().removals != count.removals {
			return fresh, nil
		}
		if again {
			return nil, fmt.Errorf("listing messages: %w", problem)
		}
		if err := s.noop(); err != nil {
			return nil, err
		}
	}
}

// from leaves out what lies before the mark: n:* gives the last message even when
// its UID is below n.
func from(listed []message, next imap.UID) []message {
	i, _ := slices.BinarySearchFunc(listed, next, func(p message, next imap.UID) int { return cmp.Compare(p.uid, next) })
	return listed[i:]
}

// shortfall is what a listing lacks of what is known of the folder: by how many
// messages it has grown, and which is the last one. It may show more, and higher
// numbers: what came just now.
func shortfall(count census, m *mark, shown, fresh []message) error {
	if !count.known {
		return nil
	}
	want := max(int64(count.messages)-int64(m.messages), int64(len(from(shown, m.next))))
	if int64(len(fresh)) < want {
		return fmt.Errorf("got %d new messages, want %d: the server told of %d, and %d were known", len(fresh), want, count.messages, m.messages)
	}
	last := uint32(0)
	for _, p := range shown {
		last = max(last, p.sequence)
	}
	if last < count.messages {
		return fmt.Errorf("got messages up to number %d, want them up to %d, of which the server told", last, count.messages)
	}
	return nil
}

// recent lists what came within the window, and sets the mark behind all there is.
func (s *session) recent(m *mark, count census, uidNext imap.UID) ([]message, error) {
	var err error
	if m.next = uidNext; uidNext == 0 {
		if m.next, err = s.behind(count.messages); err != nil {
			return nil, err
		}
	}
	since := s.cfg.Clock.Now().Add(-s.cfg.Window - 48*time.Hour) // SINCE knows whole days, of an unknown zone
	found, err := s.search(&imap.SearchCriteria{Since: since})
	if err != nil {
		return nil, err
	}
	return s.named(found, count)
}

// behind is the UID behind that of the last message, where the server tells no UIDNEXT.
func (s *session) behind(messages uint32) (imap.UID, error) {
	if messages == 0 {
		return 1, nil
	}
	for again := false; ; again = true {
		last, err := s.last(messages)
		if err != nil {
			return 0, err
		}
		if len(last) > 0 {
			return last[0].uid + 1, nil
		}
		if again {
			return 0, fmt.Errorf("listing messages: got no UID for number %d, want one: it is the last of which the server told", messages)
		}
	}
}

// named lists what a search has found. What is not shown is asked for again, after
// a NOOP; it is then an error, unless messages are being removed.
func (s *session) named(set imap.UIDSet, count census) ([]message, error) {
	if len(set) == 0 {
		return nil, nil
	}
	for again := false; ; again = true {
		listed, err := s.list(set)
		if err != nil || uint64(len(listed)) == size(set) {
			return listed, err
		}
		steady := s.notices.counted().removals == count.removals
		if again && steady {
			return nil, fmt.Errorf("listing messages: got %d, want the %d that SEARCH found", len(listed), size(set))
		}
		if again {
			return listed, nil
		}
		if err := s.noop(); err != nil {
			return nil, err
		}
	}
}

// size is how many numbers are in a set. The library would write them all out.
func size(set imap.UIDSet) uint64 {
	var n uint64
	for _, r := range set {
		n += uint64(max(r.Start, r.Stop)-min(r.Start, r.Stop)) + 1
	}
	return n
}

// list asks for the UIDs and sequence numbers of messages, and gives them by UID.
func (s *session) list(set imap.NumSet) ([]message, error) {
	buffers, err := s.collect("listing messages", set, &imap.FetchOptions{UID: true})
	var listed []message
	for _, b := range buffers {
		listed = append(listed, message{b.UID, b.SeqNum})
	}
	slices.SortFunc(listed, func(a, b message) int { return cmp.Compare(a.uid, b.uid) })
	return listed, err
}

// last is the last message, asked for by its number: the library loses the answer
// to a lone "*".
func (s *session) last(messages uint32) ([]message, error) {
	if messages == 0 {
		return nil, nil
	}
	return s.list(imap.SeqSetNum(messages))
}

func (s *session) search(criteria *imap.SearchCriteria) (found imap.UIDSet, err error) {
	err = s.do("searching it", func() error {
		data, err := s.client.UIDSearch(criteria, nil).Wait()
		if err != nil {
			return err
		}
		found, _ = data.All.(imap.UIDSet)
		if found.Dynamic() {
			return errors.New(`got "*", want numbers`)
		}
		return nil
	})
	return found, err
}

func (s *session) noop() error {
	return s.do("asking for news", func() error { return s.client.Noop().Wait() })
}
