package imapwatch

import (
	"fmt"

	"github.com/emersion/go-imap/v2"
)

// sideCommand is a command beside the library, which does not know it, or would be
// undone by what servers answer: the filter keeps the answers.
type sideCommand struct {
	tag   string
	asked imap.UIDSet                              // of a FETCH
	told  map[imap.UID]aside                       // by FETCH
	lists func(attributes, delimiter, name []byte) // is given what LIST tells; nil: it was not asked
	ended chan string                              // OK, NO or BAD
}

// aside is what is fetched of an arrival beside the library.
type aside struct {
	emailID string
	body    []byte // nil: it was not given
}

// objectID is the capability of RFC 8474.
const objectID imap.Cap = "OBJECTID"

// beside sends a command beside the library and waits for its end. What it was
// answered with, OK, NO or BAD, is for the caller to mind.
func (s *session) beside(what, command string, c *sideCommand) (answer string, err error) {
	err = s.do(what, func() error {
		s.wire.begin(s, c)
		if _, err := fmt.Fprintf(s.wire, "%s %s\r\n", c.tag, command); err != nil {
			return err
		}
		select {
		case answer = <-c.ended:
			return nil
		case <-s.client.Closed():
			return errHungUp
		}
	})
	return answer, err
}

// begin makes the filter expect the answers to a command beside the library.
func (f *filter) begin(s *session, c *sideCommand) {
	s.sideCommands++
	c.tag, c.ended = fmt.Sprintf("%c%d", ours, s.sideCommands), make(chan string, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.side = c
}

// sideTakes keeps what a FETCH response tells, if it was asked for. Some servers tell
// it piece by piece.
func (f *filter) sideTakes(m fetched) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.side == nil || f.side.told == nil {
		return false
	}
	uid := imap.UID(m.uid)
	if !f.side.asked.Contains(uid) {
		return true
	}
	a := f.side.told[uid]
	if m.emailID != "" {
		a.emailID = m.emailID
	}
	if m.hasBody {
		a.body = append([]byte{}, m.body[:min(len(m.body), maxBody)]...)
	}
	f.side.told[uid] = a
	return true
}

// sideLists passes on what LIST tells of a folder, if it was asked for.
func (f *filter) sideLists(attributes, delimiter, name []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.side != nil && f.side.lists != nil {
		f.side.lists(attributes, delimiter, name)
	}
}

// sideEnds is the answer that ends the command.
func (f *filter) sideEnds(tag, kind string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.side != nil && f.side.tag == tag {
		f.side.ended <- kind
		f.side = nil
	}
}
