package debian_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/lab/debian"
	"github.com/mailpath/mailpath/probe/config"
)

// started is a lab that the test stops at its end.
func started(t *testing.T, options debian.Options) *debian.Lab {
	t.Helper()
	if err := debian.Install(t.Context(), t.Output()); err != nil {
		t.Fatal(err)
	}
	lab, err := debian.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, h := range []debian.Host{lab.Gateway, lab.A, lab.B} {
				log, _ := os.ReadFile(h.PostfixLog)
				t.Logf("the log of Postfix on %s:\n%s", h.Name, log)
			}
		}
		if err := lab.Stop(); err != nil {
			t.Error(err)
		}
	})
	return lab
}

// TestLab asks everything of one lab that leaves it as it was: a start and a stop
// take two seconds.
func TestLab(t *testing.T) {
	t.Parallel()
	lab := started(t, debian.Options{})
	for name, test := range map[string]func(*testing.T, *debian.Lab){
		"mail arrives":            testMailArrives,
		"mail is refused":         testMailIsRefused,
		"messages are dropped in": testDeliver,
		"servers stop and start":  testServersStopAndStart,
		"it has a configuration":  testConfig,
	} {
		t.Run(name, func(t *testing.T) { test(t, lab) })
	}
}

func testMailArrives(t *testing.T, lab *debian.Lab) {
	hq, branch := lab.A.Users[0], lab.B.Users[0]
	for _, test := range []struct {
		name     string
		send     func(*testing.T, letter) error
		letter   letter
		at       reader
		received []string // hosts in the Received fields, from the last to the first
	}{
		{
			name:     "from site A to site B",
			send:     submission(lab, lab.A.Submission, false, hq),
			letter:   letter{from: hq.Address, to: branch.Address},
			at:       reader{lab, lab.B, branch, true},
			received: []string{"mail.branch.example.com", "mail.branch.example.com", "mail.hq.example.com"},
		}, {
			name:     "inside site A, submitted with STARTTLS",
			send:     submission(lab, lab.A.Submission, false, hq),
			letter:   letter{from: hq.Address, to: hq.Address},
			at:       reader{lab, lab.A, hq, true},
			received: []string{"mail.hq.example.com", "mail.hq.example.com"},
		}, {
			name:     "from outside through the gateway, read with STARTTLS",
			send:     plain(lab.Gateway.SMTP),
			letter:   letter{from: lab.OutsideSender, to: hq.Address},
			at:       reader{lab, lab.A, hq, false},
			received: []string{"mail.hq.example.com", "mail.hq.example.com", "scan1.example.com", "mx1.example.com"},
		}, {
			name:     "inside site A, submitted with implicit TLS",
			send:     submission(lab, lab.A.SubmissionTLS, true, hq),
			letter:   letter{from: hq.Address, to: hq.Address},
			at:       reader{lab, lab.A, hq, true},
			received: []string{"mail.hq.example.com", "mail.hq.example.com"},
		}, {
			name:     "from site B to site A",
			send:     submission(lab, lab.B.SubmissionTLS, true, branch),
			letter:   letter{from: branch.Address, to: hq.Address},
			at:       reader{lab, lab.A, hq, true},
			received: []string{"mail.hq.example.com", "mail.hq.example.com", "mail.branch.example.com"},
		}, {
			name:     "from outside, past the gateway",
			send:     plain(lab.Gateway.Filter),
			letter:   letter{from: lab.OutsideSender, to: hq.Address},
			at:       reader{lab, lab.A, hq, true},
			received: []string{"mail.hq.example.com", "mail.hq.example.com", "scan1.example.com"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.letter.subject = t.Name()
			if err := test.send(t, test.letter); err != nil {
				t.Fatal(err)
			}
			header := test.at.await(t, "INBOX", t.Name())
			if got := receivedBy(header); strings.Join(got, " ") != strings.Join(test.received, " ") {
				t.Errorf("reading Received fields: by %q, want %q; header:\n%s", got, test.received, header)
			}
		})
	}
}

func testMailIsRefused(t *testing.T, lab *debian.Lab) {
	hq, branch := lab.A.Users[0], lab.B.Users[0]
	wrong := hq
	wrong.Password = "wrong"
	for _, test := range []struct {
		name   string
		send   func(*testing.T, letter) error
		letter letter
		code   int
	}{
		{"submission with a wrong password", submission(lab, lab.A.Submission, false, wrong), letter{from: hq.Address, to: hq.Address}, 535},
		{"the gateway relaying to a foreign domain", plain(lab.Gateway.SMTP), letter{from: lab.OutsideSender, to: "someone@other.example"}, 554},
		{"the gateway relaying to the branch", plain(lab.Gateway.SMTP), letter{from: lab.OutsideSender, to: branch.Address}, 554},
		{"an unknown user at the gateway", plain(lab.Gateway.SMTP), letter{from: lab.OutsideSender, to: "nobody@example.com"}, 550},
		{"site A relaying without login", plain(lab.A.SMTP), letter{from: lab.OutsideSender, to: branch.Address}, 554},
		{"an unknown user at the filter", plain(lab.Gateway.Filter), letter{from: lab.OutsideSender, to: "nobody@example.com"}, 550},
		{"submission without TLS", plain(lab.A.Submission), letter{from: hq.Address, to: hq.Address}, 530},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.letter.subject = t.Name()
			if got := replyCode(test.send(t, test.letter)); got != test.code {
				t.Errorf("sending: got reply %d, want %d", got, test.code)
			}
		})
	}
}

func testDeliver(t *testing.T, lab *debian.Lab) {
	at := reader{lab, lab.B, lab.B.Users[0], true}
	for _, folder := range []string{"Quarantine", "INBOX", "Junk"} {
		subject := "delivered to " + folder
		raw := []byte("From: " + lab.OutsideSender + "\nSubject: " + subject + "\n\n.a line that begins with a dot\n")
		if err := lab.Deliver("branch", folder, raw); err != nil {
			t.Fatal(err)
		}
		at.await(t, folder, subject)
		dir := at.user.Maildir
		if folder != "INBOX" {
			dir = filepath.Join(dir, "."+folder)
		}
		if got := filesWith(t, dir, subject); got != 1 {
			t.Errorf("looking into %s: got %d messages %q, want one", dir, got, subject)
		}
	}
	if err := lab.Deliver("provider", "INBOX", nil); err == nil {
		t.Error("delivering to an unknown mailbox: got no error, want one")
	}
}

// filesWith counts the messages of a Maildir folder with a subject.
func filesWith(t *testing.T, dir, subject string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "[cn][ue][rw]", "*"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "Subject: "+subject+"\n") {
			count++
		}
	}
	return count
}

func testServersStopAndStart(t *testing.T, lab *debian.Lab) {
	hq, branch := lab.A.Users[0], lab.B.Users[0]
	for _, test := range []struct {
		name        string
		stop, start func(string) error
		host        string
		send        func(*testing.T, letter) error
		letter      letter
		at          reader
	}{
		{
			"the Dovecot of site A", lab.StopDovecot, lab.StartDovecot, debian.SiteA,
			plain(lab.Gateway.SMTP), letter{from: lab.OutsideSender, to: hq.Address}, reader{lab, lab.A, hq, true},
		}, {
			"the Postfix of site B", lab.StopPostfix, lab.StartPostfix, debian.SiteB,
			submission(lab, lab.A.Submission, false, hq), letter{from: hq.Address, to: branch.Address}, reader{lab, lab.B, branch, true},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.letter.subject = t.Name()
			if err := errors.Join(test.stop(test.host), test.stop(test.host)); err != nil {
				t.Fatal(err)
			}
			if err := test.send(t, test.letter); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(test.start(test.host), test.start(test.host)); err != nil {
				t.Fatal(err)
			}
			test.at.await(t, "INBOX", t.Name())
		})
	}
	if err := lab.StopDovecot(debian.Gateway); err == nil {
		t.Error("stopping the gateway's Dovecot: got no error, want one: it has none")
	}
}

func TestConfigure(t *testing.T) {
	t.Parallel()
	refusing := func(code string) debian.Extra {
		return debian.Extra{Main: "smtpd_sender_restrictions = static:{" + code + " as the test wants it}"}
	}
	lab := started(t, debian.Options{Extra: map[string]debian.Extra{debian.Gateway: refusing("451")}})
	mail := letter{from: lab.OutsideSender, to: lab.A.Users[0].Address}
	if got := replyCode(plain(lab.Gateway.SMTP)(t, mail)); got != 451 {
		t.Errorf("sending through a gateway configured at the start: got reply %d, want 451", got)
	}
	err := errors.Join(
		lab.StopPostfix(debian.Gateway),
		lab.Configure(debian.Gateway, refusing("556")),
		lab.StartPostfix(debian.Gateway),
	)
	if err != nil {
		t.Fatal(err)
	}
	if got := replyCode(plain(lab.Gateway.SMTP)(t, mail)); got != 556 {
		t.Errorf("sending through a gateway configured anew: got reply %d, want 556", got)
	}
}

func testConfig(t *testing.T, lab *debian.Lab) {
	text, err := lab.Config("/etc/mailpath/tag.key")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := config.Parse("mailpath.yaml", []byte(text))
	if err != nil {
		t.Fatalf("reading the configuration: %v", err)
	}
	toldApart(t, parsed)
	beside := filepath.Join(lab.Dir, "branch.password")
	for _, want := range []string{`tag_keys: [{file: "/etc/mailpath/tag.key"}]`, lab.Gateway.SMTP, lab.B.IMAPS, lab.CAFile, beside} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %s in\n%s", want, text)
		}
	}
	password, err := os.ReadFile(beside)
	if err != nil || strings.TrimSpace(string(password)) != lab.B.Users[0].Password {
		t.Errorf("reading the branch's password: got %q (%v), want %q", password, err, lab.B.Users[0].Password)
	}
}

// toldApart wants each component to lie on other routes than any other one does, so
// that the routes that fail name it.
func toldApart(t *testing.T, c *config.Config) {
	t.Helper()
	onRoutes := make(map[string]string)
	for _, component := range c.Components {
		var routes string
		for _, r := range c.Routes {
			if slices.Contains(r.Path, component.Name) {
				routes += " " + r.Name
			}
		}
		if other, taken := onRoutes[routes]; taken || routes == "" {
			t.Errorf("component %s lies on routes%s, as %q does; want routes of its own", component.Name, routes, other)
		}
		onRoutes[routes] = component.Name
	}
}

func TestInstallIsIdempotent(t *testing.T) {
	t.Parallel()
	var printed strings.Builder
	for range 2 {
		printed.Reset()
		if err := debian.Install(t.Context(), &printed); err != nil {
			t.Fatal(err)
		}
	}
	if printed.Len() > 0 {
		t.Errorf("installing again: got output %q, want none", printed.String())
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := debian.Install(cancelled, &printed); !errors.Is(err, context.Canceled) {
		t.Errorf("installing with a cancelled context: got error %v, want %v", err, context.Canceled)
	}
}
