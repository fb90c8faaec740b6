package debian

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Names of the wires of a lab; those of a site's Dovecot begin with the host's name.
const (
	linkWires = "link"
	lmtpWires = "/lmtp"
	imapWires = "/imap"
)

// addWires lists the ways to a site that can be cut without its servers: from the
// other site, from its own Postfix to the store, and from those who read mail.
func (l *Lab) addWires(h *Host) {
	link := newWire(address{"tcp4", h.Link}, address{"tcp4", h.SMTP}, l.peer(h).IP)
	l.wires[linkWires] = append(l.wires[linkWires], link)
	lmtp := newWire(address{"unix", h.lmtpSocket()}, address{"unix", h.dovecotLMTP()}, "")
	lmtp.replies = &replies{}
	l.wires[h.Name+lmtpWires] = []*wire{lmtp}
	l.wires[h.Name+imapWires] = []*wire{
		newWire(address{"tcp4", h.IMAP}, address{"tcp4", h.dovecotIMAP}, ""),
		newWire(address{"tcp4", h.IMAPS}, address{"tcp4", h.dovecotIMAPS}, ""),
	}
	// Who stops a server means that connections are refused.
	l.servers[h.Name+"/postfix"].ways = []*wire{link}
	l.servers[h.Name+"/dovecot"].ways = append([]*wire{lmtp}, l.wires[h.Name+imapWires]...)
}

// lmtpSocket is where a site's Postfix delivers; it leads to Dovecot's own.
func (h *Host) lmtpSocket() string { return filepath.Join(h.Dir, "lmtp") }

func (h *Host) dovecotLMTP() string { return filepath.Join(h.Dir, "run", "lmtp") }

// CutLink cuts the line between the sites, both ways: connections that are open end,
// and new ones are refused, so that each site's Postfix keeps what is for the other.
func (l *Lab) CutLink() error { return l.wired(linkWires, cutWire) }

// RestoreLink mends the line between the sites.
func (l *Lab) RestoreLink() error { return l.wired(linkWires, mendWire) }

// StopLMTP takes the store's LMTP socket away from the Postfix of a site, which then
// keeps mail for it; IMAP, and logins for submission, go on. Deliver has its own way.
func (l *Lab) StopLMTP(host string) error { return l.wired(host+lmtpWires, cutWire) }

// StartLMTP gives the socket back.
func (l *Lab) StartLMTP(host string) error { return l.wired(host+lmtpWires, mendWire) }

// StopIMAP ends all IMAP connections to a site and refuses new ones; delivery, and
// logins for submission, go on.
func (l *Lab) StopIMAP(host string) error { return l.wired(host+imapWires, cutWire) }

// StartIMAP lets IMAP connections in again.
func (l *Lab) StartIMAP(host string) error { return l.wired(host+imapWires, mendWire) }

func cutWire(w *wire) error {
	w.cut(cutByMethod)
	return nil
}

func mendWire(w *wire) error { return w.mend(cutByMethod) }

// wired has the lock of the whole lab, as control has.
func (l *Lab) wired(name string, do func(*wire) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	wires, ok := l.wires[name]
	if !ok {
		return fmt.Errorf("cutting or mending %q: there is none: want a host with a mailbox, %q or %q", name, SiteA, SiteB)
	}
	var errs []error
	for _, w := range wires {
		errs = append(errs, do(w))
	}
	return errors.Join(errs...)
}
