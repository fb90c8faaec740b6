package imapwatch_test

import (
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/lab/world/worldtest"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/probetest"
)

func TestWatcherConforms(t *testing.T) {
	for _, mode := range []probe.TLSMode{probe.NoTLS, probe.StartTLS, probe.ImplicitTLS} {
		t.Run("tls "+string(mode)+" in a bubble", func(t *testing.T) {
			probetest.Watcher(t, probetest.Bubble, func(t *testing.T) probetest.WatcherFixture { return fixture(t, world.Pipes(), mode) })
		})
		t.Run("tls "+string(mode)+" over loopback", func(t *testing.T) {
			probetest.Watcher(t, probetest.Open, func(t *testing.T) probetest.WatcherFixture { return fixture(t, world.Loopback(), mode) })
		})
	}
}

// fixture is the mailbox at headquarters of a mail world.
func fixture(t *testing.T, network world.Network, mode probe.TLSMode) probetest.WatcherFixture {
	t.Helper()
	w := worldtest.New(t, network, mode)
	from, _, _ := w.Account("provider")
	to, username, password := w.Account("hq")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	return probetest.WatcherFixture{
		Clock: w.Clock, Mailbox: "hq", From: from, To: to,
		Watcher: imapwatch.New(imapwatch.Config{
			Endpoint: w.Endpoint(w.IMAP("hq"), username, password),
			Mailbox:  "hq", Folders: []string{"INBOX", "Junk"}, Window: time.Hour,
			Matcher: probe.NewMatcher(probetest.Keyring(), []string{from}),
		}),
		Deliver: func(folder string, raw []byte) error { return w.Deliver("hq", folder, raw) },
		Cut:     func() { t.Helper(); must(w.Blind("hq", world.Refusing)) },
		Mend:    func() { t.Helper(); must(w.Unblind("hq")) },
	}
}
