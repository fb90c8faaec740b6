package debian

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Names of the hosts of a lab, as its methods take them.
const (
	Gateway = "gateway"
	SiteA   = "a"
	SiteB   = "b"
)

// startTimeout is long: a start takes half a second, on a busy machine ten.
const startTimeout = 60 * time.Second

// errElsewhere ends a start that would have gone well.
var errElsewhere = errors.New("another server did not start")

// Options say how a lab is built. The zero value is a good default.
type Options struct {
	// Dir is where everything goes. It must exist and every user must be able to
	// reach it (mode 0755, its parents too, unlike those of testing's TempDir);
	// Stop leaves it. Empty: a new temporary directory, which Stop removes.
	Dir string
	// GatewayIP, AIP and BIP are loopback addresses, by default 127.0.0.11, .12 and .13.
	GatewayIP, AIP, BIP string
	// Exim adds a host with an Exim, at EximIP, by default 127.0.0.14. See InstallExim.
	Exim   bool
	EximIP string
	// Extra is added to the configuration of hosts, by name.
	Extra map[string]Extra
}

// Extra is text appended to the configuration files of one host.
type Extra struct {
	Main    string // main.cf, such as a content_filter; the last value of a setting counts
	Master  string // master.cf, such as the smtpd that a filter hands back to
	Dovecot string // dovecot.conf
}

// Host is one machine of the lab. Addresses are "IP:port"; those that a host has
// no use for are empty (the gateway has SMTP and Filter only).
type Host struct {
	Name     string // Gateway, SiteA or SiteB
	Hostname string // how it calls itself in greetings and Received fields
	Domain   string // whose mail it takes
	IP       string

	SMTP          string // as on port 25: no login, mail for Domain only
	Filter        string // of the gateway: where it hands mail to the filter, and anybody may
	Link          string // of a site: where the other one hands it mail, the near end of a wire to SMTP
	Submission    string // as on port 587: STARTTLS, login
	SubmissionTLS string // as on port 465: implicit TLS, login
	IMAP          string // as on port 143: STARTTLS
	IMAPS         string // as on port 993: implicit TLS

	Dir        string // everything of this host
	PostfixLog string
	DovecotLog string
	Users      []User

	dovecotIMAP, dovecotIMAPS string // what wires from IMAP and IMAPS lead to
	content                   string // where RejectContent has its filter
}

// User is a mailbox and who may log in to it and submit.
type User struct {
	Mailbox  string // its name in Config: hq or branch
	Address  string // also the login name
	Password string
	Maildir  string // of the INBOX; folders lie in it as .Name
}

// Lab is a running mail system. Its fields are fixed once Start has returned; its
// methods are safe for concurrent use.
type Lab struct {
	Dir           string
	CAFile        string         // the authority of all certificates, PEM
	Pool          *x509.CertPool // the same for Go
	OutsideSender string         // an address that nobody here serves
	Gateway, A, B Host
	// Exim, if there is one, takes mail for everybody, without login, at SMTP, and hands
	// it on to the SMTP ports of the sites. It has a Hostname, an IP and a Dir besides.
	Exim Host

	options Options
	ownDir  bool
	mu      sync.Mutex // guards extra, clocks, junk, greys, the servers and the wires
	extra   map[string]Extra
	clocks  map[string][]string // by host: the environment of programs whose clock is off
	junk    map[string]junk     // by site: what its store files where
	greys   time.Duration       // how long the gateway greylists; 0: it does not
	servers map[string]*server  // by host name and kind
	wires   map[string][]*wire  // the link's by its name, others by host and kind

	// What makes mail come back, guarded by mu: see bounce.go.
	settings map[string]map[string]Extra // by host and name
	exim     eximTimes
}

// Start builds a lab and returns when every port gives its greeting. The servers
// live until Stop, or until this process ends; ctx limits the start only. When
// something does not come up, nothing is left running, and the error holds the
// ends of the servers' logs. The packages must be there: see Install.
func Start(ctx context.Context, options Options) (*Lab, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	l := &Lab{options: withDefaults(options), extra: map[string]Extra{}, clocks: map[string][]string{}, servers: map[string]*server{}, wires: map[string][]*wire{}}
	for name, extra := range options.Extra {
		l.extra[name] = extra
	}
	if err := l.start(ctx); err != nil {
		err = fmt.Errorf("starting the lab: %w%s", err, l.tails())
		return nil, errors.Join(err, l.Stop())
	}
	return l, nil
}

func withDefaults(o Options) Options {
	o.GatewayIP = cmp.Or(o.GatewayIP, "127.0.0.11")
	o.AIP = cmp.Or(o.AIP, "127.0.0.12")
	o.BIP = cmp.Or(o.BIP, "127.0.0.13")
	return o
}

func (l *Lab) start(ctx context.Context) error {
	if err := l.makeDir(); err != nil {
		return err
	}
	if err := errors.Join(l.layOut(), l.layOutExim()); err != nil {
		return err
	}
	for name := range l.extra {
		if _, err := l.host(name); err != nil {
			return fmt.Errorf("reading Extra: %w", err)
		}
	}
	tasks := []func() error{func() error { return l.buildScanner(ctx) }}
	for _, h := range l.hosts() {
		tasks = append(tasks, func() error { return l.prepare(ctx, h) })
	}
	if err := together(tasks...); err != nil {
		return err
	}
	return l.startServers(ctx)
}

// startServers starts all at once, but a Postfix after what it asks for logins or
// hands its mail to. The first failure ends the waiting of the others.
func (l *Lab) startServers(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	tasks := []func() error{func() error {
		err := l.startExim(ctx)
		if err != nil {
			cancel(errElsewhere)
		}
		return err
	}}
	for _, h := range l.hosts() {
		tasks = append(tasks, func() error {
			for _, kind := range []string{filterKind, "dovecot", "postfix"} {
				s, ok := l.servers[h.Name+"/"+kind]
				if !ok {
					continue
				}
				if err := s.start(ctx); err != nil {
					cancel(errElsewhere)
					return err
				}
			}
			return nil
		})
	}
	return together(tasks...)
}

func (l *Lab) hosts() []*Host { return []*Host{&l.Gateway, &l.A, &l.B} }

// host finds a host by its name.
func (l *Lab) host(name string) (*Host, error) {
	for _, h := range l.hosts() {
		if h.Name == name {
			return h, nil
		}
	}
	return nil, fmt.Errorf("finding host %q: there is none: want %q, %q or %q", name, Gateway, SiteA, SiteB)
}

// Stop ends the servers and waits until none of their processes is left; it is
// safe to call twice.
func (l *Lab) Stop() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var tasks []func() error
	for _, s := range l.servers {
		tasks = append(tasks, s.stop)
	}
	err := errors.Join(together(tasks...), l.stopStrangers())
	if len(l.clocks) > 0 {
		err = errors.Join(err, forgetClocks())
	}
	if l.ownDir && err == nil {
		err = removeDir(l.Dir)
		l.ownDir = false
	}
	if err != nil {
		return fmt.Errorf("stopping the lab: %w", err)
	}
	return nil
}

// stopStrangers ends servers of the lab that somebody started by hand, with postfix
// start or dovecot: those are not ours, but nothing must outlive their directory.
func (l *Lab) stopStrangers() error {
	var tasks []func() error
	for _, h := range l.hosts() {
		if alive(filepath.Join(h.Dir, "queue", "pid", "master.pid")) {
			tasks = append(tasks, asRoot(context.Background(), "postfix", "-c", h.postfixDir(), "stop").Run)
		}
		if h.site() && alive(filepath.Join(h.Dir, "run", "master.pid")) {
			tasks = append(tasks, asRoot(context.Background(), "doveadm", "-c", h.dovecotFile(), "stop").Run)
		}
	}
	return together(tasks...)
}

// alive tells whether the process that a file names is there.
func alive(pidFile string) bool {
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		return false
	}
	return isThere(filepath.Join("/proc", strings.TrimSpace(string(pid))))
}

// together runs tasks at the same time and joins their errors.
func together(tasks ...func() error) error {
	errs := make([]error, len(tasks))
	var running sync.WaitGroup
	for i, task := range tasks {
		running.Go(func() { errs[i] = task() })
	}
	running.Wait()
	return errors.Join(errs...)
}
