package debian_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/debian"
)

// timeout is far above the fraction of a second that an arrival takes, and above
// the 2 s after which a queue is tried again; a lab on a busy machine starts within it.
const timeout = 60 * time.Second

// letter is a message to send.
type letter struct{ from, to, subject string }

func (l letter) send(client *smtp.Client) error {
	text := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: %s\r\n\r\nhello\r\n", l.from, l.to, l.subject)
	if err := client.SendMail(l.from, []string{l.to}, strings.NewReader(text)); err != nil {
		return err
	}
	return client.Quit()
}

// plain sends without TLS and login.
func plain(address string) func(*testing.T, letter) error {
	return func(t *testing.T, l letter) error {
		t.Helper()
		client, err := smtp.Dial(address)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		return l.send(client)
	}
}

// submission sends with login, over implicit TLS or STARTTLS.
func submission(lab *debian.Lab, address string, implicit bool, user debian.User) func(*testing.T, letter) error {
	return func(t *testing.T, l letter) error {
		t.Helper()
		dial := smtp.DialStartTLS
		if implicit {
			dial = smtp.DialTLS
		}
		client, err := dial(address, &tls.Config{RootCAs: lab.Pool})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.Auth(sasl.NewPlainClient("", user.Address, user.Password)); err != nil {
			return err
		}
		return l.send(client)
	}
}

// replyCode is the SMTP reply in an error, 0 when there is none.
func replyCode(err error) int {
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}

// reader is a mailbox and the way to it, over implicit TLS or STARTTLS.
type reader struct {
	lab      *debian.Lab
	host     debian.Host
	user     debian.User
	implicit bool
}

// await returns the header of the message with a subject, once it is there.
func (r reader) await(t *testing.T, folder, subject string) string {
	t.Helper()
	dial, address := imapclient.DialStartTLS, r.host.IMAP
	if r.implicit {
		dial, address = imapclient.DialTLS, r.host.IMAPS
	}
	client, err := dial(address, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: r.lab.Pool}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Login(r.user.Address, r.user.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	var header string
	within(t, fmt.Sprintf("subject %q to be in %s of %s", subject, folder, r.user.Address), func() bool {
		header = find(t, client, folder, subject)
		return header != ""
	})
	return header
}

// within polls until a condition holds.
func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(timeout); !holds(); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s: not so after %v", what, timeout)
		}
	}
}

// find looks through a folder once.
func find(t *testing.T, client *imapclient.Client, folder, subject string) string {
	t.Helper()
	selected, err := client.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		t.Fatal(err)
	}
	if selected.NumMessages == 0 {
		return ""
	}
	section := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true}
	all := imap.SeqSet{imap.SeqRange{Start: 1}}
	messages, err := client.Fetch(all, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		if header := message.FindBodySection(section); bytes.Contains(header, []byte("Subject: "+subject+"\r\n")) {
			return string(header)
		}
	}
	return ""
}

var byHost = regexp.MustCompile(`(?m)^Received:[^\n]*(?:\n[ \t][^\n]*)*?\bby (\S+)`)

// receivedBy lists the hosts that say in a header that they took the message.
func receivedBy(header string) []string {
	var hosts []string
	for _, match := range byHost.FindAllStringSubmatch(header, -1) {
		hosts = append(hosts, match[1])
	}
	return hosts
}
