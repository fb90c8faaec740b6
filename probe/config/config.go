package config

import (
	"fmt"
	"os"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Config is a whole configuration: defaults are filled in, lists of servers and of
// routes are expanded, and every name that is used exists.
type Config struct {
	Prober, Site string
	TagKeys      []Secret    // the first signs, all verify; may be empty
	Components   []Component // in the order of the file, as everything here
	Senders      []Sender    // one per server
	Mailboxes    []Mailbox
	Routes       []Route // one per server of its sender
	Probes       []Probe // one per route and payload
	Status       Status
	Maintenance  []Maintenance
	Webhooks     []Webhook
	Grafana      *Grafana // nil: none
	Notes        Problems
	Warnings     Problems  // allowed, and will not work well
	places       []Problem // where each Maintenance stands
}

// Component is something mail passes through that can fail.
type Component struct {
	Name       string
	Title      string   // for people
	ReceivedBy []string // patterns of path.Match for the hosts in Received fields
	Checks     []Check
}

// Check is a question asked of a component without sending mail.
type Check struct {
	Kind   string // smtp, imap, tcp, tls or prometheus
	Target string // host:port; empty for prometheus
	Query  *Query // of prometheus; nil for the others
}

// Query is a question to Prometheus, and what answer is bad.
type Query struct {
	URL       string // of Prometheus, http or https, without an account
	Query     string // in PromQL
	Threshold float64
	Below     bool   // a value below the threshold is bad; otherwise one above it
	Means     string // what is the matter then, for people
}

// Sender hands messages over, always from one address.
type Sender struct {
	Name string
	From string // a bare ASCII address
	SMTP SMTP
	DKIM *DKIM // nil: messages are not signed
}

// DKIM is how a sender's messages are signed (RFC 6376).
type DKIM struct {
	Domain   string // that vouches for them
	Selector string // of the key's record, SELECTOR._domainkey.DOMAIN
	KeyFile  string // absolute; a private key, PEM
}

// SMTP is a server that takes messages.
type SMTP struct {
	Server string // host:port
	TLS    probe.TLSMode
	CAFile string // absolute; empty: the system's certificates
	EHLO   string // the name to greet with
	Auth   *Auth  // nil: do not authenticate
}

// Mailbox is where messages should arrive.
type Mailbox struct {
	Name    string
	Address string // a bare ASCII address
	IMAP    IMAP
	Folders []string // the inbox is spelled INBOX (RFC 9051 section 5.1); \Junk is the folder that the server marks so
	// Quarantine says that a filter keeps mail there that was sent elsewhere.
	Quarantine bool
	Clean      bool // delete test messages that have settled
	// AuthservIDs are patterns of path.Match for the servers whose Authentication-Results
	// are believed (RFC 8601 section 5); empty: none.
	AuthservIDs []string
}

// IMAP is a server that holds a mailbox.
type IMAP struct {
	Server string // host:port
	TLS    probe.TLSMode
	CAFile string // absolute; empty: the system's certificates
	Auth   *Auth  // never nil
}

// Auth is a user name and where its password comes from.
type Auth struct {
	Username string
	Password Secret
}

// Route is one way for mail; the names are those of the other sections.
type Route struct {
	Name      string
	Direction probe.Direction
	Sender    string
	Mailbox   string
	Path      []string // of components; empty: nothing can be localised
	Alters    []probe.MeantAlteration
	Retry     []time.Duration // before each further try after a 4xx reply; empty: one try
}

// Probe is one route, what is sent along it, how often, and what is expected.
type Probe struct {
	Route     string
	Payload   string
	Every     time.Duration
	LateAfter time.Duration
	LostAfter time.Duration
	Expect    probe.Expectation
}

// Load reads the configuration in a file. Its error is Problems when the content
// is wrong, and wraps an *fs.PathError when the file cannot be read.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a configuration. The name stands in problems, and relative paths in
// the configuration are relative to its directory. The error is always Problems.
//
// Notes of the result are what deserves a word without being wrong: what this
// version accepts and does not use yet, and what is configured and never used.
func Parse(name string, data []byte) (*Config, error) {
	c, problems := newReader(name).parse(data)
	if len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// parse reads a configuration; it is nil if there are problems.
func (r *reader) parse(data []byte) (*Config, Problems) {
	root := r.document(data)
	if root == nil {
		return nil, r.problems
	}
	c := r.config(root)
	if len(r.problems) > 0 {
		return nil, r.problems.sorted()
	}
	c.Notes = r.notes.sorted()
	return c, nil
}
