package world

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// Blindness is a way in which a mailbox can no longer be seen.
type Blindness string

// The modes of blindness.
const (
	Refusing Blindness = "refusing" // existing connections are cut, new ones refused
	Hanging  Blindness = "hanging"  // connections stay and are taken; nothing is answered
)

// store is a mailbox with its folders and its IMAP server.
type store struct {
	account account
	user    *imapmemserver.User
	gate    *gate
	server  *imapserver.Server
	keep    int    // Config.Keep
	junk    string // the folder for spam
	special bool   // Config.SpecialUse

	mu        sync.Mutex
	answers   Answer                 // to what is delivered; empty: none
	delivered map[string][][]byte    // by folder
	idlers    map[chan struct{}]bool // sessions that want to be woken
}

// inbox is the folder that every mailbox has (RFC 3501 section 5.1), beside one for spam.
const inbox = "INBOX"

func newStore(cfg Config, a account, at host) (*store, error) {
	g, err := newGate(cfg.Network, at.name)
	if err != nil {
		return nil, err
	}
	s := &store{account: a, gate: g, keep: cfg.Keep, junk: cfg.JunkFolder, special: cfg.SpecialUse, user: imapmemserver.NewUser(a.username, a.password),
		delivered: make(map[string][][]byte), idlers: make(map[chan struct{}]bool)}
	for _, folder := range []string{inbox, cfg.JunkFolder} {
		if err := s.user.Create(folder, nil); err != nil {
			return nil, errors.Join(fmt.Errorf("creating folder %s of mailbox %s: %w", folder, a.mailbox, err), g.close())
		}
	}
	options := &imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &imapSession{store: s}, nil, nil
		},
		Caps:         imapCaps(cfg.SpecialUse),
		Logger:       slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
		InsecureAuth: cfg.TLS == nil,
	}
	if !cfg.ImplicitTLS {
		options.TLSConfig = cfg.TLS
	}
	s.server = imapserver.New(options)
	return s, nil
}

// imapCaps is what the server can do. It does not offer IMAP4rev2: the store behind
// it knows no SPECIAL-USE attributes, which that includes (RFC 9051 appendix E); the
// session adds what SPECIAL-USE alone wants if it is to.
func imapCaps(special bool) imap.CapSet {
	caps := imap.CapSet{
		imap.CapIMAP4rev1: {}, imap.CapNamespace: {}, imap.CapUIDPlus: {}, imap.CapESearch: {},
		imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapMove: {}, imap.CapStatusSize: {},
	}
	if special {
		caps[imap.CapSpecialUse] = struct{}{}
	}
	return caps
}

func (s *store) setAnswer(kind Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = kind
}

func (s *store) answersWith() Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers
}

// deliver puts a message into a folder; INTERNALDATE is the time given.
func (s *store) deliver(folder string, raw []byte, at time.Time) error {
	raw = bytes.Clone(raw)
	if _, err := s.user.Append(folder, bytes.NewReader(raw), &imap.AppendOptions{Time: at}); err != nil {
		return fmt.Errorf("delivering to folder %q of mailbox %s: %w", folder, s.account.mailbox, err)
	}
	s.mu.Lock()
	s.delivered[folder] = append(s.delivered[folder], raw)
	err := s.prune(folder)
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("pruning folder %q of mailbox %s: %w", folder, s.account.mailbox, err)
	}
	s.wake()
	return nil
}

// prune expunges the oldest messages of a folder that holds twice as many as are to
// be kept, and forgets them; s.mu is held. IMAP clients are told, as if one of them
// had done it. To prune at each delivery would keep them busy.
func (s *store) prune(folder string) error {
	if s.keep == 0 {
		return nil
	}
	if delivered := s.delivered[folder]; len(delivered) >= 2*s.keep { // some may have been expunged by clients
		s.delivered[folder] = slices.Clone(delivered[len(delivered)-s.keep:])
	}
	n, err := s.count(folder)
	if err != nil || n < 2*s.keep {
		return err
	}
	session := imapmemserver.NewUserSession(s.user)
	if _, err := session.Select(folder, &imap.SelectOptions{}); err != nil {
		return err
	}
	defer session.Close()
	oldest := imap.SeqSet{{Start: 1, Stop: uint32(n - s.keep)}}
	found, err := session.Search(imapserver.NumKindUID, &imap.SearchCriteria{SeqNum: []imap.SeqSet{oldest}}, &imap.SearchOptions{})
	if err != nil {
		return err
	}
	uids := found.All.(imap.UIDSet)
	deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if err := session.Store(nil, uids, deleted, &imap.StoreOptions{}); err != nil {
		return err
	}
	return session.Expunge(nil, &uids)
}

// messages gives copies of everything delivered to a folder and not pruned, in order,
// whatever IMAP clients did with it since.
func (s *store) messages(folder string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var copies [][]byte
	for _, raw := range s.delivered[folder] {
		copies = append(copies, bytes.Clone(raw))
	}
	return copies
}

// count tells how many messages IMAP clients find in a folder.
func (s *store) count(folder string) (int, error) {
	data, err := s.user.Status(folder, &imap.StatusOptions{NumMessages: true})
	if err != nil {
		return 0, fmt.Errorf("counting folder %q of mailbox %s: %w", folder, s.account.mailbox, err)
	}
	return int(*data.NumMessages), nil
}

// blind makes the mailbox invisible.
func (s *store) blind(mode Blindness) error {
	switch mode {
	case Refusing:
		return s.gate.shut()
	case Hanging:
		s.gate.hang()
		return nil
	default:
		return fmt.Errorf("blinding mailbox %s: got mode %q, want %q or %q", s.account.mailbox, mode, Refusing, Hanging)
	}
}

// idle registers a session to be woken by changes, until the returned function is
// called. No change is lost: one that nobody has waited for yet stays in the channel.
func (s *store) idle() (<-chan struct{}, func()) {
	changed := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idlers[changed] = true
	return changed, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.idlers, changed)
	}
}

// wake tells all idling sessions that something has changed.
func (s *store) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for changed := range s.idlers {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}
