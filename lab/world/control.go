package world

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// SMTP gives the address of a component's SMTP server, empty if it has none. There
// are such servers at internet, gateway-in, antispam, store-hq and store-branch.
func (w *World) SMTP(entry string) string {
	if e := w.entries[entry]; e != nil {
		return e.gate.addr
	}
	return ""
}

// IMAP gives the address of the IMAP server of a mailbox: hq, branch, provider,
// quarantine or one of the crowd; empty for any other.
func (w *World) IMAP(mailbox string) string {
	if s := w.stores[mailbox]; s != nil {
		return s.gate.addr
	}
	return ""
}

// Account tells the address of a mailbox and the credentials that are good for its
// IMAP server and for submission at its provider or site.
func (w *World) Account(mailbox string) (address, username, password string) {
	a, _ := w.account(mailbox)
	return a.address, a.username, a.password
}

// Break gives a component a fault, in the place of one it may have. Messages that
// are held leave as soon as the fault is none that holds.
func (w *World) Break(component string, f Fault) error {
	s := w.stages[component]
	switch {
	case s == nil:
		return fmt.Errorf("breaking a component: got %q, want one of %q", component, Components())
	case f == nil:
		return fmt.Errorf("breaking component %s: got no fault", component)
	}
	if err := errors.Join(f.check(), w.place(component, f)); err != nil {
		return fmt.Errorf("breaking component %s: %w", component, err)
	}
	w.set(s, f)
	return nil
}

// SetClock makes the clocks of a component's hosts show that much more than the true
// time, or less, from now on: what they write into mail. It is no fault: Repair does not
// mend it, and the IMAP server's INTERNALDATE stays true.
func (w *World) SetClock(component string, ahead time.Duration) error {
	s := w.stages[component]
	if s == nil {
		return fmt.Errorf("setting the clock of a component: got %q, want one of %q", component, Components())
	}
	s.setClock(ahead)
	return nil
}

// SetField makes a component's hosts write another field above their own, from now on, such
// as Authentication-Results; it has no line end. Empty: none.
func (w *World) SetField(component, field string) error {
	s := w.stages[component]
	switch {
	case s == nil:
		return fmt.Errorf("setting a field of a component: got %q, want one of %q", component, Components())
	case strings.ContainsAny(field, "\r\n") || field != "" && strings.Index(field, ":") < 1:
		return fmt.Errorf("setting a field of component %s: got %q, want one line with a name and a colon", component, field)
	}
	s.setField(field)
	return nil
}

// SetBounceStyle makes a component write its bounces in a form, from now on; empty: the
// standard one. It is no fault: Repair does not change it. Reports of delay always have
// the standard form.
func (w *World) SetBounceStyle(component string, style BounceStyle) error {
	s := w.stages[component]
	switch {
	case s == nil:
		return fmt.Errorf("setting the form of bounces of a component: got %q, want one of %q", component, Components())
	case style != StandardBounces && style != QmailBounces && style != EximBounces:
		return fmt.Errorf("setting the form of bounces of component %s: got %q, want %q, %q or none", component, style, QmailBounces, EximBounces)
	}
	s.setBounceStyle(style)
	return nil
}

// AutoReply makes a mailbox answer what is delivered into its INBOX, from now on, and
// send the answer to the envelope sender, even if the message asks for none, as badly
// made responders do. It answers no answers, no bounces and nobody outside this world.
// Empty: no more answers.
func (w *World) AutoReply(mailbox string, kind Answer) error {
	s, err := w.store(mailbox)
	if err != nil {
		return fmt.Errorf("setting the automatic answer of a mailbox: %w", err)
	}
	if kind != "" && kind != OutOfOffice && kind != Challenge && kind != ReadReceipt {
		return fmt.Errorf("setting the automatic answer of mailbox %s: got %q, want %q, %q, %q or none", mailbox, kind, OutOfOffice, Challenge, ReadReceipt)
	}
	s.setAnswer(kind)
	return nil
}

// Repair takes a component's fault away. Held mail leaves in the order in which it
// came, one message every DrainEvery, new mail behind it.
func (w *World) Repair(component string) error {
	s := w.stages[component]
	if s == nil {
		return fmt.Errorf("repairing a component: got %q, want one of %q", component, Components())
	}
	w.set(s, nil)
	return nil
}

func (w *World) set(s *stage, f Fault) {
	w.log.Info("component changed", "component", s.component, "fault", fmt.Sprintf("%T %+v", f, f))
	if s.set(f) {
		w.agenda.after(0, func() { w.drain(s) })
	}
}

// Blind makes a mailbox invisible to IMAP clients; mail still arrives in it.
func (w *World) Blind(mailbox string, mode Blindness) error {
	s, err := w.store(mailbox)
	if err != nil {
		return fmt.Errorf("blinding a mailbox: %w", err)
	}
	return s.blind(mode)
}

// Unblind makes a mailbox visible again, at the same address. Connections that hung
// are cut.
func (w *World) Unblind(mailbox string) error {
	s, err := w.store(mailbox)
	if err != nil {
		return fmt.Errorf("unblinding a mailbox: %w", err)
	}
	s.gate.unhang()
	if s.gate.isOpen() {
		return nil
	}
	if err := s.gate.open(); err != nil {
		return fmt.Errorf("unblinding mailbox %s: %w", mailbox, err)
	}
	w.serveStore(s)
	return nil
}

// Deliver puts a message straight into a folder.
func (w *World) Deliver(mailbox, folder string, raw []byte) error {
	s, err := w.store(mailbox)
	if err != nil {
		return fmt.Errorf("delivering a message: %w", err)
	}
	return s.deliver(folder, raw, w.cfg.Clock.Now())
}

// Messages gives everything that was ever delivered to a folder, in order, whatever
// IMAP clients have done with it since; what Config.Keep does not keep is gone.
func (w *World) Messages(mailbox, folder string) ([][]byte, error) {
	s, err := w.store(mailbox)
	if err != nil {
		return nil, fmt.Errorf("reading messages: %w", err)
	}
	return s.messages(folder), nil
}

// Count tells how many messages are in a folder now.
func (w *World) Count(mailbox, folder string) (int, error) {
	s, err := w.store(mailbox)
	if err != nil {
		return 0, fmt.Errorf("counting messages: %w", err)
	}
	return s.count(folder)
}

// Connections counts the open IMAP connections to a mailbox.
func (w *World) Connections(mailbox string) (int, error) {
	s, err := w.store(mailbox)
	if err != nil {
		return 0, fmt.Errorf("counting connections: %w", err)
	}
	return s.gate.connections(), nil
}

// Held tells, for every component, how many messages it keeps because of a fault:
// its own, or one of the next stage that makes it try again and again. What is
// held because of the link counts at the link.
func (w *World) Held() map[string]int {
	held := make(map[string]int, len(w.stages))
	for name, s := range w.stages {
		held[name] = s.counts().held
	}
	return held
}

// Dropped tells, for every component, how many messages came to their end there without
// a mailbox: those that it has thrown away, refused for good after another stage had
// taken them, or given up itself, whether or not a bounce told the sender; and bounces
// and answers that could not be delivered. Bounced counts the bounces.
func (w *World) Dropped() map[string]int {
	dropped := make(map[string]int, len(w.stages))
	for name, s := range w.stages {
		dropped[name] = s.counts().dropped
	}
	return dropped
}

// Bounced tells, for every component, how many bounces it has sent: reports of failure,
// not of delay.
func (w *World) Bounced() map[string]int {
	bounced := make(map[string]int, len(w.stages))
	for name, s := range w.stages {
		bounced[name] = s.counts().bounced
	}
	return bounced
}

func (w *World) store(mailbox string) (*store, error) {
	if s := w.stores[mailbox]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("got mailbox %q, want one of %q", mailbox, []string{hq, branch, provider, quarantine})
}
