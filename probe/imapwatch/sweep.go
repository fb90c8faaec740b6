package imapwatch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailpath/mailpath/probe"
)

// sweptAtOnce is how many messages one search goes through: a server that reads
// every header for it must answer in time.
const sweptAtOnce = 5000

// Sweep finds the messages of ours, in all folders, that were sent before a time
// (by the full tag; where only the short form is left, that were taken in before
// it), and deletes them if told to. It has a connection of its own and may be
// called while Watch runs. The server's search narrows the choice, the Matcher
// decides: what a search misses stays, and so does what a folder for junk holds that the
// server refuses to show. Headers and bodies are not kept. With an error it gives
// what it had found so far; probe.ErrNoUIDExpunge as for Clean.
func (w *Watcher) Sweep(ctx context.Context, before time.Time, remove bool) ([]probe.Observation, error) {
	found, err := w.sweep(ctx, before, remove)
	if err != nil {
		err = fmt.Errorf("sweeping mailbox %s at %s: %w", w.cfg.Mailbox, w.cfg.Server, err)
	}
	return found, err
}

func (w *Watcher) sweep(ctx context.Context, before time.Time, remove bool) ([]probe.Observation, error) {
	s, err := w.open(ctx)
	if err != nil {
		return nil, probe.OursOr(ctx, err)
	}
	defer s.close()
	if err := s.find(nil); err != nil {
		return nil, probe.OursOr(ctx, err)
	}
	if remove && !s.caps.Has(imap.CapUIDPlus) {
		return nil, probe.ErrNoUIDExpunge
	}
	var found []probe.Observation
	for _, f := range s.folders {
		old, err := s.old(f, before)
		if f.found && isRefusal(err) {
			continue
		}
		found = append(found, old...)
		if err == nil && remove && len(old) > 0 {
			err = s.delete(f.name, refsOf(old))
		}
		if err != nil {
			return found, probe.OursOr(ctx, fmt.Errorf("folder %s: %w", f.name, err))
		}
	}
	return found, nil
}

func refsOf(found []probe.Observation) []probe.Ref {
	var refs []probe.Ref
	for _, o := range found {
		refs = append(refs, o.Ref)
	}
	return refs
}

// old finds messages of ours in one folder that were sent before a time.
func (s *session) old(f *folder, before time.Time) ([]probe.Observation, error) {
	data, err := s.enter(f.name, true)
	if err != nil {
		return nil, err
	}
	candidates, err := s.candidates(data.NumMessages, before)
	if err != nil {
		return nil, err
	}
	var found []probe.Observation
	for part := range slices.Chunk(candidates, fetchAtOnce) {
		old, err := s.sentBefore(f, data.UIDValidity, part, before)
		if err != nil {
			return found, err
		}
		found = append(found, old...)
	}
	return found, nil
}

// candidates searches the open folder part by part.
func (s *session) candidates(messages uint32, before time.Time) ([]imap.UID, error) {
	var candidates []imap.UID
	for done := uint32(0); done < messages; done += min(sweptAtOnce, messages-done) {
		criteria := ofOurs(before)
		criteria.SeqNum = []imap.SeqSet{{imap.SeqRange{Start: done + 1, Stop: done + min(sweptAtOnce, messages-done)}}}
		found, err := s.search(criteria)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			continue
		}
		listed, err := s.list(found)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, uidsOf(listed)...)
	}
	return candidates, nil
}

// ofOurs is what a search goes by: a day that is certainly late enough, and what
// stands in the headers of our messages, each of which may have been taken out.
func ofOurs(before time.Time) *imap.SearchCriteria {
	in := func(field, text string) imap.SearchCriteria {
		return imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: field, Value: text}}}
	}
	other := imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{in("Message-ID", "mp1."), in("Subject", "mp1.")}}}
	return &imap.SearchCriteria{
		Before: before.Add(48 * time.Hour), // BEFORE knows whole days, of an unknown zone
		Or:     [][2]imap.SearchCriteria{{in(probe.TagField, "mp1:"), other}},
	}
}

// sentBefore keeps of some messages those that are arrivals of ours and were sent before
// a time. Reports are other people's.
func (s *session) sentBefore(f *folder, validity uint32, uids []imap.UID, before time.Time) ([]probe.Observation, error) {
	buffers, err := s.headers(uids)
	if err != nil {
		return nil, err
	}
	var found []probe.Observation
	for _, b := range buffers {
		o, _, err := s.arrival(f, validity, b)
		if err != nil {
			return found, err
		}
		if o == nil {
			continue
		}
		sent := o.Internal
		if o.Tag.Full {
			sent = o.Tag.Sent
		}
		if !sent.IsZero() && sent.Before(before) {
			o.Header, o.Body = nil, nil
			found = append(found, *o)
		}
	}
	return found, nil
}
