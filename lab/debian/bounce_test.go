package debian_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/debian"
)

// told sends messages, lets what stops them happen, and wants each notice.
func told(t *testing.T, lab *debian.Lab, notices ...notice) {
	t.Helper()
	for i := range notices {
		notices[i].send(t, lab)
	}
	for _, n := range notices {
		n.check(t, n.await(t, lab))
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// withExim is a lab with an Exim.
func withExim(t *testing.T) *debian.Lab {
	t.Helper()
	if err := debian.InstallExim(t.Context(), t.Output()); err != nil {
		t.Fatal(err)
	}
	lab := started(t, debian.Options{Exim: true})
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(lab.Exim.Dir, "root", "log", "mainlog"))
			t.Logf("the log of Exim:\n%s", log)
		}
	})
	return lab
}

// What is refused comes back to its sender, from whoever has it then.
func TestRefusedMailComesBackRealServers(t *testing.T) {
	t.Parallel()
	lab := withExim(t)
	branch, nobody := lab.B.Users[0].Address, "nobody@"+lab.B.Domain
	hq, exim := lab.A.Hostname, lab.Exim.Hostname

	must(t, lab.FillMailbox("branch"))
	told(t, lab,
		notice{name: "02-postfix-full-mailbox", to: branch, action: "failed", status: "5.2.2", by: lab.B.Hostname, says: "552 5.2.2"},
		notice{name: "06-postfix-unknown-user-envid", to: nobody, dsn: true, action: "failed", status: "5.1.1", by: hq, says: "550 5.1.1"},
		notice{name: "01-postfix-unknown-user", to: nobody, action: "failed", status: "5.1.1", by: hq, says: "550 5.1.1"},
		notice{name: "15-exim-unknown-user-envid", to: nobody, exim: true, dsn: true, action: "failed", status: "5.0.0", by: exim, says: "550 5.1.1"},
		notice{name: "11-exim-unknown-user", to: nobody, exim: true, action: "failed", status: "5.0.0", by: exim, says: "550 5.1.1"},
	)
	must(t, lab.FillMailboxVisibly("branch"))
	told(t, lab,
		notice{name: "12-exim-full-mailbox", to: branch, exim: true, action: "failed", status: "5.0.0", by: exim, says: "552 5.2.2"},
		notice{name: "a full mailbox that site B knows of", to: branch, action: "failed", status: "5.2.2", by: hq, says: "552 5.2.2"},
	)
	must(t, lab.EmptyMailbox("branch"), lab.RejectContent(debian.SiteB))
	told(t, lab, notice{name: "03-postfix-content-rejected", to: branch, action: "failed", status: "5.7.1", by: lab.B.Hostname, says: "550 5.7.1 Content rejected"})
	must(t, lab.RefuseContent(debian.SiteB))
	told(t, lab,
		notice{name: "13-exim-content-rejected", to: branch, exim: true, action: "failed", status: "5.0.0", by: exim, says: "550 5.7.1"},
		notice{name: "content that site B refuses", to: branch, action: "failed", status: "5.7.1", by: hq, says: "550 5.7.1"},
	)
	for _, subject := range []string{"Undelivered Mail Returned to Sender", "Mail delivery failed: returning message to sender"} {
		reader{lab, lab.A, lab.A.Users[0], true}.await(t, "INBOX", subject)
	}
	must(t, lab.AcceptContent(debian.SiteB))
	arrives(t, lab, notice{name: "a message through Exim", to: branch, exim: true})
	arrives(t, lab, notice{name: "a message", to: branch})

	if got := processesOf(t, lab.Exim.Dir); len(got) == 0 {
		t.Error("listing processes of Exim: got none, want some")
	}
	must(t, lab.Stop())
	if got := processesOf(t, lab.Dir); len(got) > 0 {
		t.Errorf("stopping a lab with Exim: got processes %q left, want none", got)
	}
}

// arrives sends a message and wants it in the mailbox at the branch.
func arrives(t *testing.T, lab *debian.Lab, n notice) {
	t.Helper()
	n.send(t, lab)
	n.arrived(t, lab)
}

func (n *notice) arrived(t *testing.T, lab *debian.Lab) {
	t.Helper()
	within(t, n.name+" to arrive", func() bool { return inMaildir(t, lab.B.Users[0].Maildir, n.message.Tag.ID.String()) })
}

// Mail that waits is told of, and comes back when it has waited too long.
func TestHeldMailComesBackRealServers(t *testing.T) {
	t.Parallel()
	lab := withExim(t)
	wantNotSet(t, lab)
	branch, hq, exim := lab.B.Users[0].Address, lab.A.Hostname, lab.Exim.Hostname

	must(t, lab.WarnAfter(debian.SiteA, time.Second), lab.WarnAfter(debian.Exim, time.Second), lab.StopPostfix(debian.SiteB))
	held := []notice{
		{name: "05-postfix-delayed", to: branch, action: "delayed", status: "4.4.1", by: hq, says: "Will-Retry-Until:"},
		{name: "16-exim-delayed", to: branch, exim: true, action: "delayed", status: "4.0.0", by: exim, says: "delay"},
	}
	told(t, lab, held...)
	must(t, lab.StartPostfix(debian.SiteB))
	for _, n := range held {
		n.arrived(t, lab)
	}

	must(t, lab.WarnAfter(debian.SiteA, 0), lab.WarnAfter(debian.Exim, 0))
	must(t, lab.GiveUpAfter(debian.SiteA, 2*time.Second), lab.GiveUpAfter(debian.Exim, 2*time.Second), lab.StopPostfix(debian.SiteB))
	told(t, lab,
		notice{name: "04-postfix-expired", to: branch, action: "failed", status: "4.4.1", by: hq, says: "Connection refused"},
		notice{name: "14-exim-expired", to: branch, exim: true, action: "failed", status: "5.0.0", by: exim, says: "retry timeout exceeded"},
	)
}

// wantNotSet holds settings to what they can do.
func wantNotSet(t *testing.T, lab *debian.Lab) {
	t.Helper()
	for what, test := range map[string]struct {
		err  error
		want string
	}{
		"a fraction of a second": {lab.WarnAfter(debian.SiteA, 1500*time.Millisecond), "want whole seconds"},
		"the gateway's content":  {lab.RejectContent(debian.Gateway), "want a site"},
		"no mailbox":             {lab.FillMailbox("provider"), "want hq or branch"},
		"a time before":          {lab.GiveUpAfter(debian.Exim, -time.Second), "want whole seconds"},
		"Exim's content":         {lab.RefuseContent(debian.Exim), `finding host "exim"`},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("setting %s: got error %v, want one with %q", what, test.err, test.want)
		}
	}
}
