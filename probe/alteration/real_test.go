package alteration_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/lab/debian"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/alteration"
	"github.com/mailpath/mailpath/probe/probetest"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// A message through a gateway, a filter, Postfix and Dovecot is unaltered; one through a
// Postfix that marks it is told to be.
func TestRealServers(t *testing.T) {
	t.Parallel()
	if err := debian.Install(t.Context(), t.Output()); err != nil {
		t.Fatal(err)
	}
	lab, err := debian.Start(t.Context(), debian.Options{Extra: map[string]debian.Extra{debian.SiteB: {Main: marking}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Stop(); err != nil {
			t.Error(err)
		}
	})
	hq, branch := lab.A.Users[0], lab.B.Users[0]
	for name, c := range map[string]struct {
		server, imap string
		from         string
		login, user  debian.User
		want         string
	}{
		"from outside":     {lab.Gateway.SMTP, lab.A.IMAPS, lab.OutsideSender, debian.User{}, hq, ""},
		"inside":           {lab.A.Submission, lab.A.IMAPS, hq.Address, hq, hq, ""},
		"through a marker": {lab.A.Submission, lab.B.IMAPS, hq.Address, hq, branch, "subject-prefix: [EXTERNAL]\nfield-removed: X-Auto-Response-Suppress\n"},
	} {
		t.Run(name, func(t *testing.T) {
			clock := probe.NewClock()
			m := probetest.Message(clock, c.from, c.user.Address)
			e := probe.Endpoint{Server: c.server, TLS: probe.StartTLS, CAFile: lab.CAFile, Clock: clock, Username: c.login.Address}
			e.Password = func() (string, error) { return c.login.Password, nil }
			if a := smtpsend.New(smtpsend.Config{Endpoint: e, EHLO: "probe.provider.example"}).Send(t.Context(), m); a.Result != probe.Accepted {
				t.Fatalf("sending: got %v, %v", a.Result, a.Err)
			}
			found := await(t, lab.CAFile, c.imap, c.user, m)
			if got := show(alteration.Find(m, found)); got != c.want {
				t.Errorf("got %q, want %q in\n%s\n%s", got, c.want, found.Header, found.Body)
			}
		})
	}
}

const marking = `
header_checks = regexp:{ {/^Subject: (.*)/ REPLACE Subject: [EXTERNAL] $$1} {/^X-Auto-Response-Suppress:/ IGNORE} }
`

// await looks into a mailbox until a message is there.
func await(t *testing.T, ca, server string, user debian.User, m *probe.Message) probe.Observation {
	t.Helper()
	pem, err := os.ReadFile(ca)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	client, dialed := imapclient.DialTLS(server, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: pool}})
	if err := errors.Join(err, dialed); err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Login(user.Address, user.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	header := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true}
	text := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true, Partial: &imap.SectionPartial{Size: probe.MaxBody}}
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(100 * time.Millisecond) {
		if _, err := client.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		found, err := client.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: m.Envelope}}}, nil).Wait()
		if err != nil {
			t.Fatal(err)
		}
		if len(found.AllUIDs()) == 0 {
			continue
		}
		all, err := client.Fetch(found.All, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{header, text}}).Collect()
		if err != nil || len(all) == 0 {
			t.Fatalf("fetching the message: got %d messages, %v", len(all), err)
		}
		return probe.Observation{Header: all[0].FindBodySection(header), Body: all[0].FindBodySection(text)}
	}
	t.Fatalf("message %v is not there within a minute", m.Tag.ID)
	return probe.Observation{}
}
