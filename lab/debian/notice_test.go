package debian_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/debian"
	"github.com/mailpath/mailpath/probe"
)

// bouncesDir names a directory where the tests of bounces leave each one that they
// get, as package report has them in its testdata.
const bouncesDir = "MAILPATH_BOUNCES"

// notice is a message that comes to nothing, and what its sender is told.
type notice struct {
	name   string // of the file, too
	to     string
	exim   bool // handed to Exim instead of the Postfix of site A
	dsn    bool // with the parameters of RFC 3461
	action string
	status string
	by     string // Reporting-MTA
	says   string // somewhere in the notice

	message *probe.Message
}

// bouncing is a key ring with the key of probetest's and a prober of its own, which
// package report has in its tests.
func bouncing(t *testing.T) *probe.Keyring {
	t.Helper()
	key, err := probe.NewKey(bytes.NewReader(bytes.Repeat([]byte{42}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := probe.NewKeyring("hq-1", key)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// prose is a payload.
type prose struct{}

func (prose) Name() string          { return "plain" }
func (prose) Text(probe.Tag) string { return "This message checks that mail arrives.\n" }

// send composes a message of mailpath's and hands it over.
func (n *notice) send(t *testing.T, lab *debian.Lab) {
	t.Helper()
	hq, now := lab.A.Users[0], probe.NewClock().Now()
	p := probe.Probe{
		Route:   probe.Route{Name: "hq-to-branch", Sender: "hq", Mailbox: "branch", From: hq.Address, To: n.to},
		Payload: prose{}, Every: time.Minute, LateAfter: time.Minute, LostAfter: time.Hour, Expect: probe.ExpectDelivered,
	}
	keys := bouncing(t)
	n.message = probe.Compose(p, keys, probe.NewTag("hq-1", p, probe.Scheduled, now, now))
	client := n.dial(t, lab)
	defer client.Close()
	var mail smtp.MailOptions
	var rcpt smtp.RcptOptions
	if n.dsn {
		mail = smtp.MailOptions{Return: smtp.DSNReturnHeaders, EnvelopeID: keys.SignShort(n.message.Tag.ID)}
		rcpt = smtp.RcptOptions{
			Notify:                []smtp.DSNNotify{smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed},
			OriginalRecipientType: smtp.DSNAddressTypeRFC822, OriginalRecipient: n.to,
		}
	}
	if err := errors.Join(client.Mail(hq.Address, &mail), client.Rcpt(n.to, &rcpt)); err != nil {
		t.Fatal(err)
	}
	data, err := client.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := data.Write(n.message.Raw); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(data.Close(), client.Quit()); err != nil {
		t.Fatal(err)
	}
}

// dial connects to where a message is to be handed over.
func (n *notice) dial(t *testing.T, lab *debian.Lab) *smtp.Client {
	t.Helper()
	if n.exim {
		client, err := smtp.Dial(lab.Exim.SMTP)
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	hq := lab.A.Users[0]
	client, err := smtp.DialTLS(lab.A.SubmissionTLS, &tls.Config{RootCAs: lab.Pool})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Auth(sasl.NewPlainClient("", hq.Address, hq.Password)); err != nil {
		t.Fatal(err)
	}
	return client
}

// await is the notice itself, once it is in the mailbox at headquarters.
func (n *notice) await(t *testing.T, lab *debian.Lab) []byte {
	t.Helper()
	var found []byte
	within(t, n.name+" to be told to hq", func() bool {
		messages, err := inFolder(lab.A.Users[0].Maildir, "INBOX")
		if err != nil && !errors.Is(err, os.ErrNotExist) { // moved from new to cur
			t.Fatal(err)
		}
		for _, m := range messages {
			if bytes.Contains(m, []byte(n.message.Tag.ID.String())) && dsnField(m, "Action") == n.action {
				found = m
			}
		}
		return found != nil
	})
	if dir := os.Getenv(bouncesDir); dir != "" && n.name[0] <= '9' {
		// As IMAP gives it.
		text := bytes.ReplaceAll(found, []byte("\n"), []byte("\r\n"))
		if err := os.WriteFile(filepath.Join(dir, n.name+".eml"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// afterSemicolon is what some put there and others do not.
var afterSemicolon = regexp.MustCompile(`; *`)

// check holds a notice to what it should tell.
func (n *notice) check(t *testing.T, text []byte) {
	t.Helper()
	header, body, _ := bytes.Cut(text, []byte("\n\n"))
	for _, want := range []string{"Return-Path: <>\n", "multipart/report; report-type=delivery-status;"} {
		if !bytes.Contains(header, []byte(want)) {
			t.Errorf("%s: got header\n%s\nwant %q in it", n.name, header, want)
		}
	}
	for field, want := range map[string]string{
		"Status": n.status, "Reporting-MTA": "dns; " + n.by, "Final-Recipient": "rfc822; " + n.to,
	} {
		if got := afterSemicolon.ReplaceAllString(dsnField(text, field), "; "); got != want {
			t.Errorf("%s: got field %s %q, want %q", n.name, field, got, want)
		}
	}
	if n.dsn {
		if got, want := dsnField(text, "Original-Envelope-Id"), bouncing(t).SignShort(n.message.Tag.ID); got != want {
			t.Errorf("%s: got envelope id %q, want %q", n.name, got, want)
		}
	}
	for _, want := range []string{n.says, "X-Mailpath-Tag: "} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s: got\n%s\nwant %q in it", n.name, text, want)
		}
	}
}

// dsnField is the first field of a name in a notice that begins a line, whatever
// its case; mail of ours has none of those.
func dsnField(text []byte, name string) string {
	found := regexp.MustCompile(`(?im)^` + name + `: *(.*)$`).FindSubmatch(text)
	if found == nil {
		return ""
	}
	return string(found[1])
}
