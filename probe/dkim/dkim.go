// Package dkim signs test messages (RFC 6376), as mail from outside is signed: without it a
// receiver judges the probe by its poor reputation, and not the path.
//
// A Signer reads its key anew for each message and puts a DKIM-Signature on top of it. What
// it signs is what receivers look at and gateways leave alone. Record says what has to stand
// in the DNS for it.
package dkim

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/mailpath/mailpath/probe"
)

// Source is where a private key stands: a file, or anything else that says where it is.
type Source interface {
	Value() (string, error) // the key in PEM, as it is now
	String() string         // where it stands; never the key
}

// InFile is a key that stands in a file.
type InFile string

// Value reads the file.
func (f InFile) Value() (string, error) {
	data, err := os.ReadFile(string(f))
	return string(data), err
}

// String says where the key stands.
func (f InFile) String() string { return "file " + string(f) }

// Config says who signs.
type Config struct {
	Domain   string // the one that vouches (d=): that of the sender's address, or one above it
	Selector string // which of its keys (s=)
	Key      Source // RSA of 1024 bits or more, or Ed25519, in PEM (PKCS#1 or PKCS#8)
}

// Signer signs messages with one key: rsa-sha256 (RFC 8301) or ed25519-sha256 (RFC 8463),
// by the kind of the key. It is safe for concurrent use.
type Signer struct {
	cfg Config

	mu   sync.Mutex
	text string // the key as it was read last
	key  privateKey
}

// dnsName matches names that may stand in d= and s=.
var dnsName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,250}[A-Za-z0-9])?$`)

// New makes a signer. It does not read the key: one that is missing or wrong fails what is
// signed with it and nothing else. Its errors, like those of all methods, wrap probe.ErrOurs.
func New(cfg Config) (*Signer, error) {
	if !dnsName.MatchString(cfg.Domain) || !dnsName.MatchString(cfg.Selector) || strings.Contains(cfg.Domain+"."+cfg.Selector, "..") {
		return nil, fmt.Errorf("making a DKIM signer: %w: got domain %q and selector %q, want two names in the DNS", probe.ErrOurs, cfg.Domain, cfg.Selector)
	}
	if cfg.Key == nil {
		return nil, fmt.Errorf("making a DKIM signer: %w: got no key for %s", probe.ErrOurs, cfg.Domain)
	}
	return &Signer{cfg: cfg}, nil
}

// Check tells why the key cannot be used as it stands now; nil: it can.
func (s *Signer) Check() error {
	_, err := s.current()
	return err
}

// current is the key as it stands now. It is parsed only when it has changed: one that was
// rotated is used from the next message on.
func (s *Signer) current() (privateKey, error) {
	text, err := s.cfg.Key.Value()
	if err != nil {
		return privateKey{}, fmt.Errorf("reading the DKIM key of %s: %w: %w; restore it, or take dkim out of the sender", s.cfg.Domain, probe.ErrOurs, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text == text && text != "" {
		return s.key, nil
	}
	key, err := parseKey(text)
	if err != nil {
		return privateKey{}, fmt.Errorf("reading the DKIM key of %s from %s: %w: %w", s.cfg.Domain, s.cfg.Key, probe.ErrOurs, err)
	}
	s.text, s.key = text, key
	return key, nil
}

// signed are the fields that a signature covers. Those that a reader sees, or that tell one
// message from another, are covered against a second one, too (RFC 6376 section 8.15).
//
// Our tag's field is not covered: it has a signature of its own, and gateways that strip
// unknown fields would break ours. Nor are X-Auto-Response-Suppress, which Exchange takes
// out, and fields that are added on the way.
var signed = [...]struct {
	name string
	once bool // a second one breaks the signature
}{
	{"From", true}, {"To", true}, {"Subject", true}, {"Date", true}, {"Message-ID", true},
	{"MIME-Version", false}, {"Content-Type", false}, {"Content-Transfer-Encoding", false}, {"Auto-Submitted", false},
}

// Sign gives a message (RFC 5322, CRLF line ends) with a DKIM-Signature on top, relaxed in
// header and body. The message given is not changed. Signing what another Signer has signed
// gives it two signatures, both valid.
func (s *Signer) Sign(raw []byte) ([]byte, error) {
	header, _, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !found {
		return nil, fmt.Errorf("signing for %s: %w: got a message without an empty line below its header", s.cfg.Domain, probe.ErrOurs)
	}
	key, err := s.current()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Grow(len(raw) + 1024)
	err = dkim.Sign(&out, bytes.NewReader(raw), &dkim.SignOptions{
		Domain: s.cfg.Domain, Selector: s.cfg.Selector, Signer: key.signer,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: fieldsToSign(probe.ParseHeader(header)),
	})
	if err != nil {
		return nil, fmt.Errorf("signing for %s: %w: %w", s.cfg.Domain, probe.ErrOurs, err)
	}
	return out.Bytes(), nil
}

// fieldsToSign names each signed field as often as it is there, and once more if none may
// be added: what is named and not there counts as empty (RFC 6376 section 5.4).
func fieldsToSign(h probe.Header) []string {
	var names []string
	for _, f := range signed {
		n := len(h.All(f.name))
		if f.once {
			n++
		}
		for range n {
			names = append(names, f.name)
		}
	}
	return names
}

// Warning says what is wrong with the key, though it may be used; empty: nothing is.
func (s *Signer) Warning() (string, error) {
	key, err := s.current()
	if err != nil || key.warning == "" {
		return "", err
	}
	return fmt.Sprintf("the DKIM key of %s from %s %s", s.cfg.Domain, s.cfg.Key, key.warning), nil
}

// Record is the TXT record that publishes the key.
func (s *Signer) Record() (Record, error) {
	key, err := s.current()
	if err != nil {
		return Record{}, err
	}
	return Record{
		Name:  s.cfg.Selector + "._domainkey." + s.cfg.Domain,
		Value: "v=DKIM1; k=" + key.kind + "; t=s; p=" + key.public,
	}, nil
}

// Record is a TXT record in the DNS (RFC 6376 section 3.6). Its flag t=s says that only the
// domain itself signs with it, and none below it.
type Record struct {
	Name, Value string
}

// Zone is the record as a zone file has it (RFC 1035 section 5.1): in strings of at most 255
// bytes, which are read as one.
func (r Record) Zone() string {
	var b strings.Builder
	b.WriteString(r.Name + ". IN TXT (")
	for rest := r.Value; rest != ""; {
		n := min(len(rest), 255)
		b.WriteString(` "` + rest[:n] + `"`)
		rest = rest[n:]
	}
	b.WriteString(" )")
	return b.String()
}
