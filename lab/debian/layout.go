package debian

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/mailpath/mailpath/lab/ca"
)

// layOut decides who serves what where, and gives every host its certificate and
// every server its ports.
func (l *Lab) layOut() error {
	l.OutsideSender = "mailpath@provider.example"
	l.Gateway = Host{Name: Gateway, Hostname: "mx1.example.com", Domain: "example.com", IP: l.options.GatewayIP}
	l.A = Host{Name: SiteA, Hostname: "mail.hq.example.com", Domain: "example.com", IP: l.options.AIP}
	l.B = Host{Name: SiteB, Hostname: "mail.branch.example.com", Domain: "branch.example.com", IP: l.options.BIP}
	for _, h := range l.hosts() {
		h.Dir = filepath.Join(l.Dir, h.Name)
		h.PostfixLog = filepath.Join(h.Dir, "postfix.log")
	}
	l.A.addSite("hq", "mailpath-in@example.com")
	l.B.addSite("branch", "mailpath-b@branch.example.com")
	if err := l.findPorts(); err != nil {
		return err
	}
	l.junk = map[string]junk{SiteA: {folder: "Junk"}, SiteB: {folder: "Junk"}}
	for _, h := range l.hosts() {
		l.addServers(h)
		if h.site() {
			l.addWires(h)
		} else {
			l.addFilter()
			l.addGreylist()
		}
	}
	return l.certify()
}

// addSite makes a host one that stores mail, for one user.
func (h *Host) addSite(mailbox, address string) {
	h.DovecotLog = filepath.Join(h.Dir, "dovecot.log")
	h.Users = []User{{
		Mailbox:  mailbox,
		Address:  address,
		Password: rand.Text(),
		Maildir:  filepath.Join(h.Dir, "mail", address, "Maildir"),
	}}
}

// site tells the hosts with users and a Dovecot from the gateway.
func (h *Host) site() bool { return len(h.Users) > 0 }

// findPorts asks the kernel for a free port per service. All are held until each
// has one, so that none is given twice.
func (l *Lab) findPorts() error {
	for _, h := range l.hosts() {
		addresses := []*string{&h.SMTP}
		if h.site() {
			addresses = append(addresses, &h.Link, &h.Submission, &h.SubmissionTLS, &h.IMAP, &h.IMAPS, &h.dovecotIMAP, &h.dovecotIMAPS, &h.content)
		} else {
			addresses = append(addresses, &h.Filter)
		}
		for _, address := range addresses {
			held, err := net.Listen("tcp4", net.JoinHostPort(h.IP, "0"))
			if err != nil {
				return fmt.Errorf("finding a free port of %s for host %s: %w", h.IP, h.Name, err)
			}
			defer held.Close()
			*address = held.Addr().String()
		}
	}
	return nil
}

// addServers lists what runs on a host and which ports tell that it does.
func (l *Lab) addServers(h *Host) {
	smtp := []port{{h.SMTP, "220 ", false}}
	if h.site() {
		smtp = append(smtp, port{h.Submission, "220 ", false}, port{h.SubmissionTLS, "220 ", true})
		l.servers[h.Name+"/dovecot"] = &server{
			title:   "Dovecot of host " + h.Name,
			console: filepath.Join(h.Dir, "dovecot.console"),
			command: []string{"/usr/sbin/dovecot", "-F", "-c", h.dovecotFile()},
			ports:   []port{{h.dovecotIMAP, "* OK ", false}, {h.dovecotIMAPS, "* OK ", true}},
		}
	}
	l.servers[h.Name+"/postfix"] = &server{
		title:   "Postfix of host " + h.Name,
		console: filepath.Join(h.Dir, "postfix.console"),
		// Not "postfix start-fg": the script in between would have to be ended too.
		command: []string{"/usr/lib/postfix/sbin/master", "-d", "-c", h.postfixDir()},
		ports:   smtp,
	}
}

// certify makes an authority and one certificate per host, for its name and its address.
func (l *Lab) certify() error {
	authority, err := ca.New(time.Now())
	if err != nil {
		return err
	}
	l.Pool = authority.Pool()
	l.CAFile = filepath.Join(l.Dir, "ca.pem")
	if err := os.WriteFile(l.CAFile, authority.PEM(), 0o644); err != nil {
		return fmt.Errorf("writing the authority's certificate: %w", err)
	}
	for _, h := range l.hosts() {
		if err := os.MkdirAll(h.postfixDir(), 0o755); err != nil {
			return fmt.Errorf("making the directories of host %s: %w", h.Name, err)
		}
		if err := writeCertificate(authority, h); err != nil {
			return err
		}
	}
	for _, s := range l.servers {
		s.pool = l.Pool
	}
	return nil
}

// writeCertificate writes key and chain into one file, the key first, as Postfix
// wants it (smtpd_tls_chain_files).
func writeCertificate(authority *ca.Authority, h *Host) error {
	certificate, err := authority.Issue(h.Hostname, h.IP)
	if err != nil {
		return err
	}
	text, err := ca.KeyPEM(certificate)
	if err != nil {
		return err
	}
	text = append(text, ca.CertificatePEM(certificate)...)
	if err := os.WriteFile(h.tlsFile(), text, 0o600); err != nil {
		return fmt.Errorf("writing the certificate of host %s: %w", h.Name, err)
	}
	return nil
}

// postfixDir holds main.cf and master.cf and nothing else: Postfix warns of files
// in it that are not root's.
func (h *Host) postfixDir() string { return filepath.Join(h.Dir, "postfix") }

func (h *Host) dovecotFile() string { return filepath.Join(h.Dir, "dovecot.conf") }

func (h *Host) tlsFile() string { return filepath.Join(h.Dir, "tls.pem") }
