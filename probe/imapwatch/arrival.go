package imapwatch

import (
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/probe"
)

const (
	maxBody = probe.MaxBody
	// bodyless is how long no body is asked for after the connection was lost over one:
	// a server that hangs on them makes nobody blind for more than a moment in it.
	bodyless = 10 * time.Minute
)

// observe tells what a message is to us: an arrival of ours, a report about one, or
// nothing, which is nil.
func (s *session) observe(f *folder, validity uint32, b *imapclient.FetchMessageBuffer) (*probe.Observation, error) {
	o, body, err := s.arrival(f, validity, b)
	if o != nil || err != nil {
		return o, err
	}
	return s.report(f, validity, b, body)
}

// arrival matches one message. It gives the body as well, if that was asked for: nil
// if it was not.
func (s *session) arrival(f *folder, validity uint32, b *imapclient.FetchMessageBuffer) (o *probe.Observation, body []byte, err error) {
	header := sectionOf(b)
	tag, carrier, err := s.cfg.Matcher.Match(header, func() ([]byte, error) {
		given, text, err := s.body(b.UID, maxBody)
		if err == nil && !given {
			err = fmt.Errorf("fetching a body: got none for UID %v, which the server lists", b.UID)
		}
		body = text
		return text, err
	})
	if err != nil || carrier == "" {
		return nil, body, err
	}
	o = s.observation(f, validity, b)
	o.Tag, o.Carrier, o.Place = tag, carrier, f.place
	if s.cfg.Bodies {
		o.Body = body
	}
	return o, body, nil
}

// report reads one message that is no arrival as a report. One whose body is not given
// is read by its header alone: to pass over it proves nothing, so that it is no reason
// to be blind.
func (s *session) report(f *folder, validity uint32, b *imapclient.FetchMessageBuffer, body []byte) (*probe.Observation, error) {
	r, about, ok, err := s.cfg.Matcher.ReportOn(sectionOf(b), func() ([]byte, error) {
		if body != nil && len(body) < maxBody {
			return body, nil // that is all of it
		}
		if s.isBodyless() {
			return nil, nil
		}
		_, text, err := s.body(b.UID, probe.MaxReport)
		s.lostOverBodies = err != nil
		return text, err
	})
	if err != nil || !ok {
		return nil, err
	}
	o := s.observation(f, validity, b)
	o.Tag, o.Report = about, &r
	return o, nil
}

// observation is what is known of any message that was found.
func (s *session) observation(f *folder, validity uint32, b *imapclient.FetchMessageBuffer) *probe.Observation {
	return &probe.Observation{
		Mailbox: s.cfg.Mailbox, Internal: b.InternalDate, Header: sectionOf(b),
		Ref: probe.Ref{Folder: f.name, UIDValidity: validity, UID: uint32(b.UID)},
	}
}

// body fetches the beginning of a message's text, and tells whether it was given. One
// that has gone meanwhile has none; one that is there and is not given is asked for
// again.
func (s *session) body(uid imap.UID, size int64) (given bool, text []byte, err error) {
	section := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true, Partial: &imap.SectionPartial{Size: size}}
	options := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}
	for range 2 {
		buffers, err := s.collect("fetching a body", imap.UIDSetNum(uid), options)
		if err != nil {
			return false, nil, err
		}
		if len(without([]imap.UID{uid}, buffers)) == 0 {
			return true, sectionOf(buffers[0]), nil
		}
		if there, err := s.list(imap.UIDSetNum(uid)); err != nil || len(there) == 0 {
			return true, nil, err
		}
	}
	return false, nil, nil
}

// complete adds to the messages found in the open folder what is asked for arrivals
// alone: what is the same in every copy (EMAILID, RFC 8474 section 5.1) where the
// server knows such a thing, and the body where it is wanted; both in one command.
// When they were shown is settled before. A body that is not given is asked for once
// more; an arrival counts without one.
func (s *session) complete(found []*probe.Observation) error {
	text := ""
	if s.cfg.Bodies && !s.isBodyless() {
		text = fmt.Sprintf("BODY.PEEK[TEXT]<0.%d>", maxBody)
	}
	var whole, bare []*probe.Observation
	for _, o := range found {
		switch {
		case o.Report != nil:
		case text != "" && o.Body == nil:
			bare = append(bare, o)
		default:
			whole = append(whole, o)
		}
	}
	id := ""
	if s.caps.Has(objectID) {
		id = "EMAILID"
	}
	if err := s.add(whole, "asking for EMAILID", id); err != nil || len(bare) == 0 {
		return err
	}
	both := text
	if id != "" {
		both = id + " " + text
	}
	err := s.add(bare, "fetching bodies", both)
	if err == nil {
		bare = slices.DeleteFunc(bare, func(o *probe.Observation) bool { return o.Body != nil })
		err = s.add(bare, "fetching bodies again", text)
	}
	s.lostOverBodies = err != nil
	return err
}

// isBodyless tells whether bodies are left alone for a while.
func (s *session) isBodyless() bool { return s.cfg.Clock.Now().Before(s.bodyless) }

// add fetches items of messages and adds them. What the server does not tell, or
// refuses, is left out.
func (s *session) add(found []*probe.Observation, what, items string) error {
	if len(found) == 0 || items == "" {
		return nil
	}
	c := &sideCommand{told: make(map[imap.UID]aside, len(found))}
	for _, o := range found {
		c.asked.AddNum(imap.UID(o.Ref.UID))
	}
	if _, err := s.beside(what, fmt.Sprintf("UID FETCH %v (%s)", c.asked, items), c); err != nil {
		return err
	}
	for _, o := range found {
		a := c.told[imap.UID(o.Ref.UID)]
		if a.emailID != "" {
			o.EmailID = a.emailID
		}
		if a.body != nil {
			o.Body = a.body
		}
	}
	return nil
}
