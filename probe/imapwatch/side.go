package imapwatch

import (
	"fmt"

	"github.com/emersion/go-imap/v2"
)

// sideCommand is a command beside the library, which does not know it: the filter
// keeps its answers.
type sideCommand struct {
	tag   string
	found map[imap.UID]string
	ended chan string // OK, NO or BAD
}

// objectID is the capability of RFC 8474.
const objectID imap.Cap = "OBJECTID"

// emailIDs asks for what is the same in every copy of a message (RFC 8474 section
// 5.1). Where the server knows no such thing, or refuses, there are none.
func (s *session) emailIDs(uids imap.UIDSet) (found map[imap.UID]string, err error) {
	if !s.caps.Has(objectID) {
		return nil, nil
	}
	err = s.do("asking for EMAILID", func() error {
		c := s.wire.begin(s)
		if _, err := fmt.Fprintf(s.wire, "%s UID FETCH %v (EMAILID)\r\n", c.tag, uids); err != nil {
			return err
		}
		select {
		case <-c.ended:
			found = c.found
			return nil
		case <-s.client.Closed():
			return errHungUp
		}
	})
	return found, err
}

// begin makes the filter expect the answers to a command beside the library.
func (f *filter) begin(s *session) *sideCommand {
	s.sideCommands++
	c := &sideCommand{tag: fmt.Sprintf("%c%d", ours, s.sideCommands), found: make(map[imap.UID]string), ended: make(chan string, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.side = c
	return c
}

// sideTakes keeps what a FETCH response tells, if it was asked for.
func (f *filter) sideTakes(m fetched) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.side == nil {
		return false
	}
	f.side.found[imap.UID(m.uid)] = m.emailID
	return true
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
