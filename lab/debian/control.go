package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// StopPostfix ends the Postfix of a host and waits until it is gone; what it has
// queued stays on disk. Clients are refused the connection.
func (l *Lab) StopPostfix(host string) error { return l.control(host, "postfix", (*server).stop) }

// StartPostfix starts the Postfix of a host again, on the same ports, and waits
// for its greetings.
func (l *Lab) StartPostfix(host string) error { return l.control(host, "postfix", startAgain) }

// StopDovecot ends the Dovecot of a site and waits until it is gone: Postfix
// there then queues, submission has no logins, and IMAP is refused.
func (l *Lab) StopDovecot(host string) error { return l.control(host, "dovecot", (*server).stop) }

// StartDovecot starts the Dovecot of a site again.
func (l *Lab) StartDovecot(host string) error { return l.control(host, "dovecot", startAgain) }

// control has the lock of the whole lab, so that Stop comes before or after.
func (l *Lab) control(host, kind string, do func(*server) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.servers[host+"/"+kind]
	if !ok {
		_, err := l.host(host)
		return errors.Join(fmt.Errorf("controlling %s of host %q: it has none", kind, host), err)
	}
	return do(s)
}

func startAgain(s *server) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return s.start(ctx)
}

// Configure replaces what is appended to the configuration of a host. A server
// reads it at its next start.
func (l *Lab) Configure(host string, extra Extra) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, err := l.host(host)
	if err != nil {
		return fmt.Errorf("configuring a host: %w", err)
	}
	l.extra[host] = extra
	return l.writeFiles(h)
}

// Deliver stores a message (CRLF or LF line ends) in a folder of a mailbox, "hq"
// or "branch", without any Postfix: into the INBOX over LMTP, as Postfix would,
// into another folder, which is made when it is not there, with doveadm. When it
// returns, the message is in the Maildir.
func (l *Lab) Deliver(mailbox, folder string, raw []byte) error {
	host, user, err := l.mailbox(mailbox)
	if err == nil {
		if folder == "INBOX" {
			err = deliverLMTP(host.dovecotLMTP(), user.Address, raw)
		} else {
			err = save(host.dovecotFile(), user.Address, folder, raw)
		}
	}
	if err != nil {
		return fmt.Errorf("delivering to folder %s of mailbox %s: %w", folder, mailbox, err)
	}
	return nil
}

// mailbox finds a mailbox by its name in Config.
func (l *Lab) mailbox(name string) (*Host, *User, error) {
	for _, h := range l.hosts() {
		for i := range h.Users {
			if h.Users[i].Mailbox == name {
				return h, &h.Users[i], nil
			}
		}
	}
	return nil, nil, fmt.Errorf("finding mailbox %q: there is none: want hq or branch", name)
}

// deliverTimeout bounds one delivery.
const deliverTimeout = 20 * time.Second

func deliverLMTP(socket, to string, raw []byte) error {
	connection, err := net.DialTimeout("unix", socket, deliverTimeout)
	if err != nil {
		return fmt.Errorf("connecting to LMTP: %w", err)
	}
	client := smtp.NewClientLMTP(connection)
	client.CommandTimeout, client.SubmissionTimeout = deliverTimeout, deliverTimeout
	defer client.Close()
	if err := client.SendMail("mailpath@provider.example", []string{to}, bytes.NewReader(raw)); err != nil {
		return fmt.Errorf("sending over LMTP: %w", err)
	}
	return nil
}

func save(config, user, folder string, raw []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), deliverTimeout)
	defer cancel()
	if output, err := doveadm(ctx, nil, config, "mailbox", "create", "-u", user, folder); err != nil && !bytes.Contains(output, []byte("already exists")) {
		return fmt.Errorf("making the folder: %w: doveadm printed %q", err, output)
	}
	if output, err := doveadm(ctx, raw, config, "save", "-u", user, "-m", folder); err != nil {
		return fmt.Errorf("saving with doveadm: %w: it printed %q", err, output)
	}
	return nil
}

// Doveadm runs doveadm at a site, as its administrator would, and gives what it prints.
func (l *Lab) Doveadm(host string, args ...string) (string, error) {
	h, err := l.host(host)
	if err != nil {
		return "", fmt.Errorf("running doveadm: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), deliverTimeout)
	defer cancel()
	output, err := doveadm(ctx, nil, h.dovecotFile(), args...)
	if err != nil {
		return "", fmt.Errorf("running doveadm %q: %w: it printed %q", args, err, output)
	}
	return string(output), nil
}

func doveadm(ctx context.Context, stdin []byte, config string, args ...string) ([]byte, error) {
	command := asRoot(ctx, "/usr/bin/doveadm", append([]string{"-c", config}, args...)...)
	command.Stdin = bytes.NewReader(stdin)
	output, err := command.CombinedOutput()
	return output, errors.Join(err, ctx.Err())
}
