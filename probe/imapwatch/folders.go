package imapwatch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailpath/mailpath/probe"
)

// JunkFolder as the name of a folder stands for the one that the server marks as its
// own for junk (RFC 6154 section 2), whatever it is called; if it marks none, for those
// whose names say so. Of several that are marked, those that other people share do not
// count if there is one of the user's own, and no more than the first eight are taken.
//
// It is looked into if the server shows it and lets us, and never makes a mailbox blind
// that could be watched without it: INBOX and the folders that are named decide. Where
// the server refuses a list, has no such folder, or refuses to open it or to go on with
// it, the other folders are watched, INBOX if there are no others, and it is asked for
// again, at each connection and once a minute. Servers make such a folder when they
// first need it, and others take it away. What comes into it meanwhile is found once it
// can be opened, as far back as the Window or what was found there before.
const JunkFolder = `\Junk`

const (
	// relist is how often a folder for junk is asked for that there was none of, or that
	// could not be looked into.
	relist = time.Minute
	// maxJunk bounds the folders that JunkFolder stands for: each costs a command per look.
	maxJunk = 8
	// maxName bounds the name of a folder, in bytes.
	maxName = 1000
)

// find settles which folders are watched over this connection, and what places they
// are. Of those that are known already it is known how far they have been reported.
func (s *session) find(known []*folder) error {
	s.listed = s.cfg.Clock.Now()
	names := s.cfg.Folders
	wanted := slices.ContainsFunc(names, isJunkFolder)
	if err := s.sayNames(wanted || slices.ContainsFunc(names, isOdd)); err != nil {
		return err
	}
	l, refused, err := s.directory(wanted)
	if err != nil {
		return err
	}
	junk := l.all.junkNames()
	if refused {
		junk = append(junk, junkOf(known)...)
	}
	s.junkless = wanted && (refused || l.nameless || len(junk) == 0)
	s.folders, s.passed = nil, nil
	for _, name := range names {
		if !isJunkFolder(name) {
			s.watchToo(known, l.all, name, false)
		}
	}
	for _, name := range junk[:min(len(junk), maxJunk)] {
		s.watchToo(known, l.all, name, true)
	}
	s.watchSomething(known)
	s.remember(known)
	return nil
}

// junkOf are the folders for junk that are known from before: without a list, nothing
// says that they are gone.
func junkOf(known []*folder) (names []string) {
	for _, f := range known {
		if f.found {
			names = append(names, f.name)
		}
	}
	return names
}

// watchSomething has INBOX watched if no other folder is.
func (s *session) watchSomething(known []*folder) {
	if len(s.folders) == 0 {
		s.watchToo(known, nil, "INBOX", false)
	}
}

// remember keeps how far folders have been reported that are not watched for now: they
// may be again.
func (s *session) remember(known []*folder) {
	for _, f := range known {
		if len(s.passed) < 2*maxJunk && !slices.Contains(s.known(), f) {
			s.passed = append(s.passed, f)
		}
	}
}

// passOver leaves out a folder that the server refuses to show, for now. It tells whether
// INBOX is watched instead, as nothing else is left.
func (s *session) passOver(i int) (instead bool) {
	s.junkless = true
	s.passed = append(s.passed, s.folders[i])
	if s.folders = slices.Delete(s.folders, i, i+1); len(s.folders) > 0 {
		return false
	}
	s.watchSomething(s.passed)
	return true
}

// known are the folders of which it is known how far they have been reported.
func (s *session) known() []*folder { return slices.Concat(s.folders, s.passed) }

// watchToo adds a folder to those that are watched, if it is not among them.
func (s *session) watchToo(known []*folder, all directory, name string, found bool) {
	if strings.EqualFold(name, "INBOX") {
		name = "INBOX"
	}
	same := func(f *folder) bool { return f.name == name }
	if slices.ContainsFunc(s.folders, same) {
		return
	}
	f := &folder{name: name}
	if i := slices.IndexFunc(known, same); i >= 0 {
		f = known[i]
	}
	f.found, f.place = found, s.placeOf(name, found, all)
	s.folders = append(s.folders, f)
}

func isJunkFolder(name string) bool { return strings.EqualFold(name, JunkFolder) }

// findJunk asks again for a folder for junk, where one is missing.
func (s *session) findJunk() error {
	if !s.junkless || s.cfg.Clock.Since(s.listed) < relist {
		return nil
	}
	return s.find(s.known())
}

// placeOf is the kind of a folder: as the server marks it (RFC 6154), else by its name.
func (s *session) placeOf(name string, junk bool, all directory) probe.Place {
	if s.cfg.Place != "" {
		return s.cfg.Place
	}
	l, _ := all.of(name)
	switch {
	case name == "INBOX":
		return probe.Inbox
	case junk, l.marked(`\junk`):
		return probe.Junk
	case slices.ContainsFunc(otherUses, l.marked):
		return probe.OtherFolder
	case saysJunk(lastOf(name, l.delimiter)):
		return probe.Junk
	}
	return probe.PlaceOf(name)
}

// otherUses are the marks of folders that are certainly not for junk.
var otherUses = []string{`\all`, `\archive`, `\drafts`, `\flagged`, `\important`, `\sent`, `\trash`}

// directory asks which folders there are, as far as it matters. It also tells whether the
// server has refused to list them.
func (s *session) directory(wanted bool) (l *lister, refused bool, err error) {
	l = &lister{configured: s.cfg.Folders}
	for _, command := range s.listings(wanted) {
		answer, err := s.beside("listing folders", command, &sideCommand{lists: l.take})
		if err != nil {
			return nil, false, err
		}
		if refused = answer != "OK"; wanted && slices.ContainsFunc(l.all, listing.isJunk) {
			return l, false, nil
		}
	}
	return l, refused, nil
}

// listings are the commands that list folders. All there are, which can be very many,
// are asked for only to find one for junk that is not marked; servers that cannot be
// asked for their marks alone tell them here, if they have any. Of those that are
// configured, names that are written otherwise here than there are not asked for.
func (s *session) listings(wanted bool) (commands []string) {
	const all = `"" "*"`
	if asked := s.returning(); wanted && asked != "" {
		commands = append(commands, "LIST (SPECIAL-USE) "+all+asked)
	}
	if wanted {
		return append(commands, "LIST "+all)
	}
	if s.cfg.Place != "" {
		return nil
	}
	for _, name := range s.cfg.Folders {
		if !strings.EqualFold(name, "INBOX") && !isOdd(name) {
			commands = append(commands, fmt.Sprintf(`LIST "" "%s"`, name)+s.returning())
		}
	}
	return commands
}

// returning asks a LIST for marks, where the server can be asked.
func (s *session) returning() string {
	if s.caps.Has(imap.CapSpecialUse) && s.caps.Has(imap.CapListExtended) {
		return " RETURN (SPECIAL-USE)"
	}
	return ""
}

// sayNames makes sure that names beyond ASCII are understood, if there may be some. The
// library writes them in UTF-8 to whoever offers IMAP4rev2; one that offers both
// revisions speaks the older one until it is told otherwise, before any folder is opened
// (RFC 9051 section 6.3.1).
func (s *session) sayNames(some bool) error {
	_, old := s.caps[imap.CapIMAP4rev1]
	_, new := s.caps[imap.CapIMAP4rev2]
	if !some || !old || !new || s.enabled {
		return nil
	}
	s.enabled = true
	_, err := s.beside("enabling IMAP4rev2", "ENABLE IMAP4rev2", &sideCommand{})
	return err
}

// isOdd tells a name that is not written the same everywhere, or not as it is.
func isOdd(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r >= 0x7f || strings.ContainsRune(`&*%"\`, r) })
}
