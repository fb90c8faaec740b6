package world

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/mailpath/mailpath/probe"
)

// Config is how a world is made. The zero value is good for a demo.
type Config struct {
	Network     Network       // nil: Loopback
	Clock       probe.Clock   // zero: a new one
	Seed        uint64        // of delays and ids
	StageDelay  Delays        // how long a message stays at a stage; zero: 10 to 60 ms
	RetryEvery  time.Duration // between the tries of a stage to hand on what was refused; zero: 5 s
	GiveUpAfter time.Duration // how long a stage tries; zero: 5 days (RFC 5321 section 4.5.4.1)
	DelayNotice time.Duration // how long mail is at a stage that holds or retries it until its sender is told; zero: for ever
	DrainEvery  time.Duration // between the messages that leave a repaired stage; zero: 50 ms
	TLS         *tls.Config   // nil: no TLS; else all servers offer STARTTLS and want it before passwords
	ImplicitTLS bool          // TLS from the first byte instead of STARTTLS
	PlainSMTP   bool          // SMTP stays in the clear, whatever TLS says; IMAP does not
	AnyUser     bool          // SMTP servers take mail for any user of a mailbox's domain; the mailbox server then knows no such user
	JunkFolder  string        // the name of the folder for spam; empty: Junk
	SpecialUse  bool          // IMAP servers tell which folder is for spam (RFC 6154), and let nobody change their folders
	Crowd       int           // further mailboxes at headquarters, crowd-0001 and so on
	Keep        int           // how many messages stay in a folder, when twice as many are there; zero: all
	Log         *slog.Logger  // nil: none
}

// Delays is a range of times that are equally likely, both ends included.
type Delays struct{ Min, Max time.Duration }

func (d Delays) draw(random *rand.Rand) time.Duration {
	return d.Min + time.Duration(random.Int64N(int64(d.Max-d.Min)+1))
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() (Config, error) {
	if c.Network == nil {
		c.Network = Loopback()
	}
	if c.Clock == (probe.Clock{}) {
		c.Clock = probe.NewClock()
	}
	if c.StageDelay == (Delays{}) {
		c.StageDelay = Delays{10 * time.Millisecond, 60 * time.Millisecond}
	}
	if c.RetryEvery == 0 {
		c.RetryEvery = 5 * time.Second
	}
	if c.GiveUpAfter == 0 {
		c.GiveUpAfter = 5 * 24 * time.Hour
	}
	if c.JunkFolder == "" {
		c.JunkFolder = "Junk"
	}
	if c.DrainEvery == 0 {
		c.DrainEvery = 50 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, c.check()
}

// check says what is wrong with a configuration, or nil.
func (c Config) check() error {
	if c.StageDelay.Min < 0 || c.StageDelay.Max < c.StageDelay.Min || c.RetryEvery < 0 || c.DrainEvery < 0 {
		return fmt.Errorf("making a mail world: got delays %v to %v, retries every %v, drain every %v; want no negative time and a range that rises",
			c.StageDelay.Min, c.StageDelay.Max, c.RetryEvery, c.DrainEvery)
	}
	if c.GiveUpAfter < 0 || c.DelayNotice < 0 {
		return fmt.Errorf("making a mail world: got messages given up after %v and told to be late after %v, want no negative time", c.GiveUpAfter, c.DelayNotice)
	}
	if name := c.JunkFolder; strings.EqualFold(name, inbox) || strings.ContainsAny(name, "*%/") || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("making a mail world: got the folder %q for spam, want a name at top level, without wildcards, that is not INBOX", name)
	}
	if c.ImplicitTLS && c.TLS == nil {
		return errors.New("making a mail world: got implicit TLS without a TLS configuration")
	}
	if c.Crowd < 0 || c.Keep < 0 {
		return fmt.Errorf("making a mail world: got a crowd of %d and %d messages kept, want no negative number", c.Crowd, c.Keep)
	}
	return nil
}

// smtpTLS is the encryption that SMTP servers offer; nil: none.
func (c Config) smtpTLS() *tls.Config {
	if c.PlainSMTP {
		return nil
	}
	return c.TLS
}

// World is a mail world that runs. Its methods are safe for concurrent use; after
// Close, only those that tell about messages are of use.
type World struct {
	cfg       Config
	log       *slog.Logger
	accounts  map[string]account           // by mailbox
	addresses map[string]account           // by address, in lower case
	next      map[string]map[string]string // mailbox, stage: the stage that follows, if it relays
	home      map[string]map[string]string // the same, with what begins at any stage
	agenda    *agenda
	stages    map[string]*stage
	entries   map[string]*entry
	stores    map[string]*store
	serving   sync.WaitGroup
	closing   sync.Once
	closed    error
}

// New makes a world and starts it. Close ends it.
func New(cfg Config) (*World, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	w := &World{
		cfg: cfg, log: cfg.Log, accounts: make(map[string]account), addresses: make(map[string]account),
		next: nextStages(cfg.Crowd), home: homeStages(cfg.Crowd), agenda: newAgenda(cfg.Clock),
		stages: make(map[string]*stage), entries: make(map[string]*entry), stores: make(map[string]*store),
	}
	for _, a := range everybody(cfg.Crowd) {
		w.accounts[a.mailbox], w.addresses[strings.ToLower(a.address)] = a, a
	}
	for i, p := range plans() {
		w.stages[p.component] = newStage(p, cfg, uint64(i))
	}
	if err := w.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("making a mail world: %w", err), w.Close())
	}
	return w, nil
}

// open starts the servers.
func (w *World) open() error {
	for _, p := range entryPlans() {
		var owner *account
		if a, ok := w.account(p.account); ok {
			owner = &a
		}
		e, err := newEntry(w, w.stages[p.stage], owner)
		if err != nil {
			return err
		}
		w.entries[p.stage] = e
		listener := w.secured(e.gate.listen(), w.cfg.smtpTLS())
		w.serving.Go(func() { e.serve(listener) })
	}
	for _, a := range everybody(w.cfg.Crowd) {
		s, err := newStore(w.cfg, a, w.stages[a.stage].imap)
		if err != nil {
			return err
		}
		w.stores[a.mailbox] = s
		w.serveStore(s)
	}
	return nil
}

// serveStore answers IMAP connections until the store's gate is shut.
func (w *World) serveStore(s *store) {
	listener := w.secured(s.gate.listen(), w.cfg.TLS)
	w.serving.Go(func() {
		if err := s.server.Serve(listener); err != nil {
			w.log.Error("IMAP server stopped", "mailbox", s.account.mailbox, "error", err)
		}
	})
}

// secured puts TLS on a listener if it is to be there from the first byte.
func (w *World) secured(l net.Listener, encryption *tls.Config) net.Listener {
	if w.cfg.ImplicitTLS && encryption != nil {
		return tls.NewListener(l, encryption)
	}
	return l
}

// Close stops all servers and the mail between them, and returns when nothing runs
// any more. Mail on its way is gone.
func (w *World) Close() error {
	w.closing.Do(func() {
		var problems []error
		w.agenda.close()
		for _, e := range w.entries {
			problems = append(problems, e.close())
		}
		for _, s := range w.stores {
			problems = append(problems, s.gate.close())
		}
		w.serving.Wait()
		w.closed = errors.Join(problems...)
	})
	return w.closed
}

// Dial connects to a server of this world; it has the form of net.Dialer.DialContext.
func (w *World) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return w.cfg.Network.Dial(ctx, network, addr)
}

func (w *World) account(mailbox string) (account, bool) {
	a, ok := w.accounts[mailbox]
	return a, ok
}

// byDomain gives the first of the mailboxes in the domain of an address.
func (w *World) byDomain(address string) (account, bool) {
	for _, a := range accounts() {
		if a.mailbox != quarantine && strings.EqualFold(domain(a.address), domain(address)) {
			return a, true
		}
	}
	return account{}, false
}

func domain(address string) string { return address[strings.LastIndex(address, "@")+1:] }

func (w *World) byAddress(address string) (account, bool) {
	a, ok := w.addresses[strings.ToLower(address)]
	return a, ok
}
