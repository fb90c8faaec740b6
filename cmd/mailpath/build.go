package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/dkim"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/report"
	"github.com/mailpath/mailpath/probe/smtpsend"
	"github.com/mailpath/mailpath/probe/trace"
)

// parts are what a configuration is built into.
type parts struct {
	probes   []probe.Probe
	senders  map[string]probe.Sender
	watchers map[string]probe.Watcher
	cleaners map[string]probe.Cleaner // of the mailboxes that are cleaned
	asides   map[string][]string      // by mailbox: those whose messages may turn up there instead
	windows  map[string]time.Duration // by mailbox: for how long what turns up there may be on its way
	accounts map[string]probe.Account // of senders
	checks   []probe.Checker
	topology diagnosis.Topology
	tracing  trace.Config
	trail    func(probe.Observation) probe.Trail

	updateEvery time.Duration  // how soon people are promised the first update
	calendar    probe.Calendar // of the maintenance that is planned; nil: none is
}

// every is how often each route is probed.
func (p parts) every() map[string]time.Duration {
	every := make(map[string]time.Duration, len(p.probes))
	for _, one := range p.probes {
		if known, ok := every[one.Route.Name]; !ok || one.Every < known {
			every[one.Route.Name] = one.Every
		}
	}
	return every
}

func newParts() parts {
	return parts{senders: make(map[string]probe.Sender), watchers: make(map[string]probe.Watcher), cleaners: make(map[string]probe.Cleaner), accounts: make(map[string]probe.Account), trail: buildTrail(nil)}
}

// build makes probes, senders, watchers and checks, by explicit switches.
func build(cfg *config.Config, keys *probe.Keyring, clock probe.Clock) (parts, error) {
	p := newParts()
	var err error
	if p.probes, err = buildProbes(cfg); err != nil {
		return parts{}, err
	}
	p.updateEvery = cfg.Status.UpdateEvery
	if p.calendar, err = buildCalendar(cfg); err != nil {
		return parts{}, err
	}
	p.topology, p.tracing, p.trail = buildTopology(cfg, p.probes), buildTracing(cfg), buildTrail(cfg.Mailboxes)
	for _, c := range buildChecks(cfg, clock) {
		p.checks = append(p.checks, c)
	}
	var from []string
	for _, s := range cfg.Senders {
		from = append(from, s.From)
		if p.senders[s.Name], err = buildSender(s, clock); err != nil {
			return parts{}, err
		}
		p.accounts[s.Name] = s.Account()
	}
	matcher := probe.NewMatcher(keys, from, report.Reader{})
	p.asides, p.windows = watched(cfg.Mailboxes, p.probes)
	for _, m := range cfg.Mailboxes {
		if window := p.windows[m.Name]; window > 0 {
			w := buildWatcher(m, matcher, window, clock)
			p.watchers[m.Name] = w
			if m.Clean {
				p.cleaners[m.Name] = w
			}
		}
	}
	return p, nil
}

func buildProbes(cfg *config.Config) ([]probe.Probe, error) {
	routes := make(map[string]probe.Route, len(cfg.Routes))
	for _, r := range cfg.Routes {
		routes[r.Name] = buildRoute(cfg, r)
	}
	var probes []probe.Probe
	for _, p := range cfg.Probes {
		what, err := payload.ByName(p.Payload)
		if err != nil {
			return nil, fmt.Errorf("building the probe of route %s: %w", p.Route, err)
		}
		probes = append(probes, probe.Probe{
			Route: routes[p.Route], Payload: what, Every: p.Every,
			LateAfter: p.LateAfter, LostAfter: p.LostAfter, Expect: p.Expect,
		})
	}
	return probes, nil
}

func buildRoute(cfg *config.Config, r config.Route) probe.Route {
	route := probe.Route{Name: r.Name, Direction: r.Direction, Sender: r.Sender, Mailbox: r.Mailbox, Path: r.Path, Alters: r.Alters, Retry: r.Retry}
	for _, s := range cfg.Senders {
		if s.Name == r.Sender {
			route.From = s.From
		}
	}
	for _, m := range cfg.Mailboxes {
		if m.Name == r.Mailbox {
			route.To = m.Address
		}
	}
	return route
}

func buildSender(s config.Sender, clock probe.Clock) (probe.Sender, error) {
	cfg := smtpsend.Config{
		Endpoint: withAuth(probe.Endpoint{Server: s.SMTP.Server, TLS: s.SMTP.TLS, CAFile: s.SMTP.CAFile, Clock: clock}, s.SMTP.Auth),
		EHLO:     s.SMTP.EHLO,
	}
	if s.DKIM != nil {
		signer, err := buildSigner(*s.DKIM)
		if err != nil {
			return nil, fmt.Errorf("building sender %s: %w", s.Name, err)
		}
		cfg.Sign = signer.Sign
	}
	return smtpsend.New(cfg), nil
}

// buildSigner makes what signs the messages of a sender that has a key.
func buildSigner(d config.DKIM) (*dkim.Signer, error) {
	return dkim.New(dkim.Config{Domain: d.Domain, Selector: d.Selector, Key: dkim.InFile(d.KeyFile)})
}

func buildWatcher(m config.Mailbox, matcher *probe.Matcher, window time.Duration, clock probe.Clock) *imapwatch.Watcher {
	cfg := imapwatch.Config{
		Endpoint: withAuth(probe.Endpoint{Server: m.IMAP.Server, TLS: m.IMAP.TLS, CAFile: m.IMAP.CAFile, Clock: clock}, m.IMAP.Auth),
		Mailbox:  m.Name, Folders: m.Folders, Matcher: matcher, Window: window, Bodies: true,
	}
	if m.Quarantine {
		cfg.Place = probe.Quarantine
	}
	return imapwatch.New(cfg)
}

// withAuth adds a user name, and the password as one that is read on each use: a
// rotated secret just works.
func withAuth(e probe.Endpoint, a *config.Auth) probe.Endpoint {
	if a != nil {
		e.Username, e.Password = a.Username, a.Password.Value
	}
	return e
}

// errNoKey says that the configuration names no tag key.
var errNoKey = errors.New("the configuration has no tag_keys: `mailpath config key FILE` makes one; name it in tag_keys, as - {file: FILE}")

// configuredKeys reads the keys that the configuration names.
func configuredKeys(cfg *config.Config) (*probe.Keyring, error) {
	if len(cfg.TagKeys) == 0 {
		return nil, errNoKey
	}
	var keys []probe.Key
	for i, secret := range cfg.TagKeys {
		text, err := secret.Value()
		if err != nil {
			return nil, fmt.Errorf("reading tag key %d: %w", i+1, err)
		}
		key, err := probe.ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("reading tag key %d, %v: %w", i+1, secret, err)
		}
		keys = append(keys, key)
	}
	return probe.NewKeyring(cfg.Prober, keys...)
}

// keyBeside is the key ring with the key in a file, which is made if it is not
// there; made says so.
func keyBeside(prober, path string) (ring *probe.Keyring, made bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKeyFile(path); err != nil {
			return nil, false, err
		}
		made = true
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, made, fmt.Errorf("reading the tag key: %w", err)
	}
	key, err := probe.ParseKey(string(text))
	if err != nil {
		return nil, made, fmt.Errorf("%s: %w", path, err)
	}
	ring, err = probe.NewKeyring(prober, key)
	return ring, made, err
}
