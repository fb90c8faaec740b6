package imapwatch_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/lab/world/worldtest"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/probetest"
)

func TestWatcherConforms(t *testing.T) {
	for _, mode := range []probe.TLSMode{probe.NoTLS, probe.StartTLS, probe.ImplicitTLS} {
		t.Run("tls "+string(mode)+" in a bubble", func(t *testing.T) {
			probetest.Watcher(t, probetest.Bubble, func(t *testing.T) probetest.WatcherFixture { return fixture(t, world.Pipes(), mode, true) })
		})
		t.Run("tls "+string(mode)+" over loopback", func(t *testing.T) {
			probetest.Watcher(t, probetest.Open, func(t *testing.T) probetest.WatcherFixture {
				return fixture(t, world.Loopback(), mode, mode != probe.NoTLS)
			})
		})
	}
}

// fixture is the mailbox at headquarters of a mail world.
func fixture(t *testing.T, network world.Network, mode probe.TLSMode, bodies bool) probetest.WatcherFixture {
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
	endpoint := w.Endpoint(w.IMAP("hq"), username, password)
	return probetest.WatcherFixture{
		Clock: w.Clock, Mailbox: "hq", From: from, To: to,
		Watcher: imapwatch.New(imapwatch.Config{
			Endpoint: endpoint,
			Mailbox:  "hq", Folders: []string{"INBOX", "Junk"}, Window: time.Hour,
			Matcher: probe.NewMatcher(probetest.Keyring(), []string{from}, probetest.Reports{}), Bodies: bodies,
		}),
		Reports: true, Bodies: bodies,
		Deliver: func(folder string, raw []byte) error { return w.Deliver("hq", folder, raw) },
		Held:    func(folder string) ([][]byte, error) { return held(t, endpoint, folder) },
		Cut:     func() { t.Helper(); must(w.Blind("hq", world.Refusing)) },
		Mend:    func() { t.Helper(); must(w.Unblind("hq")) },
	}
}

// held reads the messages of a folder, over a connection of its own.
func held(t *testing.T, e probe.Endpoint, folder string) ([][]byte, error) {
	t.Helper()
	c := loggedIn(t, e)
	defer c.Close()
	data, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil || data.NumMessages == 0 {
		return nil, err
	}
	all := imap.SeqSet{imap.SeqRange{Start: 1, Stop: data.NumMessages}}
	buffers, err := c.Fetch(all, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	var messages [][]byte
	for _, b := range buffers {
		messages = append(messages, b.BodySection[0].Bytes)
	}
	return messages, err
}

func loggedIn(t *testing.T, e probe.Endpoint) *imapclient.Client {
	t.Helper()
	conn, err := e.Dial(t.Context(), "tcp", e.Server)
	if err != nil {
		t.Fatal(err)
	}
	config, err := e.TLSConfig()
	if err != nil {
		t.Fatal(err)
	}
	var c *imapclient.Client
	switch e.TLS {
	case probe.StartTLS:
		c, err = imapclient.NewStartTLS(conn, &imapclient.Options{TLSConfig: config})
	case probe.ImplicitTLS:
		c = imapclient.New(tls.Client(conn, config), nil)
	default:
		c = imapclient.New(conn, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	password, _ := e.Password()
	if err := c.Login(e.Username, password).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}
